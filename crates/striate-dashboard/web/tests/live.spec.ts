// Curves follow a fit while it runs.

import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test, expect, runOf, serve, watch, BINARY, DATA } from "./striate";

test("curves follow a running fit, and its end is seen", async ({ page }) => {
  test.setTimeout(240_000);
  const folder = join(DATA, "live");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  cpSync(join(DATA, "shown/latent/run/config.toml"), join(folder, "fit.toml"));
  const server = await serve(folder);
  const seen = watch(page, server.base);
  // The recording's path in the configuration is relative to where the demo ran.
  const fit = spawn(BINARY, ["fit", join(folder, "fit.toml"), "--out", join(folder, "run")], { cwd: join(DATA, "shown"), stdio: "ignore" });
  try {
    await expect.poll(() => records(folder), { timeout: 60_000 }).toBeGreaterThan(0);
    await page.goto(server.url);
    await expect(page.getByText("running")).toBeVisible();
    const run = await runOf(page, /run/);
    await page.getByRole("link", { name: run.name }).click();
    const shown = page.locator("[data-records]");
    const points = async () => Number(await shown.getAttribute("data-records"));
    await expect.poll(points, { timeout: 60_000 }).toBeGreaterThan(0);
    const before = await points();
    await expect.poll(points, { timeout: 90_000 }).toBeGreaterThan(before + 1);
    // No more than a second behind the file.
    const [written, drawn] = [records(folder), await points()];
    console.log(`live: ${drawn} records drawn, ${written} written`);
    expect(drawn).toBeGreaterThanOrEqual(written - 2);
    fit.kill("SIGINT");
    await expect(page.getByText("running", { exact: true })).toBeHidden({ timeout: 30_000 });
    expect(seen).toEqual({ strangers: [], errors: [], dialogs: [] });
  } finally {
    fit.kill("SIGKILL");
    server.stop();
  }
});

test("the end of the server is said, what was shown stays", async ({ page }) => {
  const server = await serve(join(DATA, "shown"));
  await page.goto(server.url);
  await page.getByRole("link", { name: "latent/run" }).click();
  const plot = page.getByRole("application", { name: /Training loss against step/ });
  await expect(plot).toBeVisible();
  server.stop();
  await expect(page.getByText("server does not answer")).toBeVisible({ timeout: 20_000 });
  await expect(page.getByText(/connecting/)).toBeVisible();
  await expect(plot).toBeVisible();
});

function records(folder: string): number {
  const file = join(folder, "run/metrics.jsonl");
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").filter(Boolean).length : 0;
}
