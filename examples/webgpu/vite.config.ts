// Builds and serves the example: what it shares with examples/browser is set there.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig, mergeConfig } from "vite";
import browser from "../browser/vite.config.js";

const here = fileURLToPath(new URL(".", import.meta.url));

export default mergeConfig(
  browser,
  defineConfig({
    root: here,
    publicDir: join(here, "../browser/public"),
    build: { outDir: join(here, "../../out/webgpu") },
  }),
);
