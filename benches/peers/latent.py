"""Time the likelihood of neurons that share latents beside PyTorch's, and print one JSON object.

Called by latent.sh; README.md beside this file says what the fields are. Every contender is a process of its
own, and the rounds interleave them.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
# Without these PyTorch gives every large tensor back to the operating system and pays for its pages again.
TUNED_MALLOC = {"MALLOC_MMAP_THRESHOLD_": "68719476736", "MALLOC_TRIM_THRESHOLD_": "68719476736"}
PYTORCH = {"pytorch installed": {}, "pytorch tuned": TUNED_MALLOC}
CLIPS, QUICK_CLIPS = 8, 1


def call(command, threads, environment=None):
    """What a process printed; None where it failed."""
    everything = {**os.environ, "OMP_NUM_THREADS": str(threads), **(environment or {})}
    done = subprocess.run([str(word) for word in command], env=everything, capture_output=True, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        print(f"failed: {' '.join(map(str, command))}: {lines[-1]}", file=sys.stderr)
        return None
    return json.loads(done.stdout)


def available_mb():
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable")) // 1024


def pytorch(clips, warm_up, options, memory_mb, environment=None):
    words = [clips, 1, warm_up, options.threads, memory_mb]
    return call([sys.executable, HERE / "pytorch_latent.py", *words], options.threads, environment)


def fitting_clips(clips, options, memory_mb, environment):
    """Clips that PyTorch has room for at once, from the memory that one takes; 0 where there is none for one."""
    one = pytorch(1, 1, options, memory_mb, environment)
    if one is None:
        return 0
    while clips > 1 and clips * one["peak_mb"] > memory_mb:
        clips //= 2
    return clips


def measure(clips, options):
    """Contender -> results of its processes."""
    # What is left is for everybody else.
    memory_mb = int(0.9 * available_mb())
    at_once = {name: fitting_clips(clips, options, memory_mb, of) for name, of in PYTORCH.items()}
    workload = "monte-carlo" if clips == CLIPS else "monte-carlo-1"
    found = {"striate": [], **{name: [] for name in PYTORCH}}
    for number in range(options.rounds):
        print(f"round {number + 1}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
        found["striate"].append(call([options.program, workload, 3, 1, options.threads], options.threads))
        for name, environment in PYTORCH.items():
            if at_once[name]:
                found[name].append(pytorch(at_once[name], 1, options, memory_mb, environment))
    return found


def summary(found, clips, options):
    contenders = {}
    for name, results in found.items():
        results = [result for result in results if result]
        if not results:
            continue
        # Time is linear in clips: each has rows of its own.
        at_once = results[0].get("clips", clips)
        factor = clips / at_once
        seconds = [factor * seconds for result in results for seconds in result["seconds"]]
        peak_mb = max(result["peak_mb"] for result in results)
        times = {"median_s": statistics.median(seconds), "min_s": min(seconds)}
        contenders[name] = {**times, "peak_mb": peak_mb, "clips_at_once": at_once}
    ours = contenders["striate"]
    theirs = [of for name, of in contenders.items() if name != "striate"]
    if not theirs:
        raise SystemExit("PyTorch has no room for one clip")
    seconds = min(of["median_s"] for of in theirs)
    peak_mb = min(of["peak_mb"] for of in theirs)
    return {
        "speedup": seconds / ours["median_s"],
        "memory_fraction": ours["peak_mb"] / peak_mb,
        "seconds_striate": ours["median_s"],
        "seconds_torch": seconds,
        "peak_mb_striate": ours["peak_mb"],
        "peak_mb_torch": peak_mb,
        "clips": clips,
        "torch_is_scaled": any(of["clips_at_once"] != clips for of in theirs),
        "threads": options.threads,
        "rounds": options.rounds,
        "load": os.getloadavg()[0],
        "contenders": contenders,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=Path, help="the built example program `workload`")
    parser.add_argument("--threads", type=int, default=min(2, len(os.sched_getaffinity(0))))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one clip, one round")
    options = parser.parse_args()
    clips = QUICK_CLIPS if options.quick else CLIPS
    options.rounds = 1 if options.quick else options.rounds
    result = summary(measure(clips, options), clips, options)
    for name, of in result["contenders"].items():
        if of["clips_at_once"] != clips:
            print(
                f"{name}: no room for {clips} clips. It ran {of['clips_at_once']} at once: its seconds are those times "
                f"{clips // of['clips_at_once']}, its memory is that of {of['clips_at_once']}.",
                file=sys.stderr,
            )
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
