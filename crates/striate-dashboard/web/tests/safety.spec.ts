// What the data say is text, whatever it says; nothing comes from elsewhere. (Requests that leave the host, errors in the
// console and dialogs fail every test: see striate.ts.)

import { join } from "node:path";
import { test, expect, runOf, serve, watch, DATA } from "./striate";

test("a hostile name is text on every page", async ({ inside: page, go }) => {
  const run = await runOf(page, /window\.harmed/);
  expect(run.name).toContain("<img src=x onerror=");
  await expect(page.getByRole("link", { name: run.name, exact: true })).toBeVisible();
  const good = await runOf(page, /^latent\/run$/);
  for (const hash of [`#/run/${run.id}`, `#/run/${run.id}/neurons`, `#/run/${run.id}/latents`, `#/run/${run.id}/population`, `#/compare/${good.id},${run.id}`]) {
    await go(hash);
    await expect(page.locator("main")).toContainText(run.name.slice(0, 40));
    await expect(page.locator("img, iframe, object, main script")).toHaveCount(0);
  }
  expect(await page.evaluate(() => (window as unknown as { harmed?: number }).harmed)).toBeUndefined();
});

test("a hostile address is text", async ({ inside: page, go }) => {
  await go(`#/run/${encodeURIComponent('"><img src=x onerror=alert(1)>')}`);
  await expect(page.getByRole("alert")).toBeVisible();
  await expect(page.locator("img")).toHaveCount(0);
});

test("the policy forbids scripts that are written into the page", async ({ page, server }) => {
  const answer = (await page.goto(server.url))!;
  const policy = answer.headers()["content-security-policy"] ?? "";
  expect(policy).toContain("default-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain("unsafe");
  expect(answer.headers()["x-content-type-options"]).toBe("nosniff");
  const harmed = await page.evaluate(async () => {
    const script = document.createElement("script");
    script.textContent = "window.harmed = 1";
    document.body.append(script);
    await new Promise((done) => setTimeout(done, 200));
    return (window as unknown as { harmed?: number }).harmed;
  });
  expect(harmed).toBeUndefined();
});

test("the token leaves the address, and without it there is no entry", async ({ browser, server }) => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(server.url);
  await expect(page.getByRole("heading", { name: /^Runs/ })).toBeVisible();
  expect(page.url()).not.toContain("token");
  expect(await page.evaluate(() => document.cookie)).toBe("");
  await page.context().close();
  const stranger = await (await browser.newContext()).newPage();
  const answer = await stranger.goto(server.base);
  expect([401, 403]).toContain(answer!.status());
  await stranger.context().close();
});

test("below a sub-path all is as without", async ({ page }) => {
  const server = await serve(join(DATA, "shown"), "--base-path", "/lab/striate");
  try {
    const seen = watch(page, server.base);
    expect(new URL(server.base).pathname).toMatch(/^\/lab\/striate\/?$/);
    await page.goto(server.url);
    await page.getByRole("link", { name: "latent/run" }).click();
    await expect(page.getByRole("application", { name: /Training loss/ })).toBeVisible();
    await page.getByRole("link", { name: "Neurons", exact: true }).click();
    await expect(page.getByRole("heading", { name: /^Neuron \d+$/ })).toBeVisible();
    expect(seen).toEqual({ strangers: [], errors: [], dialogs: [] });
  } finally {
    server.stop();
  }
});
