"""The training steps of configs/rgc-whitenoise.toml in PyTorch: seconds per step on the same recording.

Arguments: FOLDER STEPS THREADS; FOLDER holds the arrays that the recording's manifest names. Prints one
JSON object. Same layers, clips and batch as the configuration; positions start at random, which changes
no time.
"""

import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch

from pytorch_workloads import Core, Readout, training_step

CHANNELS, SPATIAL, TEMPORAL, STRIDE = [16, 32], [11, 5], [15, 5], 2
N_CLIPS, N_FRAMES, N_TRAIN = 4, 100, 24_000
N_OUT = N_FRAMES - sum(t - 1 for t in TEMPORAL)


def main():
    folder, steps, threads = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    packed = np.load(folder / "stimulus_packed_0_30000.npy")[:N_TRAIN]
    stimulus = np.unpackbits(packed, axis=1).reshape(-1, 64, 64).transpose(0, 2, 1)
    stimulus = torch.from_numpy(stimulus.astype(np.float32) * 2 - 1)
    counts = torch.from_numpy(np.load(folder / "spike_counts_0_30000.npz")["counts"].astype(np.float32).T)
    core, readout = Core(CHANNELS, SPATIAL, TEMPORAL, STRIDE), Readout(counts.shape[1], CHANNELS[-1])
    optimiser = torch.optim.AdamW([*core.parameters(), *readout.parameters()], lr=0.01, foreach=True)
    seconds = []
    for _ in range(steps):
        start = time.perf_counter()
        first = torch.randint(0, N_TRAIN - N_FRAMES, (N_CLIPS,)).tolist()
        video = torch.stack([stimulus[f : f + N_FRAMES] for f in first]).unsqueeze(1)
        responses = torch.cat([counts[f + N_FRAMES - N_OUT : f + N_FRAMES] for f in first])
        noise = torch.randn(N_CLIPS * N_OUT, counts.shape[1], 2)
        training_step(core, readout, optimiser, video, responses, noise)
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"variant": "pytorch", "steps": steps, "step_s_median": statistics.median(seconds)}))


if __name__ == "__main__":
    main()
