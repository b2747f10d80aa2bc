// The code of docs/kernel-language.md runs as it stands there.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { interpretKernel } from "../../src/ir/evaluate/kernel.js";
import * as tile from "../../src/author/index.js";

const page = readFileSync(new URL("../../../docs/kernel-language.md", import.meta.url), "utf8");
const blocks = [...page.matchAll(/```ts\n(.*?)```/gs)].map(m => m[1]!).filter(code => code.includes("export const"));

/** runs a block, and returns the kernel that it exports and what it prints */
function run(code: string): { kernel: tile.TileKernel; printed: unknown[] } {
  const printed: unknown[] = [];
  const body = code
    .replace(/import (\{.*?\}) from "azulejo\/tile";/s, "const $1 = tile;")
    .replaceAll(" as const", "")
    .replace(/export const (\w+)/, "const $1 = exported.kernel");
  const exported: { kernel?: tile.TileKernel } = {};
  new Function("tile", "exported", "console", body)(tile, exported, { log: (x: unknown) => printed.push(x) });
  return { kernel: exported.kernel!, printed };
}

test("the page has eight kernels", () => assert.equal(blocks.length, 8));
test("softmax runs eagerly", () => {
  const { printed } = run(blocks[0]!);
  const [got] = printed as [Float32Array];
  [0.09003057, 0.24472848, 0.66524094].forEach((want, i) => assert.ok(Math.abs(got[i]! - want) < 1e-7));
});
test("a convolution reads zeros beside the image", () => {
  const { kernel } = run(blocks[1]!);
  const tensor = (dims: number[], data: number[]) => ({ dtype: "f32" as const, dims, data: Float32Array.from(data) });
  const args = {
    X: tensor([1, 2, 2, 1], [1, 2, 3, 4]),
    F: tensor([3, 3, 1, 1], [0, 0, 0, 0, 1, 10, 0, 0, 0]),
    b: tensor([1], [0.5]),
    Y: tensor([1, 2, 2, 1], [0, 0, 0, 0]),
  };
  interpretKernel(kernel.ir, args);
  assert.deepEqual([...args.Y.data], [21.5, 2.5, 43.5, 4.5]);
});
test("rows are multiplied by the matrix of their group", () => {
  const { kernel } = run(blocks[2]!);
  const args = {
    X: { dtype: "f32", dims: [3, 1], data: Float32Array.of(1, 2, 3) },
    W: { dtype: "f32", dims: [2, 1, 2], data: Float32Array.of(1, 10, 2, 20) },
    Offsets: { dtype: "i32", dims: [3], data: Int32Array.of(0, 1, 3) },
    Y: { dtype: "f32", dims: [3, 2], data: new Float32Array(6) },
  } as const;
  interpretKernel(kernel.ir, args);
  assert.deepEqual([...args.Y.data], [1, 10, 4, 40, 6, 60]);
});
test("rows are summed by their labels", () => {
  const { kernel } = run(blocks[3]!);
  const args = {
    X: { dtype: "f32", dims: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
    Label: { dtype: "i32", dims: [3], data: Int32Array.of(1, 0, 1) },
    Y: { dtype: "f32", dims: [2, 2], data: new Float32Array(4) },
  } as const;
  interpretKernel(kernel.ir, args);
  assert.deepEqual([...args.Y.data], [3, 4, 6, 8]);
});
test("attention weighs by softmax what is not behind the query", () => {
  const { kernel } = run(blocks[4]!);
  const tensor = (dims: number[], data: number[]) => ({ dtype: "f32" as const, dims, data: Float32Array.from(data) });
  const args = {
    Q: tensor([2, 2, 1], [5, 2, 5, 2]),
    K: tensor([1, 2, 1], [1, 3]),
    V: tensor([1, 2, 1], [10, 20]),
    O: tensor([2, 2, 1], [0, 0, 0, 0]),
  };
  interpretKernel(kernel.ir, args, { foldTile: 1 });
  const [a, b] = [Math.exp(2), Math.exp(6)];
  const mean = (10 * a + 20 * b) / (a + b);
  [10, mean, 10, mean].forEach((want, i) => assert.ok(Math.abs(args.O.data[i]! - want) < 1e-5));
});
test("a product is the same in parts", () => {
  const { kernel } = run(blocks[5]!);
  const args = {
    X: { dtype: "f32", dims: [1, 3], data: Float32Array.of(1, 2, 3) },
    W: { dtype: "f32", dims: [3, 1], data: Float32Array.of(4, 5, 6) },
    Y: { dtype: "f32", dims: [1, 1], data: new Float32Array(1) },
  } as const;
  interpretKernel(kernel.ir, args, { foldParts: 2 });
  assert.deepEqual([...args.Y.data], [32]);
});
test("mandelbrot counts the iterations of each point", () => {
  const { kernel } = run(blocks[6]!);
  const args = {
    X: { dtype: "f32", dims: [3], data: Float32Array.of(0, 1, 2) },
    Y: { dtype: "f32", dims: [1], data: Float32Array.of(0) },
    Count: { dtype: "i32", dims: [1, 3], data: new Int32Array(3) },
  } as const;
  interpretKernel(kernel.ir, args);
  assert.deepEqual([...args.Count.data], [100, 3, 2]);
});
test("an intrinsic clips between 0 and 6", () => {
  const { kernel } = run(blocks[7]!);
  const X = { dtype: "f32", dims: [3], data: Float32Array.of(-1, 5, 7) } as const;
  assert.deepEqual([...kernel.eager({ X }).Y!.data], [0, 5, 6]);
});
