//! Spikes and the calcium they leave.

use striate_base::RandomStream;

use super::config::{IndicatorConfig, SpikeConfig};

/// Spike counts of one cell per frame; at least one burst.
pub(super) fn spikes(
    config: &SpikeConfig,
    n_frames: usize,
    frame_rate_hz: f64,
    stream: &mut RandomStream,
) -> Vec<f32> {
    let mut counts = vec![0.0; n_frames];
    let rate = config.burst_rate_hz * (config.rate_spread * stream.normal()).exp();
    let mut silent = true;
    for frame in 0..n_frames {
        for _ in 0..stream.poisson(rate / frame_rate_hz) {
            burst(config, frame, frame_rate_hz, &mut counts, stream);
            silent = false;
        }
    }
    if silent {
        let frame = stream.below(n_frames);
        burst(config, frame, frame_rate_hz, &mut counts, stream);
    }
    counts
}

/// One burst that begins in `frame`; spikes past the end of the movie are lost.
fn burst(
    config: &SpikeConfig,
    frame: usize,
    frame_rate_hz: f64,
    counts: &mut [f32],
    stream: &mut RandomStream,
) {
    counts[frame] += 1.0;
    let another = 1.0 - 1.0 / config.spikes_per_burst;
    while stream.uniform() < another {
        let later = (stream.uniform() * config.burst_s * frame_rate_hz) as usize;
        if let Some(count) = counts.get_mut(frame + later) {
            *count += 1.0;
        }
    }
}

/// Coefficients of `c_t = g1 c_{t-1} + g2 c_{t-2} + s_t`, whose roots are the decay and the rise.
pub(super) fn autoregression(config: &IndicatorConfig, frame_rate_hz: f64) -> [f64; 2] {
    let decay = (-1.0 / (config.decay_s * frame_rate_hz)).exp();
    let rise =
        if config.rise_s > 0.0 { (-1.0 / (config.rise_s * frame_rate_hz)).exp() } else { 0.0 };
    [decay + rise, -decay * rise]
}

/// Calcium of a spike train; an isolated spike peaks at 1.
pub(super) fn calcium(coefficients: [f64; 2], spikes: &[f32]) -> Vec<f64> {
    let peak = impulse_peak(coefficients);
    let (mut last, mut before) = (0.0, 0.0);
    let next = |&spike: &f32| {
        let now = coefficients[0] * last + coefficients[1] * before + f64::from(spike) / peak;
        (before, last) = (last, now);
        now
    };
    spikes.iter().map(next).collect()
}

/// Peak of the answer to one spike: where it first falls.
fn impulse_peak([g1, g2]: [f64; 2]) -> f64 {
    let (mut last, mut before) = (1.0, 0.0);
    loop {
        let now = g1 * last + g2 * before;
        if now <= last {
            return last;
        }
        (before, last) = (last, now);
    }
}
