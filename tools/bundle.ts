// The library as a few files: Node reads and compiles several hundred modules in half a second, a few in a tenth of that. Which modules
// share a file is decided here, by who needs them first. The protobuf library is inside; types and the modules themselves stay in
// dist/src. Consumers' bundlers read these files like any others.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type OutputOptions, type Plugin, rolldown } from "rolldown";
import { root } from "./project.js";

const source = join(root, "dist/src");
const folder = join(root, "dist/lib");
const entries = {
  index: "index.js",
  tile: "author/index.js",
  kernels: "kernels/index.js",
  testing: "testing/index.js",
  tune: "tune/index.js",
  onnxruntime: "adapters/onnxruntime/index.js",
  cli: "cli/main.js",
};
/**
 * Files for what is needed together: each takes the modules that its own import, and that no file above has. Left to themselves, bundlers make
 * a file of each set of modules that the same entries reach: sixty of them for the first load of a model, at more than a millisecond each.
 */
const together: readonly { readonly name: string; readonly of: readonly string[] }[] = [
  // what runs a kept model, and what the adapter shares with the compiler
  { name: "core", of: ["index.js", "ir/packed.js"] },
  { name: "onnxruntime-core", of: ["adapters/onnxruntime/index.js"] },
  { name: "language", of: ["author/index.js"] },
  // what most first loads ask for at once comes with it: another file is a millisecond
  {
    name: "compile-model",
    of: ["load/compile-model.js", "load/knowledge-files.js", "graph/passes/of-convolutions.js"],
  },
  { name: "seldom-operators", of: ["ops/seldom.js"] },
];

export async function bundle(): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const build = await rolldown({
    input: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(source, file)])),
    // the command line's
    external: [/^node:/, "commander", "cli-table3", "cli-progress", "sharp"],
    platform: "neutral",
    resolve: { mainFields: ["module", "main"] },
    transform: { target: "es2022", define: { AZULEJO_BUILD: JSON.stringify(hashOf(source)) } },
    experimental: { nativeMagicString: true },
    plugins: [fromTypeScript, inAscii],
    onLog: (level, log) => {
      if (level === "warn") throw new Error(log.message);
    },
  });
  await build.write(output);
  await build.close();
  for (const file of readdirSync(folder)) if (file.endsWith(".map")) carryForeignSources(join(folder, file));
}

const output: OutputOptions = {
  dir: folder,
  format: "esm",
  sourcemap: true,
  minify: false,
  entryFileNames: "[name].js",
  chunkFileNames: "[name]-[hash].js",
  comments: { legal: true, annotation: true, jsdoc: false },
  codeSplitting: {
    groups: together.map(({ name, of }, i) => ({
      name,
      test: id => of.some(file => id === join(source, file)),
      priority: together.length - i,
      includeDependenciesRecursively: true,
    })),
  },
};

/** Maps lead to the sources of what the TypeScript compiler wrote. */
const fromTypeScript: Plugin = {
  name: "from-typescript",
  load: id =>
    id.startsWith(source) ? { code: readFileSync(id, "utf8"), map: readFileSync(`${id}.map`, "utf8") } : null,
};

/** Other characters as escapes: they stand in texts only, and engines read files of bytes faster and keep them in half the memory. */
const inAscii: Plugin = {
  name: "in-ascii",
  renderChunk(code, _chunk, _options, { magicString }) {
    const text = magicString!;
    for (const { 0: character, index } of code.matchAll(/[\u0080-\uffff]/g))
      text.overwrite(index, index + 1, `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
    return { code: text };
  },
};

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
