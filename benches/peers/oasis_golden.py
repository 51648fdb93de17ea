"""Write the reference solutions of oasis-deconv that the tests of striate-imaging compare with.

Usage: oasis_golden.py FILE.json. Simulated traces only.
"""

import json
import sys
from pathlib import Path

import numpy as np
from oasis.functions import onnls
from oasis.oasis_methods import constrained_oasisAR1, oasisAR1

FIRST, SECOND = [0.9, 0.0], [1.5, -0.54]
N_FRAMES, NOISE, RATE = 300, 0.3, 0.05


def simulated(coefficients, seed):
    generator = np.random.default_rng(seed)
    spikes = (generator.random(N_FRAMES) < RATE).astype(float)
    calcium = np.zeros(N_FRAMES + 2)
    for t in range(N_FRAMES):
        calcium[t + 2] = coefficients[0] * calcium[t + 1] + coefficients[1] * calcium[t] + spikes[t]
    return np.round(calcium[2:] + NOISE * generator.normal(size=N_FRAMES), 4)


def case(kind, coefficients, trace, solution, **settings):
    calcium, spikes = (np.round(values, 9).tolist() for values in solution[:2])
    return {
        "kind": kind,
        "coefficients": coefficients,
        "trace": trace.tolist(),
        "calcium": calcium,
        "spikes": spikes,
        **settings,
    }


def cases():
    first, second = simulated(FIRST, 1), simulated(SECOND, 2)
    for penalty in (0.0, 0.5, 2.0):
        yield case("penalised", FIRST, first, oasisAR1(first, FIRST[0], lam=penalty), lambda_=penalty)
    yield case("thresholded", FIRST, first, oasisAR1(first, FIRST[0], s_min=0.5), minimum_spike=0.5)
    solution = constrained_oasisAR1(first, FIRST[0], NOISE, max_iter=100)
    yield case("constrained", FIRST, first, solution, lambda_=solution[4], variance=NOISE**2)
    for penalty in (0.5, 2.0):
        exact = {"window": N_FRAMES, "shift": N_FRAMES, "tol": 1e-13}
        yield case("penalised", SECOND, second, onnls(second, SECOND, lam=penalty, **exact), lambda_=penalty)


Path(sys.argv[1]).write_text(json.dumps(list(cases()), separators=(",", ":")) + "\n")
