"""Compare the gradients of Striate's reference step with those of PyTorch in double precision.

Arguments: FILE [THREADS]; FILE was written by `workload gradients FILE`. Prints one JSON object: the loss'
gradient with respect to every parameter, ours less PyTorch's, relative to PyTorch's (L2 norms), and the same
for all parameters together. Needs about 12 GB for the full size.
"""

import json
import sys

import numpy as np
import torch
import torch.nn.functional as F

EPSILON = 1e-5


def read(path):
    """Tensors of a safetensors file of 32-bit floats."""
    raw = open(path, "rb").read()
    length = int.from_bytes(raw[:8], "little")
    header, data = json.loads(raw[8 : 8 + length]), raw[8 + length :]
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            first, last = entry["data_offsets"]
            values = np.frombuffer(data[first:last], "<f4").reshape(entry["shape"])
            tensors[name] = torch.from_numpy(values.astype(np.float64))
    return tensors


def core(parameters, stimulus, n_layers):
    """Feature maps [clip, channel, frame, height, width] of a stimulus [clip, frame, height, width]."""
    x = stimulus.unsqueeze(1)
    for layer in range(n_layers):
        name = f"core.layer{layer}"
        spatial = parameters[f"{name}.spatial.weight"].permute(3, 2, 0, 1).unsqueeze(2)
        temporal = parameters[f"{name}.temporal.weight"].permute(2, 1, 0)[..., None, None]
        x = F.conv3d(x, spatial, padding=(0, spatial.shape[3] // 2, spatial.shape[4] // 2))
        x = F.conv3d(x, temporal)
        scale, shift = parameters[f"{name}.norm.scale"], parameters[f"{name}.norm.shift"]
        x = F.elu(F.batch_norm(x, None, None, scale, shift, training=True, eps=EPSILON))
    return x


def loss(parameters, stimulus, responses):
    n_layers = sum(name.endswith("spatial.weight") for name in parameters)
    features = core(parameters, stimulus, n_layers)
    n_clips, n_channels, n_frames, height, width = features.shape
    frames = features.transpose(1, 2).reshape(-1, n_channels, height, width)
    readout = {name.rsplit(".", 1)[1]: value for name, value in parameters.items() if name.startswith("readout")}
    grid = readout["mu"].view(1, -1, 1, 2).expand(len(frames), -1, -1, -1)
    sampled = F.grid_sample(frames, grid, align_corners=True).squeeze(-1)
    read = (sampled * readout["features"].t()).sum(1) + readout["bias"]
    rate, counts = F.elu(read) + 1, responses[:, -n_frames:].reshape(len(frames), -1)
    return (rate - counts * torch.log(rate + 1e-8)).mean()


def main():
    torch.set_num_threads(int(sys.argv[2]) if len(sys.argv) > 2 else torch.get_num_threads())
    tensors = read(sys.argv[1])
    parameters = {
        name.removeprefix("parameter."): value.requires_grad_()
        for name, value in tensors.items() if name.startswith("parameter.")
    }
    loss(parameters, tensors["stimulus"], tensors["responses"]).backward()
    compared = {name: value.grad for name, value in parameters.items() if value.grad is not None}
    differences = {name: tensors[f"gradient.{name}"] - theirs for name, theirs in compared.items()}
    norm = lambda values: float(torch.cat([v.flatten() for v in values]).norm())
    errors = {name: norm([differences[name]]) / norm([theirs]) for name, theirs in compared.items()}
    total = norm(differences.values()) / norm(compared.values())
    print(json.dumps({"gradient_error": total, "of_parameters": errors}, indent=2))


if __name__ == "__main__":
    main()
