"""Time the compression of a movie beside localmd, interleaved, and print medians and ratios.

Called by pmd.sh; README.md beside this file says what the fields are. Every contender is a process of its own.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
QUICK = {"height": 64, "width": 64, "frames": 500, "repeats": 1}
FULL = {"height": 512, "width": 512, "frames": 2000, "repeats": 3}
READ_AT_ONCE = 1 << 22


def measured(command, processors):
    """What a process printed as JSON, with the wall and CPU time and peak memory of all of it; None where it failed."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [str(word) for word in command], stdout=subprocess.PIPE, text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, processors),
    )
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        print(f"failed with {process.returncode}: {' '.join(map(str, command))}", file=sys.stderr)
        return None
    return {
        **json.loads(printed),
        "process_seconds": time.perf_counter() - started,
        "process_cpu_seconds": usage.ru_utime + usage.ru_stime,
        # Of the kernel's count, alike for every contender.
        "peak_mb": usage.ru_maxrss / 1024,
    }


def contenders(options, movie):
    """Name -> command."""
    ours = [options.program, movie, "--block", options.block, "--rank-rule", options.rank_rule, "--json"]
    localmd = [sys.executable, HERE / "localmd_run.py", movie, "--block", options.block, "--batch", options.batch]
    return {
        # As localmd: no power iterations.
        "striate sketch": [*ours, "--method", "sketch", "--power", 0],
        "striate gram": [*ours, "--method", "gram"],
        "localmd": localmd,
        "read": [sys.executable, __file__, "--read", movie],
        "copy": [sys.executable, __file__, "--copy"],
    }


def read(path):
    """GB/s of reading a file front to back and dropping it: the floor of anything that sees every sample."""
    started, size = time.perf_counter(), 0
    buffer = bytearray(READ_AT_ONCE)
    with open(path, "rb", buffering=0) as file:
        while count := file.readinto(buffer):
            size += count
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "gb_per_s": size / seconds / 1e9}


def copy():
    """GB/s of memory, reads and writes counted, best of five copies of 256 MiB by one thread."""
    import numpy as np

    source = np.ones(1 << 25)
    target = np.empty_like(source)
    seconds = []
    for _ in range(6):
        started = time.perf_counter()
        np.copyto(target, source)
        seconds.append(time.perf_counter() - started)
    # The first touches the pages.
    best = min(seconds[1:])
    return {"seconds": best, "gb_per_s": 2 * source.nbytes / best / 1e9}


def measure(options, movie):
    """Contender -> results of its processes; the rounds interleave the contenders."""
    processors = set(sorted(os.sched_getaffinity(0))[: options.threads])
    commands = contenders(options, movie)
    found, loads = {name: [] for name in commands}, []
    for number in range(options.repeats):
        loads.append(os.getloadavg()[0])
        print(f"round {number + 1} of {options.repeats}, load {loads[-1]:.1f}", file=sys.stderr, flush=True)
        for name, command in commands.items():
            result = measured(command, processors)
            if result:
                found[name].append(result)
    return found, loads


def medians(results):
    """Medians of all numbers that a contender reports; the largest of its peaks."""
    numbers = [key for key, value in results[0].items() if isinstance(value, (int, float))]
    of = {key: statistics.median(result[key] for result in results) for key in numbers}
    return {**of, "peak_mb": max(result["peak_mb"] for result in results), "runs": len(results)}


def summary(found, loads, options):
    """Everything that `--json` prints. Ours is the faster of the two methods."""
    of = {name: medians(results) for name, results in found.items() if results}
    ours = min((name for name in of if name.startswith("striate")), key=lambda name: of[name]["seconds"], default=None)
    localmd = of.get("localmd")
    both = ours and localmd
    return {
        "method": ours,
        "speedup_localmd": localmd["seconds"] / of[ours]["seconds"] if both else None,
        "speedup_localmd_cpu": localmd["process_cpu_seconds"] / of[ours]["process_cpu_seconds"] if both else None,
        "memory_fraction": of[ours]["peak_mb"] / localmd["peak_mb"] if both else None,
        "seconds": ours and of[ours]["seconds"],
        "gb_per_s": ours and of[ours]["gb_per_s"],
        "peak_mb": ours and of[ours]["peak_mb"],
        "fraction_of_read": of[ours]["gb_per_s"] / of["read"]["gb_per_s"] if ours and "read" in of else None,
        "read_gb_per_s": of.get("read", {}).get("gb_per_s"),
        "memory_gb_per_s": of.get("copy", {}).get("gb_per_s"),
        "threads": options.threads,
        "load_before_rounds": loads,
        "contenders": of,
        "localmd_stages": found["localmd"][-1]["stages"] if found["localmd"] else None,
    }


def markdown(result):
    """The summary for people."""
    yield "| contender | seconds | CPU s of the process | GB/s | peak MB | mean rank | compression |"
    yield "|---|---|---|---|---|---|---|"
    for name, of in result["contenders"].items():
        cells = [of["seconds"], of["process_cpu_seconds"], of["gb_per_s"], of["peak_mb"]]
        cells = [f"{value:.3g}" if value < 100 else f"{value:.0f}" for value in cells]
        cells += [f"{of[key]:.2f}" if key in of else "-" for key in ("mean_rank", "compression")]
        yield f"| {name} | {' | '.join(cells)} |"
    if result["speedup_localmd"]:
        ratios = f"{result['speedup_localmd']:.1f} in time, {result['speedup_localmd_cpu']:.1f} in CPU time"
        yield f"\nlocalmd / {result['method']}: {ratios}."
    yield f"Load before the first round: {result['load_before_rounds'][0]:.1f}."


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=Path, help="the built example program `pmd`")
    parser.add_argument("--movie", type=Path, help="a TIFF, NPY or NPZ file; simulated when left out")
    for name in FULL:
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--block", type=int, default=20)
    parser.add_argument("--rank-rule", default="strict", help="what our program is told; localmd 0.0.4 is strict")
    parser.add_argument("--batch", type=int, default=250, help="localmd's tiff_batch_size")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--quick", action="store_true", help="64 x 64 x 500, one round")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    for name, value in (QUICK if options.quick else FULL).items():
        setattr(options, name, getattr(options, name) or value)
    return options


def main():
    if sys.argv[1] in ("--read", "--copy"):
        print(json.dumps(copy() if sys.argv[1] == "--copy" else read(sys.argv[2])))
        return
    import movies

    options = arguments()
    with tempfile.TemporaryDirectory(dir="target") as folder:
        if options.movie:
            movie = movies.as_tiff(options.movie, folder)
        else:
            movie = Path(folder) / "movie.tif"
            movies.simulate(movie, options.height, options.width, options.frames)
        result = summary(*measure(options, movie), options)
    print(json.dumps(result) if options.json else "\n".join(markdown(result)))
    # A failed contender has said why; a comparison that lacks one is no success.
    sys.exit(len(result["contenders"]) < len(contenders(options, movie)))


if __name__ == "__main__":
    main()
