// Sums of products of 8-bit integers as nodes, over words of two halves or of four bytes: what pair-integers puts in the place of a product. Which
// of them is the quicker one, the target says.
import type { Dtype } from "../../ir/dtypes.js";
import { Poly } from "../../ir/poly.js";
import { SIGNED_OFFSET } from "../../ops/integers/unsigned-bytes.js";
import { constantDims, constantValue, countOf, decodedConstant, lazyData, numbersOf, typedView } from "../constants.js";
import type { Dims, Graph, GraphNode, Value } from "../graph.js";
import { makeNode } from "../make.js";
import { everyNode } from "../values.js";

/**
 * "pairs": dotPairs, of halves; "quads": dotQuads, of bytes, half as many instructions where the machine has one for unsigned bytes times signed ones;
 * "signed-quads": where it has one for signed bytes
 */
export type IntegerProducts = "pairs" | "quads" | "signed-quads";

/** A quantised tensor: numbers less a zero point. */
export interface Integers {
  readonly value: Value;
  readonly zero: Value | undefined;
}
/** What a node multiplies: `filters` of a convolution [outputs, channels, taps…], or a matrix [k, n], transposed or not. */
export interface Product {
  readonly node: GraphNode;
  readonly data: Integers;
  readonly weights: Integers;
  readonly kind: "filters" | "matrix" | "transposed";
}
/** Nodes that compute the sums of products, the last of them the given value; undefined: there are none. */
export type Sums = (product: Product, sum: Value) => readonly GraphNode[] | undefined;

export const isByte = (v: Value | undefined): v is Value => v?.dtype === "u8" || v?.dtype === "i8";
export const isOne = (v: Value): boolean => v.dims !== undefined && Poly.product(v.dims).equals(1);
export const own = (
  op: string,
  inputs: readonly Value[],
  output: Value,
  attributes: GraphNode["attributes"],
): GraphNode => ({ ...makeNode(output.name, op, inputs, [output], attributes), domain: "azulejo", opset: 1 });

/** For a graph and a target: by bytes where they fit, else by halves. */
export async function integerSums(graph: Graph, products: IntegerProducts): Promise<Sums> {
  if (products === "pairs") return pairedSums;
  const zeros = await uniformZeros(graph);
  const bytes = products === "quads" ? unsignedBytes : signedBytes;
  return (product, sum) => quadSums(product, sum, zeros, bytes) ?? pairedSums(product, sum);
}

// ---- by halves

/** Both sides lose their zero points and become 16-bit numbers. */
const pairedSums: Sums = (product, sum) => {
  const shape = shapeOf(product);
  if (!shape) return undefined;
  const { node, data } = product;
  const packed = packedWeights(product, shape, 2);
  const centered = value(`${node.name}/centered`, "i16", shape.dimsWith(2 * shape.words(2)));
  const paired = value(`${node.name}/pairs`, "i32", shape.dimsWith(shape.words(2)));
  const { axis } = shape;
  return [
    own("Centered", [data.value, ...(data.zero ? [data.zero] : [])], centered, { axis }),
    own("Paired", [centered], paired, { axis }),
    own(shape.isFilters ? "PairedConv" : "PairedMatMul", [paired, packed], sum, shape.windows),
  ];
};

// ---- by bytes

/** How the bytes of the data come to have the sign that the machine multiplies. */
interface Bytes {
  /** what they are more than the data's numbers then, and their zero point with them */
  readonly offset: number;
  /** bytes of their own, of this dtype */
  readonly copied?: "u8";
  /** of the product, which changes them as it reads them */
  readonly attributes?: GraphNode["attributes"];
}
const unsignedBytes = (d: Dtype): Bytes => (d === "i8" ? { offset: SIGNED_OFFSET, copied: "u8" } : { offset: 0 });
/** A whole word of unsigned bytes is changed by one operation. */
const signedBytes = (d: Dtype): Bytes =>
  d === "u8" ? { offset: -SIGNED_OFFSET, attributes: { signed: 1 } } : { offset: 0 };

/**
 * Σ x·w − zero · Σ w, with w signed as it lies in memory, and x too if it has the sign that the machine multiplies; else its numbers and the zero point
 * move by 128. Outside of X lies the zero point, so that it is taken away there too. Weights have to fit in i8 without their zero point.
 */
