// Arithmetic on the content of small tensors at compile time: what lets shape subgraphs fold to polynomials over dims.
// Not constant folding: that runs whole operators on constant data (graph passes).
import type { KnownValue } from "../graph/graph.js";
import type { Dtype } from "../ir/dtypes.js";
import { dtypes, isFloat } from "../ir/dtypes.js";
import { roundTo } from "../ir/float-bits.js";
import { Poly } from "../ir/poly.js";
import { refuse } from "./checks.js";
import type { NodeInfo } from "./operator.js";

export type KnownElement = Poly | number | undefined;

/** Elements beyond this are not worth carrying: shapes are short, and a longer tensor belongs to constant folding. */
export const maxKnownElements = 1024;

export const knownScalar = (x: KnownElement): KnownValue => ({ dims: [], data: [x] });
export const knownVector = (data: readonly KnownElement[]): KnownValue => ({ dims: [data.length], data });

/** Dims as numbers, where they are constant and the tensor is small enough to be known. */
export function knownDims(dims: readonly Poly[]): readonly number[] | undefined {
  if (!dims.every(d => d.isConst)) return undefined;
  const out = dims.map(d => d.constant);
  return out.reduce((a, b) => a * b, 1) <= maxKnownElements ? out : undefined;
}

/** The same elements, picked by their row-major position, under other dims. */
export const regroup = (known: KnownValue, dims: readonly number[]): KnownValue => ({ dims, data: known.data });

/** A known value made of the elements of another: `source` maps an output index to a row-major position, or to nothing. */
export function pick(
  known: KnownValue,
  dims: readonly number[],
  source: (index: readonly number[]) => number | undefined,
): KnownValue {
  const data: KnownElement[] = [];
  forEachIndex(dims, i => {
    const at = source(i);
    data.push(at === undefined ? undefined : known.data[at]);
  });
  return { dims, data };
}

/** Visits all indices of an array in row-major order; the array handed over is reused. */
export function forEachIndex(
  dims: readonly number[],
  visit: (index: readonly number[], position: number) => void,
): void {
  const count = dims.reduce((a, b) => a * b, 1);
  const index = dims.map(() => 0);
  for (let position = 0; position < count; position++) {
    visit(index, position);
    for (let d = dims.length - 1; d >= 0; d--) {
      index[d]!++;
      if (index[d]! < dims[d]!) break;
      index[d] = 0;
    }
  }
}

export const stridesOf = (dims: readonly number[]): number[] => {
  const out = new Array<number>(dims.length);
  for (let d = dims.length - 1, s = 1; d >= 0; d--) {
    out[d] = s;
    s *= dims[d]!;
  }
  return out;
};

/** Applies a function element by element with numpy broadcasting; an element with an unknown argument is unknown. */
export function mapKnown(
  args: readonly (KnownValue | undefined)[],
  f: (...x: (Poly | number)[]) => KnownElement,
): KnownValue | undefined {
  const present: KnownValue[] = [];
  for (const a of args) {
    if (!a) return undefined;
    present.push(a);
  }
  const dims = broadcastNumbers(present.map(a => a.dims));
  if (!dims) return undefined;
  const strides = present.map(a => stridesOf(a.dims));
  const data: KnownElement[] = [];
  forEachIndex(dims, index => {
    const x: (Poly | number)[] = [];
    present.forEach((a, k) => {
      const lead = dims.length - a.dims.length;
      let at = 0;
      for (let d = 0; d < a.dims.length; d++) if (a.dims[d] !== 1) at += index[lead + d]! * strides[k]![d]!;
      const value = a.data[at];
      if (value !== undefined) x.push(value);
    });
    data.push(x.length === present.length ? f(...x) : undefined);
  });
  return { dims, data };
}

function broadcastNumbers(shapes: readonly (readonly number[])[]): readonly number[] | undefined {
  const rank = Math.max(0, ...shapes.map(s => s.length));
  const out: number[] = [];
  for (let d = 0; d < rank; d++) {
    let size = 1;
    for (const s of shapes) {
      const n = s[s.length - rank + d] ?? 1;
      if (n === 1 || n === size) continue;
      if (size !== 1) return undefined;
      size = n;
    }
    out.push(size);
  }
  return out;
}

/** An element as an integer polynomial; floats that are not whole are not. */
export const polyOf = (x: KnownElement): Poly | undefined =>
  x === undefined ? undefined : typeof x !== "number" ? x : Number.isInteger(x) ? Poly.int(x) : undefined;

/** An element as a number, where it does not depend on a dim. */
export const numberOf = (x: KnownElement): number | undefined =>
  x === undefined || typeof x === "number" ? x : x.isConst ? x.constant : undefined;

/** The element as a run holds it in this dtype: a float is rounded, and an integer that would wrap around is not known. */
export function elementIn(dtype: Dtype, x: KnownElement): KnownElement {
  const n = numberOf(x);
  if (n === undefined) return x;
  if (isFloat(dtype)) return roundTo(dtype, n);
  const { kind, bits } = dtypes[dtype];
  const low = kind === "signed" ? -(2 ** (bits - 1)) : 0;
  return Number.isSafeInteger(n) && n >= low && n < low + 2 ** bits ? Poly.int(n) : undefined;
}

/** The content of an input that must be known: integers, perhaps over dims. */
export function requiredPolys(op: string, node: NodeInfo, input: string): readonly Poly[] {
  const out = node.known[input]?.data.map(polyOf);
  if (!out?.every(x => x !== undefined)) unknownContent(op, node, input);
  return out as readonly Poly[];
}

/** The content of an input that must be known in numbers. */
export function requiredNumbers(op: string, node: NodeInfo, input: string): readonly number[] {
  const out = node.known[input]?.data.map(numberOf);
  if (!out?.every(x => x !== undefined)) unknownContent(op, node, input);
  return out as readonly number[];
}

/** The one number that an input must have, known as an integer, perhaps over dims. */
export const requiredPoly = (op: string, node: NodeInfo, input: string): Poly =>
  requiredPolys(op, node, input)[0] ?? emptyContent(op, node, input);

/** The one number that an input must have. */
export const requiredNumber = (op: string, node: NodeInfo, input: string): number =>
  requiredNumbers(op, node, input)[0] ?? emptyContent(op, node, input);

const emptyContent = (op: string, node: NodeInfo, input: string): never =>
  refuse("shape", op, node, `${input} is empty; give one number`);

function unknownContent(op: string, node: NodeInfo, input: string): never {
  refuse(
    "operator-unsupported",
    op,
    node,
    `the content of input ${input} is not known when the model is compiled; make it a constant, or compute it from the dims of other tensors`,
  );
}
