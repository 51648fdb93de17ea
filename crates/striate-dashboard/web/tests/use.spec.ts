// Using the pages, by pointer and by keyboard alone.

import { test, expect, overview, runOf } from "./striate";

test("runs are filtered and sorted", async ({ inside: page }) => {
  const rows = page.getByRole("region", { name: "Table of runs" }).locator("tbody tr");
  await expect(rows).toHaveCount(2);
  await page.keyboard.press("/");
  await page.keyboard.type("latent/");
  await expect(rows).toHaveCount(1);
  await page.keyboard.type("no such run");
  await expect(page.getByText("No run matches the filter.")).toBeVisible();
  await page.getByRole("searchbox").fill("");
  const head = page.getByRole("columnheader", { name: /^Run/ });
  await head.getByRole("button").click();
  await expect(head).toHaveAttribute("aria-sort", "ascending");
  const names = await rows.getByRole("link").allTextContents();
  await head.getByRole("button").press("Enter");
  await expect(head).toHaveAttribute("aria-sort", "descending");
  expect(await rows.getByRole("link").allTextContents()).toEqual(names.toReversed());
});

test("arrow keys walk through the neurons in the order of the table", async ({ inside: page, go }) => {
  const run = await runOf(page, /^latent\/run$/);
  await go(`#/run/${run.id}/neurons`);
  const heading = page.getByRole("heading", { name: /^Neuron \d+$/ });
  await expect(heading).toBeVisible();
  const table = page.getByRole("region", { name: "Table of neurons" }).locator("tbody tr:not(.space)");
  const first = await heading.textContent();
  const numbers = await table.locator("td:first-child").allTextContents();
  expect(first).toBe(`Neuron ${numbers[0].trim()}`);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await expect(heading).toHaveText(`Neuron ${numbers[2].trim()}`);
  await page.keyboard.press("ArrowLeft");
  await expect(heading).toHaveText(`Neuron ${numbers[1].trim()}`);
  await expect(page).toHaveURL(new RegExp(`/neurons/0/${numbers[1].trim()}$`));
  await page.reload();
  await expect(heading).toHaveText(`Neuron ${numbers[1].trim()}`);
});

test("a click into the scatter chooses a neuron, other columns can be shown", async ({ inside: page, go }) => {
  const run = await runOf(page, /^latent\/run$/);
  await go(`#/run/${run.id}/neurons`);
  const heading = page.getByRole("heading", { name: /^Neuron \d+$/ });
  const before = await heading.textContent();
  const plot = page.getByRole("img", { name: /against noise ceiling/ }).locator(".u-over");
  const box = (await plot.boundingBox())!;
  await plot.hover({ position: { x: box.width * 0.5, y: box.height * 0.42 } });
  await plot.click({ position: { x: box.width * 0.5, y: box.height * 0.42 } });
  await expect(heading).not.toHaveText(before!);
  await page.getByRole("combobox", { name: "x", exact: true }).selectOption("feve");
  await expect(page.getByRole("img", { name: /against FEVE/ }).first()).toBeVisible();
});

test("experiments of a neuron are drawn", async ({ inside: page, go }) => {
  const run = await runOf(page, /^latent\/run$/);
  test.skip(!run.experiments.length, "SKIPPED: no experiments were made");
  await go(`#/run/${run.id}/neurons`);
  for (const experiment of ["Receptive fields", "Tuning", "Most exciting"]) {
    if (!run.experiments.includes(experiment.toLowerCase().replace(" ", "-"))) continue;
    const panel = page.getByRole("region", { name: experiment });
    await expect(panel).toBeVisible();
    await expect(panel.locator("canvas").first()).toBeVisible();
    await expect(panel.getByRole("alert")).toHaveCount(0);
  }
});

test("what is missing says how it is made", async ({ inside: page, go }) => {
  const run = await runOf(page, /window\.harmed/);
  await go(`#/run/${run.id}/latents`);
  await expect(page.getByText(`striate probe latents ${run.name}`)).toBeVisible();
  await go(`#/run/${run.id}/population`);
  await expect(page.getByText(`striate probe geometry ${run.name}`)).toBeVisible();
  await go(`#/run/0000000000000000`);
  await expect(page.getByRole("alert")).toBeVisible();
});

