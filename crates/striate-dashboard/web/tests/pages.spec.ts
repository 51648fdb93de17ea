// Every page on real output: it is there, it shows what it should, it can be used by keyboard, it looks as before.

import { test, expect, overview, runOf } from "./striate";
import { canvasLooks, pageLooks } from "./pictures";
import { accessible } from "./accessible";

for (const scheme of ["light", "dark"] as const) {
  test.describe(scheme, () => {
    test.use({ colorScheme: scheme });

    test(`overview, ${scheme}`, async ({ inside: page }) => {
      await expect(page.getByRole("link", { name: "latent/run" })).toBeVisible();
      await expect(page.getByRole("img", { name: /Validation curve of latent\/run, [1-9]/ })).toBeVisible();
      await expect(page.getByText("finished").first()).toBeVisible();
      await accessible(page);
      await pageLooks(page, `overview-${scheme}`);
    });

    test(`run, ${scheme}`, async ({ inside: page }) => {
      await page.getByRole("link", { name: "latent/run" }).click();
      await expect(page.getByRole("heading", { name: "latent/run" })).toBeVisible();
      await expect(page.getByRole("application", { name: /Training loss against step, \d\d+ points/ })).toBeVisible();
      await expect(page.getByRole("cell", { name: /Single.trial correlation/i }).first()).toBeVisible();
      await page.getByText("Configuration").click();
      await expect(page.getByText("[fit.schedule]")).toBeVisible();
      await page.getByText("Configuration").click();
      await accessible(page);
      await pageLooks(page, `run-${scheme}`);
      if (scheme === "light") await canvasLooks(page.locator("canvas.layer").nth(1), "validation", "curves");
    });

    test(`neurons, ${scheme}`, async ({ inside: page, go }) => {
      const run = await runOf(page, /^latent\/run$/);
      await go(`#/run/${run.id}/neurons`);
      await expect(page.getByRole("heading", { name: /^Neuron \d+$/ })).toBeVisible();
      await expect(page.getByRole("application", { name: /Recorded and predicted/ })).toBeVisible({ timeout: 60_000 });
      await accessible(page);
      if (scheme === "light") await canvasLooks(page.getByRole("application", { name: /Recorded and predicted/ }).locator("canvas.layer"), "trace", "curves");
    });

    // Pictures are compared of a run without experiments: those have tests of their own, and change with their settings.
    test(`neurons without experiments, ${scheme}`, async ({ inside: page, go }) => {
      const run = await runOf(page, /window\.harmed/);
      await go(`#/run/${run.id}/neurons`);
      await expect(page.getByRole("application", { name: /Recorded and predicted/ })).toBeVisible({ timeout: 60_000 });
      await expect(page.getByText(/striate probe tuning/)).toBeVisible();
      await accessible(page);
      await pageLooks(page, `neurons-${scheme}`);
    });

    test(`latents, ${scheme}`, async ({ inside: page, go }) => {
      const run = await runOf(page, /^latent\/run$/);
      await go(`#/run/${run.id}/latents`);
      await expect(page.getByRole("heading", { name: "Link to behaviour" })).toBeVisible();
      await expect(page.getByRole("img", { name: /Loadings of latent/ })).toBeVisible();
      await accessible(page);
      await pageLooks(page, `latents-${scheme}`);
      if (scheme === "light") await canvasLooks(page.locator("canvas.layer").first(), "latents-traces", "curves");
    });

    test(`population, ${scheme}`, async ({ inside: page, go }) => {
      const run = await runOf(page, /^latent\/run$/);
      await go(`#/run/${run.id}/population/geometry`);
      if (run.experiments.includes("geometry")) await expect(page.getByRole("region", { name: "Geometry" })).toBeVisible();
      else await expect(page.getByText(/striate probe geometry/)).toBeVisible();
      await accessible(page);
    });

    test(`recording, ${scheme}`, async ({ inside: page }) => {
      await page.getByRole("link", { name: "latent/simulated" }).click();
      await expect(page.getByRole("img", { name: /^Stimulus, frame 1 of \d+/ })).toBeVisible();
      await expect(page.getByRole("img", { name: /^Responses of \d+ neurons/ })).toBeVisible();
      await accessible(page);
      await pageLooks(page, `recording-${scheme}`);
      if (scheme === "light") await canvasLooks(page.getByRole("img", { name: /^Responses of/ }), "raster", "picture");
    });

    test(`extraction, ${scheme}`, async ({ inside: page }) => {
      const all = await overview(page);
      await page.getByRole("link", { name: all.extractions[0].name, exact: true }).last().click();
      await expect(page.getByRole("img", { name: "Denoised frame" })).toBeVisible();
      await expect(page.getByRole("application", { name: /^Spikes of cell 0/ })).toBeVisible();
      await accessible(page);
      await pageLooks(page, `extraction-${scheme}`);
      if (scheme === "light") await canvasLooks(page.getByRole("img", { name: "Denoised frame" }), "denoised", "picture");
    });

    test(`comparison, ${scheme}`, async ({ inside: page }) => {
      for (const box of await page.getByRole("checkbox").all()) await box.check();
      await page.getByRole("button", { name: /^Compare \d/ }).click();
      await expect(page.getByRole("application", { name: /validation of 2 runs/i })).toBeVisible();
      await expect(page.getByRole("heading", { name: "Neuron by neuron" })).toBeVisible();
      await expect(page.getByText("Neurons in both")).toBeVisible();
      await accessible(page);
      await pageLooks(page, `comparison-${scheme}`);
    });
  });
}
