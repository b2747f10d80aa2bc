// What conversions leave out where an expression tells its bounds: numbers kept in range and rounded, and numbers that would wrap, in wasm and in native
// code of every width, exact.
import assert from "node:assert/strict";
import { test } from "node:test";
import { interpretKernel } from "../../src/ir/evaluate/kernel.js";
import type { Kernel } from "../../src/ir/tile.js";
import { boundsOf } from "../../src/lower/cpu/value-bounds.js";
import { deriveSchedule } from "../../src/schedule/derive.js";
import type { Schedule } from "../../src/schedule/schedule.js";
import { type AnyTile, f32, grid, tensor, where } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import { eachWidth } from "../native/each-width.js";
import { scheduledKernels } from "../native/scheduled-kernels.js";
import type { Runnable } from "./harness.js";
import { compile, instantiate } from "./harness.js";

/** as quantisers write it */
const quantized = (x: AnyTile, low: number, high: number): AnyTile => x.round().cast("i32").maximum(low).minimum(high);

type Integer = "u8" | "i8" | "u16" | "i16" | "i32";
/** what is computed of an f32, its dtype, and the bounds that are known of it */
const cases: Readonly<
  Record<string, readonly [dtype: Integer, of: (x: AnyTile) => AnyTile, low: number, high: number]>
> = {
  bytes: ["u8", x => quantized(x, 0, 255).cast("u8"), 0, 255],
  bytes_behind_relu: ["u8", x => quantized(x.maximum(0), 0, 255).cast("u8"), 0, 255],
  bytes_with_zero_point: ["u8", x => quantized(x, -7, 248).add(7).cast("u8"), 0, 255],
  signed_bytes: ["i8", x => quantized(x, -128, 127).cast("i8"), -128, 127],
  centered: ["i16", x => quantized(x, -7, 248).add(7).cast("u8").cast("i32").sub(7).cast("i16"), -7, 248],
  largest_halves: ["u16", x => quantized(x, 0, 65535).cast("u16"), 0, 65535],
  above_zero: ["u8", x => quantized(x, 5, 9).cast("u8"), 5, 9],
  below_zero: ["i8", x => quantized(x, -9, -5).cast("i8"), -9, -5],
  one_too_many: ["u8", x => quantized(x, 0, 256).cast("u8"), 0, 255],
  one_too_few: ["u8", x => quantized(x, -1, 200).cast("u8"), 0, 255],
  sum_that_wraps: ["u8", x => quantized(x, 0, 255).cast("u8").add(1), 0, 255],
  difference_that_wraps: ["u8", x => quantized(x, 0, 255).cast("u8").sub(x.cast("u8")), 0, 255],
  either: ["i8", x => where(x.lt(0), quantized(x, -3, 4), quantized(x, 0, 130)).cast("i8"), -128, 127],
  truncated: ["i8", x => x.maximum(-2.5).minimum(3.5).cast("i32").cast("i8"), -2, 3],
  rounded_halves: ["i8", x => x.maximum(0.5).minimum(2.5).round().cast("i32").cast("i8"), 0, 3],
  // f32 has no 2147483647, the literal is 2147483648
  words: ["i32", x => x.maximum(0).minimum(2147483647).cast("i32"), 0, 2147483647],
  not_zero: ["u8", x => x.maximum(0.25).minimum(0.75).cast("bool").cast("u8"), 0, 1],
};
const kernels = Object.entries(cases).map(([name, [dtype, of]]) =>
  kernel(
    { X: f32("N"), Y: tensor(dtype, "N") },
    ({ X, Y, N }) => grid(N.tile(), n => Y.at(n).set(of(X.at(n)) as never)),
    { name },
  ),
);
const values = Float32Array.from([
  ...[
    0, -0, 0.5, 1.5, 2.5, -0.5, -1.5, 0.49999997, 254.5, 255, 255.5, 256, 65535, 65535.5, 65536, -7.5, -6.5, 247.5,
    248.5,
  ],
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2147483648, -2147483648, 1e20, -1e20, 1e-40],
  ...Array.from({ length: 48 }, (_, i) => (i - 24) * 5.75),
]);
const N = values.length;

function check(made: Runnable, ir: Kernel, schedule: Schedule): void {
  const instance = instantiate(made, ir, { N }, { X: values }, schedule);
  instance.run();
  instance.checkGuards();
  const got = instance.read("Y");
  const Y = {
    dtype: ir.tensors.find(t => t.name === "Y")!.dtype,
    dims: [N],
    data: (got.slice() as Uint8Array).fill(0),
  };
  interpretKernel(ir, { X: { dtype: "f32", dims: [N], data: values }, Y } as never);
  assert.deepEqual([...got], [...Y.data], ir.name);
}

test("what is known of values is what their expressions say", () => {
  for (const { ir } of kernels) {
    const [, , low, high] = cases[ir.name]!;
    assert.deepEqual(boundsOf(ir.stores[0]!.value), { low, high }, ir.name);
  }
});

test("numbers kept in range, and numbers that wrap, are exact in WebAssembly", () => {
  for (const { ir } of kernels) {
    const schedule = deriveSchedule(ir, { dimHints: () => N });
    check(compile(ir, schedule), ir, schedule);
  }
});

eachWidth(
  how => `numbers kept in range, and numbers that wrap, in native code with ${how} are exact`,
  async compiler => {
    const sized = kernels.map(({ ir }) => ({ ir, hints: () => N }));
    for (const made of await scheduledKernels(sized, compiler)) check(made, made.ir, made.schedule);
  },
);
