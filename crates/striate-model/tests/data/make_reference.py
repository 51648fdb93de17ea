"""Reference values of two tiny twins, computed with PyTorch in double precision.

Usage: python make_reference.py [FOLDER], writes factorised.safetensors and static.safetensors.

Both are written from the equations of the Sensorium baselines (arXiv 2206.08666 and 2305.19654) with plain
PyTorch operations. Parameters, inputs and random numbers are rounded to single precision first, so that the
only difference to Striate is the rounding of its arithmetic. Tensors are stored in Striate's layouts (channels
last, kernels [row, column, in, out] and [tap, in, out]) and under its parameters' names:

parameter/NAME  before the step         gradient/NAME  of likelihood * loss_scale + regulariser, in training
after/NAME      running statistics      input/...      stimulus, behaviour, pupil center, responses, noise
result/likelihood, result/regulariser   in training, likelihood already scaled
result/prediction                       in evaluation, after the running statistics have moved
result/stimulus_gradient                of sum(input/output_weights * prediction), in evaluation
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

EPSILON = 1e-8
LOSS_SCALE = 1.75


def draw(*shape, scale=1.0):
    return (scale * torch.randn(*shape, dtype=torch.float64)).float().double()


def write(path, tensors):
    """The safetensors format: length of the header, header as JSON, values."""
    header, body = {}, b""
    for name, tensor in sorted(tensors.items()):
        data = np.ascontiguousarray(tensor.detach().numpy(), dtype="<f4").tobytes()
        offsets = [len(body), len(body) + len(data)]
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": offsets}
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def elu_plus_one(x):
    return F.elu(x) + 1


def laplace_ratio(weight, stencil):
    """Energy of the filtered kernels over their energy; weight [kernel, 1, ...]."""
    convolve = F.conv2d if weight.dim() == 4 else F.conv1d
    rough = convolve(weight, stencil[None, None], padding=1)
    return (rough ** 2).sum() / (weight ** 2).sum()


def spatial_ratio(weight):
    stencil = torch.tensor([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], dtype=torch.float64)
    rows, columns = weight.shape[:2]
    return laplace_ratio(weight.permute(2, 3, 0, 1).reshape(-1, 1, rows, columns), stencil)


def temporal_ratio(weight):
    stencil = torch.tensor([-1, 4, -1], dtype=torch.float64)
    return laplace_ratio(weight.permute(1, 2, 0).reshape(-1, 1, weight.shape[0]), stencil)


class Twin:
    """Parameters by name, and whether statistics come from the batch."""

    def __init__(self):
        self.parameters, self.statistics, self.moved = {}, {}, {}
        self.training = True

    def parameter(self, name, *shape, scale=1.0, offset=0.0):
        self.parameters[name] = (draw(*shape, scale=scale) + offset).float().double().requires_grad_()

    def norm(self, name, channels):
        self.parameter(f"{name}.scale", channels, scale=0.2, offset=1.0)
        self.parameter(f"{name}.shift", channels, scale=0.3)
        self.statistics[f"{name}.mean"] = draw(channels, scale=0.1)
        self.statistics[f"{name}.variance"] = draw(channels, scale=0.1).abs() + 0.5

    def normalise(self, name, x, momentum):
        """Batch normalisation over all axes but the second; then ELU."""
        mean, variance = self.statistics[f"{name}.mean"], self.statistics[f"{name}.variance"]
        if self.training:
            mean, variance = mean.clone(), variance.clone()
        scale, shift = self.parameters[f"{name}.scale"], self.parameters[f"{name}.shift"]
        y = F.batch_norm(x, mean, variance, scale, shift, self.training, momentum, 1e-5)
        if self.training:
            self.moved[f"{name}.mean"], self.moved[f"{name}.variance"] = mean, variance
        return F.elu(y)

    def network(self, name, sizes):
        for index, (ins, outs) in enumerate(zip(sizes, sizes[1:])):
            self.parameter(f"{name}.layer{index}.weight", ins, outs, scale=0.5)
            self.parameter(f"{name}.layer{index}.bias", outs, scale=0.3)

    def run_network(self, name, x, hidden, last=torch.tanh):
        layers = sum(1 for key in self.parameters if key.startswith(f"{name}.") and key.endswith("weight"))
        for index in range(layers):
            p = self.parameters
            x = x @ p[f"{name}.layer{index}.weight"] + p[f"{name}.layer{index}.bias"]
            x = last(x) if index + 1 == layers else hidden(x)
        return x

    def spatial(self, name, x, **options):
        weight = self.parameters[f"{name}.weight"].permute(3, 2, 0, 1)
        return F.conv2d(x, weight, self.parameters.get(f"{name}.bias"), **options)

    def depthwise(self, name, x):
        weight = self.parameters[f"{name}.weight"].permute(2, 0, 1)[:, None]
        bias = self.parameters.get(f"{name}.bias")
        return F.conv2d(x, weight, bias, padding=weight.shape[-1] // 2, groups=weight.shape[0])

    def read(self, prefix, features, positions, suffix=""):
        """features [frame, channel, height, width], positions [frame, neuron, 2] -> [frame, neuron]."""
        at = F.grid_sample(features, positions[:, :, None], align_corners=True, padding_mode="zeros")[..., 0]
        weights, bias = (self.parameters[f"{prefix}.{name}{suffix}"] for name in ("features", "bias"))
        return torch.einsum("fcn,nc->fn", at, weights) + bias

    def positions(self, prefix, centres, noise, n_frames):
        """Sampled in training, the centres in evaluation."""
        if not self.training:
            return centres.clamp(-1, 1).expand(n_frames, -1, -1)
        spread = self.parameters[f"{prefix}.sigma"]
        return (centres + torch.einsum("nij,fnj->fni", spread, noise)).clamp(-1, 1)


class Factorised(Twin):
    """Two layers, behaviour as channels, position network, shifter; valid padding."""

    clips, frames, height, width, neurons = 2, 7, 10, 12, 5
    channels, spatial_kernels, temporal_kernels = [3, 4, 6], [5, 3], [3, 2]
    predicted = 7 - 2 - 1

    def __init__(self):
        super().__init__()
        for index, (ins, outs) in enumerate(zip(self.channels, self.channels[1:])):
            k, taps, name = self.spatial_kernels[index], self.temporal_kernels[index], f"core.layer{index}"
            self.parameter(f"{name}.spatial.weight", k, k, ins, outs, scale=0.2)
            self.parameter(f"{name}.spatial.bias", outs, scale=0.1)
            self.parameter(f"{name}.temporal.weight", taps, outs, outs, scale=0.3)
            self.parameter(f"{name}.temporal.bias", outs, scale=0.1)
            self.norm(f"{name}.norm", outs)
        n = self.neurons
        self.network("readout.mouse.position", [2, 30, 2])
        self.parameter("readout.mouse.sigma", n, 2, 2, scale=0.3)
        self.parameter("readout.mouse.features", n, self.channels[-1], scale=0.4)
        self.parameter("readout.mouse.bias", n, scale=0.3)
        self.network("shifter.mouse.network", [2, 5, 5, 2])
        self.statistics["readout.mouse.coordinates"] = draw(n, 2, scale=0.5).clamp(-1, 1)
        clips, frames = self.clips, self.frames
        self.input = {
            "stimulus": draw(clips, frames, self.height, self.width),
            "behaviour": draw(clips, frames, 2),
            "pupil_center": draw(clips, frames, 2),
            "responses": torch.poisson(torch.full((clips, frames, n), 1.5, dtype=torch.float64)),
            "noise": draw(clips * self.predicted, n, 2),
            "output_weights": draw(clips, self.predicted, n),
        }

    def features_and_positions(self, stimulus):
        clips, frames = self.clips, self.frames
        behaviour = self.input["behaviour"][..., None, None].expand(-1, -1, -1, self.height, self.width)
        x = torch.cat([stimulus[:, :, None], behaviour], 2)
        for index in range(2):
            name = f"core.layer{index}"
            x = self.spatial(f"{name}.spatial", x.flatten(0, 1)).unflatten(0, (clips, -1))
            weight = self.parameters[f"{name}.temporal.weight"].permute(2, 1, 0)[..., None, None]
            x = F.conv3d(x.transpose(1, 2), weight, self.parameters[f"{name}.temporal.bias"])
            x = self.normalise(f"{name}.norm", x, 0.7).transpose(1, 2)
        features = x.flatten(0, 1)
        coordinates = self.statistics["readout.mouse.coordinates"]
        centres = self.run_network("readout.mouse.position", coordinates, F.elu)
        positions = self.positions("readout.mouse", centres, self.input["noise"], len(features))
        pupil = self.input["pupil_center"][:, frames - self.predicted:].flatten(0, 1)
        return features, positions + self.run_network("shifter.mouse.network", pupil, torch.tanh)[:, None]

    def rates(self, stimulus):
        read = self.read("readout.mouse", *self.features_and_positions(stimulus))
        return elu_plus_one(read).unflatten(0, (self.clips, -1))

    def regulariser(self):
        first = self.parameters["core.layer0.spatial.weight"]
        temporal = self.parameters["core.layer0.temporal.weight"]
        return 10 * spatial_ratio(first) + 0.01 * temporal_ratio(temporal)


class Static(Twin):
    """Two layers, the second depth-separable with biases, stride 2, free positions, L1 penalty."""

    clips, frames, height, width, neurons, predicted = 6, 1, 13, 12, 4, 1

    def __init__(self):
        super().__init__()
        c, n = 4, self.neurons
        self.parameter("core.layer0.spatial.weight", 5, 5, 1, c, scale=0.2)
        self.norm("core.layer0.norm", c)
        self.parameter("core.layer1.mix_in.weight", 1, 1, c, c, scale=0.5)
        self.parameter("core.layer1.mix_in.bias", c, scale=0.1)
        self.parameter("core.layer1.depthwise.weight", 3, 3, c, scale=0.4)
        self.parameter("core.layer1.depthwise.bias", c, scale=0.1)
        self.parameter("core.layer1.mix_out.weight", 1, 1, c, c, scale=0.5)
        self.parameter("core.layer1.mix_out.bias", c, scale=0.1)
        self.norm("core.layer1.norm", c)
        self.parameter("readout.mouse.mu", n, 2, scale=0.4)
        self.parameter("readout.mouse.sigma", n, 2, 2, scale=0.3)
        self.parameter("readout.mouse.features", n, c, scale=0.4)
        self.parameter("readout.mouse.bias", n, scale=0.3)
        self.input = {
            "stimulus": draw(self.clips, 1, self.height, self.width),
            "responses": draw(self.clips, 1, n).abs(),
            "noise": draw(self.clips, n, 2),
            "output_weights": draw(self.clips, 1, n),
        }

    def rates(self, stimulus):
        x = self.spatial("core.layer0.spatial", stimulus, padding=2, stride=2)
        x = self.normalise("core.layer0.norm", x, 0.9)
        x = self.spatial("core.layer1.mix_in", x)
        x = self.depthwise("core.layer1.depthwise", x)
        x = self.spatial("core.layer1.mix_out", x)
        x = self.normalise("core.layer1.norm", x, 0.9)
        centres = self.parameters["readout.mouse.mu"]
        positions = self.positions("readout.mouse", centres, self.input["noise"], self.clips)
        return elu_plus_one(self.read("readout.mouse", x, positions))[:, None]

    def regulariser(self):
        roughness = spatial_ratio(self.parameters["core.layer0.spatial.weight"])
        return 6.3831 * roughness + 0.0076 * self.parameters["readout.mouse.features"].abs().sum()


def dump(twin, path):
    tensors = {f"parameter/{name}": value for name, value in twin.parameters.items()}
    tensors |= {f"parameter/{name}": value for name, value in twin.statistics.items()}
    tensors |= {f"input/{name}": value for name, value in twin.input.items()}
    rate = twin.rates(twin.input["stimulus"])
    responses = twin.input["responses"][:, -twin.predicted:]
    likelihood = LOSS_SCALE * (rate - responses * torch.log(rate + EPSILON)).sum()
    regulariser = twin.regulariser()
    (likelihood + regulariser).backward()
    tensors |= {f"gradient/{name}": value.grad.clone() for name, value in twin.parameters.items()}
    tensors |= {f"after/{name}": value for name, value in twin.moved.items()}
    tensors |= {"result/likelihood": likelihood[None], "result/regulariser": regulariser[None]}
    tensors["input/loss_scale"] = torch.tensor([LOSS_SCALE])
    twin.training, twin.statistics = False, twin.statistics | twin.moved
    stimulus = twin.input["stimulus"].clone().requires_grad_()
    prediction = twin.rates(stimulus)
    (prediction * twin.input["output_weights"]).sum().backward()
    tensors |= {"result/prediction": prediction, "result/stimulus_gradient": stimulus.grad}
    write(path, tensors)


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    torch.manual_seed(20)
    dump(Factorised(), folder / "factorised.safetensors")
    dump(Static(), folder / "static.safetensors")
