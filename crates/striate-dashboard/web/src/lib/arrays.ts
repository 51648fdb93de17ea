// Reading of an experiment's arrays: parts along the leading axes, scales along the others.

import { words } from "./format";
import type { ArrayInfo } from "./types";

export interface Slice {
  name: string;
  data: Float32Array;
}

/** Parts of an array that keep its last `kept` axes, named by their place on the others ("seed 1"). */
export function slices(data: Float32Array, shape: number[], axes: string[], kept: number, most = 64): Slice[] {
  const lead = shape.slice(0, shape.length - kept);
  const size = shape.slice(shape.length - kept).reduce((a, b) => a * b, 1);
  const count = Math.min(most, lead.reduce((a, b) => a * b, 1));
  return Array.from({ length: count }, (_, i) => {
    let rest = i;
    const places: string[] = [];
    for (let a = lead.length - 1; a >= 0; a--) {
      places.unshift(`${words(axes[a] ?? "part")} ${rest % lead[a]}`);
      rest = Math.floor(rest / lead[a]);
    }
    return { name: places.join(", "), data: data.subarray(i * size, (i + 1) * size) };
  });
}

/** The scale of an axis, or its numbers 0, 1, 2 … */
export function scaleOf(axis: string, length: number, scales: Record<string, ArrayLike<number>>): ArrayLike<number> {
  const known = scales[axis];
  return known && known.length === length ? known : Float64Array.from({ length }, (_, i) => i);
}

/** Arrays of one thing, as the twin has it and as was recorded: they are drawn into one figure. */
export interface Family {
  stem: string;
  axis: string;
  /** By whose they are: "twin", "recorded", "without_noise". */
  members: Record<string, ArrayInfo>;
}

const WHOSE = ["twin", "recorded", "without_noise"];

/** Sorts arrays of one axis into families; what has no counterpart stays by itself. */
export function families(arrays: ArrayInfo[]): { families: Family[]; rest: ArrayInfo[] } {
  const found = new Map<string, Family>();
  for (const info of arrays) {
    const whose = WHOSE.find((w) => info.name.endsWith(`_${w}`));
    if (!whose || info.axes.length !== 1) continue;
    const stem = info.name.slice(0, -whose.length - 1);
    const key = `${stem} ${info.axes[0]}`;
    const family = found.get(key) ?? { stem, axis: info.axes[0], members: {} };
    family.members[whose] = info;
    found.set(key, family);
  }
  const kept = [...found.values()].filter((f) => Object.keys(f.members).length > 1);
  const taken = new Set(kept.flatMap((f) => Object.values(f.members).map((m) => m.name)));
  return { families: kept, rest: arrays.filter((a) => !taken.has(a.name)) };
}