function quadSums(
  product: Product,
  sum: Value,
  zeros: UniformZeros,
  bytesOf: (d: Dtype) => Bytes,
): readonly GraphNode[] | undefined {
  const shape = shapeOf(product);
  const { node, data, weights } = product;
  if (!shape || zeros(weights.zero) !== (weights.value.dtype === "u8" ? SIGNED_OFFSET : 0)) return undefined;
  const { offset, copied, attributes } = bytesOf(data.value.dtype!);
  const zero = zeros(data.zero);
  // what lies outside is part of the code
  if (zero === undefined && shape.isFilters) return undefined;
  const { axis, windows, isFilters } = shape;
  const packed = packedWeights(product, shape, 4);
  const bytes = copied ? value(`${node.name}/bytes`, copied, data.value.dims!) : data.value;
  const quads = value(`${node.name}/quads`, bytes.dtype === "i8" ? "i32" : "u32", shape.dimsWith(shape.words(4)));
  const moved = (zero ?? 0) + offset;
  const isCentered = zero === undefined || moved !== 0;
  const raw = isCentered ? value(`${node.name}/products`, "i32", sum.dims!) : sum;
  const nodes = [
    ...(copied ? [own("UnsignedBytes", [data.value], bytes, {})] : []),
    own("Quads", [bytes], quads, { axis }),
    own(isFilters ? "QuadConv" : "QuadMatMul", [quads, packed], raw, {
      // the byte outside, as it would lie in memory
      ...(isFilters ? { ...windows, fill: copied ? moved : (zero ?? 0) } : {}),
      ...attributes,
    }),
  ];
  if (!isCentered) return nodes;
  const outside = isFilters ? sum.dims!.slice(2).map(() => 1) : [];
  const taken = (factor: number): Value => weightSums(product, shape, factor, outside);
  if (zero !== undefined) return [...nodes, makeNode(sum.name, "Add", [raw, taken(-moved)], [sum])];
  const zeroDims = data.zero!.dims!;
  const whole = value(`${node.name}/zero`, "i32", zeroDims);
  const shifted = value(`${node.name}/zero/moved`, "i32", zeroDims);
  const times = value(`${node.name}/zero/times`, "i32", [Poly.int(shape.outputs)]);
  return [
    ...nodes,
    makeNode(whole.name, "Cast", [data.zero!], [whole], { to: 6 }),
    makeNode(shifted.name, "Add", [whole, constantValue(`${node.name}/offset`, "i32", [], [offset])], [shifted]),
    makeNode(times.name, "Mul", [shifted, taken(-1)], [times]),
    makeNode(sum.name, "Add", [raw, times], [sum]),
  ];
}

/** The one number that a zero point is for all, where that is known; 0 without one. */
type UniformZeros = (zero: Value | undefined) => number | undefined;
/** Reads zero points that are too many to be known. */
async function uniformZeros(graph: Graph): Promise<UniformZeros> {
  const found = new Map<Value, number | undefined>();
  for (const { inputs } of everyNode(graph))
    for (const v of inputs)
      if (isByte(v) && v.constant && v.dims && v.dims.length <= 1 && !found.has(v)) {
        const numbers = numbersOf(v.known) ?? [...(await decodedConstant(v))];
        found.set(v, numbers.every(x => x === numbers[0]) ? numbers[0] : undefined);
      }
  return zero => (zero ? found.get(zero) : 0);
}

/** Sums of the weights of each output, times a factor, modulo 2³². */
function weightSums(product: Product, shape: Shape, factor: number, outside: readonly number[]): Value {
  const { outputs, summed, taps } = shape;
  const constant = lazyData(4 * outputs, async () => {
    const { numbers, zero, strides } = await weightsOf(product, shape);
    const sums = new Int32Array(outputs);
    for (let k = 0; k < outputs; k++) {
      let sum = -zero(k) * summed * taps;
      for (let c = 0; c < summed; c++) {
        const from = k * strides.output + c * strides.summed;
        for (let tap = 0; tap < taps; tap++) sum += numbers[from + tap]!;
      }
      sums[k] = Math.imul(sum, factor);
    }
    return new Uint8Array(sums.buffer);
  });
  const dims = [outputs, ...outside].map(Poly.int);
  return { name: `${product.node.name}/weights/sums`, dtype: "i32", dims, constant };
}

// ---- what both have in common

const value = (name: string, dtype: Dtype, dims: Dims): Value => ({ name, dtype, dims });

