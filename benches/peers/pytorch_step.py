"""The reference training step in PyTorch, in the layouts that matter on a CPU.

Workload: 4 clips of 80 frames of 36 x 64 pixels; three layers of spatial convolution (11, 5, 5; 'same'),
temporal convolution (11, 5, 5; 'valid'), batch norm and ELU with 32 channels; Gaussian readout of 8000
neurons with one sampled position per neuron and frame; ELU + 1; mean Poisson loss; AdamW.

Prints one JSON object: seconds per step and peak memory. Arguments: VARIANT STEPS WARM_UP THREADS
"""

import json
import resource
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

N_CLIPS, N_FRAMES, HEIGHT, WIDTH = 4, 80, 36, 64
N_CHANNELS, N_NEURONS = 32, 8000
KERNELS = [11, 5, 5]
N_OUT = N_FRAMES - sum(k - 1 for k in KERNELS)


class Core(nn.Module):
    """Factorised layers on [clip, channel, frame, height, width]."""

    def __init__(self, channels, spatial_kernels, temporal_kernels, first_stride=1):
        super().__init__()
        self.spatial, self.temporal, self.norm = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        n_in, s = 1, first_stride
        for n_out, k, t in zip(channels, spatial_kernels, temporal_kernels):
            padding, stride = (0, k // 2, k // 2), (1, s, s)
            self.spatial.append(nn.Conv3d(n_in, n_out, (1, k, k), stride=stride, padding=padding, bias=False))
            self.temporal.append(nn.Conv3d(n_out, n_out, (t, 1, 1), bias=False))
            self.norm.append(nn.BatchNorm3d(n_out))
            n_in, s = n_out, 1

    def forward(self, x):
        for spatial, temporal, norm in zip(self.spatial, self.temporal, self.norm):
            x = F.elu(norm(temporal(spatial(x))))
        return x


class Readout(nn.Module):
    """Gaussian readout: a sampled position per neuron and frame, bilinear sampling, dot product."""

    def __init__(self, n_neurons, n_channels):
        super().__init__()
        self.n_neurons = n_neurons
        self.mu = nn.Parameter(torch.rand(n_neurons, 2) * 1.6 - 0.8)
        self.sigma = nn.Parameter(torch.full((n_neurons, 2), 0.1))
        self.features = nn.Parameter(torch.randn(n_neurons, n_channels) / n_channels**0.5)
        self.bias = nn.Parameter(torch.zeros(n_neurons))

    def forward(self, features, noise):
        n, c, t, h, w = features.shape
        frames = features.transpose(1, 2).reshape(n * t, c, h, w)
        grid = (self.mu + noise * self.sigma).view(n * t, self.n_neurons, 1, 2)
        sampled = F.grid_sample(frames, grid, align_corners=True, padding_mode="zeros").squeeze(-1)
        return F.elu((sampled * self.features.t()).sum(1) + self.bias) + 1


def training_step(run_core, readout, optimiser, video, counts, noise):
    """One step of AdamW on the mean Poisson loss; counts and noise are [clip * frame, neuron, ...]."""
    optimiser.zero_grad(set_to_none=True)
    rate = readout(run_core(video), noise)
    loss = (rate - counts * torch.log(rate + 1e-8)).mean()
    loss.backward()
    optimiser.step()


def main():
    variant, steps, warm_up, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    core, readout = Core([N_CHANNELS] * len(KERNELS), KERNELS, KERNELS), Readout(N_NEURONS, N_CHANNELS)
    video = torch.randn(N_CLIPS, 1, N_FRAMES, HEIGHT, WIDTH)
    if variant == "channels-last":
        video = video.contiguous(memory_format=torch.channels_last_3d)
        core = core.to(memory_format=torch.channels_last_3d)
    run_core = torch.compile(core) if variant == "compiled" else core
    noise = torch.randn(N_CLIPS * N_OUT, N_NEURONS, 2)
    counts = torch.poisson(torch.rand(N_CLIPS * N_OUT, N_NEURONS) * 2)
    optimiser = torch.optim.AdamW([*core.parameters(), *readout.parameters()], lr=1e-3, foreach=True)
    seconds = []
    for step in range(steps + warm_up):
        start = time.perf_counter()
        training_step(run_core, readout, optimiser, video, counts, noise)
        if step >= warm_up:
            seconds.append(time.perf_counter() - start)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"variant": variant, "seconds": seconds, "peak_mb": peak_mb}))


if __name__ == "__main__":
    main()
