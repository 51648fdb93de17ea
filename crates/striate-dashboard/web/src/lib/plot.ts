// uPlot for axes, zoom and cursor; what is inside the axes is drawn by us, since curves of different runs share no x.

import uPlot from "uplot";
import { ink } from "./theme.svelte";

export type Range = [number, number];

export interface PlotOptions {
  height: number;
  xLabel: string;
  yLabel: string;
  /** Least width of the y axis, so that plots above each other line up. */
  axisWidth?: number;
  logX?: boolean;
  logY?: boolean;
  /** Hide the x axis' numbers, where the plot below shows them. */
  bareX?: boolean;
  /** Places of the x axis' numbers, where round ones are too few. */
  xTicks?: number[];
  /** Names at places of the y axis instead of numbers. */
  yNames?: { y: number; name: string }[];
  xRange(): Range;
  yRange(x: Range): Range;
  /** Called when the axes have been drawn. */
  draw(plot: uPlot): void;
  hover?(plot: uPlot, x: number, y: number, inside: boolean): void;
  click?(plot: uPlot): void;
}

/** Range with a margin, so that marks at its ends are whole. */
export function widen([low, high]: Range, part = 0.05): Range {
  if (!(high > low)) return [low - 0.5 * (Math.abs(low) || 1), high + 0.5 * (Math.abs(high) || 1)];
  const margin = (high - low) * part;
  return [low - margin, high + margin];
}

/** Range for a logarithmic axis: positive, with a margin of a tenth of a decade. */
export function widenLog([low, high]: Range): Range {
  return [(low > 0 ? low : 1e-9) / 1.2, (high > 0 ? high : 1) * 1.2];
}

const FONT = '11px system-ui, "Segoe UI", "DejaVu Sans", sans-serif';
const TINY = /\.?0+$/;

/** Tick labels: no more digits than the steps between ticks need. */
function ticks(_: uPlot, values: (number | null)[]): string[] {
  return values.map((v) => {
    if (v === null || v === undefined) return "";
    const size = Math.abs(v);
    let text: string;
    if (size !== 0 && (size < 1e-4 || size >= 1e10)) text = size.toExponential(1).replace(".0e", "e");
    else if (size >= 1e6) text = `${Number((size / 1e6).toPrecision(5))}M`;
    else if (size >= 10000) text = `${Number((size / 1000).toPrecision(5))}k`;
    else text = size.toPrecision(6).includes(".") ? size.toPrecision(6).replace(TINY, "") : String(size);
    return v < 0 ? "\u2212" + text : text;
  });
}

function axis(label: string, y: boolean, o: PlotOptions): uPlot.Axis {
  const bare = !y && o.bareX;
  const title = bare ? "" : label;
  return {
    stroke: () => ink("muted"),
    font: FONT,
    labelFont: FONT,
    label: title || undefined,
    labelSize: title ? 16 : 0,
    labelGap: 0,
    gap: 4,
    size: y ? (o.axisWidth ?? 46) : bare ? 8 : 22,
    space: y ? 28 : 60,
    grid: { stroke: () => ink("grid"), width: 1 },
    ticks: { stroke: () => ink("grid"), width: 1, size: 4 },
    splits: y && o.yNames ? () => o.yNames!.map((n) => n.y) : !y && o.xTicks ? () => o.xTicks! : undefined,
    filter: !y && o.xTicks ? (_, splits) => splits : undefined,
    values: !y && o.xTicks ? (u, v) => ticks(u, v.map((x) => Number(x.toPrecision(2)))) : y && o.yNames ? () => o.yNames!.map((n) => n.name) : bare ? (_, v) => v.map(() => "") : ticks,
  };
}

function scale(log: boolean | undefined, low: () => number): Partial<uPlot.Scale> {
  if (!log) return {};
  // Negative values have no logarithm: arcsinh is linear near zero and logarithmic far from it.
  return low() > 0 ? { distr: 3, log: 10 } : { distr: 4, asinh: 1 };
}

export function makePlot(element: HTMLElement, o: PlotOptions): uPlot {
  // uPlot asks for x first; its own scale still has the former ends when it asks for y.
  let x = o.xRange();
  const options: uPlot.Options = {
    width: Math.max(80, element.clientWidth),
    height: o.height,
    legend: { show: false },
    padding: [8, 12, 0, 0],
    cursor: {
      drag: { x: true, y: false, uni: 10 },
      points: { show: false },
      y: false,
      focus: { prox: -1 },
    },
    scales: {
      x: { time: false, range: (_, min, max) => (x = min === null ? o.xRange() : [min, max]), ...scale(o.logX, () => o.xRange()[0]) },
      y: {
        range: () => o.yRange(x),
        ...scale(o.logY, () => o.yRange([-Infinity, Infinity])[0]),
      },
    },
    axes: [axis(o.xLabel, false, o), axis(o.yLabel, true, o)],
    series: [{}, { stroke: "transparent", width: 0, points: { show: false } }],
    hooks: {
      draw: [
        (u) => o.draw(u),
      ],
      setCursor: [
        (u) => {
          const { left = -1, top = -1 } = u.cursor;
          o.hover?.(u, u.posToVal(left, "x"), u.posToVal(top, "y"), left >= 0);
        },
      ],
      ready: [(u) => o.click && u.over.addEventListener("click", () => o.click?.(u))],
    },
  };
  return new uPlot(options, ends(o), element);
}

/** uPlot's own data: only the ends of the axes. */
export function ends(o: PlotOptions): uPlot.AlignedData {
  const x = o.xRange();
  return [x, [0, 0]];
}

/** Takes new data; a zoom that the reader made stays. */
export function refresh(plot: uPlot, o: PlotOptions, zoomed: boolean) {
  plot.setData(ends(o), !zoomed);
  if (zoomed) plot.redraw(false, true);
}

/** Index of the value nearest to `x` in ascending numbers. */
export function nearest(values: ArrayLike<number>, x: number): number {
  let low = 0;
  let high = values.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (values[middle] < x) low = middle;
    else high = middle;
  }
  return Math.abs(values[low] - x) <= Math.abs(values[high] - x) ? low : high;
}
