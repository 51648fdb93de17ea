// The load of a laboratory: 100 runs of 10^5 records and a run of 10^4 neurons. Figures are printed; the limits asserted are
// loose, since a busy machine must not fail a test.

import { appendFileSync, existsSync, readdirSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { test as base, expect, overview, serve, watch, DATA } from "./striate";

const LOAD = process.env.STRIATE_DASHBOARD_LOAD ?? join(DATA, "load");
const test = base;
test.skip(!existsSync(LOAD), "SKIPPED: no load; cargo run --release -p striate-dashboard --example load -- 100 100000 10000 FOLDER makes it");

test("first paint, updates per second, ten thousand neurons", async ({ page }) => {
  test.setTimeout(240_000);
  const server = await serve(LOAD);
  try {
    const seen = watch(page, server.base);
    await page.goto(server.url);
    const times = async (state: string) => {
      await page.getByRole("region", { name: "Table of runs" }).locator("tbody tr").first().waitFor();
      const [paint, table] = await page.evaluate(() => [performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN, performance.now()]);
      console.log(`${state}: first paint ${paint.toFixed(0)} ms, table of runs ${table.toFixed(0)} ms`);
      expect(paint).toBeLessThan(4000);
    };
    await times("first visit");
    await page.getByRole("img", { name: /^Validation curve of .*, [1-9]/ }).nth(10).waitFor({ timeout: 60_000 });
    await page.reload();
    await times("second visit");

    const runs = (await overview(page)).runs as { id: string; name: string; n_neurons: number }[];
    const chosen = runs.slice(0, 100).map((r) => r.id);
    const start = Date.now();
    await page.goto(`${server.base}#/compare/${chosen.join(",")}`);
    const counter = page.locator("[data-updates]");
    await expect(counter).toHaveAttribute("data-curves", String(chosen.length), { timeout: 60_000 });
    console.log(`${chosen.length} curves drawn after ${Date.now() - start} ms`);

    const files = grown(LOAD).slice(0, 20);
    const sizes = files.map((file) => statSync(file).size);
    let step = 10_000_000;
    const writing = setInterval(() => {
      step += 10;
      for (const file of files) appendFileSync(file, JSON.stringify({ epoch: step, step, stage: "all", learning_rate: 1e-3, train_loss: 0.5, validation_score: 0.4 + 0.01 * Math.random(), best_score: 0.5 }) + "\n");
    }, 15);
    const read = async () => [await page.evaluate(() => performance.now()), Number(await counter.getAttribute("data-updates"))];
    await page.waitForTimeout(1500);
    const [t0, u0] = await read();
    await page.waitForTimeout(5000);
    const [t1, u1] = await read();
    clearInterval(writing);
    files.forEach((file, i) => truncateSync(file, sizes[i]));
    const rate = (1000 * (u1 - u0)) / (t1 - t0);
    console.log(`${rate.toFixed(1)} updates per second of ${chosen.length} curves, ${files.length} of them growing`);
    expect(rate).toBeGreaterThan(5);

    const large = runs.reduce((a, b) => ((b.n_neurons ?? 0) > (a.n_neurons ?? 0) ? b : a));
    const opened = Date.now();
    await page.goto(`${server.base}#/run/${large.id}/neurons`);
    await expect(page.getByRole("heading", { name: /neurons$/ }).first()).toBeVisible();
    console.log(`${large.n_neurons} neurons shown after ${Date.now() - opened} ms`);
    const plot = (await page.locator(".u-over").first().boundingBox())!;
    const frames = page.evaluate(() => new Promise<number>((resolve) => {
      let count = 0;
      const until = performance.now() + 3000;
      const tick = () => (++count, performance.now() < until ? requestAnimationFrame(tick) : resolve(count / 3));
      requestAnimationFrame(tick);
    }));
    const end = Date.now() + 3000;
    for (let i = 0; Date.now() < end; i++) await page.mouse.move(plot.x + ((i * 7) % plot.width), plot.y + ((i * 5) % plot.height));
    const rateOfFrames = await frames;
    console.log(`${rateOfFrames.toFixed(0)} frames per second while the pointer moves over ${large.n_neurons} neurons`);
    expect(rateOfFrames).toBeGreaterThan(5);
    expect(seen).toEqual({ strangers: [], errors: [], dialogs: [] });
  } finally {
    server.stop();
  }
});

/** Files of metrics in the folder. */
function grown(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith("metrics.jsonl")).sort().map((f) => join(folder, f));
}
