// What the server answers; `null` stands for "not known" everywhere.

export type Status = "running" | "finished" | "interrupted" | "unknown";
export type CurveKey = "loss" | "validation" | "learning_rate";
export type Numbers = ArrayLike<number | null>;

export interface RunEntry {
  id: string;
  name: string;
  status: Status;
  epoch: number | null;
  step: number | null;
  n_sessions: number | null;
  n_neurons: number | null;
  core: string | null;
  likelihood: string | null;
  best_validation: number | null;
  /** Mean single-trial correlation of the twin on its first test tier. */
  score: number | null;
  ceiling: number | null;
  modified_s: number | null;
  recording: string | null;
  experiments: string[];
  has_latents: boolean;
  has_report: boolean;
}

export interface RecordingEntry {
  id: string;
  name: string;
  kind: "video" | "image";
  n_sessions: number;
  n_neurons: number;
  n_trials: number;
}

export interface ExtractionEntry {
  id: string;
  name: string;
  n_frames: number;
  height: number;
  width: number;
  n_cells: number;
  has_denoised: boolean;
}

export interface OverviewData {
  folder: string;
  /** Whether there is more in the folder than is listed. */
  truncated?: boolean;
  version: string;
  runs: RunEntry[];
  recordings: RecordingEntry[];
  extractions: ExtractionEntry[];
}

export interface ScoreRow {
  tier: string;
  metric: string;
  title?: string;
  without_latents?: number | null;
  baseline: number | null;
  twin: number | null;
  twin_median: number | null;
  ceiling: number | null;
}

export interface RunData extends RunEntry {
  config: string;
  provenance: Record<string, unknown>;
  scores: ScoreRow[];
  sessions: { id: string; n_neurons: number }[];
}

export interface CurveData {
  id: string;
  n: number;
  x: number[];
  y: (number | null)[];
}

export interface Column {
  name: string;
  unit: string;
  about: string;
  /** Tier or experiment that it is from. */
  source?: string;
  values: (number | string | null)[];
}

export interface NeuronTable {
  columns: Column[];
  session: number[];
  neuron: number[];
  /** What could not be read. */
  problems: string[];
}

export interface ArrayInfo {
  name: string;
  axes: string[];
  unit: string;
  about: string;
  shape?: number[];
  scales?: Record<string, number[]>;
}

/** Where results come from. */
export interface Provenance {
  /** Hash of each twin. */
  twins: string[];
  data_hash: string;
  seed: number | null;
}

/** A column at one neuron. */
export interface Result {
  name: string;
  unit: string;
  about: string;
  value: number | string | null;
  error: number | null;
}

export interface NeuronExperiment {
  experiment: string;
  producer: string;
  provenance: Provenance;
  columns: Result[];
  arrays: ArrayInfo[];
}

export interface NeuronData {
  session: number;
  neuron: number;
  scores: Record<string, Record<string, number | null>>;
  experiments: NeuronExperiment[];
  problems: string[];
}

export interface TraceData {
  kind?: "video" | "image";
  tier?: string;
  tiers?: string[];
  frame_rate_hz: number | null;
  trials: string[];
  recorded: (number | null)[][];
  predicted: (number | null)[];
}

export interface SessionExperiment {
  experiment: string;
  session: string;
  producer: string;
  provenance: Provenance;
  config: Record<string, unknown>;
  summary: Record<string, unknown>;
  columns: Column[];
  neurons: number[];
  arrays: ArrayInfo[];
}

export interface Trial {
  id: string;
  tier: string;
  n_frames: number;
  stimulus_id: string | null;
  has_responses: boolean;
}

export interface RecordingSession {
  id: string;
  kind: "video" | "image";
  n_neurons: number;
  height: number;
  width: number;
  n_behaviour: number;
  behaviour_names: string[] | null;
  has_pupil_center: boolean;
  frame_rate_hz: number | null;
  tiers: Record<string, number>;
  trials: Trial[];
}

export interface Cell {
  x: number;
  y: number;
  peak_snr: number | null;
  area: number | null;
  /** Corners in pixels; null between the rings of a region in several parts. */
  contour: ([number, number] | null)[];
}

export interface ExtractionData {
  name: string;
  n_frames: number;
  height: number;
  width: number;
  frame_rate_hz: number | null;
  /** Whether the movie itself is there: raw frames and residuals. */
  has_raw?: boolean;
  cells: Cell[];
}

export interface CellTraces {
  raw: (number | null)[] | null;
  demixed: (number | null)[] | null;
  spikes: (number | null)[] | null;
}
