// Rules of WCAG 2.2 A and AA, checked by axe.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "@playwright/test";
import { expect } from "./striate";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export async function accessible(page: Page) {
  // Evaluated by the debugger, which the page's security policy does not bind: the policy stays as it is in use.
  await page.evaluate(source);
  const violations = await page.evaluate(async () => {
    const axe = (window as unknown as { axe: { run(where: Document, options: object): Promise<{ violations: Violation[] }> } }).axe;
    const found = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
    return found.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")}`);
  });
  expect(violations, "accessibility").toEqual([]);
}

interface Violation {
  id: string;
  help: string;
  nodes: { html: string }[];
}
