// The program under test, and a page that keeps watch: any request to another host and any error in the console fails.

import { spawn, type ChildProcess } from "node:child_process";
import { join, resolve } from "node:path";
import { test as base, expect, type Page } from "@playwright/test";

export { expect };

/** Folder that `tests/data.sh` filled with output of the program. */
export const DATA = process.env.STRIATE_DASHBOARD_DATA ?? "";
export const BINARY = process.env.STRIATE ?? "";

export interface Server {
  /** Address with the token. */
  url: string;
  /** Address without. */
  base: string;
  stop(): void;
}

/** Starts `striate serve` and waits for the address that it prints. */
export async function serve(folder: string, ...more: string[]): Promise<Server> {
  // The page as it was built last, which need not be the one that is built into the program.
  const page = ["--assets", resolve(import.meta.dirname, "../../assets")];
  const child = spawn(BINARY, ["serve", folder, "--port", "0", "--json", ...page, ...more], { stdio: ["ignore", "pipe", "inherit"] });
  const url = await address(child);
  return { url, base: url.replace(/\?.*$/, ""), stop: () => void child.kill("SIGINT") };
}

function address(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout!.on("data", (chunk) => {
      text += String(chunk);
      const found = /"url":\s*"([^"]+)"/.exec(text);
      if (found) resolve(found[1]);
    });
    child.on("exit", (code) => reject(new Error(`striate serve ended with ${code}: ${text}`)));
  });
}

interface Watch {
  /** Addresses of other hosts that were asked for. */
  strangers: string[];
  /** Errors in the console and uncaught ones. */
  errors: string[];
  /** Dialogs that opened: a script from the data ran. */
  dialogs: string[];
}

export function watch(page: Page, base: string): Watch {
  const seen: Watch = { strangers: [], errors: [], dialogs: [] };
  const host = new URL(base).host;
  page.on("request", (request) => {
    if (new URL(request.url()).host !== host) seen.strangers.push(request.url());
  });
  page.on("websocket", (socket) => {
    if (new URL(socket.url()).host !== host) seen.strangers.push(socket.url());
  });
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("console", (message) => {
    // What is not there (404) or cannot be used (422) is said in words on the page; everything else is a fault.
    if (message.type() === "error" && !/status of (404|422)/.test(message.text())) seen.errors.push(message.text());
  });
  page.on("dialog", (dialog) => {
    seen.dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  return seen;
}

interface Fixtures {
  /** A page inside, signed in, on the overview. */
  inside: Page;
  seen: Watch;
  go: (hash: string) => Promise<void>;
}

export const test = base.extend<Fixtures, { server: Server }>({
  server: [
    async ({}, use) => {
      const server = await serve(join(DATA, "shown"));
      await use(server);
      server.stop();
    },
    { scope: "worker" },
  ],
  seen: async ({ page, server }, use) => {
    const seen = watch(page, server.base);
    await use(seen);
    expect(seen.strangers, "requests that leave the host").toEqual([]);
    expect(seen.errors, "errors in the console").toEqual([]);
    expect(seen.dialogs, "dialogs").toEqual([]);
  },
  inside: async ({ page, server, seen }, use) => {
    void seen;
    await page.goto(server.url);
    await expect(page.getByRole("heading", { name: /^Runs/ })).toBeVisible();
    await use(page);
  },
  go: async ({ inside, server }, use) => {
    await use(async (hash) => {
      await inside.goto(`${server.base}${hash}`);
    });
  },
});

/** What the overview says: tests find ids by names. */
export async function overview(page: Page) {
  return page.evaluate(async () => (await fetch("api/overview")).json());
}

/** The fragment of a run's page. */
export async function runOf(page: Page, name: RegExp): Promise<{ id: string; name: string; experiments: string[] }> {
  const all = await overview(page);
  const found = all.runs.find((r: { name: string }) => name.test(r.name));
  if (!found) throw new Error(`no run ${name} among ${all.runs.map((r: { name: string }) => r.name).join(", ")}`);
  return found;
}
