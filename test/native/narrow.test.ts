// Conversions of vectors and the ends of rows in native code of every width, exact: each width has instructions of its own, and so has plain C.
import assert from "node:assert/strict";
import type { Dtype } from "../../src/ir/dtypes.js";
import { interpretKernel } from "../../src/ir/evaluate/kernel.js";
import type { Sym } from "../../src/ir/poly.js";
import { f32, grid, i32, tensor } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import { instantiate } from "../lower/harness.js";
import { eachWidth } from "./each-width.js";
import { scheduledKernels } from "./scheduled-kernels.js";

const narrow = ["u8", "i8", "u16", "i16", "i32"] as const satisfies readonly Dtype[];
const casts = narrow.map(dtype =>
  kernel(
    { X: f32("N"), Y: tensor(dtype, "N") },
    ({ X, Y, N }) => grid(N.tile(), n => Y.at(n).set(X.at(n).cast(dtype))),
    { name: `to_${dtype}` },
  ),
);
const extremes = (["max", "min"] as const).map(name =>
  kernel(
    { X: f32("N"), Y: i32("N") },
    ({ X, Y, N }) =>
      grid(N.tile(), n => {
        const x = X.at(n).cast("i32");
        const y = x.mul(-3);
        Y.at(n).set(name === "max" ? x.maximum(y) : x.minimum(y));
      }),
    { name: `${name}_i32` },
  ),
);
const bytes = Uint8Array.from({ length: 256 }, (_, i) => (i * 37) & 255);
const widened = (["u8", "i8", "u16", "i16"] as const).map(dtype =>
  kernel(
    { X: tensor(dtype, "N"), Y: i32("N") },
    ({ X, Y, N }) => grid(N.tile(), n => Y.at(n).set(X.at(n).cast("i32"))),
    { name: `from_${dtype}` },
  ),
);
/** the same bytes as numbers of each type */
const narrowData = {
  from_u8: bytes,
  from_i8: new Int8Array(bytes.buffer),
  from_u16: new Uint16Array(bytes.buffer),
  from_i16: new Int16Array(bytes.buffer),
};
const special = [0, -0, 0.5, 1.5, -0.5, -1, 127, 128, 129, -128, -129, 255, 256, 300, -300, 32767, 32768, 65535, 65536];
const values = Float32Array.from([
  ...special,
  ...[-32768, -32769, 2147483520, 2147483648, -2147483648, -2147483904, 1e20, -1e20],
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-40, -1e-40, 16777217],
  ...Array.from({ length: 40 }, (_, i) => (i - 20) * 1234.5),
]);

eachWidth(
  how => `native conversions with ${how} are exact`,
  async compiler => {
    const dims = { N: values.length };
    const sized = [...casts, ...extremes].map(({ ir }) => ({ ir, hints: () => values.length }));
    for (const made of await scheduledKernels(sized, compiler)) {
      const { ir, schedule } = made;
      const instance = instantiate(made, ir, dims, { X: values }, schedule);
      instance.run();
      instance.checkGuards();
      const got = instance.read("Y");
      const want = got.slice() as typeof got;
      const dtype = ir.tensors.find(x => x.name === "Y")!.dtype;
      interpretKernel(ir, {
        X: { dtype: "f32", dims: [values.length], data: values },
        Y: { dtype, dims: [values.length], data: (want as Int32Array).fill(0) },
      } as never);
      assert.deepEqual([...got], [...want], ir.name);
    }
  },
);

eachWidth(
  how => `native loads of bytes and halves with ${how} are exact`,
  async compiler => {
    const sized = widened.map(({ ir }) => ({ ir, hints: () => bytes.length }));
    for (const made of await scheduledKernels(sized, compiler)) {
      const { ir, schedule } = made;
      // one less than whole vectors: the end of a row as well
      const X = narrowData[ir.name as keyof typeof narrowData].subarray(1);
      const instance = instantiate(made, ir, { N: X.length }, { X }, schedule);
      instance.run();
      instance.checkGuards();
      assert.deepEqual([...instance.read("Y")], [...X], ir.name);
    }
  },
);

const width = 37;
const largest = kernel(
  { X: f32("M N"), Y: f32("M"), Z: f32("M") },
  ({ X, Y, Z, M, N }) =>
    grid(M.tile(), m => {
      const n = N.all();
      Y.at(m).set(X.at(m, n).max(n));
      Z.at(m).set(X.at(m, n).sum(n));
    }),
  { name: "largest" },
);
/** row r has a NaN at places[r]: in a whole vector, in a last one that is not whole, nowhere */
const places = [0, 17, 35, 36, undefined];
const rows = Float32Array.from({ length: places.length * width }, (_, i) =>
  places[Math.floor(i / width)] === i % width ? Number.NaN : ((i * 7) % 31) - 40,
);

eachWidth(
  how => `rows that fill no vector, with NaN and without, in native code with ${how} are exact`,
  async compiler => {
    const { ir } = largest;
    const dims = { M: places.length, N: width };
    const hints = (s: Sym) => dims[s.name as "M" | "N"];
    const [made] = await scheduledKernels([{ ir, hints }], compiler);
    const instance = instantiate(made!, ir, dims, { X: rows }, made!.schedule);
    instance.run();
    instance.checkGuards();
    const row = (m: number): number[] => [...rows.subarray(m * width, (m + 1) * width)];
    assert.deepEqual(
      [...instance.read("Y")],
      places.map((_, m) => Math.max(...row(m))),
    );
    // whole numbers: sums are exact in any order
    assert.deepEqual(
      [...instance.read("Z")],
      places.map((_, m) => row(m).reduce((a, b) => a + b)),
    );
  },
);
