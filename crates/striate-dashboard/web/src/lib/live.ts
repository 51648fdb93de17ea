// Learning curves that grow while `striate fit` runs, over one WebSocket for each kind of curve.

import type { CurveData, CurveKey, Status } from "./types";

interface Message {
  run: string;
  key: CurveKey;
  x: number[];
  y: (number | null)[];
  status: Status;
  /** What came before of this curve is void. */
  reset?: boolean;
}

type Listener = (changed: Set<string>) => void;

/** Points kept of one curve; beyond that every second old one is dropped. */
const MOST = 20000;

export class Live {
  readonly curves = new Map<string, CurveData>();
  readonly status = new Map<string, Status>();
  /** Messages and drawings since the page opened, for the measurement of updates per second. */
  messages = 0;
  draws = 0;
  #sockets = new Map<CurveKey, WebSocket>();
  #changed = new Set<string>();
  #pending = 0;
  #closed = false;

  constructor(
    readonly runs: string[],
    readonly keys: CurveKey[],
    readonly listener: Listener,
    readonly connection: (open: boolean) => void = () => {},
  ) {
    for (const key of keys) this.#open(key, 500);
  }

  static id(run: string, key: CurveKey): string {
    return `${run} ${key}`;
  }

  curve(run: string, key: CurveKey): CurveData | undefined {
    return this.curves.get(Live.id(run, key));
  }

  close() {
    this.#closed = true;
    cancelAnimationFrame(this.#pending);
    for (const socket of this.#sockets.values()) socket.close();
  }

  /** Opens a connection, and another one when it breaks: after half a second, then after twice as long each time. */
  #open(key: CurveKey, wait: number) {
    const url = new URL("api/live", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.hash = "";
    const socket = new WebSocket(url);
    this.#sockets.set(key, socket);
    const fresh = new Set<string>();
    socket.onopen = () => {
      wait = 500;
      this.connection(true);
      socket.send(JSON.stringify({ subscribe: { runs: this.runs, key } }));
    };
    socket.onmessage = (event) => this.#take(JSON.parse(event.data as string) as Message, fresh);
    socket.onclose = () => {
      this.connection(false);
      if (this.#closed) return;
      setTimeout(() => !this.#closed && this.#open(key, Math.min(wait * 2, 10000)), wait);
    };
  }

  /** The first message of a curve on a connection brings all of it, later ones what is new. */
  #take(message: Message, fresh: Set<string>) {
    if (!message.run) return;
    this.messages++;
    const id = Live.id(message.run, message.key);
    const curve = this.curves.get(id);
    if (!curve || message.reset || !fresh.has(id)) {
      this.curves.set(id, { id: message.run, n: message.x.length, x: message.x, y: message.y });
      fresh.add(id);
    } else {
      for (let i = 0; i < message.x.length; i++) {
        curve.x.push(message.x[i]);
        curve.y.push(message.y[i]);
      }
      if (curve.x.length > MOST) thin(curve);
    }
    this.status.set(message.run, message.status);
    this.#changed.add(id);
    // Many messages, one drawing per frame of the display.
    if (!this.#pending) this.#pending = requestAnimationFrame(() => this.#tell());
  }

  #tell() {
    this.#pending = 0;
    this.draws++;
    const changed = this.#changed;
    this.#changed = new Set();
    this.listener(changed);
  }
}

function thin(curve: CurveData) {
  const half = curve.x.length >> 1;
  const keep = (_: unknown, i: number) => i >= half || i % 2 === 0;
  curve.x = curve.x.filter(keep);
  curve.y = curve.y.filter(keep);
}

/** Exponential moving average, unbiased at its start (Kingma and Ba 2015, section 3); gaps stay gaps. */
export function smooth(y: ArrayLike<number | null>, weight: number): (number | null)[] {
  const out: (number | null)[] = new Array(y.length);
  let mean = 0;
  let trust = 0;
  for (let i = 0; i < y.length; i++) {
    const v = y[i];
    if (v === null || !Number.isFinite(v)) {
      out[i] = null;
      continue;
    }
    mean = weight * mean + (1 - weight) * v;
    trust = weight * trust + (1 - weight);
    out[i] = mean / trust;
  }
  return out;
}
