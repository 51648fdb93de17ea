"""Makes the small HDF5 and NWB files of these tests. Needs h5py and numpy."""

import h5py
import numpy as np


def values(shape):
    """1000 t + 10 y + x, so that every pixel says where it belongs."""
    t, y, x = np.indices(shape)
    return 1000 * t + 10 * y + x


def main():
    movie = values((7, 4, 5))
    with h5py.File("chunked.h5", "w", libver="earliest") as f:
        f.create_dataset("mov", data=movie.astype("<u2"), chunks=(3, 4, 2), compression="gzip", shuffle=True)
    with h5py.File("several.h5", "w", libver="latest") as f:
        f.create_dataset("raw/left", data=movie.astype(">i2"))
        f.create_dataset("raw/right", data=movie.astype("<f4"), chunks=(2, 4, 5), fletcher32=True)
        f.create_dataset("trace", data=np.zeros(7))
        f["alias"] = h5py.SoftLink("/raw")
    with h5py.File("series.nwb", "w", libver="earliest") as f:
        series = f.create_group("acquisition/imaging")
        series.attrs["neurodata_type"] = "TwoPhotonSeries"
        series.create_dataset("data", data=movie.transpose(0, 2, 1).astype("<u2"), chunks=(2, 5, 4), compression="gzip")
        start = series.create_dataset("starting_time", data=0.0)
        start.attrs["rate"] = np.float32(7.5)
        f.create_dataset("processing/other", data=np.zeros((2, 2, 2)))


if __name__ == "__main__":
    main()
