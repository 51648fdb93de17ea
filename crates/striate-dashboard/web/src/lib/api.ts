// Requests to the server. All URLs are relative to the page, so that the dashboard works below any sub-path.

import type * as T from "./types";

/** A refusal or failure of the server, in its own words. */
export class ServerError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** A binary body: the numbers and their shape, slowest axis first. */
export interface Block {
  data: Float32Array | Uint8Array;
  shape: number[];
  range: [number, number] | null;
  /** Every `step`-th neuron is in the body. */
  step: number;
}

async function answer(path: string): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: "same-origin" });
  } catch {
    throw new ServerError(0, "The server does not answer. Is `striate serve` still running?");
  }
  if (response.ok) return response;
  const text = await response.text();
  let message = text.slice(0, 300) || response.statusText;
  try {
    message = (JSON.parse(text) as { error?: string }).error ?? message;
  } catch {
    // Not JSON: the text itself is the message.
  }
  throw new ServerError(response.status, message);
}

async function json<Body>(path: string): Promise<Body> {
  return (await answer(path)).json() as Promise<Body>;
}

async function block(path: string): Promise<Block> {
  const response = await answer(path);
  const numbers = (header: string) => (response.headers.get(header) ?? "").split(",").filter(Boolean).map(Number);
  const bytes = await response.arrayBuffer();
  const data = response.headers.get("X-Type") === "u8" ? new Uint8Array(bytes) : new Float32Array(bytes);
  const range = numbers("X-Range");
  return {
    data,
    shape: numbers("X-Shape"),
    range: range.length === 2 ? [range[0], range[1]] : null,
    step: numbers("X-Neurons")[0] || 1,
  };
}

const part = encodeURIComponent;
const neuronPath = (run: string, session: number, neuron: number) => `api/runs/${run}/neurons/${session}/${neuron}`;
/** Sessions and trials go by their numbers in the recording's lists. */
const trialPath = (recording: string, session: number, trial: number) =>
  `api/recordings/${recording}/sessions/${session}/trials/${trial}`;

export const overview = () => json<T.OverviewData>("api/overview");
export const run = (id: string) => json<T.RunData>(`api/runs/${id}`);
export const reportPath = (id: string) => `api/runs/${id}/report`;
export const curves = (runs: string[], key: T.CurveKey, points: number) =>
  json<{ curves: T.CurveData[] }>(`api/curves?runs=${runs.join(",")}&key=${key}&points=${points}`).then((c) => c.curves);

export const neurons = (id: string) => json<T.NeuronTable>(`api/runs/${id}/neurons`);
export const neuron = (id: string, s: number, n: number) => json<T.NeuronData>(neuronPath(id, s, n));
export const neuronArray = (id: string, s: number, n: number, experiment: string, name: string) =>
  block(`${neuronPath(id, s, n)}/arrays/${part(experiment)}/${part(name)}`);
export const trace = (id: string, s: number, n: number, tier: string, trial: number) =>
  json<T.TraceData>(`${neuronPath(id, s, n)}/trace?trial=${trial}${tier ? `&tier=${part(tier)}` : ""}`);

export const latents = (id: string) => json<Record<string, unknown>>(`api/runs/${id}/latents`);
export const experiment = (id: string, name: string, s: number) =>
  json<T.SessionExperiment>(`api/runs/${id}/experiments/${part(name)}/${s}`);
export const experimentArray = (id: string, name: string, s: number, array: string) =>
  block(`api/runs/${id}/experiments/${part(name)}/${s}/arrays/${part(array)}`);

const picturesPath = (id: string, name: string, s: number) => `api/runs/${id}/experiments/${part(name)}/${s}/pictures`;
export const pictures = (id: string, name: string, s: number) =>
  json<{ pictures: string[] }>(picturesPath(id, name, s)).then((p) => p.pictures);
export const picturePath = (id: string, name: string, s: number, index: number) => `${picturesPath(id, name, s)}/${index}`;

export const recording = (id: string) =>
  json<{ name: string; sessions: T.RecordingSession[] }>(`api/recordings/${id}`);
export const stimulus = (id: string, s: number, t: number) => block(`${trialPath(id, s, t)}/stimulus`);
export const responses = (id: string, s: number, t: number) => block(`${trialPath(id, s, t)}/responses`);
export const behaviour = (id: string, s: number, t: number) => block(`${trialPath(id, s, t)}/behaviour`);

export const extraction = (id: string) => json<T.ExtractionData>(`api/extractions/${id}`);
export const frames = (id: string, first: number, kind: string, count: number) =>
  block(`api/extractions/${id}/frames/${first}?kind=${kind}&count=${count}`);
export const cellTraces = (id: string, cell: number) => json<T.CellTraces>(`api/extractions/${id}/traces/${cell}`);
