// Comparison of pictures that holds on machines with other fonts.

import type { Locator, Page } from "@playwright/test";
import { expect } from "./striate";

/**
 * A canvas without text, compared dot by dot. The tolerance is for the rounding of edges, which differs between versions of
 * the browser's rasteriser: of pictures 2 % of the dots may differ; of curves, whose lines cover less than 1 % of their
 * canvas, 0.2 %.
 */
export async function canvasLooks(canvas: Locator, name: string, kind: "picture" | "curves") {
  const picture = await canvas.evaluate((c) => (c as HTMLCanvasElement).toDataURL("image/png"));
  expect(decode(picture)).toMatchSnapshot(`${name}.png`, { threshold: 0.2, maxDiffPixelRatio: kind === "picture" ? 0.02 : 0.002 });
}

/**
 * The whole page, made so small that letters are grey: what is compared is where things are and how light they are. Fonts
 * move text by a few dots and break lines elsewhere, hence 8 % of the dots of 180 x 120 may differ.
 */
export async function pageLooks(page: Page, name: string) {
  const shot = (await page.screenshot({ animations: "disabled" })).toString("base64");
  const helper = await page.context().newPage();
  const small = await helper.evaluate(async (data) => {
    const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }), { resizeWidth: 180, resizeHeight: 120, resizeQuality: "high" });
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [180, 120];
    canvas.getContext("2d")!.drawImage(bitmap, 0, 0);
    return canvas.toDataURL("image/png");
  }, shot);
  await helper.close();
  expect(decode(small)).toMatchSnapshot(`${name}.png`, { threshold: 0.25, maxDiffPixelRatio: 0.08 });
}

function decode(url: string): Buffer {
  return Buffer.from(url.slice(url.indexOf(",") + 1), "base64");
}
