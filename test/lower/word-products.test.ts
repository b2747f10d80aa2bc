// Products of halves and of bytes as the compiler lowers them: every register tile and tail, in wasm and in native code of every width, exact.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Dtype } from "../../src/ir/dtypes.js";
import { interpretKernel } from "../../src/ir/evaluate/kernel.js";
import type { Sym } from "../../src/ir/poly.js";
import type { Kernel } from "../../src/ir/tile.js";
import { deriveSchedule } from "../../src/schedule/derive.js";
import type { Schedule } from "../../src/schedule/schedule.js";
import { linearPairs, rowPairs } from "../kernels/pairs.js";
import { linearQuads, maskedQuads, maskedRowQuads, rowQuads, signs } from "../kernels/quads.js";
import { isInTurn } from "../rotation.js";
import { eachWidth } from "../native/each-width.js";
import { scheduledKernels } from "../native/scheduled-kernels.js";
import type { Data, Runnable } from "./harness.js";
import { compile, instantiate } from "./harness.js";

type Dims = Readonly<Record<string, number>>;
const shapes: readonly (readonly [() => Kernel, Dims])[] = [
  ...[
    [1, 1, 1],
    [1, 40, 3],
    [6, 8, 16],
    [7, 19, 13],
    [13, 70, 5],
    [5, 33, 0],
  ].map(([M, N, K]) => [() => linearPairs().ir, { M: M!, N: N!, K: K! }] as const),
  ...[1, 4, 37].map(K => [() => rowPairs().ir, { M: 3, K }] as const),
  ...[
    [6, 8, 16],
    [7, 19, 13],
    [1, 70, 3],
    [5, 33, 0],
  ].map(([M, N, K]) => [() => linearQuads().ir, { M: M!, N: N!, K: K! }] as const),
  ...signs.flatMap(([x, w]) => [
    [() => linearQuads(x, w).ir, { M: 7, N: 37, K: 5 }] as const,
    [() => rowQuads(x, w).ir, { M: 3, K: 37 }] as const,
  ]),
  // masks and counts of words on both sides of what fits 16 bits
  ...[
    [0x0f0f0f0f, 8],
    [0x0f0f0f0f, 9],
    [0x7f7f7f7f, 1],
    [0x7f7f7f7f, 2],
    [0x3f403f40, 2],
    [0x40404040, 2],
    [0x00ff00ff, 1],
    [0x007f0080, 1],
  ].flatMap(([mask, C]) => [
    [() => maskedQuads(mask!, C!).ir, { M: 3, N: 37, K: 2 }] as const,
    [() => maskedQuads(mask!, C!, true).ir, { M: 1, N: 5, K: 1 }] as const,
  ]),
  [() => maskedQuads(0x0f0f0f0f, 4, false, "u32").ir, { M: 3, N: 37, K: 2 }],
  ...[0x7f7f7f7f, 0x0f0f0f0f, 0x00ff0000].map(mask => [() => maskedRowQuads(mask).ir, { M: 3, K: 37 }] as const),
];

/** whole 32-bit words: halves and bytes of every sign and size, the extremes among them */
const ends = [-2147450880, -2139062144, 2139062143, -1];
const words = (count: number, seed: number): Int32Array =>
  Int32Array.from({ length: count }, (_, i) =>
    i % 11 === 0 ? ends[(i / 11) % ends.length]! : Math.imul(i + seed, 0x9e3779b1),
  );
const wordsOf = (dtype: Dtype, count: number, seed: number): Data =>
  dtype === "u32" ? new Uint32Array(words(count, seed).buffer) : words(count, seed);
const inputsOf = (kernel: Kernel, dims: Dims): Record<string, Data> =>
  Object.fromEntries(
    kernel.tensors
      .filter(t => t.role === "input")
      .map((t, i) => [
        t.name,
        wordsOf(
          t.dtype,
          t.dims.reduce((p, d) => p * d.evaluate(s => dims[s.name]!), 1),
          i + 1,
        ),
      ]),
  );
const wanted = (kernel: Kernel, dims: Dims, inputs: Record<string, Data>): ArrayLike<number> => {
  const args = Object.fromEntries(
    kernel.tensors.map(t => {
      const sizes = t.dims.map(d => d.evaluate(s => dims[s.name]!));
      const data = inputs[t.name] ?? new Int32Array(sizes.reduce((a, b) => a * b, 1));
      return [t.name, { dtype: t.dtype, dims: sizes, data }] as const;
    }),
  );
  interpretKernel(kernel, args as never);
  return args.Y!.data as Int32Array;
};

/** Operands of which every sum of two products is as far from zero as it can be: −128 throughout, times what all bits make. */
const extremes = (kernel: Kernel, dims: Dims): Record<string, Data> =>
  Object.fromEntries(
    Object.entries(inputsOf(kernel, dims)).map(([name, data], i) => {
      new Int32Array(data.buffer).fill(i === 0 ? 0x80808080 | 0 : -1);
      return [name, data];
    }),
  );

function check(made: Runnable, kernel: Kernel, dims: Dims, schedule: Schedule): void {
  checkWith(made, kernel, dims, schedule, inputsOf(kernel, dims));
  checkWith(made, kernel, dims, schedule, extremes(kernel, dims));
}
function checkWith(made: Runnable, kernel: Kernel, dims: Dims, schedule: Schedule, inputs: Record<string, Data>): void {
  const instance = instantiate(made, kernel, dims, inputs, schedule);
  instance.run();
  instance.checkGuards();
  assert.deepEqual([...instance.read("Y")], [...Array.from(wanted(kernel, dims, inputs))], JSON.stringify(dims));
}

test("products of halves and of bytes in WebAssembly are exact", () => {
  for (const [make, dims] of shapes) {
    const kernel = make();
    const schedule = deriveSchedule(kernel, { dimHints: s => dims[s.name] });
    check(compile(kernel, schedule), kernel, dims, schedule);
  }
});

eachWidth(
  how => `products of halves and of bytes in native code with ${how} are exact`,
  async (compiler, width) => {
    // the C compiler takes a minute for all of them at all widths
    const due = shapes.filter((_, i) => isInTurn(i + width, 4));
    const sized = due.map(([make, dims]) => ({ ir: make(), dims, hints: (s: Sym) => dims[s.name] }));
    for (const made of await scheduledKernels(sized, compiler)) check(made, made.ir, made.dims, made.schedule);
  },
  // halves of AVX2, without products of bytes
  [[8, "-march=haswell"]],
);
