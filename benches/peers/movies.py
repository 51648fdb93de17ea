"""Movies for the comparisons: simulated cells with white noise, and conversion of stored arrays to TIFF."""

import argparse
from pathlib import Path

import numpy as np
import tifffile

CELLS_PER_PIXEL = 20 / 64**2
CELL_SD = 3.0
DECAY, SPIKE_PROBABILITY = 0.95, 0.01
BASELINE, NOISE_SD = 1000.0, 100.0
FRAMES_AT_ONCE = 100


def simulate(path, height, width, frames, amplitude=2.0, seed=0):
    """Write uint16 pages: Gaussian cells with AR(1) calcium traces; spikes are `amplitude` times the noise s.d.

    The density, shape and dynamics of the cells do not depend on the size of the image.
    """
    random = np.random.default_rng(seed)
    cells = max(1, round(CELLS_PER_PIXEL * height * width))
    footprints = gaussian_footprints(random, cells, height, width)
    traces = calcium_traces(random, cells, frames)
    with tifffile.TiffWriter(path) as writer:
        for start in range(0, frames, FRAMES_AT_ONCE):
            signal = amplitude * (footprints @ traces[:, start : start + FRAMES_AT_ONCE])
            signal += random.standard_normal(signal.shape, dtype=np.float32)
            counts = np.clip(np.rint(BASELINE + NOISE_SD * signal), 0, 65535).astype(np.uint16)
            write_pages(writer, counts.T.reshape(-1, height, width))


def gaussian_footprints(random, cells, height, width):
    """Sparse footprints [pixel, cell] with peak 1; the centres keep two s.d. away from the borders."""
    from scipy.sparse import csc_matrix

    margin = 2 * CELL_SD
    centres = random.uniform(margin, [height - margin, width - margin], size=(cells, 2))
    reach = np.arange(-int(4 * CELL_SD), int(4 * CELL_SD) + 1)
    rows = np.rint(centres[:, :1]).astype(int) + reach
    columns = np.rint(centres[:, 1:]).astype(int) + reach
    fall_rows = np.exp(-((rows - centres[:, :1]) ** 2) / (2 * CELL_SD**2)) * ((rows >= 0) & (rows < height))
    fall_columns = np.exp(-((columns - centres[:, 1:]) ** 2) / (2 * CELL_SD**2)) * ((columns >= 0) & (columns < width))
    values = fall_rows[:, :, None] * fall_columns[:, None, :]
    pixels = np.clip(rows, 0, height - 1)[:, :, None] * width + np.clip(columns, 0, width - 1)[:, None, :]
    owner = np.broadcast_to(np.arange(cells)[:, None, None], pixels.shape)
    inside = values > 0
    entries = (values[inside].astype(np.float32), (pixels[inside], owner[inside]))
    return csc_matrix(entries, shape=(height * width, cells)).tocsr()


def calcium_traces(random, cells, frames):
    """Float32 traces [cell, frame]: spikes of size 1 that decay."""
    traces = (random.random((cells, frames)) < SPIKE_PROBABILITY).astype(np.float32)
    for frame in range(1, frames):
        traces[:, frame] += DECAY * traces[:, frame - 1]
    return traces


def write_pages(writer, pages):
    """One image file directory per frame, uncompressed, as microscopes write them."""
    for page in pages:
        writer.write(page, photometric="minisblack", metadata=None, contiguous=False)


def load(path):
    """A movie [frame, height, width] from TIFF, NPY, or `movie` of an NPZ file."""
    path = Path(path)
    if path.suffix == ".npz":
        return np.load(path)["movie"]
    return np.load(path, mmap_mode="r") if path.suffix == ".npy" else tifffile.imread(path)


def as_tiff(path, folder):
    """The movie as a TIFF file: itself, or a copy in `folder`."""
    path = Path(path)
    if path.suffix in (".tif", ".tiff"):
        return path
    copy = Path(folder) / f"{path.stem}.tif"
    with tifffile.TiffWriter(copy) as writer:
        write_pages(writer, load(path))
    return copy


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=simulate.__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--height", type=int, default=512)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--frames", type=int, default=2000)
    parser.add_argument("--amplitude", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=0)
    simulate(**vars(parser.parse_args()))
