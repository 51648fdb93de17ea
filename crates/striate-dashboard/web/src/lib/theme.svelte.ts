// Light or dark: the system's wish unless the reader chose. Canvas drawings read their colours here.

export type Choice = "auto" | "light" | "dark";

const KEY = "striate-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

class Theme {
  choice = $state<Choice>(stored());
  #systemDark = $state(system.matches);
  dark = $derived(this.choice === "auto" ? this.#systemDark : this.choice === "dark");

  constructor() {
    system.addEventListener("change", (e) => (this.#systemDark = e.matches));
    this.#apply();
  }

  /** Turns to the other look; back to the system's when that is the same. */
  toggle() {
    const next = this.dark ? "light" : "dark";
    this.choice = (next === "dark") === this.#systemDark ? "auto" : next;
    try {
      localStorage.setItem(KEY, this.choice);
    } catch {
      // Storage may be forbidden; the choice then lasts as long as the page.
    }
    this.#apply();
  }

  #apply() {
    if (this.choice === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.choice;
  }
}

function stored(): Choice {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "auto";
  } catch {
    return "auto";
  }
}

export const theme = new Theme();

const cache = new Map<string, string>();
let probe: HTMLElement | undefined;

/** The present value of the style sheet's colour `--name`; redraws with the theme when read in an effect. */
export function ink(name: string): string {
  const key = `${theme.dark}-${name}`;
  let value = cache.get(key);
  if (value === undefined) {
    if (!probe) {
      probe = document.createElement("span");
      probe.hidden = true;
      document.body.append(probe);
    }
    probe.style.color = `var(--${name})`;
    value = getComputedStyle(probe).color;
    cache.set(key, value);
  }
  return value;
}

const SERIES = ["twin", "baseline", "series-3", "series-4", "series-5", "series-6", "series-7", "series-8"];

/** Colour of the `index`-th of `count` things: eight that everyone can tell apart, beyond that a ramp. */
export function seriesInk(index: number, count: number): string {
  if (count <= SERIES.length) return ink(SERIES[index % SERIES.length]);
  const t = count > 1 ? index / (count - 1) : 0;
  return `oklch(${theme.dark ? 0.62 + 0.22 * t : 0.38 + 0.26 * t} 0.13 ${290 - 230 * t})`;
}
