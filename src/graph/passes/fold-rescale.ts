// Integer sums between quantisers are scaled once: the scale of the QuantizeLinear behind them goes into that of the sums, and into the bias. A
// product and a sum stay where there was a division as well, which takes as long as ten products do. Rounds as QLinearConv does. Only of products
// between quantisers, whose sums nobody states to the last bit: what a model multiplies integers by itself stays as it is.
import { constantDims, constantValue, countOf, decodedConstant, lazyData, numbersOf } from "../constants.js";
import type { ConstantData, GraphNode, Value } from "../graph.js";
import { makeNode } from "../make.js";
import type { Pass } from "../pass.js";
import type { RewriteView, Rule } from "../rewrite.js";
import { isStandard, rewriteEverywhere } from "../rewrite.js";
import { dequantized, integers } from "./fold-quantization.js";
import { scalesOfSums } from "./pair-integers.js";
import { removeDeadCode } from "./remove-dead-code.js";

export const foldRescale: Pass = {
  name: "fold-rescale",
  run: async graph => {
    const folded = rewriteEverywhere(graph, rescaled);
    return folded === graph ? graph : removeDeadCode.run(folded);
  },
};

const rescaled: Rule = (node, view) => {
  const [x, scale, zero] = node.inputs;
  const step = scaleOf(node);
  if (step === undefined || x?.dtype !== "f32") return undefined;
  const only = (v: Value | undefined, op: string): GraphNode | undefined => {
    const made = view.producer(v);
    return v && isStandard(made, op) && view.readers(v) === 1 ? made : undefined;
  };
  const relu = only(x, "Relu");
  const add = only(relu ? relu.inputs[0] : x, "Add");
  const mul = only(add ? add.inputs[0] : (relu?.inputs[0] ?? x), "Mul");
  const [sum, factor] = mul?.inputs ?? [];
  const cast = view.producer(sum);
  if (!isStandard(cast, "Cast") || !factor?.constant || !scalesOfSums.has(factor.constant)) return undefined;
  const factors = numbersIn(factor, view);
  const biases = add && numbersIn(add.inputs[1], view);
  if (!factors || (add && !biases)) return undefined;
  const nodes: GraphNode[] = [];
  const next = (op: string, inputs: readonly Value[]): Value => {
    const y: Value = { name: `${node.name}/${op.toLowerCase()}`, dtype: "f32", dims: x.dims! };
    nodes.push(makeNode(y.name, op, inputs, [y]));
    return y;
  };
  const over = (v: Value, numbers: Numbers): Value => ({
    ...constant(v, numbers, step),
    name: `${node.name}/${v.name}`,
  });
  let y = next("Mul", [sum!, over(factor!, factors)]);
  if (biases) y = next("Add", [y, over(add!.inputs[1]!, biases)]);
  if (relu) y = next("Relu", [y]);
  const one = constantValue(`${scale!.name}/one`, "f32", [], [1]);
  return { nodes: [...nodes, { ...node, inputs: [y, one, ...(zero ? [zero] : [])] }] };
};

/** The one scale of a QuantizeLinear in f32, where it is known and not 1. */
function scaleOf(node: GraphNode): number | undefined {
  if (!isStandard(node, "QuantizeLinear") || node.attributes.block_size || node.attributes.precision) return undefined;
  const scale = node.inputs[1];
  const numbers = scale?.dtype === "f32" && scale.constant ? numbersOf(scale.known) : undefined;
  const step = numbers?.length === 1 ? numbers[0]! : 1;
  return step > 0 && step !== 1 && Number.isFinite(step) ? step : undefined;
}

type Numbers = () => Promise<Float32Array | Float64Array>;
/** What a value of constant content holds, in f32: it may be dequantised, and have got other dims. */
function numbersIn(v: Value | undefined, view: RewriteView): Numbers | undefined {
  if (v?.dtype !== "f32" || !constantDims(v.dims)) return undefined;
  if (v.constant) return () => decodedConstant(v);
  const made = view.producer(v);
  if (made?.domain !== "") return undefined;
  if (made.op === "Reshape") return numbersIn(made.inputs[0], view);
  if (made.op !== "DequantizeLinear" || made.attributes.block_size || v.dims!.length > 1) return undefined;
  const [x, scale, zero] = made.inputs;
  if (
    !x?.constant ||
    !integers.includes(x.dtype) ||
    !scale?.constant ||
    scale.dtype !== "f32" ||
    (zero && !zero.constant)
  )
    return undefined;
  return async () => {
    const [numbers, scales] = [await decodedConstant(x), await decodedConstant(scale)];
    return dequantized(numbers, scales, zero && (await decodedConstant(zero)), 1);
  };
}

/** Beyond the largest float a product with a sum of 0 would be no number. */
const LARGEST = 2 ** 127;
function constant(v: Value, numbers: Numbers, step: number): Value {
  const count = countOf(constantDims(v.dims)!);
  const data: ConstantData = lazyData(4 * count, async () => {
    const quotients = (await numbers()).map(x => Math.max(-LARGEST, Math.min(x / step, LARGEST)));
    return new Uint8Array(Float32Array.from(quotients).buffer);
  });
  return { name: v.name, dtype: "f32", dims: v.dims!, constant: data };
}
