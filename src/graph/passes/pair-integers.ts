// Products of 8-bit integers in integer arithmetic: convolutions and matrix products with constant weights, as integer operators or between
// DequantizeLinear and what follows. Two or four neighbours of the summed axis become one word (integer-words.ts), which one or two instructions
// multiply and add. Sums are exact in 32 bits; scales come after them, in f32.
import type { Dtype } from "../../ir/dtypes.js";
import { Poly } from "../../ir/poly.js";
import { constantDims, constantValue, countOf, decodedConstant, lazyData } from "../constants.js";
import type { ConstantData, GraphNode, Value } from "../graph.js";
import { makeNode } from "../make.js";
import type { Pass } from "../pass.js";
import {
  type IntegerProducts,
  type Integers,
  integerSums,
  isByte,
  isOne,
  own,
  type Product,
  type Sums,
} from "./integer-words.js";
import { removeDeadCode } from "./remove-dead-code.js";
import { isStandard, type Rewrite, type RewriteView, type Rule, rewriteEverywhere } from "../rewrite.js";

export const pairIntegers = (products: IntegerProducts = "pairs"): Pass => ({
  name: "pair-integers",
  run: async graph => {
    const sums = await integerSums(graph, products);
    const rules = [integerProduct(sums), quantizedProduct(sums), dequantizedProduct(sums)];
    const paired = rewriteEverywhere(graph, ...rules);
    // of what nobody reads any more, nothing counts as a reader
    return paired === graph ? graph : rewriteEverywhere(await removeDeadCode.run(paired), centerParts);
  },
});

/** Parts of a concatenation lose their zero point by themselves: where they are computed, and straight into their place. */
const centerParts: Rule = (node, view) => {
  if (node.op !== "Centered" || node.domain !== "azulejo") return undefined;
  const [x, ...zero] = node.inputs as [Value, ...Value[]];
  const [y] = node.outputs as [Value];
  const concat = view.producer(x);
  const { axis } = node.attributes;
  if (concat?.op !== "Concat" || concat.domain !== "" || view.readers(x) !== 1 || concat.attributes.axis !== axis)
    return undefined;
  const parts = concat.inputs as readonly Value[];
  if (!parts.every(p => p.dims?.[axis as number]?.isConst && p.dims[axis as number]!.constant % 2 === 0))
    return undefined;
  const centered = parts.map((p, i): Value => ({ name: `${node.name}/part_${i}`, dtype: "i16", dims: p.dims! }));
  return {
    nodes: [
      ...parts.map((p, i) => own("Centered", [p, ...zero], centered[i]!, { axis: axis as number })),
      { ...makeNode(node.name, "Concat", centered, [y], { axis: axis as number }) },
    ],
  };
};

// ---- operators on integers

/** ConvInteger and MatMulInteger are their sums. */
const integerProduct =
  (sums: Sums): Rule =>
  node => {
    if (!isStandard(node, "ConvInteger", "MatMulInteger")) return undefined;
    const [x, w, zeroX, zeroW] = node.inputs;
    const [y] = node.outputs;
    if (!x || !w || !y?.dims) return undefined;
    const kind = node.op === "ConvInteger" ? "filters" : "matrix";
    const data = { value: x, zero: zeroX };
    const nodes = sums({ node, data, weights: { value: w, zero: zeroW }, kind }, y);
    return nodes && { nodes };
  };

/**
 * QLinearConv and QLinearMatMul: sums, the bias, one product with x_scale · w_scale / y_scale in f32, and the zero point. With 1 as its scale
 * QuantizeLinear rounds, adds the zero point and saturates.
 */
const quantizedProduct =
  (sums: Sums): Rule =>
  node => {
    if (!isStandard(node, "QLinearConv", "QLinearMatMul")) return undefined;
    const [x, scaleX, zeroX, w, scaleW, zeroW, scaleY, zeroY, bias] = node.inputs;
    const [y] = node.outputs;
    if (
      !x ||
      !w ||
      !zeroY ||
      !y?.dims ||
      ![scaleX, scaleW, scaleY].every(isScale) ||
      !isOne(scaleX!) ||
      !isOne(scaleY!)
    )
      return undefined;
    const kind = node.op === "QLinearConv" ? "filters" : "matrix";
    const next = steps(node, y);
    const sum = next.value("sum", "i32");
    const nodes = sums({ node, data: { value: x, zero: zeroX }, weights: { value: w, zero: zeroW }, kind }, sum);
    if (!nodes || !isOne(zeroY) || !zeroY.constant) return undefined;
    const whole = bias ? next.node("Add", [sum, next.alongOutputs(bias)], "i32") : sum;
    const scaled = next.node(
      "Mul",
      [next.node("Cast", [whole], "f32", { to: 1 }), scales(node, kind, y, [scaleX!, scaleW!], scaleY)],
      "f32",
    );
    const one = constantValue(`${node.name}/one`, "f32", [], [1]);
    return {
      nodes: [...nodes, ...next.nodes, makeNode(node.name, "QuantizeLinear", [scaled, one, scalar(zeroY)], [y])],
    };
  };
const isScale = (v: Value | undefined): boolean => v?.constant !== undefined && v.dtype === "f32";

