"""Deconvolved traces beside recorded spikes, ours and oasis-deconv, and print one JSON object.

Called by oasis.sh; README.md beside this file says what the fields are.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from oasis.functions import deconvolve
from oasis.oasis_methods import oasisAR1
from scipy.ndimage import gaussian_filter1d

SETS = {"DS09": "tuned on", "DS10": "held out", "DS14": "held out"}
RATES_HZ = (7.5, 10.0)
SMOOTHING_S = 0.2
# Ours beside the defaults; the last is the problem of oasis-deconv's default.
OURS = {
    "striate": "",
    "striate second order": "order = 2",
    "striate noise-constrained": 'sparsity = "noise"\nbaseline = "free"',
}
THEIRS = {
    "oasis default": {},
    "oasis second order": {"g": (None, None)},
    "oasis optimised decay": {"optimize_g": 5},
    "oasis minimum spike": {"penalty": 0},
}


def recordings(folder, name):
    arrays = np.load(next(folder.glob(f"{name}*.npz")))
    found = sorted({key.split("__")[0] for key in arrays.files})
    return [[arrays[f"{one}__{key}"].astype(float) for key in ("t", "dff", "spikes")] for one in found]


def correlation(times, activity, spikes, rate_hz, mean=False):
    """Pearson's correlation of spike counts and activity, both in bins and smoothed."""
    edges = np.arange(times[0], times[-1], 1 / rate_hz)
    finite = np.isfinite(activity)
    binned = np.histogram(times[finite], edges, weights=activity[finite])[0]
    if mean:
        binned = binned / np.maximum(np.histogram(times[finite], edges)[0], 1)
    counts = np.histogram(spikes, edges)[0].astype(float)
    pair = [gaussian_filter1d(values, SMOOTHING_S * rate_hz) for values in (counts, binned)]
    return 0.0 if min(values.std() for values in pair) == 0 else float(np.corrcoef(*pair)[0, 1])


def rate_of(times):
    return 1 / np.median(np.diff(times))


def ours(program, settings, found, folder):
    """Numbers and arrays of every trace, and seconds of processor with start and files."""
    (folder / "config.toml").write_text(settings)
    words = [str(program), str(folder / "config.toml"), str(folder)]
    for number, (times, trace, _) in enumerate(found):
        np.save(folder / f"{number}.npy", trace.astype(np.float32))
        words += [str(rate_of(times)), str(folder / f"{number}.npy")]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    printed = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    numbers = [json.loads(line) for line in printed.splitlines()]
    for number, of in enumerate(numbers):
        for name in ("spikes", "calcium", "baseline"):
            of[name] = np.load(folder / f"{number}_{name}.npy").astype(float)
    return numbers, seconds


def disagreement(found, numbers):
    """Largest difference of calcium from oasis-deconv's solution of the same problem, over the peak."""
    largest = 0.0
    for (_, trace, _), of in zip(found, numbers):
        above = trace.astype(np.float32).astype(float) - of["baseline"]
        calcium, _ = oasisAR1(above, of["coefficients"][0], lam=of["lambda"])
        largest = max(largest, np.abs(calcium - of["calcium"]).max() / max(calcium.max(), 1e-12))
    return float(largest)


def theirs(found, settings_of_each):
    seconds, activities = 0.0, []
    for (_, trace, _), settings in zip(found, settings_of_each):
        start = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            activities.append(deconvolve(trace, **settings).s)
        seconds += time.process_time() - start
    return activities, seconds


def scores(found, activities, mean=False):
    scored = {}
    for rate_hz in RATES_HZ:
        each = [correlation(t, a, s, rate_hz, mean) for (t, _, s), a in zip(found, activities)]
        scored[f"median_{rate_hz:g}_hz"], scored[f"mean_{rate_hz:g}_hz"] = np.median(each), np.mean(each)
    return scored


def measure(name, options):
    found = recordings(options.data, name)
    if options.quick:
        found = found[:4]
    contenders = {"raw dF/F": scores(found, [trace for _, trace, _ in found], mean=True)}
    with tempfile.TemporaryDirectory() as folder:
        for contender, settings in OURS.items():
            numbers, seconds = ours(options.program, settings, found, Path(folder))
            if contender == "striate":
                flat = [[t, trace - of["baseline"], s] for (t, trace, s), of in zip(found, numbers)]
            contenders[contender] = {**scores(found, [of["spikes"] for of in numbers]), "seconds": seconds}
            if contender != "striate second order":
                contenders[contender]["disagreement"] = disagreement(found, numbers)
            if contender == "striate noise-constrained":
                decays = [of["coefficients"][0] for of in numbers]
    for contender, settings in THEIRS.items():
        activities, seconds = theirs(found, [settings] * len(found))
        contenders[contender] = {**scores(found, activities), "seconds": seconds}
    # How much of the difference is the decay and how much the baseline: the same for them.
    activities, _ = theirs(found, [{"g": (decay,), "b_nonneg": False} for decay in decays])
    contenders["oasis default, our decay"] = scores(found, activities)
    for contender, settings in (("oasis default", {}), ("oasis second order", {"g": (None, None)})):
        activities, seconds = theirs(flat, [settings] * len(flat))
        contenders[f"{contender}, our baseline"] = {**scores(found, activities), "seconds": seconds}
    contenders["raw dF/F, our baseline"] = scores(found, [trace for _, trace, _ in flat], mean=True)
    n_frames = sum(len(times) for times, _, _ in found)
    return {"role": SETS[name], "recordings": len(found), "frames": n_frames, "contenders": contenders}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=Path, help="the built example program `deconvolve`")
    parser.add_argument("--quick", action="store_true", help="four recordings of each set")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    root = os.environ.get("STRIATE_DATA")
    if not root:
        raise SystemExit("SKIPPED oasis: STRIATE_DATA is not set")
    options.data = Path(root) / "calcium-spikes-groundtruth"
    sets = {name: measure(name, options) for name in SETS}
    result = {"sets": sets, "load": os.getloadavg()[0]}
    for name, of in sets.items():
        for contender, scored in of["contenders"].items():
            figures = f"{scored['median_7.5_hz']:.3f} {scored['median_10_hz']:.3f} {scored.get('seconds', 0):.2f} s"
            print(f"{name} ({of['role']}) {contender}: {figures}", file=sys.stderr)
    if options.json:
        print(json.dumps(result))


main()
