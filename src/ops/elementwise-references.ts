// Makers of references and cases for elementwise operators. Only references, cases and tests import this.
import type { Dtype } from "../ir/dtypes.js";
import { dtypes, is64BitInteger } from "../ir/dtypes.js";
import { stridesOf } from "./known-values.js";
import type { Attributes, OperatorCase, Reference, ReferenceTensor } from "./operator.js";
import type { Element } from "./reference-tensors.js";
import { tabulate } from "./reference-tensors.js";

/** A function on numbers, and the same on bigints where 64-bit integers are allowed. */
type Scalar = (...x: number[]) => Element | boolean;
type BigScalar = (...x: bigint[]) => bigint | boolean;

/** Integers wrap around, truths become 1 and 0; floats stay float64. */
export function wrap(dtype: Dtype, x: Element | boolean): Element {
  const { kind, bits } = dtypes[dtype];
  if (typeof x === "boolean" || kind === "bool") return is64BitInteger(dtype) ? BigInt(x) : Number(Boolean(x));
  if (kind === "float") return Number(x);
  if (!is64BitInteger(dtype))
    return Number(kind === "signed" ? BigInt.asIntN(bits, toBig(x)) : BigInt.asUintN(bits, toBig(x)));
  return kind === "signed" ? BigInt.asIntN(64, toBig(x)) : BigInt.asUintN(64, toBig(x));
}
const toBig = (x: Element): bigint => (typeof x === "bigint" ? x : Number.isFinite(x) ? BigInt(Math.trunc(x)) : 0n);

/** Reads a tensor at an index of the result it broadcasts to. */
export function broadcastReader(t: ReferenceTensor, behind = 0): (index: readonly number[]) => Element {
  const strides = stridesOf(t.dims);
  return index => {
    let at = 0;
    const first = index.length - t.dims.length - behind;
    for (let d = 0; d < t.dims.length; d++) if (t.dims[d] !== 1) at += index[first + d]! * strides[d]!;
    return t.data[at]!;
  };
}

export function broadcastNumbers(shapes: readonly (readonly number[])[]): readonly number[] {
  const rank = Math.max(0, ...shapes.map(s => s.length));
  return Array.from({ length: rank }, (_, d) => {
    const sizes = shapes.map(s => s[s.length - rank + d] ?? 1);
    return sizes.find(n => n !== 1) ?? 1;
  });
}

/** Integers are computed as bigints where there is such a function: products of 32-bit integers are beyond 2⁵³. */
function apply(dtype: Dtype, f: Scalar, big: BigScalar | undefined, x: readonly Element[]): Element {
  const { kind } = dtypes[dtype];
  if (big && (typeof x[0] === "bigint" || kind === "signed" || kind === "unsigned"))
    return wrap(dtype, big(...x.map(BigInt)));
  return wrap(dtype, f(...x.map(Number)));
}

/** The reference of `unary`. */
export const unaryReference =
  (
    f: (x: number, attributes: Attributes, dtype: Dtype) => number | boolean,
    big?: BigScalar,
    result?: Dtype,
    names: readonly [string, string] = ["X", "Y"],
  ): Reference =>
  (inputs, attributes) => {
    const x = inputs[names[0]]!;
    const read = broadcastReader(x);
    const dtype = result ?? x.dtype;
    return { [names[1]]: tabulate(dtype, x.dims, i => apply(dtype, v => f(v!, attributes, x.dtype), big, [read(i)])) };
  };

/** The reference of `binary`. */
export const binaryReference =
  (
    f: (a: number, b: number, attributes: Attributes) => Element | boolean,
    big?: (a: bigint, b: bigint, attributes: Attributes) => bigint | boolean,
    result?: Dtype,
  ): Reference =>
  (inputs, attributes, { opset }) => {
    const [A, B] = [inputs.A!, inputs.B!];
    const axis = attributes.axis as number | undefined;
    const behind = opset < 7 && axis !== undefined ? A.dims.length - B.dims.length - axis : 0;
    const dims = broadcastNumbers([A.dims, [...B.dims, ...new Array<number>(behind).fill(1)]]);
    const [a, b] = [broadcastReader(A), broadcastReader(B, behind)];
    const dtype = result ?? A.dtype;
    const wide: BigScalar | undefined = big && ((p, q) => big(p!, q!, attributes));
    return { C: tabulate(dtype, dims, i => apply(dtype, (p, q) => f(p!, q!, attributes), wide, [a(i), b(i)])) };
  };

