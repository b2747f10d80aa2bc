// Cases of the movement, dtype and reduction kernels: inputs as plain values, expected outputs by plain loops. 64-bit integers are bigint.
import { newArray } from "../../src/ir/arrays.js";
import type { Dtype } from "../../src/ir/dtypes.js";
import { bitsOf, dtypes, integerRange, is64BitInteger, isFloat } from "../../src/ir/dtypes.js";
import type { RawArray } from "../../src/ir/evaluate/memory.js";
import { decoder, encoder } from "../../src/ir/evaluate/memory.js";
import { isNarrowFloat, roundToFloat } from "../../src/ir/float-bits.js";
import type { Kernel } from "../../src/ir/tile.js";
import type { Binary, Comparison } from "./dtypes.js";
import * as d from "./dtypes.js";
import * as m from "./movement.js";
import { joiningCases } from "./joining.js";
import { cellCases } from "./cells.js";
import { scanCases } from "./scans.js";
import { pairCases } from "./pairs.js";
import { quadCases } from "./quads.js";
import { segmentCases } from "./segments.js";
import type { Reduction } from "./reductions.js";
import * as r from "./reductions.js";

export type Value = number | bigint;
export interface TypedCase {
  readonly name: string;
  readonly kernel: () => Kernel;
  /** by tensor name, in row-major order; outputs have dims only */
  readonly tensors: Readonly<Record<string, { readonly dims: readonly number[]; readonly values?: readonly Value[] }>>;
  readonly output: string;
  readonly want: readonly Value[];
  /** relative; absent: exact */
  readonly tolerance?: number;
}
export interface TensorArray {
  readonly dtype: Dtype;
  readonly dims: readonly number[];
  readonly data: RawArray;
}

const roundF16 = (x: number): number => roundToFloat("f16", x);
const roundBf16 = (x: number): number => roundToFloat("bf16", x);

