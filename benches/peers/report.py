"""What the benchmark found, as one dictionary and as Markdown."""

import statistics


def summary(bench):
    """Everything that `step.sh --json` prints."""
    options, peaks = bench.options, bench.peaks
    peaks = {**peaks, "sgemm_gflops": max(peaks["sgemm_faer_gflops"], peaks["sgemm_pytorch_gflops"])}
    workloads = {name: of_workload(contenders) for name, contenders in bench.results.items()}
    step, core = workloads.get("step", {}), workloads.get("core", {})
    core_gflops = core.get("contenders", {}).get("striate", {}).get("gflops")
    return {
        "step_speedup_tuned": step.get("speedup_tuned"),
        "step_tuned_of": step.get("fastest_tuned"),
        "step_speedup_installed": step.get("speedup_installed"),
        "readout_speedup_tuned": workloads.get("readout-8k", {}).get("speedup_tuned"),
        **bf16(step.get("contenders", {})),
        "memory_fraction": step.get("memory_fraction"),
        "core_fraction_of_sgemm": core_gflops and core_gflops / peaks["sgemm_gflops"],
        "threads": options.threads,
        "rounds": options.rounds,
        "steps_per_round": options.steps,
        "load_before_rounds": bench.loads,
        "peaks": peaks,
        "workloads": workloads,
        "skipped": bench.skipped,
    }


def of_workload(results):
    """Medians of every contender, and the ratios of the best peer to us."""
    gflop = results["striate"]["gflop"]
    contenders = {name: of_contender(found, gflop) for name, found in results.items()}
    found = {"gflop": gflop, "contenders": contenders}
    ours, tuned = contenders["striate"], fastest(contenders, "pytorch tuned")
    if tuned:
        found["fastest_tuned"] = tuned
        found["speedup_tuned"] = contenders[tuned]["median_s"] / ours["median_s"]
        found["speedup_tuned_of_minima"] = contenders[tuned]["min_s"] / ours["min_s"]
        peaks = [theirs["peak_mb"] for name, theirs in contenders.items() if name.startswith("pytorch tuned")]
        found["memory_fraction"] = ours["peak_mb"] / min(peaks)
    if "pytorch installed" in contenders:
        installed = contenders["pytorch installed"]
        found["speedup_installed"] = installed["median_s"] / ours["median_s"]
        found["memory_fraction_installed"] = ours["peak_mb"] / installed["peak_mb"]
    return found


def of_contender(found, gflop):
    median = statistics.median(found["seconds"])
    return {
        "samples": len(found["seconds"]),
        "median_s": median,
        "min_s": min(found["seconds"]),
        "gflops": gflop and gflop / median,
        "peak_mb": found["peak_mb"],
        "parameters": found["parameters"],
    }


def fastest(contenders, prefix):
    """The contender of the least median whose name starts so; None where there is none."""
    names = [name for name in contenders if name.startswith(prefix)]
    return min(names, key=lambda name: contenders[name]["median_s"], default=None)


def bf16(contenders):
    """PyTorch's autocast compared with our bf16, or with our f32 where our model has no bf16."""
    theirs = fastest(contenders, "pytorch bf16")
    ours = "striate bf16" if "striate bf16" in contenders else "striate"
    if theirs is None:
        return {"bf16_speedup": None, "bf16_of": None}
    speedup = contenders[theirs]["median_s"] / contenders[ours]["median_s"]
    precision = "bf16" if ours == "striate bf16" else "f32"
    return {"bf16_speedup": speedup, "bf16_of": f"{theirs} / striate {precision}"}


HEADLINES = [
    ("step_speedup_tuned", "reference step: fastest tuned PyTorch / Striate"),
    ("step_speedup_installed", "reference step: PyTorch as installed / Striate"),
    ("readout_speedup_tuned", "readout and likelihood of 8000 neurons: fastest tuned PyTorch / Striate"),
    ("bf16_speedup", "reference step: {bf16_of}"),
    ("memory_fraction", "reference step, peak memory: Striate / tuned PyTorch of the least"),
    ("core_fraction_of_sgemm", "core: direct-convolution FLOP/s / best sgemm"),
]


def markdown(found):
    """The summary for people."""
    peaks = found["peaks"]
    lines = [
        f"{found['threads']} threads, {found['rounds']} rounds of {found['steps_per_round']} steps. "
        f"Peaks in GFLOP/s: multiply-adds {peaks['fma_gflops']:.0f}, sgemm {peaks['sgemm_faer_gflops']:.0f} (faer) and "
        f"{peaks['sgemm_pytorch_gflops']:.0f} (PyTorch), bf16 product {peaks['bf16_pytorch_gflops']:.0f} (PyTorch). "
        f"Load before the first round: {found['load_before_rounds'][0]:.1f}.",
    ]
    known = [(field, what) for field, what in HEADLINES if found[field] is not None]
    if known:
        lines += ["", "| field | what | value |", "|---|---|---|"]
    for field, what in known:
        lines.append(f"| `{field}` | {what.format(bf16_of=found['bf16_of'])} | {found[field]:.2f} |")
    for name, workload in found["workloads"].items():
        lines += ["", f"## {name}", "", *table(workload, peaks["sgemm_gflops"])]
    if found["skipped"]:
        lines += ["", "Skipped:", "", *(f"- {name}: {reason}" for name, reason in found["skipped"].items())]
    return "\n".join(lines)


def table(workload, sgemm):
    """One row per contender."""
    ours = workload["contenders"]["striate"]["median_s"]
    yield "| contender | seconds (min / median) | samples | GFLOP/s | of sgemm | peak MB | parameters | median / Striate |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, of in workload["contenders"].items():
        gflops = [f"{of['gflops']:.0f}", f"{of['gflops'] / sgemm:.0%}"] if of["gflops"] else ["-", "-"]
        cells = [name, f"{of['min_s']:.3f} / {of['median_s']:.3f}", str(of["samples"]), *gflops]
        cells += [f"{of['peak_mb']:.0f}", str(of["parameters"]), f"{of['median_s'] / ours:.2f}"]
        yield f"| {' | '.join(cells)} |"
