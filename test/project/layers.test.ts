// The guard of the architecture itself: the table is acyclic, and imports that break it are found.
import assert from "node:assert/strict";
import { test } from "node:test";
import { exampleProblems, importsOf, layerProblems } from "../../tools/imports.js";
import { cycleOf, layerOf, layers } from "../../tools/layers.js";

test("the layers form a directed acyclic graph, and every layer they name exists", () => {
  assert.equal(cycleOf(layers), undefined);
  const named = Object.values(layers).flatMap(({ uses, types = [] }) => [...uses, ...types]);
  assert.deepEqual(
    named.filter(name => layers[name] === undefined),
    [],
  );
});

test("a cycle is named from where it closes", () => {
  const table = { a: { uses: ["b"] }, b: { uses: ["c"] }, c: { uses: ["b"] } };
  assert.deepEqual(cycleOf(table), ["b", "c", "b"]);
});

test("a file belongs to the longest folder that the table names", () => {
  assert.equal(layerOf("src/targets/wasm/module.ts"), "targets/wasm");
  assert.equal(layerOf("src/index.ts"), "index");
  assert.equal(layerOf("src/index-of-things.ts"), undefined);
});

test("imports are found in all their shapes, and told from comments", () => {
  const source = [
    'import { a, type B } from "./a.js";',
    'import type { C } from "./c.js";',
    'import {\n  type D,\n  type E,\n} from "./d.js";',
    'export * from "./f.js";',
    'import "./g.js";',
    'const h = await import("./h.js");',
    '// import { i } from "./i.js";',
  ].join("\n");
  const found = importsOf(source).map(({ specifier, typeOnly }) => `${specifier}${typeOnly ? " (types)" : ""}`);
  assert.deepEqual(found, ["./a.js", "./c.js (types)", "./d.js (types)", "./f.js", "./g.js", "./h.js"]);
});

test("an import upwards, to a sibling, or of a package is refused by name", () => {
  const problems = (path: string, source: string) => layerProblems(path, source).join("\n");
  assert.equal(problems("src/tile/a.ts", 'import { a } from "../ir/poly.js";'), "");
  assert.match(problems("src/ir/a.ts", 'import { a } from "../tile/tile.js";'), /layer ir may not use layer tile/);
  assert.match(
    problems("src/targets/wasm/a.ts", 'import type { A } from "../interpreter/a.js";'),
    /may not use layer targets\/interpreter/,
  );
  assert.equal(problems("src/runtime/a.ts", 'import { type Graph } from "../graph/graph.js";'), "");
  assert.match(
    problems("src/runtime/a.ts", 'import { graph } from "../graph/graph.js";'),
    /layer runtime may not use layer graph/,
  );
  assert.match(
    problems("src/graph/a.ts", 'import { readFile } from "node:fs";'),
    /imports the package "node:fs", which layer graph may not/,
  );
  assert.equal(problems("src/cli/a.ts", 'import { readFile } from "node:fs/promises";'), "");
  assert.match(problems("src/elsewhere/a.ts", 'import "./b.js";'), /lies in no layer/);
});

test("examples reach the library by its public names only", () => {
  assert.deepEqual(
    exampleProblems("examples/ocr/main.ts", 'import { load } from "azulejo";\nimport { a } from "./pipeline/a.js";'),
    [],
  );
  assert.equal(exampleProblems("examples/ocr/main.ts", 'import { load } from "../../src/index.js";').length, 1);
});
