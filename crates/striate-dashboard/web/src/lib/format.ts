// Numbers and names for readers.

const MINUS = "\u2212";

/** Shortest form with about `digits` significant digits; a real minus sign; an en dash for "not known". */
export function number(value: number | string | null | undefined, digits = 3): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined || !Number.isFinite(value)) return "\u2013";
  const size = Math.abs(value);
  let text: string;
  if (Number.isInteger(value) && size < 1e10) text = group(size);
  else if (size !== 0 && (size < 1e-3 || size >= 1e6)) text = size.toExponential(Math.max(0, digits - 1));
  else text = group(Number(size.toPrecision(Math.max(digits, size >= 1 ? Math.ceil(Math.log10(size + 1)) : 0))));
  return value < 0 ? MINUS + text : text;
}

/** A way of writing all of a column, so that its decimals line up. */
export function columnFormat(values: ArrayLike<number | string | null>): (value: number | string | null) => string {
  let whole = true;
  let size = 0;
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (typeof v !== "number" || !Number.isFinite(v)) continue;
    whole &&= Number.isInteger(v);
    size = Math.max(size, Math.abs(v));
  }
  if (whole || size >= 1e5 || (size > 0 && size < 1e-2)) return (v) => number(v);
  const places = size >= 1000 ? 1 : size >= 10 ? 2 : 3;
  return (v) => (typeof v === "string" ? v : fixed(v, places));
}

/** Always `places` decimals, for columns that line up. */
export function fixed(value: number | null | undefined, places = 3): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "\u2013";
  return (value < 0 ? MINUS : "") + Math.abs(value).toFixed(places);
}

function group(size: number): string {
  const [whole, rest] = String(size).split(".");
  const spaced = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, "\u202f") : whole;
  return rest ? `${spaced}.${rest}` : spaced;
}

const SHORT = /\b(feve|rdm|mei|snr|sta|f0|f1|r2|pc|psth)\b/g;

/** `preferred_orientation` is "preferred orientation", `tuning/x` "tuning: x", `n_neurons` "neurons", `feve` "FEVE". */
export function words(name: string): string {
  const plain = name.replace(/(^|_)n_/, "$1").replaceAll("/", ": ").replace("f1_f0", "f1/f0").replaceAll("_", " ").replaceAll("-", " ");
  return plain.replace("share of training farther", "share of training clips farther out").replace(SHORT, (short) => short.toUpperCase());
}

const ENDS: [RegExp, string][] = [
  [/_deg$/, "deg"],
  [/_hz$/i, "Hz"],
  [/_um$/, "µm"],
  [/_px$/, "px"],
  [/_ms$/, "ms"],
  [/_s$/, "s"],
  [/_cpd$/, "cycles/deg"],
  [/_cpp$/, "cycles/px"],
];

/** Name of an axis whose unit is at its end: `orientation_deg` is "orientation (deg)". */
export function axisName(axis: string): string {
  if (axis.includes("_per_")) return words(axis);
  for (const [end, unit] of ENDS) if (end.test(axis)) return `${words(axis.replace(end, ""))} (${unit})`;
  return words(axis);
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function withUnit(name: string, unit: string): string {
  return unit ? `${words(name)} (${unit})` : words(name);
}

export function plural(count: number, one: string, many = one + "s"): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

const UNITS: [number, string][] = [
  [86400, "d"],
  [3600, "h"],
  [60, "min"],
];

/** "5 min ago" for a time in Unix seconds. */
export function ago(seconds: number | null, now = Date.now() / 1000): string {
  if (seconds === null) return "\u2013";
  const age = now - seconds;
  for (const [size, name] of UNITS) if (age >= size) return `${Math.floor(age / size)} ${name} ago`;
  return "just now";
}

/** Time of a frame, or its number where the rate is not known. */
export function moment(frame: number, rate: number | null): string {
  return rate ? `${(frame / rate).toFixed(2)} s` : `frame ${frame}`;
}
