// What is in the folder: asked for again every few seconds while the page is looked at.

import * as api from "./api";
import { Loaded } from "./load.svelte";
import type { OverviewData } from "./types";

const EVERY_MS = 4000;

class Home {
  data = new Loaded<OverviewData>();
  #text = "";
  #started = false;

  start() {
    if (this.#started) return;
    this.#started = true;
    void this.#ask();
    setInterval(() => !document.hidden && void this.#ask(), EVERY_MS);
    document.addEventListener("visibilitychange", () => !document.hidden && void this.#ask());
  }

  async #ask() {
    this.data.loading = true;
    try {
      const value = await api.overview();
      // The same answer is no change: tables and plots stay as they are.
      const text = JSON.stringify(value);
      if (text !== this.#text) this.data.value = value;
      this.#text = text;
      this.data.error = undefined;
    } catch (error) {
      const { message, status = 0 } = error as Error & { status?: number };
      this.data.error = { message, status };
    }
    this.data.loading = false;
  }
}

export const home = new Home();