const count = (dims: readonly number[]): number => dims.reduce((p, n) => p * n, 1);
/** The tensors of a case as arrays; outputs are full of a pattern that no case expects. */
export function arraysOf(c: TypedCase, kernel: Kernel): Record<string, TensorArray> {
  const entries = kernel.tensors.map(t => {
    const { dims, values } = c.tensors[t.name]!;
    const data = newArray(t.dtype, count(dims));
    const encode = encoder(t.dtype) as (x: Value) => Value;
    const garbage = is64BitInteger(t.dtype) ? 99n : isFloat(t.dtype) ? Number.NaN : 99;
    for (let i = 0; i < data.length; i++) (data as unknown as Value[])[i] = encode(values ? values[i]! : garbage);
    return [t.name, { dtype: t.dtype, dims, data }] as const;
  });
  return Object.fromEntries(entries);
}
/** the numbers that an array means */
export function valuesOf(t: TensorArray): Value[] {
  const decode = decoder(t.dtype);
  return Array.from(t.data as ArrayLike<Value>, x => (decode ? decode(x as number) : x));
}
/** first difference, or undefined */
export function difference(c: TypedCase, got: readonly Value[]): string | undefined {
  if (got.length !== c.want.length) return `${got.length} elements instead of ${c.want.length}`;
  for (let i = 0; i < got.length; i++) {
    const [g, w] = [got[i]!, c.want[i]!];
    const near = c.tolerance !== undefined && Math.abs(Number(g) - Number(w)) <= c.tolerance * Math.abs(Number(w));
    if (!Object.is(g, w) && !near && !(g === w)) return `element ${i} is ${g} and should be ${w}`;
  }
  return undefined;
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
let seed = 11;
const random = (): number => {
  seed = (seed * 16807) % 2147483647;
  return seed / 2147483647;
};
const floats = (n: number): number[] => range(n).map(() => Math.fround(random() * 4 - 2));
const halves = (n: number): number[] => floats(n).map(roundF16);
const integers = (n: number, lo: number, hi: number): number[] =>
  range(n).map(() => Math.floor(lo + random() * (hi - lo + 1)));

const X34 = floats(12);
const movement: TypedCase[] = [
  {
    name: "reverse",
    kernel: () => m.reverse("i16").ir,
    tensors: { X: { dims: [11], values: range(11) }, Y: { dims: [11] } },
    output: "Y",
    want: range(11).reverse(),
  },
  {
    name: "strided slice with a fill",
    kernel: () => m.stridedSlice("i32").ir,
    tensors: { X: { dims: [3, 7], values: range(21) }, Y: { dims: [5, 3] } },
    output: "Y",
    want: [7, 7, 7, 2, 4, 6, 9, 11, 13, 16, 18, 20, 7, 7, 7],
  },
  {
    name: "reshape",
    kernel: () => m.reshape().ir,
    tensors: { X: { dims: [3, 4], values: X34 }, Y: { dims: [2, 6] } },
    output: "Y",
    want: X34,
  },
  ...(["i32", "i64"] as const).map(index => ({
    name: `gather rows by ${index}`,
    kernel: () => m.gatherRows(index, "u16").ir,
    tensors: {
      X: { dims: [4, 3], values: range(12) },
      I: { dims: [5], values: [2, 0, -1, 3, 2].map(i => (index === "i64" ? BigInt(i) : i)) },
      Y: { dims: [5, 3] },
    },
    output: "Y",
    want: [6, 7, 8, 0, 1, 2, 9, 10, 11, 9, 10, 11, 6, 7, 8],
  })),
  {
    name: "transpose of three dims",
    kernel: () => m.transpose("u8").ir,
    tensors: { X: { dims: [2, 3, 5], values: range(30) }, Y: { dims: [5, 2, 3] } },
    output: "Y",
    want: range(30).map(i => (Math.floor(i / 3) % 2) * 15 + (i % 3) * 5 + Math.floor(i / 6)),
  },
  {
    name: "concat",
    kernel: () => m.concat().ir,
    tensors: { X: { dims: [2, 3], values: range(6) }, Z: { dims: [1, 3], values: [10, 11, 12] }, Y: { dims: [3, 3] } },
    output: "Y",
    want: [0, 1, 2, 3, 4, 5, 10, 11, 12],
  },
  {
    name: "pad of exp: the fill is not exp's",
    kernel: () => m.padOfExp().ir,
    tensors: { X: { dims: [3], values: [0, 1, -1] }, Y: { dims: [7] } },
    output: "Y",
    want: [0.5, 0.5, 1, Math.fround(Math.E), Math.fround(1 / Math.E), 0.5, 0.5],
    tolerance: 5e-7,
  },
];

/** values that a dtype holds, extremes and special ones included */
export function samples(dtype: Dtype): readonly Value[] {
  if (dtype === "bool") return [0, 1, 1, 0, 1];
  if (dtype === "f64")
    return [0, -0, 1, -1.5, 2.5, 3.5, 1e300, -1e300, 255.7, -129.2, 4294967296.5, 1e20, Infinity, -Infinity, NaN];
  if (dtype === "f32")
    return [0, -0, 1, -1.5, 2.5, 3.5, 3e38, -1e-40, 255.75, -129.25, 65520, 1e20, Infinity, -Infinity, NaN].map(
      Math.fround,
    );
  if (dtype === "f16")
    return [0, -0, 1, -1.5, 2.5, 65504, -6e-8, 255.75, -129.25, Infinity, -Infinity, NaN].map(roundF16);
  if (dtype === "bf16") return [0, -0, 1, -1.5, 2.5, 3e38, -1e-40, 255, -129, Infinity, -Infinity, NaN].map(roundBf16);
  if (isNarrowFloat(dtype))
    return [0, -0, 1, -1.5, 2.5, 448, -6e-8, 5.1, -129, 2 ** 127, Infinity, -Infinity, NaN].map(x =>
      roundToFloat(dtype, x),
    );
  const [lo, hi] = integerRange(dtype);
  const all = [
    0n,
    1n,
    2n,
    5n,
    7n,
    100n,
    lo,
    hi,
    hi / 2n + 1n,
    hi - 3n,
    lo + 1n,
    ...(lo < 0n ? [-1n, -2n, -7n, -100n] : []),
  ];
  const held = all.filter(x => x >= lo && x <= hi);
  return is64BitInteger(dtype) ? held : held.map(Number);
}
const float = (dtype: Dtype): ((x: number) => number) =>
  isNarrowFloat(dtype) ? x => roundToFloat(dtype, x) : dtype === "f32" ? Math.fround : x => x;

/** conversion by definition, on exact integers and doubles */
function converted(x: Value, from: Dtype, to: Dtype): Value {
  if (to === "bool") return Number(x) !== 0 ? 1 : 0;
  if (isFloat(to)) return float(to)(Number(x));
  const bits = bitsOf(to);
  const signed = dtypes[to].kind === "signed";
  const [lo, hi] = signed ? [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n] : [0n, 2n ** BigInt(bits) - 1n];
  let n: bigint;
  if (isFloat(from)) {
    const f = x as number;
    n = Number.isNaN(f) ? 0n : f === Infinity ? hi : f === -Infinity ? lo : BigInt(Math.trunc(f));
    n = n < lo ? lo : n > hi ? hi : n;
  } else n = signed ? BigInt.asIntN(bits, BigInt(x)) : BigInt.asUintN(bits, BigInt(x));
  return is64BitInteger(to) ? n : Number(n);
}
const everyDtype = Object.keys(dtypes) as Dtype[];
export const casts: readonly TypedCase[] = everyDtype.flatMap(from =>
  everyDtype
    .filter(to => to !== from)
    .map(to => {
      const values = samples(from);
      const dims = [values.length];
      return {
        name: `cast ${from} to ${to}`,
        kernel: () => d.cast(from, to).ir,
        tensors: { X: { dims, values }, Y: { dims } },
        output: "Y",
        want: values.map(x => converted(x, from, to)),
      };
    }),
);

/** operations on exact integers: division by zero gives 0, shift counts count modulo the width */
const bigOps: Record<Binary, (a: bigint, b: bigint, bits: bigint) => bigint> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => (b === 0n ? 0n : a / b),
  mod: (a, b) => (b === 0n ? 0n : ((a % b) + b) % b),
  rem: (a, b) => (b === 0n ? 0n : a % b),
  // biome-ignore lint/complexity/useMathMinMax: Math.max takes no bigint
  maximum: (a, b) => (a > b ? a : b),
  // biome-ignore lint/complexity/useMathMinMax: Math.min takes no bigint
  minimum: (a, b) => (a < b ? a : b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b, bits) => a << (((b % bits) + bits) % bits),
  shr: (a, b, bits) => a >> (((b % bits) + bits) % bits),
};
const floatOps: Partial<Record<Binary, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  maximum: Math.max,
  minimum: Math.min,
};
const pairs = (dtype: Dtype): { a: Value[]; b: Value[] } => {
  const s = samples(dtype);
  return { a: s.flatMap(x => s.map(() => x)), b: s.flatMap(() => s) };
};
function binaryCase(dtype: Dtype, op: Binary): TypedCase {
  const { a, b } = pairs(dtype);
  const dims = [a.length];
  const bits = bitsOf(dtype);
  const wrap = (n: bigint): Value => {
    if (dtype === "bool") return Number(n & 1n);
    const w = dtypes[dtype].kind === "signed" ? BigInt.asIntN(bits, n) : BigInt.asUintN(bits, n);
    return is64BitInteger(dtype) ? w : Number(w);
  };
  const one = (x: Value, y: Value): Value =>
    isFloat(dtype)
      ? float(dtype)(floatOps[op]!(x as number, y as number))
      : wrap(bigOps[op](BigInt(x), BigInt(y), BigInt(bits)));
  return {
    name: `${op} of ${dtype}`,
    kernel: () => d.elementwise(dtype, op).ir,
    tensors: { A: { dims, values: a }, B: { dims, values: b }, Y: { dims } },
    output: "Y",
    want: a.map((x, i) => one(x, b[i]!)),
  };
}
const integerDtypes = everyDtype.filter(t => !isFloat(t) && t !== "bool");
export const arithmetic: readonly TypedCase[] = [
  ...integerDtypes.flatMap(t => (Object.keys(bigOps) as Binary[]).map(op => binaryCase(t, op))),
  ...(["f64", "f32", "f16", "bf16"] as const).flatMap(t =>
    (Object.keys(floatOps) as Binary[]).map(op => binaryCase(t, op)),
  ),
  ...(["and", "or", "xor"] as const).map(op => binaryCase("bool", op)),
];
const comparisons: Record<Comparison, (a: Value, b: Value) => boolean> = {
  // biome-ignore lint/suspicious/noDoubleEquals: both sides have one type
  eq: (a, b) => a == b,
  // biome-ignore lint/suspicious/noDoubleEquals: both sides have one type
  ne: (a, b) => a != b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
};
export const compared: readonly TypedCase[] = everyDtype.flatMap(t =>
  (Object.keys(comparisons) as Comparison[]).map(op => {
    const { a, b } = pairs(t);
    const dims = [a.length];
    return {
      name: `${op} of ${t}`,
      kernel: () => d.comparison(t, op).ir,
      tensors: { A: { dims, values: a }, B: { dims, values: b }, Y: { dims } },
      output: "Y",
      want: a.map((x, i) => Number(comparisons[op](x, b[i]!))),
    };
  }),
);

