"""Run Striate and PyTorch on the same work in turn and report medians, ratios, GFLOP/s and memory.

Called by step.sh; README.md beside this file says what the workloads, contenders and fields are. Every
contender is a process of its own; the rounds interleave them (A B C, A B C, ...), so that what else the
machine does falls on all alike.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import report

HERE = Path(__file__).parent
WORKLOADS = [
    "step", "core", "sensorium-2023", "sensorium-2022", "readout-1k", "readout-8k", "readout-40k", "inference",
]
QUICK_WORKLOADS = ["step", "core", "readout-8k"]
# Without these PyTorch gives every large tensor back to the operating system and pays for its pages again.
TUNED_MALLOC = {"MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "8589934592"}
# Name -> (variant in pytorch_workloads.py, environment).
PYTORCH = {
    "pytorch installed": ("plain", {}),
    "pytorch tuned": ("plain", TUNED_MALLOC),
    "pytorch tuned channels-last": ("channels-last", TUNED_MALLOC),
    "pytorch tuned folded": ("folded", TUNED_MALLOC),
    "pytorch tuned compiled core": ("compiled", TUNED_MALLOC),
    "pytorch tuned compiled channels-last": ("compiled+channels-last", TUNED_MALLOC),
    "pytorch tuned compiled folded": ("compiled+folded", TUNED_MALLOC),
    "pytorch bf16": ("bf16", TUNED_MALLOC),
    "pytorch bf16 channels-last": ("bf16+channels-last", TUNED_MALLOC),
    "pytorch bf16 compiled core": ("bf16+compiled", TUNED_MALLOC),
    "pytorch bf16 compiled folded": ("bf16+compiled+folded", TUNED_MALLOC),
}


class Bench:
    """The programs, how they are called, and what they said."""

    def __init__(self, options):
        self.options = options
        self.workload_program, self.peaks_program = options.programs / "workload", options.programs / "peaks"
        self.results, self.peaks, self.skipped, self.loads = {}, {}, {}, []
        self.has_bf16 = self.ask_for_bf16()

    def ask_for_bf16(self):
        """Whether our model has the precision."""
        command = [self.workload_program, "step", "1", "0", "1", "bf16", "tiny"]
        return subprocess.run(command, capture_output=True).returncode == 0

    def contenders(self, workload):
        """Name -> (command, environment)."""
        last = [str(self.options.steps), "1", str(self.options.threads)]
        everyone = {"striate": ([self.workload_program, workload, *last], {})}
        if workload == "step" and self.has_bf16:
            everyone["striate bf16"] = ([self.workload_program, workload, *last, "bf16"], {})
        for name, (variant, environment) in PYTORCH.items():
            reason = self.reason_to_leave_out(workload, name)
            if reason is None:
                everyone[name] = (self.pytorch(workload, variant, last), environment)
            elif reason:
                self.skip(workload, name, reason)
        return everyone

    def reason_to_leave_out(self, workload, name):
        """None to run it; empty where the contender makes no sense; otherwise what to print."""
        is_readout = workload.startswith("readout")
        if ("bf16" in name and workload != "step") or ("compiled" in name and is_readout):
            return ""
        if "folded" in name and (is_readout or workload == "sensorium-2022"):
            return ""
        if self.options.quick and ("compiled" in name or workload == "core"):
            return "left out by --quick"
        if "compiled" in name and not any(map(shutil.which, [os.environ.get("CXX", "c++"), "g++", "clang++"])):
            return "torch.compile needs a C++ compiler, and there is none"
        return None

    def pytorch(self, workload, variant, last):
        return [sys.executable, HERE / "pytorch_workloads.py", workload, variant, *last]

    def run(self):
        chosen = {workload: self.contenders(workload) for workload in self.options.workload}
        for number in range(self.options.rounds):
            self.loads.append(os.getloadavg()[0])
            self.measure_peaks()
            for workload, everyone in chosen.items():
                for name, (command, environment) in everyone.items():
                    print(f"round {number + 1}: {workload}: {name}", file=sys.stderr, flush=True)
                    self.measure(workload, name, command, environment)

    def measure(self, workload, name, command, environment):
        """One process; a peer that fails is left out from then on, we must not fail."""
        if f"{workload}: {name}" in self.skipped:
            return
        try:
            found = self.call(command, environment)
        except subprocess.CalledProcessError as failure:
            said = failure.stderr.strip().splitlines() or [f"exit status {failure.returncode}"]
            if name.startswith("striate"):
                raise SystemExit(f"{workload}: {name} failed: {said[-1]}") from failure
            self.skip(workload, name, said[-1])
            return
        kept = self.results.setdefault(workload, {}).setdefault(name, {"seconds": [], "peak_mb": 0})
        kept["seconds"] += found["seconds"]
        kept["peak_mb"] = max(kept["peak_mb"], found["peak_mb"])
        kept["parameters"], kept["gflop"] = found["parameters"], found.get("gflop")

    def measure_peaks(self):
        """The best of all rounds counts: a peak is what the machine can do when it is left alone."""
        threads, repeats = str(self.options.threads), "8"
        fma = self.call([self.peaks_program, "3", threads])["fma_gflops"]
        ours = self.call([self.workload_program, "sgemm", repeats, "1", threads])
        theirs = self.call(self.pytorch("sgemm", "plain", [repeats, "1", threads]))
        found = {
            "fma_gflops": max(fma),
            "sgemm_faer_gflops": ours["gflop"] / min(ours["seconds"]),
            "sgemm_pytorch_gflops": theirs["sgemm_gflops"],
            "bf16_pytorch_gflops": theirs["bf16_gflops"],
        }
        self.peaks = {key: max(value, self.peaks.get(key, 0.0)) for key, value in found.items()}

    def call(self, command, environment=None):
        threads = {"OMP_NUM_THREADS": str(self.options.threads)}
        cache = {"TORCHINDUCTOR_CACHE_DIR": str(Path(sys.prefix) / "inductor")}
        everything = {**os.environ, **threads, **cache, **(environment or {})}
        done = subprocess.run(command, env=everything, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def skip(self, workload, name, reason):
        self.skipped[f"{workload}: {name}"] = reason
        print(f"skipped {workload}: {name}: {reason}", file=sys.stderr)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("programs", type=Path, help="folder of the built example programs")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, help="processes of every contender (3)")
    parser.add_argument("--steps", type=int, help="timed steps per round, after one that warms up (3)")
    parser.add_argument("--workload", nargs="+", choices=WORKLOADS, metavar="NAME", help=", ".join(WORKLOADS))
    parser.add_argument("--quick", action="store_true", help="two rounds of one step, fewer contenders")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    options.rounds = options.rounds or (2 if options.quick else 3)
    options.steps = options.steps or (1 if options.quick else 3)
    options.workload = options.workload or (QUICK_WORKLOADS if options.quick else WORKLOADS)
    return options


def main():
    options = arguments()
    bench = Bench(options)
    bench.run()
    summary = report.summary(bench)
    print(json.dumps(summary, indent=2) if options.json else report.markdown(summary))


if __name__ == "__main__":
    main()
