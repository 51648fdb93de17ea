// What experiments say beside their numbers, and what is said where they cannot be read.

import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, expect, runOf, serve, watch, DATA } from "./striate";
import { accessible } from "./accessible";

test("results have errors, distances in words and an origin", async ({ inside: page, go }) => {
  const run = await runOf(page, /^latent\/run$/);
  test.skip(!["receptive-fields", "most-exciting"].every((e) => run.experiments.includes(e)), "SKIPPED: no experiments were made");
  await go(`#/run/${run.id}/neurons`);
  const fields = page.getByRole("region", { name: "Receptive fields" });
  await expect(fields.getByText(/^\d.* ± \d.* px$/).first()).toBeVisible();
  await expect(fields.getByText(/± .*\(median error\)/).first()).toBeVisible();
  const inputs = page.getByRole("region", { name: "Most exciting" });
  await expect(inputs.getByText(/^The input: farther from training than .* training clips? \(Mahalanobis distance \d/)).toBeVisible();
  await expect(inputs.getByText("No errors: one twin; add --with RUN for errors over twins.")).toBeVisible();
  await expect(inputs.getByText(/^1 twin [0-9a-f]{10} · recording [0-9a-f]{10} · seed \d+ · striate \d/)).toBeVisible();
  await page.getByRole("combobox", { name: "Columns" }).selectOption("receptive-fields");
  const table = page.getByRole("region", { name: "Table of neurons" });
  await expect(table.getByRole("cell", { name: /^−?\d[\d.]* ± \d/ }).first()).toBeVisible();
  await page.getByRole("combobox", { name: "Columns" }).selectOption("most-exciting");
  await expect(table.getByRole("cell", { name: /^farther than .* training clips?$/ }).first()).toBeVisible();
});

test("behaviour has the names that the layout gives it", async ({ inside: page }) => {
  await page.getByRole("link", { name: "latent/simulated" }).click();
  for (const name of ["pupil dilation", "running speed"]) {
    await expect(page.getByRole("application", { name: new RegExp(`^${name} against frame`) })).toBeVisible();
  }
});

test("an experiment that cannot be read is said by its file", async ({ page }) => {
  const folder = join(DATA, "broken");
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(DATA, "shown/latent/run"), join(folder, "run"), { recursive: true });
  const file = join(folder, "run/probe/tuning/session-0.json");
  const whole = readFileSync(file, "utf8");
  writeFileSync(file, whole.slice(0, whole.length / 2));
  const server = await serve(folder);
  try {
    const seen = watch(page, server.base);
    await page.goto(server.url);
    const run = await runOf(page, /^run$/);
    const said = page.getByRole("alert").filter({ hasText: /not as expected: EOF .*probe\/tuning\/session-0\.json$/ });
    await page.goto(`${server.base}#/run/${run.id}/population/tuning`);
    await expect(said).toBeVisible();
    await page.goto(`${server.base}#/run/${run.id}/neurons`);
    await expect(said).toHaveCount(1);
    await expect(page.getByRole("region", { name: "Most exciting" })).toBeVisible();
    await expect(page.getByRole("region", { name: "Tuning", exact: true })).toHaveCount(0);
    await accessible(page);
    expect(seen).toEqual({ strangers: [], errors: [], dialogs: [] });
  } finally {
    server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
