// The library as a few files: Node reads and compiles several hundred modules in half a second, one in a tenth of that. The protobuf
// library is inside; types and the modules themselves stay in dist/src. Consumers' bundlers read these files like any others.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { root } from "./project.js";

const entries = {
  index: "index.js",
  tile: "author/index.js",
  kernels: "kernels/index.js",
  testing: "testing/index.js",
  tune: "tune/index.js",
  onnxruntime: "adapters/onnxruntime/index.js",
  cli: "cli/main.js",
};
const folder = join(root, "dist/lib");

export async function bundle(): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  await build({
    entryPoints: Object.entries(entries).map(([out, file]) => ({ out, in: join(root, "dist/src", file) })),
    outdir: folder,
    bundle: true,
    // entries share their code: one AzulejoError, one Tensor
    splitting: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    // the command line's
    external: ["node:*", "commander", "cli-table3", "cli-progress", "sharp"],
    target: "es2022",
    sourcemap: true,
    sourcesContent: false,
    define: { AZULEJO_BUILD: JSON.stringify(hashOf(join(root, "dist/src"))) },
    legalComments: "eof",
    logLevel: "warning",
  });
  for (const file of readdirSync(folder)) if (file.endsWith(".map")) carryForeignSources(join(folder, file));
}

/** What the library's code is: models that another one compiled are not run. */
function hashOf(path: string): string {
  const hash = createHash("sha256");
  const files = readdirSync(path, { recursive: true, encoding: "utf8" }).filter(name => name.endsWith(".js"));
  for (const name of files.sort()) hash.update(name).update(readFileSync(join(path, name)));
  return hash.digest("hex").slice(0, 16);
}

/** Our sources are installed beside the bundle; those of the protobuf library may lie anywhere, so the map brings them along. */
function carryForeignSources(path: string): void {
  const map = JSON.parse(readFileSync(path, "utf8")) as { sources: string[]; sourcesContent?: (string | null)[] };
  const foreign = map.sources.map(source => source.lastIndexOf("node_modules/"));
  map.sourcesContent = map.sources.map((source, i) =>
    foreign[i]! < 0 ? null : readFileSync(resolve(folder, source), "utf8"),
  );
  map.sources = map.sources.map((source, i) => (foreign[i]! < 0 ? source : source.slice(foreign[i])));
  writeFileSync(path, JSON.stringify(map));
}
