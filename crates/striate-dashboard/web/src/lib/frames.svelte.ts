// Frames of a movie, fetched in runs of eight ahead of the player; what is not there yet leaves the former frame.

import * as api from "./api";

const AHEAD = 3;
/** Answers kept. */
const MOST = 120;

export class FrameStore {
  #blocks = new Map<string, Uint8Array[]>();
  #asked = new Set<string>();
  #last: Record<string, Uint8Array | undefined> = {};
  #arrived = $state(0);
  /** Frames in one answer: eight, or one where the server gives no more. */
  #run = $state(8);
  errors = $state<Record<string, string | undefined>>({});

  constructor(
    readonly id: string,
    readonly length: () => number,
  ) {}

  /** Asks for a frame of some kinds and for those that follow. */
  want(frame: number, kinds: string[]) {
    const first = Math.floor(frame / this.#run) * this.#run;
    for (let ahead = 0; ahead < AHEAD; ahead++) {
      const start = first + ahead * this.#run;
      if (start < this.length()) for (const kind of kinds) void this.#fetch(kind, start);
    }
  }

  /** A frame, or the one shown before while it has not come. */
  shown(kind: string, frame: number): Uint8Array | undefined {
    void this.#arrived;
    const start = Math.floor(frame / this.#run) * this.#run;
    return (this.#last[kind] = this.#blocks.get(`${kind} ${start}`)?.[frame - start] ?? this.#last[kind]);
  }

  async #fetch(kind: string, start: number) {
    const key = `${kind} ${start}`;
    if (this.#asked.has(key)) return;
    this.#asked.add(key);
    try {
      const block = await api.frames(this.id, start, kind, this.#run);
      if (block.shape.length === 2 && this.#run > 1) return this.#single();
      const size = block.shape.slice(-2).reduce((a, b) => a * b, 1);
      const count = Math.floor(block.data.length / size);
      this.#blocks.set(key, Array.from({ length: count }, (_, i) => (block.data as Uint8Array).subarray(i * size, (i + 1) * size)));
      this.errors[kind] = undefined;
      this.#forget();
    } catch (error) {
      this.#asked.delete(key);
      this.errors[kind] = (error as Error).message;
    }
    this.#arrived++;
  }

  #single() {
    this.#run = 1;
    this.#asked.clear();
    this.#blocks.clear();
    this.#arrived++;
  }

  /** Memory stays bounded: the runs asked for longest ago go first. */
  #forget() {
    for (const key of this.#blocks.keys()) {
      if (this.#blocks.size <= MOST) return;
      this.#blocks.delete(key);
      this.#asked.delete(key);
    }
  }
}