test("a trial plays by space and steps by arrows", async ({ inside: page }) => {
  await page.getByRole("link", { name: "latent/simulated" }).click();
  const stimulus = page.getByRole("img", { name: /^Stimulus, frame/ });
  await expect(stimulus).toHaveAttribute("aria-label", /frame 1 of/);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await expect(stimulus).toHaveAttribute("aria-label", /frame 3 of/);
  await expect(page.getByRole("slider", { name: "Frame" })).toHaveValue("2");
  await expect(page.getByRole("img", { name: /the line marks frame 3$/ })).toBeVisible();
  await page.keyboard.press("Shift+ArrowRight");
  await expect(stimulus).toHaveAttribute("aria-label", /frame 13 of/);
  await page.keyboard.press("ArrowLeft");
  const still = await stimulus.evaluate((c) => (c as HTMLCanvasElement).toDataURL());
  await page.keyboard.press("Space");
  await expect(page.getByRole("button", { name: "Pause" })).toBeVisible();
  await expect.poll(() => stimulus.evaluate((c) => (c as HTMLCanvasElement).toDataURL())).not.toBe(still);
  await page.keyboard.press("Space");
  await expect(page.getByRole("button", { name: "Play" })).toBeVisible();
  await page.keyboard.press("Home");
  await expect(stimulus).toHaveAttribute("aria-label", /frame 1 of/);
});

test("tier and trial are chosen and kept in the address", async ({ inside: page }) => {
  await page.getByRole("link", { name: "latent/simulated" }).click();
  await expect(page.getByRole("img", { name: /^Stimulus/ })).toBeVisible();
  await page.getByRole("combobox", { name: "Tier" }).selectOption({ index: 2 });
  await page.getByRole("button", { name: "Trial →" }).click();
  await expect(page).toHaveURL(/#\/recording\/[0-9a-f]{16}\/[^/]+\/[^/]+$/);
  const chosen = await page.getByRole("combobox", { name: "Trial" }).inputValue();
  await page.reload();
  await expect(page.getByRole("combobox", { name: "Trial" })).toHaveValue(chosen);
  await page.getByLabel(/Sort neurons/).check();
  await expect(page.getByRole("img", { name: /^Responses of/ })).toBeVisible();
});

test("a click on a cell shows its traces, the movie plays", async ({ inside: page }) => {
  const all = await overview(page);
  await page.getByRole("link", { name: all.extractions[0].name, exact: true }).last().click();
  const frame = page.getByRole("img", { name: "Denoised frame" });
  await expect(frame).toBeVisible();
  const detail = await page.evaluate(async (id) => (await fetch(`api/extractions/${id}`)).json(), all.extractions[0].id);
  const cell = detail.cells[3];
  const box = (await frame.boundingBox())!;
  await page.mouse.click(box.x + (cell.x / detail.width) * box.width, box.y + (cell.y / detail.height) * box.height);
  await expect(page.getByRole("heading", { name: "Cell 3" })).toBeVisible();
  await expect(page.getByRole("application", { name: /^Spikes of cell 3/ })).toBeVisible();
  const before = await frame.evaluate((c) => (c as HTMLCanvasElement).toDataURL());
  await page.keyboard.press("Space");
  await expect.poll(() => frame.evaluate((c) => (c as HTMLCanvasElement).toDataURL())).not.toBe(before);
  await page.keyboard.press("Space");
  await page.getByRole("button", { name: "Cell 5", exact: true }).press("Enter");
  await expect(page.getByRole("heading", { name: "Cell 5" })).toBeVisible();
});

test("the look is chosen and kept", async ({ inside: page }) => {
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByRole("button", { name: "Switch to dark" }).click();
  expect(await ground()).not.toBe(light);
  await page.reload();
  await expect(page.getByRole("button", { name: "Switch to light" })).toBeVisible();
  expect(await ground()).not.toBe(light);
  await page.getByRole("button", { name: "Switch to light" }).click();
  expect(await ground()).toBe(light);
});

test("curves are smoothed, drawn on logarithmic axes and read by keyboard", async ({ inside: page }) => {
  await page.getByRole("link", { name: "latent/run" }).click();
  const plot = page.getByRole("application", { name: /^Validation against step/ });
  await plot.focus();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByText(/^step [\d\s]+ · validation 0\.\d+/)).toBeVisible();
  const canvas = page.locator("canvas.layer").nth(1);
  const before = await canvas.evaluate((c) => (c as HTMLCanvasElement).toDataURL());
  await page.getByLabel("Smoothing").fill("0.9");
  await expect.poll(() => canvas.evaluate((c) => (c as HTMLCanvasElement).toDataURL())).not.toBe(before);
  await page.getByRole("button", { name: "log x" }).click();
  await expect(page.getByRole("button", { name: "log x" })).toHaveAttribute("aria-pressed", "true");
  await page.getByRole("button", { name: "log y" }).click();
  await expect(plot).toBeVisible();
});

test("everything is reached by Tab, and help by a key", async ({ inside: page }) => {
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to content" })).toBeFocused();
  const reached = new Set<string>();
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent?.trim() ?? ""));
  }
  for (const name of ["latent/run", "latent/simulated", "Compare latent/run", "Switch to dark", "Keys"]) expect([...reached]).toContain(name);
  await page.evaluate(() => (document.activeElement as HTMLElement)?.blur());
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keys" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog", { name: "Keys" })).toBeHidden();
});
