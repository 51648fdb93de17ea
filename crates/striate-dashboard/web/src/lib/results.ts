// What the results of experiments say, in words.

import { capital, number, words } from "./format";
import type { Provenance, Result } from "./types";

const DISTANCE = "distance_from_training";
const SHARE = "share_of_training_farther";

/** "farther from training than 93 % of training clips", for the share of the clips that are farther still. */
export function farther(share: number): string {
  if (share <= 0) return "farther from training than every training clip";
  const percent = 100 * (1 - share);
  const text = percent > 99 ? Math.min(percent, 99.9).toFixed(1) : percent.toFixed(0);
  return `farther from training than ${text} % of training clips`;
}

/** What a value of a column means, where its number alone says little. */
export function meaning(column: string): ((value: number | string | null) => string) | undefined {
  if (!column.endsWith(SHARE)) return undefined;
  return (value) => (typeof value === "number" ? farther(value).replace("farther from training than", "farther than") : number(value));
}

/** Results that are numbers, and sentences on how far from training something is. */
export function told(results: Result[]): { values: Result[]; sentences: string[] } {
  const sentences: string[] = [];
  const used = new Set<string>();
  for (const share of results) {
    if (!share.name.endsWith(SHARE) || typeof share.value !== "number") continue;
    const prefix = share.name.slice(0, -SHARE.length);
    const distance = results.find((r) => r.name === prefix + DISTANCE);
    used.add(share.name).add(prefix + DISTANCE);
    const far = typeof distance?.value === "number" ? ` (Mahalanobis distance ${withError(distance.value, distance.error)})` : "";
    // Columns say in their sentence what was shown: "… farther out than the best grating."
    const shown = /farther out than (the [^.]+)\.$/.exec(share.about)?.[1] ?? words(prefix.replace(/_$/, ""));
    sentences.push(`${capital(`${shown ? `${shown}: ` : ""}${farther(share.value)}`)}${far}.`);
  }
  return { values: results.filter((r) => !used.has(r.name)), sentences };
}

/** "0.42 ± 0.03". */
export function withError(value: number | string | null, error: number | null | undefined): string {
  return error === null || error === undefined || !Number.isFinite(error) ? number(value) : `${number(value)} ± ${number(error, 2)}`;
}

/** Why results have no standard errors. */
export function errorless(experiment: string, provenance: Provenance | undefined, some: boolean): string | undefined {
  if (provenance?.twins.length !== 1) return undefined;
  if (experiment === "features") return "No errors: the features of one twin.";
  return `${some ? "What has no ± has no error" : "No errors"}: one twin; add --with RUN for errors over twins.`;
}
