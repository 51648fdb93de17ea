//! What a simulation will take, known before it starts.

use super::config::{NumberFormat, SimulationConfig};

/// Videos worked on at a time.
const VIDEOS_AT_A_TIME: u64 = super::session::BATCH as u64;

/// What code, thread stacks and allocator keep for themselves.
const PROCESS_BYTES: u64 = 48 << 20;

impl SimulationConfig {
    /// Bytes of the files that the simulation will write, without what the file system adds. Repeats
    /// of a video share one file, where the file system has hard links.
    ///
    /// ```
    /// use striate_recording::simulate::SimulationConfig;
    ///
    /// let (tiny, demo) = (SimulationConfig::tiny(), SimulationConfig::demo());
    /// assert!(tiny.disk_bytes() < demo.disk_bytes() && demo.disk_bytes() < 200 << 20);
    /// ```
    pub fn disk_bytes(&self) -> u64 {
        let trials = &self.trials;
        let [oracle, test] = [&trials.oracle, &trials.live_test_main].map(|tier| {
            [tier.n_videos as u64, (tier.n_videos as u64).saturating_mul(tier.n_repeats as u64)]
        });
        let n_train = trials.distinct_train.unwrap_or(trials.train) as u64;
        let (n_videos, n_trials) = (n_train + oracle[0] + test[0], n_train + oracle[1] + test[1]);
        let width = match self.number_format {
            NumberFormat::Float64 => 8,
            NumberFormat::Float32 => 4,
        };
        let n_frames = (self.canvas.n_frames + self.n_padding_frames) as u64;
        let n_neurons = self.n_neurons as u64;
        let video = width * n_frames * self.n_pixels();
        let recorded = width * n_frames * (n_neurons + 4);
        let latents = self.state.n_latents as u64;
        let truth = 4 * self.canvas.n_frames as u64 * (2 * n_neurons + latents + 2);
        let statistics = 4 * 8 * n_neurons * self.canvas.n_frames as u64;
        // A direction-selective cell has two kernels.
        let n_kernels = if self.population.direction_fraction > 0.0 { 2 } else { 1 };
        let kernel_values = n_kernels * self.population.kernel_frames as u64;
        let of_neurons = n_neurons * (1500 + 20 * (kernel_values + latents));
        let per_session = n_videos
            .saturating_mul(video)
            .saturating_add(n_trials.saturating_mul(recorded + truth + 1500))
            .saturating_add(statistics + of_neurons);
        per_session.saturating_mul(self.n_sessions as u64)
    }

    /// Predicted peak of memory in bytes: the statistics of one session and the videos that are worked
    /// on at a time.
    pub fn memory_bytes(&self) -> u64 {
        let n_frames = self.canvas.n_frames as u64;
        let n_neurons = self.n_neurons as u64;
        // Sum, square, smallest and largest value at every place.
        let statistics = 24 * n_frames * (n_neurons + 4 + self.n_pixels());
        // The video, its contrast and its local energy; drive and rates of the neurons.
        let per_video = n_frames * (5 * 4 * self.n_pixels() + 6 * 4 * n_neurons);
        let trials = 100 * (self.trials.train as u64 + 1000);
        statistics + VIDEOS_AT_A_TIME * per_video + n_neurons * 4000 + trials + PROCESS_BYTES
    }

    fn n_pixels(&self) -> u64 {
        self.canvas.height as u64 * self.canvas.width as u64
    }
}
