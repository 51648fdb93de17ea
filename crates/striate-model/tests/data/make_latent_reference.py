"""Reference values of tiny twins with latents, computed with PyTorch in double precision.

Usage: python make_latent_reference.py [FOLDER], writes latent-released.safetensors, latent-proper.safetensors,
latent-importance.safetensors and latent-mixed.safetensors.

Written from the equations of Schmidt et al. 2024 (arXiv 2410.16136) and, for the third, of Burda et al. 2016
(arXiv 1509.00519). The twins are the factorised one of make_reference.py with a zero-inflated gamma likelihood and
latents; conventions of the tensors are explained there. Further ones:

input/hidden, input/latents             1 where the encoder does not see a response; the samples' noise
input/visible                           1 for the neurons seen in evaluation
stepped/NAME                            after one step of AdamW from parameter/NAME with gradient/NAME
result/divergence                       in training, with its factor
result/state, result/conditioned        posterior means from the visible neurons, and the means predicted there
"""

import math
import sys
from pathlib import Path

import torch
from torch.distributions import MultivariateNormal, Normal, kl_divergence
from torch.nn import functional as F

from make_reference import LOSS_SCALE, Factorised, draw, write

RHO = float(torch.tensor(0.005))


class Latent(Factorised):
    """Two outputs for each neuron, to which the latents add."""

    dim, hidden, state, samples = 3, 6, 4, 3
    likelihood, weights, kl_weight = "density", "elbo", 1.0
    rescales, has_scale_per_dimension, is_autoregressive, has_positions, is_importance = True, False, False, False, False

    def __init__(self):
        super().__init__()
        n = self.neurons
        for name in ("features", "bias"):
            self.parameters[f"readout.mouse.{name}_q"] = self.parameters.pop(f"readout.mouse.{name}")
        self.parameter("readout.mouse.features_theta", n, self.channels[-1], scale=0.4)
        self.parameter("readout.mouse.bias_theta", n, scale=0.3)
        self.statistics["likelihood.mouse.gamma_shape"] = draw(n, scale=0.2).abs() + 0.4
        self.add_encoder()
        self.add_loadings()
        rows = self.clips * self.predicted
        active = (torch.rand(self.clips, self.frames, n) < 0.6).double()
        self.input["responses"] = (active * (draw(self.clips, self.frames, n).abs() + 0.05)).float().double()
        self.input["hidden"] = (torch.rand(self.clips, self.frames, n) < 0.5).double()
        self.input["latents"] = draw(rows, self.samples, self.dim)
        self.input["visible"] = torch.tensor([0.0, 1.0, 0.0, 1.0, 1.0])
        del self.input["output_weights"]

    def add_encoder(self):
        self.parameter("encoder.mouse.weight", self.neurons, self.hidden, scale=0.4)
        self.parameter("encoder.mouse.bias", self.hidden, scale=0.3)
        self.parameter("latent.norm.weight", self.hidden, scale=0.2, offset=1.0)
        self.parameter("latent.norm.bias", self.hidden, scale=0.3)
        self.parameter("latent.gru.input_weight", self.hidden, 3 * self.state, scale=0.5)
        self.parameter("latent.gru.hidden_weight", self.state, 3 * self.state, scale=0.5)
        self.parameter("latent.gru.input_bias", 3 * self.state, scale=0.3)
        self.parameter("latent.gru.hidden_bias", 3 * self.state, scale=0.3)
        self.parameter("latent.output.weight", self.state, self.dim, scale=0.8)
        self.parameter("latent.output.bias", self.dim, scale=0.3)
        self.parameter("latent.scale", self.dim if self.has_scale_per_dimension else 1, scale=0.1, offset=0.7)
        if self.is_autoregressive:
            self.parameter("latent.prior.coefficient", self.dim, scale=0.5)

    def add_loadings(self):
        for output in ("q", "theta"):
            if self.has_positions:
                self.network(f"loadings.mouse.{output}", [3, 2, self.dim])
            else:
                self.parameter(f"loadings.mouse.{output}", self.dim, self.neurons, scale=0.5)
        if self.has_positions:
            self.statistics["loadings.mouse.positions"] = draw(self.neurons, 3)

    def loadings(self, output):
        if not self.has_positions:
            return self.parameters[f"loadings.mouse.{output}"]
        positions = self.statistics["loadings.mouse.positions"]
        return self.run_network(f"loadings.mouse.{output}", positions, F.elu, F.elu).T

    def posterior_mean(self, seen):
        """[clip, frame, dim] from what the encoder sees, [clip, frame, neuron]."""
        p = self.parameters
        units = seen @ p["encoder.mouse.weight"] + p["encoder.mouse.bias"]
        units = F.elu(F.layer_norm(units, (self.hidden,), p["latent.norm.weight"], p["latent.norm.bias"], 1e-5))
        state, means = torch.zeros(len(seen), self.state, dtype=torch.float64), []
        weights = (p["latent.gru.input_weight"].T, p["latent.gru.hidden_weight"].T)
        for frame in units.unbind(1):
            state = torch.gru_cell(frame, state, *weights, p["latent.gru.input_bias"], p["latent.gru.hidden_bias"])
            means.append(state @ p["latent.output.weight"] + p["latent.output.bias"])
        return torch.stack(means, 1)

    def heads(self):
        """What is read for the two outputs, [clip, frame, neuron] each."""
        features, positions = self.features_and_positions(self.input["stimulus"])
        read = [self.read("readout.mouse", features, positions, f"_{output}") for output in ("q", "theta")]
        return [head.unflatten(0, (self.clips, -1)) for head in read]

    def parameters_at(self, heads, latents):
        """Probability and scale with latents [..., clip, frame, dim] added."""
        q, theta = (head + latents @ self.loadings(name) for head, name in zip(heads, ("q", "theta")))
        return 0.99999 * torch.sigmoid(q) + 1e-6, F.elu(theta) + 1 + 1e-6

    def log_likelihood(self, q, theta, responses):
        shape = self.statistics["likelihood.mouse.gamma_shape"]
        excess = responses - RHO
        normaliser = shape * torch.log(theta) + torch.lgamma(shape)
        active = torch.log(q) + (shape - 1) * torch.log(excess.clamp(min=1e-9)) - excess / theta - normaliser
        silent = torch.log(1 - q)
        silent = silent - normaliser if self.likelihood == "released" else silent - math.log(RHO)
        return torch.where(excess > 0, active, silent)

    def prior(self):
        """Of the frames of a clip, for each dimension."""
        coefficient = torch.zeros(self.dim, dtype=torch.float64)
        if self.is_autoregressive:
            coefficient = torch.sigmoid(self.parameters["latent.prior.coefficient"])
        frames = torch.arange(self.predicted)
        covariance = coefficient[:, None, None] ** (frames[:, None] - frames).abs()
        return MultivariateNormal(torch.zeros(self.predicted, dtype=torch.float64), covariance)

    def terms(self):
        """Likelihood, divergence and regulariser with their factors."""
        visible = 1 - self.input["hidden"]
        mean = self.posterior_mean(2 * visible * self.input["responses"])[:, -self.predicted:]
        scale = self.parameters["latent.scale"].expand(self.dim)
        noise = self.input["latents"].unflatten(0, (self.clips, -1)).permute(2, 0, 1, 3)
        latents = mean + scale * noise
        q, theta = self.parameters_at(self.heads(), latents)
        responses = self.input["responses"][:, -self.predicted:]
        counted = self.input["hidden"][:, -self.predicted:]
        found = (counted * self.log_likelihood(q, theta, responses)).sum(-1)
        if self.is_importance:
            ratio = Normal(0, 1).log_prob(latents) - Normal(mean, scale).log_prob(latents)
            bound = torch.logsumexp(found + ratio.sum(-1), 0) - math.log(self.samples)
            return -LOSS_SCALE * bound.sum(), torch.tensor(0.0), self.regulariser()
        covariance = torch.diag_embed((scale ** 2)[:, None].expand(-1, self.predicted))
        posterior = MultivariateNormal(mean.transpose(1, 2), covariance)
        if self.weights == "released":
            divergence = kl_divergence(self.prior(), posterior).sum()
            rows = self.clips * self.predicted
            regulariser = self.regulariser() / (self.samples * rows)
            return -LOSS_SCALE * found.mean(0).sum() / rows, self.kl_weight * divergence / rows, regulariser
        divergence = kl_divergence(posterior, self.prior()).sum()
        return -LOSS_SCALE * found.mean(0).sum(), LOSS_SCALE * self.kl_weight * divergence, self.regulariser()

    def evaluate(self):
        """Posterior means of all frames, and the mean response at those that are predicted."""
        visible = self.input["visible"]
        factor = len(visible) / visible.sum() if self.rescales else 1.0
        mean = self.posterior_mean(factor * visible * self.input["responses"])
        q, theta = self.parameters_at(self.heads(), mean[:, -self.predicted:])
        shape = self.statistics["likelihood.mouse.gamma_shape"]
        return mean, (1 - q) * RHO / 2 + q * (shape * theta + RHO)


