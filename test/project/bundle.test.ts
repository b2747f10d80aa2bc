// The library as tools/bundle.ts writes it: few files for what is needed together, and nothing of what is not.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../tools/project.js";

const folder = join(root, "dist/lib");
const files = readdirSync(folder).filter(name => name.endsWith(".js"));
const textOf = (file: string): string => readFileSync(join(folder, file), "utf8");

/** A file and those that it reads before anything is called. */
function readAtFirst(file: string, into = new Set<string>()): Set<string> {
  if (into.has(file)) return into;
  into.add(file);
  for (const [, next] of textOf(file).matchAll(/^(?:import|export)\b[^;"]*"\.\/([^"]+)"/gm)) readAtFirst(next!, into);
  return into;
}
const compiler = files.find(name => name.startsWith("compile-model-"))!;

test("importing the library reads one file behind the entry", () => {
  assert.equal(readAtFirst("index.js").size, 2);
});

test("what compiles models is one file, and the language that it stands on another", () => {
  const before = readAtFirst("index.js");
  const more = [...readAtFirst(compiler)]
    .filter(name => !before.has(name))
    .map(name => name.replace(/-[\w-]{8}\.js$/, ""));
  assert.deepEqual(more.sort(), ["compile-model", "language", "rolldown-runtime"]);
});

for (const entry of ["index.js", "tile.js", "kernels.js", "onnxruntime.js"])
  test(`${entry} does not read the compiler`, () => {
    const read = readAtFirst(entry);
    assert(read.size > 1);
    assert(!read.has(compiler));
  });

test("all files are ASCII", () => {
  assert.deepEqual(
    files.filter(name => /[\u0080-\uffff]/.test(textOf(name))),
    [],
  );
});
