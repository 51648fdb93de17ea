"""Cells that suite2p finds in a movie without registration, over a grid of its settings."""

import itertools
import logging
import sys
import tempfile

import numpy as np
import suite2p
import torch

import movies

FRAME_RATE_HZ = 7.0
# Seconds of the indicator: they decide how many frames suite2p averages before it looks. GCaMP6s is slow.
# A spatial scale of 0 lets suite2p choose (1, cells of 6 pixels, on the movies tried); 2 is cells of about 12 pixels.
# Thresholds below 0.5 give thousands of regions, and take minutes.
PLAIN = {"threshold": (1.0, 0.5, 0.7, 0.85, 1.2, 1.5), "tau_s": (1.0, 0.5, 1.5), "scale": (0, 2)}
# What is left after denoising stands out more; each of these takes ten times as long.
DENOISED = {"threshold": (0.7, 1.0, 1.5, 2.0, 3.0), "tau_s": (1.0, 0.5, 1.5), "denoise": (True,)}
# Regions of fewer pixels are dropped; suite2p has a setting of that kind (`npix_norm_min`).
MIN_PIXELS = (0, 20, 30, 40, 50, 60)
# suite2p calls a region a cell from this probability.
CELL_PROBABILITY = 0.5


def detect(movie, threshold=1.0, denoise=False, tau_s=1.0, scale=0, frame_rate_hz=FRAME_RATE_HZ):
    """Regions and the probability that each is a cell, of suite2p's built-in classifier."""
    settings = suite2p.default_settings()
    settings |= {"fs": frame_rate_hz, "tau": tau_s, "diameter": [12.0, 12.0], "torch_device": "cpu"}
    settings["run"] |= {"do_registration": 0, "do_regmetrics": False, "do_deconvolution": False}
    settings["classification"]["use_builtin_classifier"] = True
    settings["detection"] |= {"threshold_scaling": threshold, "denoise": denoise}
    settings["detection"]["sparsery_settings"]["spatial_scale"] = scale
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = suite2p.pipeline(
                folder, movie.copy(), run_registration=False, settings=settings, device=torch.device("cpu")
            )
        except ValueError as error:
            # How suite2p says that nothing was found.
            print(f"suite2p: {error}", file=sys.stderr)
            return [], []
    stat, is_cell = found[2], found[8]
    return [np.stack([one["ypix"], one["xpix"]], axis=1) for one in stat], list(is_cell[:, 1])


def settings_to_try():
    """The default first."""
    for grid in (PLAIN, DENOISED):
        for values in itertools.product(*grid.values()):
            yield dict(zip(grid, values))


def attempts(path, quick):
    """The default (with the frame rate of the movie) and all of the grid: (settings, regions, confidence, cutoff)."""
    logging.disable(logging.WARNING)
    movie = np.asarray(movies.load(path)).astype(np.int16)
    done = []
    for settings in settings_to_try():
        regions, confidence = detect(movie, **settings)
        print(settings, len(regions), file=sys.stderr, flush=True)
        for least in MIN_PIXELS:
            large = [number for number, region in enumerate(regions) if len(region) >= least]
            chosen = [regions[number] for number in large], [confidence[number] for number in large]
            done.append(({**settings, "min_pixels": least}, *chosen, CELL_PROBABILITY))
        if quick:
            break
    return done[0], done