class Released(Latent):
    likelihood, weights, kl_weight, rescales = "released", "released", 5.0, False


class Proper(Latent):
    has_scale_per_dimension, is_autoregressive = True, True


class Importance(Latent):
    has_positions, is_importance = True, True


class Mixed(Latent):
    """A convolution over the plane of frames and channels of each neuron, before the weights."""

    mixing = (3, 5)

    def __init__(self):
        super().__init__()
        self.parameter("readout.mouse.mixing.weight", 2, *self.mixing, scale=0.4)
        self.parameter("readout.mouse.mixing.bias", 2, scale=0.3)

    def heads(self):
        features, positions = self.features_and_positions(self.input["stimulus"])
        at = F.grid_sample(features, positions[:, :, None], align_corners=True, padding_mode="zeros")[..., 0]
        planes = at.unflatten(0, (self.clips, -1)).permute(0, 3, 1, 2).flatten(0, 1)
        weight, bias = (self.parameters[f"readout.mouse.mixing.{name}"] for name in ("weight", "bias"))
        padding = [size // 2 for size in self.mixing]
        mixed = F.conv2d(planes[:, None], weight[:, None], bias, padding=padding)
        mixed = mixed.unflatten(0, (self.clips, self.neurons))
        heads = []
        for index, output in enumerate(("q", "theta")):
            weights, bias = (self.parameters[f"readout.mouse.{name}_{output}"] for name in ("features", "bias"))
            heads.append(torch.einsum("bnfc,nc->bfn", mixed[:, :, index], weights) + bias)
        return heads


def dump(twin, path):
    tensors = {f"parameter/{name}": value.detach().clone() for name, value in twin.parameters.items()}
    tensors |= {f"parameter/{name}": value for name, value in twin.statistics.items()}
    tensors |= {f"input/{name}": value for name, value in twin.input.items()}
    tensors["input/loss_scale"] = torch.tensor([LOSS_SCALE])
    terms = twin.terms()
    sum(terms).backward()
    tensors |= {f"result/{name}": term[None] for name, term in zip(("likelihood", "divergence", "regulariser"), terms)}
    tensors |= {f"gradient/{name}": value.grad.clone() for name, value in twin.parameters.items()}
    tensors |= {f"after/{name}": value for name, value in twin.moved.items()}
    twin.training, twin.statistics = False, twin.statistics | twin.moved
    with torch.no_grad():
        tensors["result/state"], tensors["result/conditioned"] = twin.evaluate()
    optimiser = torch.optim.AdamW(twin.parameters.values(), lr=5e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)
    optimiser.step()
    tensors |= {f"stepped/{name}": value for name, value in twin.parameters.items()}
    write(path, tensors)


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    torch.manual_seed(21)
    for twin in (Released, Proper, Importance, Mixed):
        dump(twin(), folder / f"latent-{twin.__name__.lower()}.safetensors")