const [A57, B57] = [halves(35), halves(7)];
const [Q43, Q35] = [integers(12, -128, 127), integers(15, -128, 127)];
const pixels = integers(18, 0, 255);
const mixed = (x: bigint): bigint => {
  const y = BigInt.asIntN(64, (x ^ (x >> 33n)) * -0x61c8864680b583ebn);
  return BigInt.asIntN(64, (y ^ (y >> 29n)) + 1n);
};
const bits = samples("i64") as bigint[];
const half = (value: number): number => Math.sign(value) * Math.min(Math.abs(value), 1e30);
export const programs: readonly TypedCase[] = [
  {
    name: "f16 in and out, f32 in between",
    kernel: () => d.halfAxpy().ir,
    tensors: { A: { dims: [5, 7], values: A57 }, B: { dims: [7], values: B57 }, Y: { dims: [5, 7] } },
    output: "Y",
    want: A57.map((a, i) => roundF16(half(a * 0.75 + B57[i % 7]!))),
  },
  {
    name: "f16 product, f32 accumulator",
    kernel: () => d.halfMatmul().ir,
    tensors: { A: { dims: [5, 7], values: A57 }, B: { dims: [7, 1], values: B57 }, Y: { dims: [5, 1] } },
    output: "Y",
    want: range(5).map(i => Math.fround(range(7).reduce((s, k) => s + A57[i * 7 + k]! * B57[k]!, 0))),
    tolerance: 1e-5,
  },
  {
    name: "8-bit product, 32-bit accumulator",
    kernel: () => d.quantizedMatmul().ir,
    tensors: { A: { dims: [4, 3], values: Q43 }, B: { dims: [3, 5], values: Q35 }, Y: { dims: [4, 5] } },
    output: "Y",
    want: range(20).map(i => {
      const s = range(3).reduce((sum, k) => sum + Q43[Math.floor(i / 5) * 3 + k]! * Q35[k * 5 + (i % 5)]!, 0);
      return Math.max(-128, Math.min(127, Math.round(Math.fround(s * 0.01))));
    }),
  },
  {
    name: "pixels to planes of floats",
    kernel: () => d.normalize().ir,
    tensors: {
      X: { dims: [6, 3], values: pixels },
      mean: { dims: [3], values: [0.25, 0.5, 0.75] },
      Y: { dims: [3, 6] },
    },
    output: "Y",
    want: range(18).map(i =>
      Math.fround(pixels[(i % 6) * 3 + Math.floor(i / 6)]! / 255 - [0.25, 0.5, 0.75][Math.floor(i / 6)]!),
    ),
    // cancels to a hundredth of its operands
    tolerance: 1e-4,
  },
  {
    name: "all bits of 64-bit integers",
    kernel: () => d.mix64().ir,
    tensors: { X: { dims: [bits.length], values: bits }, Y: { dims: [bits.length] } },
    output: "Y",
    want: bits.map(mixed),
  },
  {
    name: "masks",
    kernel: () => d.masks().ir,
    tensors: {
      A: { dims: [8], values: [0, 0, 0, 0, 1, 1, 1, 1] },
      B: { dims: [8], values: [0, 0, 1, 1, 0, 0, 1, 1] },
      X: { dims: [8], values: [1, -2, 3, -4, 5, -6, 7, -8] },
      Y: { dims: [8] },
    },
    output: "Y",
    want: [-1, 2, 3, 4, 5, -6, -7, 8],
  },
];

