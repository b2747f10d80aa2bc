// The library as a few files: Node reads and compiles several hundred modules in half a second, one in a tenth of that. The protobuf
// library is inside; types and the modules themselves stay in dist/src. Consumers' bundlers read these files like any others.
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "./project.js";

export const entries = {
  index: "index.js",
  tile: "tile/index.js",
  onnxruntime: "adapters/onnxruntime/index.js",
} as const;

export async function bundle(): Promise<void> {
  await build({
    entryPoints: Object.entries(entries).map(([out, file]) => ({ out, in: join(root, "dist/src", file) })),
    outdir: join(root, "dist/lib"),
    bundle: true,
    // entries share their code: one AzulejoError, one Tensor
    splitting: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2022",
    sourcemap: true,
    sourcesContent: false,
    legalComments: "eof",
    logLevel: "warning",
  });
}
