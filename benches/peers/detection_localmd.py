"""Cells from localmd's compressed movie by greedy non-negative factorisation, with and without the compression.

localmd has no demixing of its own. This one is the field's usual short way (Pnevmatikakis et al. 2016,
Neuron 89:285, greedy initialisation; Cichocki et al. 2007 for HALS): take the pixel whose surroundings vary
most, fit one cell in a window, subtract, repeat; then refine all cells together.
"""

import itertools
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter, label, uniform_filter

import movies

BLOCK, MAX_CELLS, SWEEPS = 20, 200, 5
SOURCES = ("localmd", "raw")
CELL_SD = (3.0, 2.0, 4.0)
NEUROPIL_WIDTH = (25, 0)
# Share of its largest value from which a pixel of a footprint is counted to the cell.
FLOOR = (0.3, 0.2, 0.5)
MIN_PIXELS = (20, 12, 30)
# Energy that a region needs by default, in units of the noise of one pixel.
CUTOFF = 0.6


def compressed(path):
    """localmd's movie and the raw one, both float32 [frame, height, width] in units of the noise, without the mean."""
    import localmd_run

    with tempfile.TemporaryDirectory() as folder:
        tiff = movies.as_tiff(path, folder)
        result, watch, _ = localmd_run.run(tiff, BLOCK, 10000, 0)
        localmd_run.save(Path(folder) / "localmd", tiff, result, watch, BLOCK)
        fit = np.load(Path(folder) / "localmd" / "block_reconstruction.npy")
        mean, noise_sd = (np.load(Path(folder) / "localmd" / f"{name}.npy") for name in ("mean", "noise_sd"))
    return {"localmd": fit, "raw": ((movies.load(path) - mean) / noise_sd).astype(np.float32)}


def without_neuropil(movie, width):
    """The movie less its local mean over `width` pixels; 0 leaves it as it is."""
    movie = movie - np.median(movie, axis=0)
    return movie - uniform_filter(movie, (0, width, width), mode="reflect") if width else movie


def greedy(movie, cell_sd):
    """Footprints [cell, height, width] and traces [cell, frame], in the order in which they were found."""
    frames, height, width = movie.shape
    reach = round(2 * cell_sd)
    left = movie.copy()
    smooth = gaussian_filter(left, (0, cell_sd, cell_sd))
    energy = (np.maximum(smooth, 0) ** 2).sum(0)
    footprints, traces = [], []
    for _ in range(MAX_CELLS):
        row, column = np.unravel_index(energy.argmax(), energy.shape)
        window = np.s_[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1]
        shape, trace = one_cell(left[(slice(None), *window)], smooth[:, row, column])
        footprint = np.zeros((height, width), np.float32)
        footprint[window] = shape
        left[(slice(None), *window)] -= trace[:, None, None] * shape
        wide = 4 * reach
        again = np.s_[max(0, row - wide) : row + wide + 1, max(0, column - wide) : column + wide + 1]
        smooth[(slice(None), *again)] = gaussian_filter(left[(slice(None), *again)], (0, cell_sd, cell_sd))
        energy[again] = (np.maximum(smooth[(slice(None), *again)], 0) ** 2).sum(0)
        # Whatever the fit left behind there, a place is tried once.
        energy[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2] = 0
        footprints.append(footprint)
        traces.append(trace)
    return np.array(footprints), np.array(traces)


def one_cell(movie, trace):
    """Non-negative footprint (largest value 1) and trace of one cell by alternating projections."""
    trace = np.maximum(trace, 0)
    for _ in range(10):
        shape = np.maximum(np.tensordot(trace, movie, 1), 0)
        shape /= max(shape.max(), 1e-9)
        trace = np.maximum(np.tensordot(movie, shape, ([1, 2], [0, 1])), 0) / max((shape**2).sum(), 1e-9)
    return shape.astype(np.float32), trace.astype(np.float32)


def refine(movie, footprints, traces):
    """Hierarchical alternating least squares; footprints stay inside where they began."""
    data = movie.reshape(len(movie), -1)
    shapes, traces = footprints.reshape(len(footprints), -1).copy(), traces.copy()
    inside = shapes > 0
    for _ in range(SWEEPS):
        descend(traces, shapes @ data.T, shapes @ shapes.T, True)
        descend(shapes, traces @ data, traces @ traces.T, inside)
    return shapes.reshape(footprints.shape), traces


def descend(factor, projected, gram, allowed):
    """One non-negative pass over the rows of `factor`, in place."""
    for cell in range(len(factor)):
        step = (projected[cell] - gram[cell] @ factor) / max(gram[cell, cell], 1e-9)
        factor[cell] = np.maximum(factor[cell] + step, 0)
        if allowed is not True:
            factor[cell] *= allowed[cell]


def regions_of(footprints, traces, floor, min_pixels):
    """The largest connected piece of each footprint, and the energy of the cell in units of the noise of one pixel."""
    regions, confidence = [], []
    for footprint, trace in zip(footprints, traces):
        pieces, count = label(footprint > floor * footprint.max())
        if not count or footprint.max() <= 0:
            continue
        sizes = np.bincount(pieces.ravel())[1:]
        region = np.argwhere(pieces == sizes.argmax() + 1)
        if len(region) < min_pixels:
            continue
        regions.append(region)
        confidence.append(float(np.sqrt((footprint**2).sum() * (trace**2).mean())))
    return regions, confidence


def attempts(path, quick):
    """The default and all of the grid: (settings, regions, confidence, cutoff)."""
    sources = compressed(path)
    done = []
    for source, cell_sd, width in itertools.product(SOURCES, CELL_SD, NEUROPIL_WIDTH):
        movie = without_neuropil(sources[source], width)
        started = greedy(movie, cell_sd)
        for refined in (False, True):
            factors = refine(movie, *started) if refined else started
            for floor, least in itertools.product(FLOOR, MIN_PIXELS):
                settings = {"movie": source, "cell_sd": cell_sd, "neuropil_width": width, "refined": refined}
                settings |= {"floor": floor, "min_pixels": least}
                done.append((settings, *regions_of(*factors, floor, least), CUTOFF))
        print(settings, len(done[-1][1]), file=sys.stderr, flush=True)
        if quick:
            break
    return done[0], done