/** The reference of `variadic`. */
export const variadicReference =
  (
    output: string,
    f: (a: number, b: number) => number,
    big?: (a: bigint, b: bigint) => bigint,
    finish: (x: number, count: number) => number = x => x,
  ): Reference =>
  (inputs, _, { present }) => {
    const all = present.map(n => inputs[n]!);
    const dims = broadcastNumbers(all.map(t => t.dims));
    const readers = all.map(t => broadcastReader(t));
    const dtype = all[0]!.dtype;
    const value = (i: readonly number[]): Element => {
      const x = readers.map(r => r(i));
      if (typeof x[0] === "bigint" && big) return (x as bigint[]).reduce((p, q) => big(p, q));
      return finish(
        (x as number[]).reduce((p, q) => f(p, q)),
        x.length,
      );
    };
    return { [output]: tabulate(dtype, dims, i => wrap(dtype, value(i))) };
  };

export const floats: readonly Dtype[] = ["f32", "f16", "bf16", "f64"];
export const byteFloats: readonly Dtype[] = ["f8e4m3fn", "f8e4m3fnuz", "f8e5m2", "f8e5m2fnuz"];
export const integers: readonly Dtype[] = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"];
export const numbers: readonly Dtype[] = /* @__PURE__ */ floats.concat(integers);
export const unsigned: readonly Dtype[] = ["u8", "u16", "u32", "u64"];
export const signed: readonly Dtype[] = /* @__PURE__ */ floats.concat(["i8", "i16", "i32", "i64"]);

type Range = readonly [number, number];
const input = (dtype: Dtype, dims: readonly number[], range?: Range) => ({ dtype, dims, ...(range ? { range } : {}) });

/** Sizes 0, 1, odd and prime for f32, one of them for the other dtypes. */
export function unaryCases(
  kinds: readonly Dtype[],
  range?: Range,
  attributes: Attributes = {},
  name = "X",
): readonly OperatorCase[] {
  const of = (dtype: Dtype, dims: readonly number[]): OperatorCase => ({
    name: `${dtype} ${dims.join("×") || "scalar"}${Object.entries(attributes).map(([k, v]) => ` ${k}=${v}`)}`,
    attributes,
    inputs: { [name]: input(dtype, dims, range) },
  });
  const sizes = [[], [0], [1], [17], [3, 5], [2, 0, 3], [1, 2, 3, 31]];
  return [...sizes.map(dims => of(kinds[0]!, dims)), ...kinds.slice(1).map(d => of(d, [3, 7]))];
}

/** All ways in which two operands broadcast, with sizes 0, 1, odd and prime; one of them for the other dtypes. */
export function binaryCases(
  kinds: readonly Dtype[],
  ranges: readonly [Range?, Range?] = [],
  attributes: Attributes = {},
): readonly OperatorCase[] {
  const of = (dtype: Dtype, a: readonly number[], b: readonly number[]): OperatorCase => ({
    name: `${dtype} ${a.join("×") || "scalar"} and ${b.join("×") || "scalar"}${Object.entries(attributes).map(([k, v]) => ` ${k}=${v}`)}`,
    attributes,
    inputs: { A: input(dtype, a, ranges[0]), B: input(dtype, b, ranges[1]) },
  });
  const pairs: readonly (readonly [readonly number[], readonly number[]])[] = [
    [[], []],
    [[17], [17]],
    [[3, 5], []],
    [[], [3, 5]],
    [[3, 5], [5]],
    [[5], [3, 5]],
    [
      [3, 1],
      [1, 7],
    ],
    [
      [2, 3, 1, 5],
      [3, 7, 1],
    ],
    [
      [0, 3],
      [1, 3],
    ],
    [[1], [0]],
  ];
  return [...pairs.map(([a, b]) => of(kinds[0]!, a, b)), ...kinds.slice(1).map(d => of(d, [3, 1, 5], [7, 1]))];
}

/** One, two and three operands that broadcast. */
export function variadicCases(kinds: readonly Dtype[]): readonly OperatorCase[] {
  const of = (dtype: Dtype, ...shapes: (readonly number[])[]): OperatorCase => ({
    name: `${dtype} ${shapes.map(s => s.join("×") || "scalar").join(", ")}`,
    inputs: Object.fromEntries(shapes.map((dims, k) => [`X${k}`, input(dtype, dims)])),
  });
  const first = kinds[0]!;
  return [
    of(first, [3, 5]),
    of(first, [17], [17]),
    of(first, [3, 1], [1, 7], []),
    of(first, [0, 3], [3], [1, 1]),
    ...kinds.slice(1).map(d => of(d, [3, 5], [5], [3, 1])),
  ];
}
