import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

/** Puts the licences of all packages in the bundle at its head and beside it. */
function licences(): Plugin {
  const notice = (folder: string): string => {
    const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { name: string; version: string };
    const file = readdirSync(folder).find((f) => /^licen[cs]e/i.test(f));
    if (!file) throw new Error(`${name} has no licence file`);
    return `${name} ${version}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
  };
  return {
    name: "licences",
    generateBundle(_, bundle) {
      const folders = new Set<string>();
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== "chunk") continue;
        for (const id of Object.keys(chunk.modules)) {
          const found = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id);
          if (found && existsSync(join(found[0], "package.json"))) folders.add(found[0]);
        }
      }
      const text = [...folders].sort().map(notice).join(`\n${"-".repeat(80)}\n\n`);
      for (const chunk of Object.values(bundle)) if (chunk.type === "chunk") chunk.code = `/*!\n${text.replaceAll("*/", "* /")}*/\n${chunk.code}`;
      this.emitFile({ type: "asset", fileName: "LICENSES.txt", source: text });
    },
  };
}

// Fixed names and relative URLs: the files are embedded in the program and served below any sub-path.
export default defineConfig({
  base: "./",
  plugins: [svelte(), licences()],
  build: {
    outDir: "../assets",
    emptyOutDir: true,
    target: "es2022",
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    modulePreload: false,
    cssCodeSplit: false,
    rollupOptions: {
      output: {
        codeSplitting: false,
        entryFileNames: "app.js",
        assetFileNames: (asset) => (asset.names?.[0]?.endsWith(".css") ? "app.css" : "[name][extname]"),
      },
    },
  },
});