const [A2, W2] = [floats(2 * 3 * 5), floats(2 * 5 * 4)];
const folds: Record<Reduction, (a: number, b: number) => number> = {
  sum: (a, b) => a + b,
  prod: (a, b) => a * b,
  max: Math.max,
  min: Math.min,
};
const box = floats(3 * 4 * 5);
const bytes = integers(60, 0, 255);
const outer = (values: readonly number[], op: Reduction): number[] =>
  range(4).map(b =>
    range(3)
      .flatMap(a => range(5).map(c => values[(a * 4 + b) * 5 + c]!))
      .reduce((x, y) => folds[op](x, y)),
  );
export const reductions: readonly TypedCase[] = [
  {
    name: "batched product",
    kernel: () => r.batchedMatmul().ir,
    tensors: { A: { dims: [2, 3, 5], values: A2 }, W: { dims: [2, 5, 4], values: W2 }, Y: { dims: [2, 3, 4] } },
    output: "Y",
    want: range(24).map(i => {
      const [b, row, n] = [Math.floor(i / 12), Math.floor(i / 4) % 3, i % 4];
      return Math.fround(range(5).reduce((s, k) => s + A2[(b * 3 + row) * 5 + k]! * W2[(b * 5 + k) * 4 + n]!, 0));
    }),
    tolerance: 1e-5,
  },
  {
    name: "matrix × vector",
    kernel: () => r.matvec().ir,
    tensors: { W: { dims: [6, 5], values: A2 }, X: { dims: [5], values: W2.slice(0, 5) }, Y: { dims: [6] } },
    output: "Y",
    want: range(6).map(n => Math.fround(range(5).reduce((s, k) => s + A2[n * 5 + k]! * W2[k]!, 0))),
    tolerance: 1e-5,
  },
  ...(Object.keys(folds) as Reduction[]).map(op => ({
    name: `${op} over two axes`,
    kernel: () => r.reduceOuter(op).ir,
    tensors: { X: { dims: [3, 4, 5], values: box }, Y: { dims: [4] } },
    output: "Y",
    want: outer(box, op).map(Math.fround),
    tolerance: 1e-5,
  })),
  {
    name: "sum of bytes accumulates in i32",
    kernel: () => r.reduceOuter("sum", "u8", "i32").ir,
    tensors: { X: { dims: [3, 4, 5], values: bytes }, Y: { dims: [4] } },
    output: "Y",
    want: outer(bytes, "sum"),
  },
  {
    name: "max of bytes stays bytes",
    kernel: () => r.reduceOuter("max", "u8").ir,
    tensors: { X: { dims: [3, 4, 5], values: bytes }, Y: { dims: [4] } },
    output: "Y",
    want: outer(bytes, "max"),
  },
  {
    name: "everything into one number",
    kernel: () => r.total().ir,
    tensors: { X: { dims: [5, 6], values: A2 }, Y: { dims: [] } },
    output: "Y",
    want: [Math.fround(A2.reduce((a, b) => a + b))],
    tolerance: 1e-5,
  },
  {
    name: "argmax takes the first of equals",
    kernel: () => r.argmax().ir,
    tensors: { X: { dims: [3, 4], values: [1, 5, 5, 2, -1, -2, -3, -1, 0, 0, 0, 7] }, Y: { dims: [3] } },
    output: "Y",
    want: [1, 0, 3],
  },
  {
    name: "an axis that the operand lacks multiplies a sum and leaves a maximum",
    kernel: () => r.absentAxis().ir,
    tensors: { X: { dims: [3], values: [1, -2, 3] }, W: { dims: [4], values: [10, 0, 0, 0] }, Y: { dims: [3] } },
    output: "Y",
    want: [55, 40, 65],
  },
];
export const typedCases: readonly TypedCase[] = [
  ...movement,
  ...casts,
  ...arithmetic,
  ...compared,
  ...programs,
  ...reductions,
  ...joiningCases,
  ...scanCases,
  ...cellCases,
  ...segmentCases,
  ...pairCases,
  ...quadCases,
];
