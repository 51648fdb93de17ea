"""Run the reference training step of Striate and of PyTorch in turn and print ratios of medians.

Called by step.sh. Every contender is a process of its own; the rounds interleave them, so that what else
the machine does falls on all alike.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
TUNED_MALLOC = {"MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "8589934592"}


def contenders(threads, striate):
    """Name -> (command prefix, environment): each takes STEPS WARM_UP and prints one JSON object."""
    torch_step = [sys.executable, str(HERE / "pytorch_step.py")]
    return {
        "striate": ([striate], [str(threads)], {}),
        "pytorch installed": ([*torch_step, "plain"], [str(threads)], {}),
        "pytorch tuned malloc": ([*torch_step, "plain"], [str(threads)], TUNED_MALLOC),
        "pytorch tuned channels-last": ([*torch_step, "channels-last"], [str(threads)], TUNED_MALLOC),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("striate", help="the built reference_step program")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=3, help="timed steps per round")
    parser.add_argument("--quick", action="store_true", help="one round of two steps")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.steps = 1, 2
    everyone = contenders(options.threads, options.striate)
    seconds, peak_mb = {name: [] for name in everyone}, {}
    for _ in range(options.rounds):
        for name, (command, last, environment) in everyone.items():
            line = subprocess.run(
                [*command, str(options.steps), "1", *last],
                env={**os.environ, **environment}, capture_output=True, text=True, check=True,
            ).stdout
            result = json.loads(line)
            seconds[name] += result["seconds"]
            peak_mb[name] = max(peak_mb.get(name, 0), result["peak_mb"])
    report(options, seconds, peak_mb)


def report(options, seconds, peak_mb):
    """Medians, minima, peaks and the ratios to Striate, as Markdown or JSON."""
    median = {name: statistics.median(values) for name, values in seconds.items()}
    tuned = min((name for name in median if "tuned" in name), key=median.get)
    summary = {
        "threads": options.threads,
        "samples": len(seconds["striate"]),
        "step_s": median,
        "step_min_s": {name: min(values) for name, values in seconds.items()},
        "peak_mb": peak_mb,
        "step_speedup_tuned": median[tuned] / median["striate"],
        "step_speedup_installed": median["pytorch installed"] / median["striate"],
        "memory_fraction": peak_mb["striate"] / peak_mb[tuned],
        "memory_fraction_installed": peak_mb["striate"] / peak_mb["pytorch installed"],
    }
    if options.json:
        print(json.dumps(summary))
        return
    print("| contender | step s (min / median) | peak MB | median / Striate |\n|---|---|---|---|")
    for name in seconds:
        print(f"| {name} | {min(seconds[name]):.2f} / {median[name]:.2f} | {peak_mb[name]:.0f} "
              f"| {median[name] / median['striate']:.2f} |")


if __name__ == "__main__":
    main()
