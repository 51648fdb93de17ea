"""The benchmark's workloads in PyTorch: ours are in crates/striate-model/examples/workload.

Arguments: WORKLOAD VARIANT STEPS WARM_UP THREADS. VARIANT is `plain` or words joined by `+` out of
`channels-last`, `folded` (3-D convolutions as 2-D ones), `compiled` (the core only; compiling the readout
makes it slower) and `bf16` (autocast).
Prints one JSON object: seconds of each step after the warm-up, peak memory and the number of parameters;
for the workload `sgemm` GFLOP/s of the best matrix products instead.

PyTorch gets the cheap side of every doubt: the noise of the sampled positions is drawn before the clock
starts, and the optimiser is the fused one.
"""

import contextlib
import json
import resource
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

HEIGHT, WIDTH = 36, 64


class Core(nn.Module):
    """Factorised layers on [clip, channel, frame, height, width]."""

    def __init__(self, channels, spatial_kernels, temporal_kernels, first_stride=1, same=True, bias=False):
        super().__init__()
        self.spatial, self.temporal, self.norm = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        n_in, s = 1, first_stride
        for n_out, k, t in zip(channels, spatial_kernels, temporal_kernels):
            options = {"stride": (1, s, s), "padding": (0, k // 2, k // 2) if same else 0, "bias": bias}
            self.spatial.append(nn.Conv3d(n_in, n_out, (1, k, k), **options))
            self.temporal.append(nn.Conv3d(n_out, n_out, (t, 1, 1), bias=bias))
            self.norm.append(nn.BatchNorm3d(n_out))
            n_in, s = n_out, 1
        self.folded = False

    def forward(self, x):
        if self.folded:
            return self.forward_folded(x)
        for spatial, temporal, norm in zip(self.spatial, self.temporal, self.norm):
            x = F.elu(norm(temporal(spatial(x))))
        return x

    def forward_folded(self, x):
        """The same by conv2d: of frames, then of (frame, pixel) planes. Faster with some versions of PyTorch."""
        n_clips = len(x)
        x = x.transpose(1, 2).flatten(0, 1)
        for spatial, temporal, norm in zip(self.spatial, self.temporal, self.norm):
            x = F.conv2d(x, spatial.weight[:, :, 0], spatial.bias, spatial.stride[1:], spatial.padding[1:])
            size = x.shape[2:]
            x = x.unflatten(0, (n_clips, -1)).transpose(1, 2).flatten(3)
            x = F.conv2d(x, temporal.weight[..., 0], temporal.bias)
            statistics = (norm.running_mean, norm.running_var, norm.weight, norm.bias)
            x = F.elu(F.batch_norm(x, *statistics, norm.training, norm.momentum, norm.eps))
            x = x.transpose(1, 2).flatten(0, 1).unflatten(-1, size)
        return x.unflatten(0, (n_clips, -1)).transpose(1, 2)


class StaticCore(nn.Module):
    """The Sensorium 2022 core on [image, channel, height, width]: one convolution, then separable ones."""

    def __init__(self, channels=64, layers=4, input_kernel=9, hidden_kernel=7):
        super().__init__()
        first = nn.Conv2d(1, channels, input_kernel, bias=False)
        parts = [first, nn.BatchNorm2d(channels), nn.ELU()]
        for _ in range(layers - 1):
            parts += [
                nn.Conv2d(channels, channels, 1, bias=False),
                nn.Conv2d(channels, channels, hidden_kernel, padding="same", groups=channels, bias=False),
                nn.Conv2d(channels, channels, 1, bias=False),
                nn.BatchNorm2d(channels),
                nn.ELU(),
            ]
        self.layers = nn.Sequential(*parts)

    def forward(self, x):
        return self.layers(x)


class Readout(nn.Module):
    """Gaussian readout: a sampled position per neuron and frame, bilinear sampling, dot product.

    With `baseline`, as in Sensorium: full covariance, clamped positions, centres from coordinates.
    """

    def __init__(self, n_neurons, n_channels, baseline=False, sigma=0.1):
        super().__init__()
        places = torch.rand(n_neurons, 2) * 1.6 - 0.8
        if baseline:
            self.register_buffer("coordinates", places)
            self.position = nn.Sequential(nn.Linear(2, 30), nn.ELU(), nn.Linear(30, 2), nn.Tanh())
        else:
            self.mu = nn.Parameter(places)
        spread = torch.rand(n_neurons, 2, 2) * 2 - 1 if baseline else torch.ones(n_neurons, 2)
        self.sigma = nn.Parameter(sigma * spread)
        self.features = nn.Parameter(torch.randn(n_neurons, n_channels) / n_channels**0.5)
        self.bias = nn.Parameter(torch.zeros(n_neurons))
        self.baseline = baseline

    def positions(self, noise):
        """[frame, neuron, 2]"""
        if not self.baseline:
            return self.mu + noise * self.sigma
        x, y = noise.unbind(-1)
        moved = torch.stack([x, x], -1) * self.sigma[:, :, 0] + torch.stack([y, y], -1) * self.sigma[:, :, 1]
        return (self.position(self.coordinates) + moved).clamp(-1, 1)

    def forward(self, frames, noise):
        """Rates [frame, neuron] from feature maps [frame, channel, height, width]."""
        return self.read(frames, self.positions(noise))

    def at_centres(self, frames):
        """As `forward`, in evaluation. (Frames as channels of one grid_sample take seven times as long.)"""
        return self.read(frames, self.mu.expand(len(frames), -1, -1))

    def read(self, frames, positions):
        sampled = F.grid_sample(frames, positions.unsqueeze(2), align_corners=True).squeeze(-1)
        return F.elu((sampled * self.features.t()).sum(1) + self.bias) + 1


def as_frames(features):
    """[frame, channel, height, width] from [clip, channel, frame, ...], or images as they are."""
    return features.transpose(1, 2).flatten(0, 1) if features.dim() == 5 else features


def penalties(core, readout):
    """Roughness of the first kernels, and for images the absolute features: as in Sensorium."""
    stencil = torch.tensor([[0.0, -1.0, 0.0], [-1.0, 4.0, -1.0], [0.0, -1.0, 0.0]])[None, None]

    def ratio(kernel, rough):
        return rough.square().sum() / kernel.square().sum()

    if isinstance(core, StaticCore):
        kernel = core.layers[0].weight
        rough = F.conv2d(kernel, stencil, padding=1)
        return 6.3831 * ratio(kernel, rough) + 0.0076 * readout.features.abs().sum()
    space, t = core.spatial[0].weight[:, :, 0], core.temporal[0].weight.flatten(2).flatten(0, 1).unsqueeze(1)
    rough_time = F.conv1d(t, stencil[:, :, 1], padding=1)
    return 10 * ratio(space, F.conv2d(space, stencil, padding=1)) + 0.01 * ratio(t, rough_time)


def poisson_loss(rate, counts):
    return (rate - counts * torch.log(rate + 1e-8)).mean()


def training_step(run_core, readout, optimiser, video, counts, noise, autocast=contextlib.nullcontext(), penalty=None):
    """One step on the mean Poisson loss; counts and noise are [clip * frame, neuron, ...]."""
    optimiser.zero_grad(set_to_none=True)
    with autocast:
        rate = readout(as_frames(run_core(video)), noise)
    loss = poisson_loss(rate.float(), counts)
    if penalty is not None:
        loss = loss + penalty()
    loss.backward()
    optimiser.step()


class Variant:
    """How PyTorch is asked to do the work."""

    def __init__(self, words):
        self.words = set(words.split("+")) - {"plain"}
        unknown = self.words - {"channels-last", "folded", "compiled", "bf16"}
        if unknown:
            raise SystemExit(f"unknown variant: {', '.join(unknown)}")

    def layout(self, thing, n_axes):
        """A tensor or module in the memory format of this variant."""
        if "channels-last" not in self.words:
            return thing
        return thing.to(memory_format=torch.channels_last_3d if n_axes == 5 else torch.channels_last)

    def compiled(self, core):
        core.folded = "folded" in self.words
        return torch.compile(core) if "compiled" in self.words else core

    def autocast(self):
        return torch.autocast("cpu", dtype=torch.bfloat16, enabled="bf16" in self.words)


def reference_core():
    return Core([32, 32, 32], [11, 5, 5], [11, 5, 5])


def targets(n_rows, n_neurons):
    """Noise of the positions and spike counts."""
    return torch.randn(n_rows, n_neurons, 2), torch.poisson(torch.rand(n_rows, n_neurons) * 2)


def n_parameters(*modules):
    return sum(p.numel() for module in modules for p in module.parameters())


def training(variant, core, stimulus, n_rows, readout):
    """A training step on `n_rows` predicted frames or images."""
    parameters = [*core.parameters(), *readout.parameters()]
    core, stimulus = variant.layout(core, stimulus.dim()), variant.layout(stimulus, stimulus.dim())
    run_core = variant.compiled(core)
    noise, counts = targets(n_rows, len(readout.bias))
    optimiser = torch.optim.AdamW(parameters, lr=1e-3, fused=True)
    penalty = (lambda: penalties(core, readout)) if readout.baseline else None

    def step():
        start = time.perf_counter()
        training_step(run_core, readout, optimiser, stimulus, counts, noise, variant.autocast(), penalty)
        return start

    return step, n_parameters(core, readout)


def clips():
    return torch.randn(4, 1, 80, HEIGHT, WIDTH)


def reference_step(variant):
    return training(variant, reference_core(), clips(), 4 * 62, Readout(8000, 32))


def sensorium_2023(variant):
    core = Core([32, 64, 128], [11, 5, 5], [11, 5, 5], same=False, bias=True)
    return training(variant, core, clips(), 4 * 62, Readout(8000, 128, baseline=True, sigma=1.0))


def sensorium_2022(variant):
    images = torch.randn(128, 1, HEIGHT, WIDTH)
    return training(variant, StaticCore(), images, 128, Readout(8000, 64, baseline=True))


def core_alone(variant):
    """Forward and backward of the core, every output weighted by 1."""
    core, video = variant.layout(reference_core(), 5), variant.layout(clips(), 5)
    run_core = variant.compiled(core)

    def step():
        start = time.perf_counter()
        core.zero_grad(set_to_none=True)
        with variant.autocast():
            features = run_core(video)
        features.backward(torch.ones_like(features))
        return start

    return step, n_parameters(core)


def readout_alone(n_neurons):
    def build(variant):
        """Forward and backward of readout and loss, from feature maps that need a gradient."""
        n_rows, readout = 4 * 62, Readout(n_neurons, 32)
        frames = variant.layout(torch.randn(n_rows, 32, HEIGHT, WIDTH), 4).requires_grad_()
        noise, counts = targets(n_rows, n_neurons)

        def step():
            start = time.perf_counter()
            readout.zero_grad(set_to_none=True)
            frames.grad = None
            with variant.autocast():
                rate = readout(frames, noise)
            poisson_loss(rate.float(), counts).backward()
            return start

        return step, n_parameters(readout)

    return build


def inference(variant):
    """Predictions of one whole trial of 300 frames."""
    core, readout = variant.layout(reference_core().eval(), 5), Readout(8000, 32)
    video, run_core = variant.layout(torch.randn(1, 1, 300, HEIGHT, WIDTH), 5), variant.compiled(core)

    def step():
        start = time.perf_counter()
        with torch.inference_mode(), variant.autocast():
            readout.at_centres(as_frames(run_core(video)))
        return start

    return step, n_parameters(core, readout)


WORKLOADS = {
    "step": reference_step,
    "core": core_alone,
    "sensorium-2023": sensorium_2023,
    "sensorium-2022": sensorium_2022,
    "readout-1k": readout_alone(1000),
    "readout-8k": readout_alone(8000),
    "readout-40k": readout_alone(40_000),
    "inference": inference,
}


def sgemm(repeats, size=2048):
    """GFLOP/s of products of square matrices, the best of `repeats`, in f32 and bf16."""

    def best(dtype):
        a, b = torch.randn(size, size, dtype=dtype), torch.randn(size, size, dtype=dtype)
        seconds = []
        for _ in range(repeats):
            start = time.perf_counter()
            torch.matmul(a, b)
            seconds.append(time.perf_counter() - start)
        return 2e-9 * size**3 / min(seconds)

    return {"sgemm_gflops": best(torch.float32), "bf16_gflops": best(torch.bfloat16)}


def main():
    workload, variant, (steps, warm_up, threads) = sys.argv[1], sys.argv[2], map(int, sys.argv[3:6])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    if workload == "sgemm":
        print(json.dumps(sgemm(steps + warm_up)))
        return
    step, parameters = WORKLOADS[workload](Variant(variant))
    seconds = []
    for _ in range(steps + warm_up):
        start = step()
        seconds.append(time.perf_counter() - start)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result = {"workload": workload, "variant": variant, "seconds": seconds[warm_up:], "peak_mb": peak_mb}
    print(json.dumps({**result, "parameters": parameters}))


if __name__ == "__main__":
    main()
