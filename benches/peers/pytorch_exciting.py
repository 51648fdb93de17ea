"""Most exciting inputs in PyTorch of the twin that the example program `exciting` left in a folder.

pytorch_exciting.py FOLDER NEURONS STEPS THREADS first|last prints one JSON object. The same search as Striate's:
every image is read by its own neuron alone, the gradient is blurred, steps have a share of the norm that falls
along a cosine, images keep their norm and stay within range. Weights need no gradient. The batch is the fastest
of three sizes, found before the clock starts.
"""

import json
import math
import struct
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

HEIGHT, WIDTH, LOW, HIGH, FIRST_STEP = 36, 64, -1.8, 2.6, 0.3


def tensors(path):
    data = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header, start = json.loads(data[8 : 8 + length]), 8 + length
    found = {}
    for name, of in header.items():
        if name != "__metadata__":
            first, last = of["data_offsets"]
            values = np.frombuffer(data[start + first : start + last], dtype=np.float32)
            found[name] = torch.from_numpy(values.reshape(of["shape"]).copy())
    return found


class Core(torch.nn.Module):
    def __init__(self, of, layers=4):
        super().__init__()
        self.weights, self.norms = [], []
        name = "core.layer{}.{}".format
        for layer in range(layers):
            norm = [of[name(layer, f"norm.{part}")] for part in ("mean", "variance", "scale", "shift")]
            self.norms.append(norm)
            if layer == 0:
                self.weights.append(of[name(0, "spatial.weight")].permute(3, 2, 0, 1).contiguous())
                continue
            mixes = [of[name(layer, f"{part}.weight")].permute(3, 2, 0, 1).contiguous() for part in ("mix_in", "mix_out")]
            depthwise = of[name(layer, "depthwise.weight")].permute(2, 0, 1)[:, None].contiguous()
            self.weights.append((mixes[0], depthwise, mixes[1]))

    def forward(self, x):
        for weights, (mean, variance, scale, shift) in zip(self.weights, self.norms):
            if isinstance(weights, tuple):
                mix_in, depthwise, mix_out = weights
                x = F.conv2d(x, mix_in)
                x = F.conv2d(x, depthwise, padding=depthwise.shape[-1] // 2, groups=depthwise.shape[0])
                x = F.conv2d(x, mix_out)
            else:
                x = F.conv2d(x, weights)
            x = F.elu(F.batch_norm(x, mean, variance, scale, shift, eps=1e-5), inplace=True)
        return x


def blur(gradient):
    weights = torch.exp(-0.5 * torch.arange(-3.0, 4.0) ** 2)
    weights = weights / weights.sum()
    gradient = F.conv2d(gradient, weights[None, None, :, None], padding=(3, 0))
    return F.conv2d(gradient, weights[None, None, None, :], padding=(0, 3))


def search(core, of, neurons, steps, memory_format):
    norm = math.sqrt(HEIGHT * WIDTH)
    images = blur(torch.randn(len(neurons), 1, HEIGHT, WIDTH))
    centres = of["readout.one.mu"][neurons].clamp(-1, 1)[:, None, None]
    features, bias = of["readout.one.features"][neurons], of["readout.one.bias"][neurons]

    def project(images):
        images = images * (norm / images.flatten(1).norm(dim=1).clamp_min(1e-30))[:, None, None, None]
        return images.clamp(LOW, HIGH)

    def respond(images):
        maps = core(images.contiguous(memory_format=memory_format))
        read = F.grid_sample(maps, centres, align_corners=True)[:, :, 0, 0]
        return F.elu((read * features).sum(1) + bias) + 1

    images = project(images)
    for step in range(steps):
        images.requires_grad_(True)
        (gradient,) = torch.autograd.grad(respond(images).sum(), images)
        with torch.no_grad():
            gradient = blur(gradient)
            gradient = gradient / gradient.flatten(1).norm(dim=1).clamp_min(1e-30)[:, None, None, None]
            cosine = 0.5 * (1 + math.cos(math.pi * step / max(steps - 1, 1)))
            images = project(images + norm * FIRST_STEP * (0.01 + 0.99 * cosine) * gradient)
    with torch.no_grad():
        return respond(images)


def main():
    folder, n_neurons, steps, threads, layout = sys.argv[1:]
    n_neurons, steps = int(n_neurons), int(steps)
    torch.set_num_threads(int(threads))
    torch.manual_seed(1)
    memory_format = torch.channels_last if layout == "last" else torch.contiguous_format
    of = tensors(Path(folder) / "twin.safetensors")
    core = Core(of)
    neurons = torch.arange(n_neurons)

    def timed(size, steps):
        start = time.perf_counter()
        responses = [search(core, of, some, steps, memory_format) for some in neurons.split(size)]
        return time.perf_counter() - start, torch.cat(responses)

    sizes = sorted({min(size, n_neurons) for size in (16, 32, 128)})
    search(core, of, neurons[:16], 1, memory_format)
    size = min(sizes, key=lambda size: timed(size, 2)[0])
    seconds, responses = timed(size, steps)
    print(json.dumps({"seconds": seconds, "mean_response": responses.mean().item(), "batch": size}))


if __name__ == "__main__":
    main()
