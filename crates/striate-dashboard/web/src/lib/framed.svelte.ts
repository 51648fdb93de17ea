// The life of a plot in its element, which all kinds of plots share.

import type uPlot from "uplot";
import { onMount, untrack } from "svelte";
import { makePlot, type PlotOptions } from "./plot";
import { theme } from "./theme.svelte";

export interface Framed {
  readonly plot: uPlot | undefined;
}

/**
 * A plot as wide as its element, built anew when what `key` reads changes, since scales of another kind need another plot, and
 * drawn anew in other colours. `built` adds what is the caller's own.
 */
export function framed(element: () => HTMLElement, options: () => PlotOptions, key: () => unknown, built?: (plot: uPlot) => void): Framed {
  let plot: uPlot | undefined;
  onMount(() => {
    const watch = new ResizeObserver(() => {
      const width = element().clientWidth;
      if (plot && width > 0 && width !== plot.width) plot.setSize({ width, height: plot.height });
    });
    watch.observe(element());
    return () => {
      watch.disconnect();
      plot?.destroy();
    };
  });
  $effect(() => {
    key();
    untrack(() => {
      plot?.destroy();
      plot = makePlot(element(), options());
      built?.(plot);
    });
  });
  $effect(() => {
    void theme.dark;
    untrack(() => plot?.redraw(false));
  });
  return {
    get plot() {
      return plot;
    },
  };
}
