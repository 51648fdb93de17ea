"""Time the search for most exciting inputs beside PyTorch's, and print one JSON object.

Called by exciting.sh; README.md beside this file says what the fields are. Every contender is a process of its
own, and the rounds interleave them.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
WHOLE_SCREEN = 64


def call(command, threads):
    everything = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    words = [str(word) for word in command]
    done = subprocess.run(words, env=everything, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=Path, help="the built example program `exciting`")
    parser.add_argument("--threads", type=int, default=min(2, len(os.sched_getaffinity(0))))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--neurons", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--torch-neurons", type=int, default=128, help="of them, in PyTorch; scaled up")
    parser.add_argument("--quick", action="store_true", help="few neurons, few steps, one round")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.neurons, options.steps, options.torch_neurons = 1, 64, 10, 32
    found = {"striate": [], "striate whole screen": [], "pytorch": [], "pytorch channels-last": []}
    responses = {}
    with tempfile.TemporaryDirectory() as folder:
        words = (options.neurons, options.steps, options.threads)
        for number in range(options.rounds):
            print(f"round {number + 1}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
            for name, margin in [("striate", 0), ("striate whole screen", WHOLE_SCREEN)]:
                result = call([options.program, *words, margin, folder], options.threads)
                found[name].append(result["seconds"])
                responses[name] = result["mean_response"]
            n = min(options.neurons, options.torch_neurons)
            for name, layout in [("pytorch", "first"), ("pytorch channels-last", "last")]:
                command = [sys.executable, HERE / "pytorch_exciting.py", folder, n, options.steps]
                result = call([*command, options.threads, layout], options.threads)
                found[name].append(result["seconds"] * options.neurons / n)
                responses[name] = result["mean_response"]
    medians = {name: statistics.median(seconds) for name, seconds in found.items()}
    torch = min(seconds for name, seconds in medians.items() if name.startswith("pytorch"))
    result = {
        "speedup": torch / medians["striate"],
        "speedup_whole_screen": torch / medians["striate whole screen"],
        "seconds_striate": medians["striate"],
        "seconds_torch": torch,
        "neurons": options.neurons,
        "torch_neurons_timed": min(options.neurons, options.torch_neurons),
        "steps": options.steps,
        "threads": options.threads,
        "rounds": options.rounds,
        "medians": medians,
        "mean_response": responses,
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
