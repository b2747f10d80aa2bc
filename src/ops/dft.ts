// DFT: the discrete Fourier transform along an axis. The last dim holds real and imaginary parts, or real ones alone.
// A transform is a product with a matrix of cosines and sines; long ones are split by a divisor of their length (J. W. Cooley and
// J. W. Tukey, 1965), so that the matrices stay small.
import type { Dims, Value } from "../graph/graph.js";
import type { Dtype } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import { normalizeAxis, printDims, refuse } from "./checks.js";
import { dftCases, dftReference } from "./dft-reference.js";
import { requiredNumber, requiredPoly } from "./known-values.js";
import type { Builder, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";

export const operator: Operator = {
  name: "DFT",
  inputs: ["input", "dft_length?", "axis?"],
  outputs: ["output"],
  attributes: {
    // an input since opset 20
    axis: { type: "int" },
    inverse: { type: "int", default: 0 },
    onesided: { type: "int", default: 0 },
  },
  content: ["dft_length", "axis"],
  shape: node => ({ output: transformOf(node).dims }),
  expand: (node, build) => {
    const { axis, length, taken, inverse, onesided, dtype } = transformOf(node);
    const rank = node.dims.input!.length;
    const x = moved(build, node.inputs.input!, rank, axis, rank - 2);
    const signal = { value: x, lead: rank - 2, taken, length, parts: partsOf(node), dtype };
    return { output: moved(build, transform(build, signal, inverse, onesided), rank, rank - 2, axis) };
  },
};

interface Transform {
  readonly dims: Dims;
  readonly axis: number;
  /** elements of the transform, and of the input along the axis: fewer are padded with zeros, more are left out */
  readonly length: number;
  readonly taken: number;
  readonly inverse: boolean;
  readonly onesided: boolean;
  readonly dtype: Dtype;
}

const partsOf = (node: NodeInfo): number => node.dims.input!.at(-1)!.constant;

function transformOf(node: NodeInfo): Transform {
  const dims = node.dims.input!;
  const parts = dims.at(-1)!;
  if (dims.length < 2 || !parts.isConst || parts.constant < 1 || parts.constant > 2)
    refuse(
      parts && !parts.isConst ? "operator-unsupported" : "shape",
      "DFT",
      node,
      `input of ${printDims(dims)} must have a last dim of 1 (real) or 2 (real and imaginary part); add it`,
    );
  const given = node.dims.axis ? requiredNumber("DFT", node, "axis") : node.attributes.axis;
  const axis = normalizeAxis("DFT", node, given ?? (node.opset < 20 ? 1 : -2), dims.length);
  if (axis === dims.length - 1)
    refuse("operator-attribute", "DFT", node, `axis ${given} is the dim of the real and imaginary parts; use another`);
  const inverse = node.attributes.inverse === 1;
  const onesided = node.attributes.onesided === 1;
  const size = dims[axis]!;
  // a one-sided spectrum of n frequencies comes from 2·(n − 1) real elements
  const natural = inverse && onesided ? size.sub(1).mul(2) : size;
  const length = node.dims.dft_length ? requiredPoly("DFT", node, "dft_length") : natural;
  if (!size.isConst || !length.isConst)
    refuse(
      "operator-unsupported",
      "DFT",
      node,
      `the length of the transform, ${length.print()} of ${size.print()}, must be a number when the model is compiled; fix the dim`,
    );
  const count = onesided && !inverse ? Math.floor(length.constant / 2) + 1 : length.constant;
  return {
    dims: dims.with(axis, Poly.int(count)).with(-1, Poly.int(inverse && onesided ? 1 : 2)),
    axis,
    length: length.constant,
    taken: size.constant,
    inverse,
    onesided,
    dtype: node.dtypes.input!,
  };
}

/** The tensor with one axis taken to another place. */
function moved(build: Builder, x: Value, rank: number, from: number, to: number): Value {
  if (from === to) return x;
  const perm = Array.from({ length: rank }, (_, d) => d);
  perm.splice(to, 0, ...perm.splice(from, 1));
  return build.node("Transpose", [x], { perm });
}

/** A signal along dim `lead`, with its parts in the last dim. */
export interface Signal {
  readonly value: Value;
  readonly lead: number;
  readonly taken: number;
  readonly length: number;
  readonly parts: number;
  readonly dtype: Dtype;
}

/** Matrices are this long at most, unless the length has no smaller divisor. */
const longest = 256;

/** The transform of a signal along dim `lead`; two parts in the last dim, one where a one-sided spectrum is turned back. */
export function transform(build: Builder, signal: Signal, inverse: boolean, onesided: boolean): Value {
  const { length, lead } = signal;
  const divisor = divisorOf(length);
  const whole = length <= longest || divisor === 1 || signal.taken !== length || (inverse && onesided);
  if (whole) return product(build, signal, inverse, onesided);
  const full = split(build, signal, divisor, inverse);
  if (!onesided) return full;
  const vector = (x: number): Value => build.constant("i64", [1], [x]);
  return build.node("Slice", [full, vector(0), vector(Math.floor(length / 2) + 1), vector(lead)]);
}

/** the largest divisor up to `longest` */
function divisorOf(length: number): number {
  for (let d = Math.min(longest, Math.floor(Math.sqrt(length))); d > 1; d--) if (length % d === 0) return d;
  return 1;
}

const letters = "abcdefghijklmnopqrstuvw";

function product(build: Builder, signal: Signal, inverse: boolean, onesided: boolean): Value {
  const { value, lead, parts, length, taken, dtype } = signal;
  const realResult = inverse && onesided;
  const count = onesided && !inverse ? Math.floor(length / 2) + 1 : length;
  const results = realResult ? 1 : 2;
  const sign = inverse ? 1 : -1;
  const scale = inverse ? 1 / length : 1;
  const data = new Float64Array(taken * parts * count * results);
  let at = 0;
  for (let n = 0; n < taken; n++)
    for (let p = 0; p < parts; p++)
      for (let k = 0; k < count; k++)
        for (let c = 0; c < results; c++) {
          const beyond = n >= (realResult ? Math.floor(length / 2) + 1 : length);
          // of a one-sided spectrum, all but the ends stand for two frequencies
          const twice = realResult && n > 0 && 2 * n !== length ? 2 : 1;
          data[at++] = beyond ? 0 : twice * scale * turn(sign * n * k, length, p, c);
        }
  const matrix = build.constant(dtype, [taken, parts, count, results], Array.from(data));
  const batch = letters.slice(0, lead);
  return build.node("Einsum", [value, matrix], { equation: `${batch}xy,xyzY->${batch}zY` });
}

/** Part c of e^(2πi·t/length) · (1 or i for part p): what part p of an element adds to part c of a result. */
export function turn(t: number, length: number, p: number, c: number): number {
  const angle = (2 * Math.PI * (((t % length) + length) % length)) / length;
  const [real, imaginary] = [Math.cos(angle), Math.sin(angle)];
  if (p === c) return real;
  return p === 1 ? -imaginary : imaginary;
}

/** With n = n₂·first + n₁ and k = k₁·second + k₂: transforms of length `second`, a turn of each element, transforms of length `first`. */
function split(build: Builder, signal: Signal, first: number, inverse: boolean): Value {
  const { value, lead, length, parts, dtype } = signal;
  const second = length / first;
  const same = Array.from({ length: lead }, () => 0);
  const reshape = (x: Value, ...dims: number[]): Value =>
    build.node("Reshape", [x, build.constant("i64", [lead + dims.length], [...same, ...dims])]);
  const swap = (x: Value): Value => {
    const perm = Array.from({ length: lead + 3 }, (_, d) => (d === lead ? d + 1 : d === lead + 1 ? d - 1 : d));
    return build.node("Transpose", [x], { perm });
  };
  // n₁ first, so that n₂ is the dim to transform
  const rows = swap(reshape(value, second, first, parts));
  const inner = transform(
    build,
    { value: rows, lead: lead + 1, taken: second, length: second, parts, dtype },
    inverse,
    false,
  );
  const sign = inverse ? 1 : -1;
  const turns: number[] = [];
  for (let n = 0; n < first; n++)
    for (let k = 0; k < second; k++)
      for (let p = 0; p < 2; p++) for (let c = 0; c < 2; c++) turns.push(turn(sign * n * k, length, p, c));
  const batch = letters.slice(0, lead);
  const turned = build.node("Einsum", [inner, build.constant(dtype, [first, second, 2, 2], turns)], {
    equation: `${batch}wzy,wzyY->${batch}zwY`,
  });
  const outer = product(
    build,
    { value: turned, lead: lead + 1, taken: first, length: first, parts: 2, dtype },
    inverse,
    false,
  );
  // k₂, k₁ → k₁·second + k₂
  return reshape(swap(outer), length, 2);
}

export const doc: OperatorDoc = {
  summary: "The discrete Fourier transform along an axis and its inverse, of real and complex signals, one-sided too",
  dtypes: "float",
  opsets: [17, 20],
  limits: "the length must be a number at compile time; a length with a large prime factor takes a matrix of its size",
};
export const tolerance: Tolerance = { relative: 8, absolute: 64 };
export const reference: Reference = dftReference;
export const cases = (): readonly OperatorCase[] => dftCases();
