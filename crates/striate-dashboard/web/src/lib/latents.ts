// What `striate probe latents` writes of one session.

export interface LatentSession {
  n_trials: number;
  divergence_nats?: number[];
  posterior_scale?: number[];
  prior_coefficients?: number[];
  behaviour?: {
    name: string;
    shuffled: number;
    shuffled_deviation: number;
    blocked: number;
    blocked_deviation: number;
    control_95: number;
    p_value: number;
  }[];
  behaviour_missing?: string | null;
  gain?: { n_visible: number; correlation: number; bits: number }[];
  calibration?: { curves: { name: string; histogram: number[]; error: number }[] };
  noise_correlations?: { agreement: number; recorded_mean: number; twin_mean: number; pairs: [number, number][] };
  joint?: { bits: number; independent_bits: number };
  example?: {
    trial: string;
    frame_rate_hz: number | null;
    first_frame: number;
    latents: number[][];
    names: string[];
    behaviour: number[][];
  };
  /** [output][latent][neuron] */
  loadings?: number[][][];
  coordinates_um?: number[][] | null;
}