interface Shape {
  readonly isFilters: boolean;
  /** of the weights */
  readonly dims: readonly number[];
  /** of the data, along which is summed */
  readonly axis: number;
  readonly summed: number;
  readonly outputs: number;
  readonly taps: number;
  /** how many words of so many parts the summed axis is */
  readonly words: (parts: number) => number;
  /** dims of the data, with so many along the axis */
  readonly dimsWith: (size: number) => Dims;
  readonly windows: GraphNode["attributes"];
}
/** Undefined: the product has no form of ours. */
function shapeOf({ node, data, weights, kind }: Product): Shape | undefined {
  const dims = constantDims(weights.value.dims);
  const rank = data.value.dims?.length ?? 0;
  if (!dims || !weights.value.constant || !isByte(weights.value) || !isByte(data.value) || rank === 0) return undefined;
  if (data.zero && !isOne(data.zero)) return undefined;
  if (weights.zero && !weights.zero.constant) return undefined;
  const isFilters = kind === "filters";
  if (isFilters && (Number(node.attributes.group ?? 1) !== 1 || rank !== dims.length)) return undefined;
  if (!isFilters && dims.length !== 2) return undefined;
  const [outputs, summed] = kind === "matrix" ? [dims[1]!, dims[0]!] : [dims[0]!, dims[1]!];
  const zeros = weights.zero && constantDims(weights.zero.dims);
  if (zeros && countOf(zeros) !== 1 && countOf(zeros) !== outputs) return undefined;
  const axis = isFilters ? 1 : rank - 1;
  const { group, alpha, beta, transA, transB, ...windows } = node.attributes;
  return {
    ...{ isFilters, dims, axis, summed, outputs },
    taps: isFilters ? countOf(dims.slice(2)) : 1,
    words: parts => Math.ceil(summed / parts),
    dimsWith: size => data.value.dims!.map((d, i) => (i === axis ? Poly.int(size) : d)),
    windows: isFilters ? windows : {},
  };
}

interface Weights {
  readonly numbers: Int8Array | Uint8Array;
  /** the zero point of an output's weights */
  readonly zero: (output: number) => number;
  /** in `numbers`; taps are neighbours */
  readonly strides: { readonly output: number; readonly summed: number };
}
async function weightsOf({ weights, kind }: Product, { outputs, summed, taps }: Shape): Promise<Weights> {
  const { value, zero } = weights;
  const zeros = zero ? await decodedConstant(zero) : Float64Array.of(0);
  return {
    numbers: typedView(value.dtype!, await value.constant!.read()) as Int8Array | Uint8Array,
    zero: k => zeros[zeros.length === 1 ? 0 : k]!,
    strides: kind === "matrix" ? { output: 1, summed: outputs } : { output: summed * taps, summed: taps },
  };
}
/** Weights less their zero points, in words along what is summed: channels of filters [k, c / parts, taps…], rows of a matrix [k / parts, n]. */
function packedWeights(product: Product, shape: Shape, parts: 2 | 4): Value {
  const { isFilters, dims, outputs, summed, taps } = shape;
  const words = shape.words(parts);
  const packedDims = isFilters ? [outputs, words, ...dims.slice(2)] : [words, outputs];
  const to = isFilters ? { output: words * taps, word: taps } : { output: 1, word: outputs };
  const constant = lazyData(4 * countOf(packedDims), async () => {
    const { numbers, zero, strides } = await weightsOf(product, shape);
    const out = new Int32Array(countOf(packedDims));
    const bits = 32 / parts;
    const mask = 2 ** bits - 1;
    const put = (k: number, c: number): void => {
      const taken = zero(k);
      const from = k * strides.output + c * strides.summed;
      const at = k * to.output + Math.floor(c / parts) * to.word;
      const shift = bits * (c % parts);
      for (let tap = 0; tap < taps; tap++) out[at + tap]! |= ((numbers[from + tap]! - taken) & mask) << shift;
    };
    // as results lie: networks have tens of millions of weights
    if (isFilters) for (let k = 0; k < outputs; k++) for (let c = 0; c < summed; c++) put(k, c);
    else for (let c = 0; c < summed; c++) for (let k = 0; k < outputs; k++) put(k, c);
    return new Uint8Array(out.buffer);
  });
  return { name: `${product.node.name}/weights`, dtype: "i32", dims: packedDims.map(Poly.int), constant };
}
