import { defineConfig } from "@playwright/test";

// One browser at a time: the tests of speed share the machine with nothing else of ours.
export default defineConfig({
  testDir: "tests",
  workers: 1,
  timeout: 90_000,
  expect: { timeout: 20_000 },
  reporter: "list",
  snapshotPathTemplate: "tests/baselines/{arg}{ext}",
  use: {
    viewport: { width: 1440, height: 960 },
    locale: "en-GB",
    launchOptions: { executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--force-color-profile=srgb"] },
  },
});
