// Curves on a canvas of their own above the axes: curves that only grew get their new piece drawn, nothing else. That is what
// keeps a hundred running fits at the display's rate where drawing them whole takes a tenth of a second.

import type uPlot from "uplot";
import type { Curve } from "../components/LinePlot.svelte";
import { drawCurve, drawLevel } from "./curves";

export interface Level {
  y: number;
  label: string;
  colour: string;
}

interface Drawn {
  x: ArrayLike<number>;
  length: number;
  colour: string;
}

export class CurveLayer {
  readonly canvas = document.createElement("canvas");
  #drawn = new Map<string, Drawn>();
  #highlight: string | null = null;
  /** Drawings of everything and of new pieces only, for the tests of speed. */
  whole = 0;
  pieces = 0;

  constructor(readonly plot: uPlot) {
    this.canvas.className = "layer";
    plot.ctx.canvas.after(this.canvas);
  }

  /** Draws all curves anew. */
  paint(curves: Curve[], levels: Level[], highlight: string | null) {
    const { width, height } = this.plot.ctx.canvas;
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    this.whole++;
    this.#highlight = highlight;
    this.#drawn.clear();
    this.#clipped((context) => {
      context.clearRect(0, 0, width, height);
      for (const level of levels) drawLevel(context, this.plot, level.y, level.colour);
      for (const c of curves) if (c.id !== highlight) drawCurve(context, this.plot, c, highlight !== null);
      const top = curves.find((c) => c.id === highlight);
      if (top) drawCurve(context, this.plot, { ...top, width: (top.width ?? 1.5) + 1, alpha: 1 }, false);
    });
    for (const c of curves) this.#drawn.set(c.id, { x: c.x, length: c.x.length, colour: c.colour });
  }

  /** Draws what is new, if what was drawn still stands; false if it does not. */
  append(curves: Curve[], highlight: string | null): boolean {
    if (highlight !== this.#highlight || highlight !== null || curves.length !== this.#drawn.size) return false;
    const stands = (c: Curve) => {
      const d = this.#drawn.get(c.id);
      return d && d.x === c.x && d.length > 0 && d.length <= c.x.length && d.colour === c.colour && !c.error && !c.points;
    };
    if (!curves.every(stands)) return false;
    this.pieces++;
    this.#clipped((context) => {
      for (const c of curves) {
        const d = this.#drawn.get(c.id)!;
        if (d.length === c.x.length) continue;
        drawCurve(context, this.plot, c, false, d.length - 1);
        d.length = c.x.length;
      }
    });
    return true;
  }

  #clipped(draw: (context: CanvasRenderingContext2D) => void) {
    const context = this.canvas.getContext("2d");
    if (!context) return;
    const { left, top, width, height } = this.plot.bbox;
    context.save();
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
    draw(context);
    context.restore();
  }
}
