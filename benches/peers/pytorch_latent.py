"""The likelihood of neurons that share latents, as one writes it in PyTorch.

Ours is crates/striate-model/examples/workload/latents.rs. Arguments: CLIPS STEPS WARM_UP THREADS MEMORY_MB.
All samples are in memory at once, as tensors [sample, row, neuron]; gradients are autograd's. A process that
would need more than MEMORY_MB fails. Prints one JSON object: seconds of each step after the warm-up, and peak
memory.

PyTorch gets the cheap side of every doubt: the noise, and what depends on the responses alone, are there
before the clock starts.
"""

import json
import resource
import sys
import time

import torch
import torch.nn.functional as F

N_FRAMES, N_NEURONS, DIM, N_SAMPLES = 62, 8000, 12, 100
RHO, SHAPE, LOG_GAMMA = 0.005, 0.5, 0.572365


class Population:
    """Forward and backward of the average over samples."""

    def __init__(self, n_clips):
        n_rows = n_clips * N_FRAMES
        uniform = lambda *shape, scale: (torch.rand(shape) * 2 - 1) * scale
        self.q, self.theta = uniform(n_rows, N_NEURONS, scale=2), uniform(n_rows, N_NEURONS, scale=1)
        self.loading_q, self.loading_theta = uniform(DIM, N_NEURONS, scale=0.3), uniform(DIM, N_NEURONS, scale=0.1)
        self.mean, self.scale = uniform(n_rows, DIM, scale=1), torch.full((DIM,), 0.8)
        self.leaves = [self.q, self.theta, self.loading_q, self.loading_theta, self.mean, self.scale]
        for leaf in self.leaves:
            leaf.requires_grad_()
        self.k = torch.full((N_NEURONS,), SHAPE)
        responses = uniform(n_rows, N_NEURONS, scale=2).clamp(min=0)
        self.active = responses > RHO
        self.x = (responses - RHO).clamp(min=0)
        self.fixed = torch.where(self.active, (self.k - 1) * self.x.clamp(min=1e-9).log() - LOG_GAMMA, 0.0)
        self.noise = torch.empty(N_SAMPLES, n_rows, DIM)

    def loss(self):
        z = self.mean + self.scale * self.noise
        q = 0.99999 * torch.sigmoid(self.q + z @ self.loading_q) + 1e-6
        theta = F.elu(self.theta + z @ self.loading_theta) + (1 + 1e-6)
        active = q.log() + self.fixed - self.x / theta - self.k * theta.log()
        log_p = torch.where(self.active, active, (1 - q).log() - torch.tensor(RHO).log())
        return -log_p.sum() / (N_SAMPLES * self.q.numel())

    def step(self):
        """When the clock started."""
        for leaf in self.leaves:
            leaf.grad = None
        self.noise.normal_()
        start = time.perf_counter()
        self.loss().backward()
        return start


def main():
    n_clips, steps, warm_up, threads, memory_mb = map(int, sys.argv[1:6])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    # Threads' stacks and libraries are address space and no memory.
    in_use = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    limit = in_use + memory_mb * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    population = Population(n_clips)
    seconds = []
    for _ in range(steps + warm_up):
        start = population.step()
        seconds.append(time.perf_counter() - start)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"clips": n_clips, "seconds": seconds[warm_up:], "peak_mb": peak_mb}))


if __name__ == "__main__":
    main()
