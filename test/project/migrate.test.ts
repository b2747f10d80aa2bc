// The kernels of docs/migrate.md compute what their originals do: as they stand there, eagerly and compiled.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as tile from "../../src/author/index.js";
import { checkKernel } from "../../src/testing/index.js";
import { root } from "../../tools/project.js";

const page = readFileSync(join(root, "docs/migrate.md"), "utf8");
const sections = page.split(/^## /m).slice(1);

function kernelOf(title: string): tile.TileKernel {
  const section = sections.find(s => s.startsWith(`${title}\n`));
  assert.ok(section, `the page has no section "${title}"`);
  assert.match(section, /```(cuda|python)\n/);
  const code = /```ts\n(.*?)```/s.exec(section)![1]!;
  const body = code
    .replace(/import (\{.*?\}) from "azulejo\/tile";/s, "const $1 = tile;")
    .replaceAll(" as const", "")
    .replace(/export const (\w+)/, "const $1 = exported.kernel");
  const exported: { kernel?: tile.TileKernel } = {};
  new Function("tile", "exported", body)(tile, exported);
  return exported.kernel!;
}

const f32 = (dims: readonly number[], f: (i: number) => number): tile.TensorArgument => ({
  dtype: "f32",
  dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => f(i)),
});
const i32 = (...data: number[]): tile.TensorArgument => ({
  dtype: "i32",
  dims: [data.length],
  data: Int32Array.from(data),
});
const wave = (i: number): number => Math.sin(i * 1.7);

interface Example {
  readonly tensors: Readonly<Record<string, tile.TensorArgument>>;
  readonly output: string;
  readonly want: readonly number[];
}
/** S queries of D numbers over as many keys, none later than themselves */
function attended(S: number, D: number): number[] {
  const q = (s: number, d: number): number => Math.fround(wave(s * D + d));
  const out: number[] = [];
  for (let s = 0; s < S; s++) {
    const weights = Array.from({ length: s + 1 }, (_, t) => {
      let x = 0;
      for (let d = 0; d < D; d++) x += q(s, d) * q(t, d);
      return Math.exp(x / Math.sqrt(D));
    });
    const all = weights.reduce((a, b) => a + b);
    for (let d = 0; d < D; d++) out.push(weights.reduce((sum, w, t) => sum + w * q(t, d), 0) / all);
  }
  return out;
}
const rows = f32([5, 4], wave);
const examples: Readonly<Record<string, Example>> = {
  "Vector addition": {
    tensors: { X: f32([5], i => i), Y: f32([5], i => 10 * i) },
    output: "Z",
    want: [0, 11, 22, 33, 44],
  },
  Sum: { tensors: { X: f32([1000], i => i) }, output: "Out", want: [499_500] },
  "Matrix product in tiles": {
    tensors: { A: f32([2, 3], i => i), B: f32([3, 2], i => i) },
    output: "C",
    want: [10, 13, 28, 40],
  },
  "Softmax of rows": {
    tensors: { X: f32([2, 2], i => Math.log(i + 1)) },
    output: "Y",
    want: [1 / 3, 2 / 3, 3 / 7, 4 / 7],
  },
  Attention: { tensors: { Q: rows, K: rows, V: rows }, output: "O", want: attended(5, 4) },
  Histogram: { tensors: { Bin: i32(2, 0, 2, 2, 1), Count: i32(0, 0, 0, 7) }, output: "Count", want: [1, 1, 3, 7] },
};

test("every kernel of the page has an example", () => {
  assert.deepEqual(
    sections.map(s => s.slice(0, s.indexOf("\n"))),
    Object.keys(examples),
  );
});
for (const [title, { tensors, output, want }] of Object.entries(examples))
  test(title, async () => {
    const kernel = kernelOf(title);
    const fresh = (): typeof tensors =>
      Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, { ...t, data: t.data.slice() }])) as never;
    const results = [kernel.eager(fresh()), await kernel.run(fresh(), { threads: 2 })];
    for (const all of results) {
      const got = [...all[output]!.data].map(Number);
      assert.equal(got.length, want.length);
      for (const [i, w] of want.entries())
        assert.ok(Math.abs(got[i]! - w) <= 1e-6 * (1 + Math.abs(w)), `${i}: ${got[i]}, ${w}`);
    }
    assert.deepEqual(await checkKernel(kernel, { targets: ["wasm"] }), []);
    kernel.dispose();
  });
