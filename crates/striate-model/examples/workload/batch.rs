//! Sizes of the workloads; the same numbers as in `benches/peers/pytorch_workloads.py` and
//! `benches/peers/pytorch_latent.py`.

/// Sizes of what one step works on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch {
    pub(crate) n_clips: usize,
    /// Frames of each clip: of the stimulus, or of the feature maps for a readout alone.
    pub(crate) n_frames: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) n_neurons: usize,
}

impl Batch {
    /// The full size of a workload.
    pub(crate) fn of(workload: &str) -> Self {
        let [n_clips, n_frames, n_neurons] = match workload {
            "sensorium-2022" => [128, 1, 8000],
            "readout-1k" => [4, 62, 1000],
            "readout-8k" => [4, 62, 8000],
            "readout-40k" => [4, 62, 40_000],
            "monte-carlo" => [8, 62, 8000],
            "monte-carlo-1" => [1, 62, 8000],
            "inference" => [1, 300, 8000],
            // Also for "sensorium-2023": four clips and not the published eight, so that PyTorch has
            // room on a machine with 16 GiB.
            _ => [4, 80, 8000],
        };
        Self { n_clips, n_frames, height: 36, width: 64, n_neurons }
    }

    /// Just large enough for every kernel and for the 18 frames that the video cores consume.
    pub(crate) fn tiny(self) -> Self {
        Self {
            n_clips: self.n_clips.min(2),
            n_frames: self.n_frames.min(20),
            height: 20,
            width: 24,
            n_neurons: 50,
        }
    }

    /// Values of the stimulus.
    pub(crate) fn n_values(self) -> usize {
        self.n_clips * self.n_frames * self.height * self.width
    }
}
