"""Compress one TIFF movie with localmd on the CPU and print one JSON object: seconds, stages, ranks.

localmd is called as a library. Two of its functions are wrapped to look at what passes: the one that prints
progress (for the time of the stages) and the one that decomposes a block (for the ranks and bases, which
localmd forgets once it has blended them).
"""

import argparse
import contextlib
import json
import os
import resource
import sys
import time
from pathlib import Path

os.environ["JAX_PLATFORMS"] = "cpu"

import numpy as np
from localmd import decomposition, pmd_loader
from localmd.dataset import MultipageTiffDataset

import movies

MAX_COMPONENTS, CONFIDENCE, MAX_CONSECUTIVE_FAILURES = 20, 5, 1


class Watch:
    """Times of localmd's own messages, and the basis of every block."""

    def __init__(self):
        self.marks, self.bases = [], []
        decomposition.display = pmd_loader.display = self.display
        self.decompose_block = decomposition.windowed_pmd
        decomposition.windowed_pmd = self.windowed_pmd

    def display(self, message):
        self.marks.append((time.perf_counter(), cpu_seconds(), message.split(",")[0].strip()))
        print(message, file=sys.stderr, flush=True)

    def windowed_pmd(self, *arguments):
        spatial, temporal = self.decompose_block(*arguments)
        self.bases.append(spatial.astype(np.float32))
        return spatial, temporal

    def stages(self):
        """Seconds (wall, CPU) from each message to the next one."""
        ends = [*self.marks[1:], (time.perf_counter(), cpu_seconds(), None)]
        return [
            {"stage": message, "seconds": round(end - start, 3), "cpu_seconds": round(cpu_end - cpu, 3)}
            for (start, cpu, message), (end, cpu_end, _) in zip(self.marks, ends)
        ]


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run(path, block, batch, seed):
    """localmd's result and what it cost."""
    watch = Watch()
    np.random.seed(seed)
    started, cpu_started = time.perf_counter(), cpu_seconds()
    movie = MultipageTiffDataset(str(path))
    height, width, frames = movie.shape
    overlap = -(-block // 2)
    with contextlib.redirect_stdout(sys.stderr):
        result = decomposition.localmd_decomposition(
            movie, (block, block), (overlap, overlap), frames, max_components=MAX_COMPONENTS, background_rank=0,
            sim_conf=CONFIDENCE, tiff_batch_size=batch, max_consec_failures=MAX_CONSECUTIVE_FAILURES,
        )
    seconds, cpu = time.perf_counter() - started, cpu_seconds() - cpu_started
    ranks = [basis.shape[2] for basis in watch.bases]
    pixels = block * block
    return result, watch, {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "gb_per_s": height * width * frames * 2 / seconds / 1e9,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "blocks": len(ranks),
        "mean_rank": float(np.mean(ranks)),
        "max_rank": max(ranks),
        "empty_blocks": ranks.count(0),
        "compression": height * width * frames / ((pixels + frames) * max(1, sum(ranks))),
        "rank_after_pruning": int(result[1].shape[1]),
        "stages": watch.stages(),
    }


def block_starts(length, block):
    """Starts of localmd's blocks along an axis; the last one is flush with the border."""
    starts = list(range(0, length - block + 1, block - -(-block // 2)))
    return starts if starts[-1] == length - block else [*starts, length - block]


def save(folder, path, result, watch, block):
    """What a comparison of subspaces needs, as NPY and NPZ files in `folder`; returns measures of the residual.

    `reconstruction.npy` is localmd's result, after its pruning of the rank; `block_reconstruction.npy` blends the
    projections on the block bases without pruning. Both float32 [frame, height, width], in units of `noise_sd.npy`,
    without the mean.
    """
    sparse, mixing, singular, temporal, noise_sd, mean, (height, width, frames), order = result
    folder.mkdir(parents=True, exist_ok=True)
    spatial = np.asarray(sparse @ mixing) * singular
    pruned = (spatial @ temporal).reshape(height, width, frames, order=order).transpose(2, 0, 1).astype(np.float32)
    standardised = ((movies.load(path).astype(np.float32) - mean) / noise_sd).astype(np.float32)
    corners = [(row, column) for row in block_starts(height, block) for column in block_starts(width, block)]
    blended = blend(standardised, watch.bases, corners, block)
    arrays = {"mean": mean, "noise_sd": noise_sd, "spatial": spatial, "temporal": temporal}
    arrays |= {"reconstruction": pruned, "block_reconstruction": blended}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", np.asarray(array, dtype=np.float32))
    ranks = [basis.shape[2] for basis in watch.bases]
    bases = np.concatenate([basis.reshape(block * block, -1) for basis in watch.bases], axis=1)
    np.savez(folder / "blocks.npz", corners=np.array(corners), ranks=np.array(ranks), bases=bases)
    raw = movies.load(path).astype(np.float64)
    raw -= raw.mean(0)
    return {name: residual(raw, fit * noise_sd) for name, fit in [("pruned", pruned), ("blocks", blended)]}


def blend(standardised, bases, corners, block):
    """Projections on the bases of the blocks, weighted by 1 + the distance to the nearest border of the block."""
    ramp = np.minimum(np.arange(block), np.arange(block)[::-1])
    weights = (1 + np.minimum(ramp[:, None], ramp)).astype(np.float32)
    total, weight = np.zeros_like(standardised), np.zeros(standardised.shape[1:], dtype=np.float32)
    for (row, column), basis in zip(corners, bases):
        place = np.s_[row : row + block, column : column + block]
        basis = basis.reshape(block * block, -1)
        data = standardised[(slice(None), *place)].reshape(len(standardised), -1)
        total[(slice(None), *place)] += weights * ((data @ basis) @ basis.T).reshape(-1, block, block)
        weight[place] += weights
    return total / weight


def residual(raw, fit):
    """Variances in units of the noise C(0) - C(1) of the raw pixels, and medians of the lag-1 autocorrelation."""
    noise = (raw**2).mean(0) - (raw[1:] * raw[:-1]).mean(0)
    noise = np.where(noise < 1e-8, 1, noise)
    left = raw - fit
    left -= left.mean(0)
    return {
        "variance_raw": float(((raw**2).mean(0) / noise).mean()),
        "variance_residual": float(((left**2).mean(0) / noise).mean()),
        "lag_1_raw": lag_1(raw),
        "lag_1_residual": lag_1(left),
    }


def lag_1(movie):
    return float(np.median((movie[1:] * movie[:-1]).mean(0) / np.maximum((movie**2).mean(0), 1e-12)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("movie", type=Path, help="a TIFF file")
    parser.add_argument("--block", type=int, default=20)
    last = "tiff_batch_size; the last batch is up to twice as long"
    parser.add_argument("--batch", type=int, default=10000, help=last)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", type=Path, help="a folder for the factors and reconstructions")
    options = parser.parse_args()
    result, watch, found = run(options.movie, options.block, options.batch, options.seed)
    if options.save:
        found["residual"] = save(options.save, options.movie, result, watch, options.block)
    print(json.dumps(found))
