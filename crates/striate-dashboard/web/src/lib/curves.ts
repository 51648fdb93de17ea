// Drawing of curves and points into a plot's canvas.

import type uPlot from "uplot";
import type { Curve } from "../components/LinePlot.svelte";
import type { Range } from "./plot";

/** Smallest and largest value of all curves within the range of x, errors and further values included. */
export function span(curves: Curve[], x: Range, further: number[]): Range {
  let low = Infinity;
  let high = -Infinity;
  const see = (v: number) => {
    if (v < low) low = v;
    if (v > high) high = v;
  };
  for (const c of curves) {
    for (let i = 0; i < c.x.length; i++) {
      const v = c.y[i];
      if (v === null || !Number.isFinite(v) || c.x[i] < x[0] || c.x[i] > x[1]) continue;
      const e = c.error?.[i] ?? 0;
      see(v - e);
      see(v + e);
    }
  }
  for (const v of further) if (Number.isFinite(v)) see(v);
  return low <= high ? [low, high] : [0, 1];
}

/** A place on the canvas for a value: linear axes need no call of uPlot for each point. */
export function mapper(u: uPlot, key: "x" | "y"): (value: number) => number {
  const scale = u.scales[key];
  if (scale.distr === 3 || scale.distr === 4) return (v) => u.valToPos(v, key, true);
  const a = u.valToPos(scale.min ?? 0, key, true);
  const b = u.valToPos(scale.max ?? 1, key, true);
  const min = scale.min ?? 0;
  const factor = (b - a) / ((scale.max ?? 1) - min || 1);
  return (v) => a + (v - min) * factor;
}

/** Draws a curve, or its piece from a point on. */
export function drawCurve(context: CanvasRenderingContext2D, u: uPlot, c: Curve, faded: boolean, from = 0) {
  const px = mapper(u, "x");
  const py = mapper(u, "y");
  const ratio = devicePixelRatio;
  context.globalAlpha = faded ? 0.18 : (c.alpha ?? 1);
  context.strokeStyle = context.fillStyle = c.colour;
  context.lineWidth = (c.width ?? 1.5) * ratio;
  context.lineJoin = "round";
  context.setLineDash((c.dash ?? []).map((d) => d * ratio));
  context.beginPath();
  let pen = false;
  for (let i = from; i < c.x.length; i++) {
    const v = c.y[i];
    if (v === null || !Number.isFinite(v)) {
      pen = false;
      continue;
    }
    const x = px(c.x[i]);
    const y = py(v);
    if (pen) context.lineTo(x, y);
    else context.moveTo(x, y);
    pen = true;
  }
  context.stroke();
  context.setLineDash([]);
  const alpha = context.globalAlpha;
  if (c.error) (c.x.length > MOST_BARS ? band : bars)(context, c, px, py, ratio);
  context.globalAlpha = alpha;
  if (c.points || c.x.length === 1) dots(context, c, px, py, ratio);
  context.globalAlpha = 1;
}

/** Bars of errors side by side; more than these would hide the curve. */
const MOST_BARS = 40;

function band(context: CanvasRenderingContext2D, c: Curve, px: (v: number) => number, py: (v: number) => number) {
  context.globalAlpha *= 0.25;
  // Pieces between neighbours, so that what is not known leaves a gap.
  for (let i = 1; i < c.x.length; i++) {
    const [a, b, e, f] = [c.y[i - 1], c.y[i], c.error?.[i - 1], c.error?.[i]].map((v) => v ?? NaN);
    if (!Number.isFinite(a + b + e + f)) continue;
    context.beginPath();
    context.moveTo(px(c.x[i - 1]), py(a - e));
    context.lineTo(px(c.x[i]), py(b - f));
    context.lineTo(px(c.x[i]), py(b + f));
    context.lineTo(px(c.x[i - 1]), py(a + e));
    context.fill();
  }
}

function bars(context: CanvasRenderingContext2D, c: Curve, px: (v: number) => number, py: (v: number) => number, ratio: number) {
  context.lineWidth = ratio;
  context.beginPath();
  for (let i = 0; i < c.x.length; i++) {
    const v = c.y[i];
    const e = c.error?.[i];
    if (v === null || e === null || e === undefined || !Number.isFinite(e)) continue;
    const x = px(c.x[i]);
    context.moveTo(x, py(v - e));
    context.lineTo(x, py(v + e));
  }
  context.stroke();
}

function dots(context: CanvasRenderingContext2D, c: Curve, px: (v: number) => number, py: (v: number) => number, ratio: number) {
  context.beginPath();
  for (let i = 0; i < c.x.length; i++) {
    const v = c.y[i];
    if (v === null || !Number.isFinite(v)) continue;
    const x = px(c.x[i]);
    context.moveTo(x + 2.5 * ratio, py(v));
    context.arc(x, py(v), 2.5 * ratio, 0, 7);
  }
  context.fill();
}

/** A dashed line across the plot at a value of y. */
export function drawLevel(context: CanvasRenderingContext2D, u: uPlot, value: number, colour: string) {
  const { left, width } = u.bbox;
  const place = Math.round(u.valToPos(value, "y", true)) + 0.5;
  dashed(context, [left, place], [left + width, place], colour);
}

/** A dashed line between two places on the canvas. */
export function dashed(context: CanvasRenderingContext2D, from: [number, number], to: [number, number], colour: string) {
  context.strokeStyle = colour;
  context.lineWidth = devicePixelRatio;
  context.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
  context.setLineDash([]);
}