/** Conv, MatMul and Gemm of two DequantizeLinear: sums, times both scales, plus the bias. */
const dequantizedProduct =
  (sums: Sums): Rule =>
  (node, view) => {
    if (!isStandard(node, "Conv", "MatMul", "Gemm")) return undefined;
    const [x, w, bias] = node.inputs;
    const [y] = node.outputs;
    const [data, weights] = [dequantized(x, view), dequantized(w, view)];
    if (!data || !weights || y?.dtype !== "f32" || !y.dims || !isOne(data.scale)) return undefined;
    const { alpha = 1, beta = 1, transA = 0, transB = 0 } = node.attributes;
    const kind = node.op === "Conv" ? "filters" : transB ? "transposed" : "matrix";
    if (node.op === "Gemm" && (alpha !== 1 || transA || (bias && beta !== 1))) return undefined;
    if (!scaleFits(weights, kind)) return undefined;
    const next = steps(node, y);
    const sum = next.value("sum", "i32");
    const nodes = sums({ node, data, weights, kind }, sum);
    if (!nodes) return undefined;
    const scale = scales(node, kind, y, [data.scale, weights.scale]);
    scalesOfSums.add(scale.constant!);
    const factors = [next.node("Cast", [sum], "f32", { to: 1 }), scale];
    const shifted = bias && (kind === "filters" ? next.alongOutputs(bias) : bias);
    const last = shifted
      ? makeNode(node.name, "Add", [next.node("Mul", factors, "f32"), shifted], [y])
      : makeNode(node.name, "Mul", factors, [y]);
    return { nodes: [...nodes, ...next.nodes, last] } satisfies Rewrite;
  };

interface Dequantized extends Integers {
  readonly scale: Value;
  readonly axis: number;
}
function dequantized(v: Value | undefined, view: RewriteView): Dequantized | undefined {
  const made = view.producer(v);
  if (!isStandard(made, "DequantizeLinear") || made.attributes.block_size) return undefined;
  const [value, scale, zero] = made.inputs;
  const rank = value?.dims?.length;
  if (!isByte(value) || !isScale(scale) || rank === undefined) return undefined;
  return { value, scale: scale!, zero, axis: (Number(made.attributes.axis ?? 1) + rank) % Math.max(1, rank) };
}
/** one scale for all weights, or one for each output */
const scaleFits = ({ scale, axis }: Dequantized, kind: Product["kind"]): boolean =>
  isOne(scale) || axis === (kind === "matrix" ? 1 : 0);

// ---- scales and biases

/** What takes sums of products between quantisers to floats: whoever quantises them may choose where that rounds, as it may not of what a model wrote. */
export const scalesOfSums = new WeakSet<ConstantData>();

/** The product of two scales, each step in f32, over a third: one number, or one for each output, in front of the other dims of `y`. */
function scales(node: GraphNode, kind: Product["kind"], y: Value, factors: readonly Value[], over?: Value): Value {
  const size = Math.max(...factors.map(f => countOf(constantDims(f.dims)!)));
  const constant = lazyData(4 * size, async () => {
    const [a, b, c] = await Promise.all([...factors, ...(over ? [over] : [])].map(decodedConstant));
    const at = (list: Float64Array, i: number): number => list[list.length === 1 ? 0 : i]!;
    const out = Float32Array.from({ length: size }, (_, i) => {
      const product = Math.fround(at(a!, i) * at(b!, i));
      return c ? Math.fround(product / c[0]!) : product;
    });
    return new Uint8Array(out.buffer);
  });
  return { name: `${node.name}/scale`, dtype: "f32", dims: outputDims(size, kind, y).map(Poly.int), constant };
}
/** dims of what varies along the outputs alone */
const outputDims = (size: number, kind: Product["kind"], y: Value): readonly number[] =>
  size === 1 ? [] : kind === "filters" ? [size, ...y.dims!.slice(2).map(() => 1)] : [size];

/** one number as a scalar: a vector of one would count as one for each of an axis */
const scalar = (v: Value): Value =>
  v.dims!.length === 0 || !v.constant
    ? v
    : { ...v, name: `${v.name}/one`, dims: [], ...(v.known ? { known: { dims: [], data: v.known.data } } : {}) };

/** Elementwise nodes that lead to `y`, of its dims. */
function steps(node: GraphNode, y: Value) {
  const nodes: GraphNode[] = [];
  const value = (name: string, dtype: Dtype): Value => ({ name: `${node.name}/${name}`, dtype, dims: y.dims! });
  const make = (
    op: string,
    inputs: readonly Value[],
    dtype: Dtype,
    attributes: GraphNode["attributes"] = {},
  ): Value => {
    const out = value(op.toLowerCase(), dtype);
    nodes.push(makeNode(out.name, op, inputs, [out], attributes));
    return out;
  };
  /** The bias of a convolution [outputs], in front of the spatial dims. */
  const alongOutputs = (bias: Value): Value => {
    const ones = y.dims!.slice(2).map(() => 1);
    const out: Value = { name: `${node.name}/bias`, dtype: bias.dtype, dims: [...bias.dims!, ...ones.map(Poly.int)] };
    const dims = constantValue(`${node.name}/bias/dims`, "i64", [1 + ones.length], [-1, ...ones]);
    nodes.push(makeNode(out.name, "Reshape", [bias, dims], [out]));
    return out;
  };
  return { nodes, value, node: make, alongOutputs };
}
