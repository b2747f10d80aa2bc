// Constant folding: values that are known at compile time become constants. Shape arithmetic goes this way, because inference
// knows its result; so do fills, and whole operators on constants where the caller can evaluate them.

import { bytesOf, is64BitInteger } from "../../ir/dtypes.js";
import { isHalfFloat } from "../../ir/float-bits.js";
import type { Registry } from "../../ops/registry.js";
import type { BoundNode } from "../bind.js";
import { bindNode } from "../bind.js";
import {
  bytesData,
  constantDims,
  constantValue,
  fillData,
  knownLimit,
  knownOf,
  lazyData,
  numberOf,
  numbersOf,
  countOf,
} from "../constants.js";
import type { ConstantData, Graph, KnownValue, Value } from "../graph.js";
import { wideData } from "../half-floats.js";
import type { Pass } from "../pass.js";
import type { Rule } from "../rewrite.js";
import { rewriteEverywhere } from "../rewrite.js";
import { constantsOf, isFunction, substituteValues } from "../values.js";
import { foldMovement } from "./fold-movement.js";

/** Runs one operator on constant inputs: bytes of its outputs, by name, row-major in their dtypes. */
export type Evaluate = (
  node: BoundNode,
  inputs: Readonly<Record<string, Uint8Array>>,
) => Promise<Readonly<Record<string, Uint8Array>>>;

/** `evaluate` absent: only what inference knows, fills, reshapes and moves are folded. */
export function foldConstants(registry: Registry, evaluate?: Evaluate): Pass {
  const rules: Rule[] = [foldKnown, foldFill, foldReshape(registry), foldMovement, foldWidening];
  if (evaluate) rules.push(foldEvaluated(registry, evaluate));
  return { name: "fold-constants", run: graph => readSmall(rewriteEverywhere(graph, ...rules)) };
}

/** All outputs in numbers: inference has done the work. */
const foldKnown: Rule = node => {
  const values = new Map<Value, Value>();
  for (const o of node.outputs) {
    if (!o) continue;
    const numbers = numbersOf(o.known);
    const dims = constantDims(o.dims);
    if (!numbers || !dims || !o.dtype) return undefined;
    // ±2⁶³ stands for more than one integer
    if (is64BitInteger(o.dtype) && !numbers.every(Number.isSafeInteger)) return undefined;
    values.set(o, constantValue(o.name, o.dtype, dims, numbers));
  }
  return values.size > 0 ? { nodes: [], values } : undefined;
};

/** Nothing is stored for a fill, however large: weights of test models are made this way. */
const foldFill: Rule = node => {
  if (node.op !== "ConstantOfShape" || node.domain !== "") return undefined;
  const output = node.outputs[0];
  const dims = constantDims(output?.dims);
  if (!output?.dtype || !dims) return undefined;
  const given = node.attributes.value;
  const tensor = typeof given === "object" && "tensor" in given ? given.tensor : undefined;
  const value = tensor ? numberOf(tensor.known?.data[0]) : 0;
  if (value === undefined) return undefined;
  return replaceBy(output, fillData(output.dtype, countOf(dims), value));
};

/** The same bytes under other dims. */
const foldReshape =
  (registry: Registry): Rule =>
  node => {
    const [input, output] = [node.inputs[0], node.outputs[0]];
    if (!input?.constant || !output?.dims || !constantDims(output.dims)) return undefined;
    if (!registry.find(node.domain, node.op, node.opset)?.reshape || output.dtype !== input.dtype) return undefined;
    return replaceBy(output, input.constant, input.known);
  };

/** Weights that a file holds as 16-bit floats and widens: they are packed as f32, once. */
const foldWidening: Rule = node => {
  const [[input], [output]] = [node.inputs, node.outputs];
  if (node.op !== "Cast" || node.domain !== "" || !input?.constant || !isHalfFloat(input.dtype)) return undefined;
  if (output?.dtype !== "f32" || !constantDims(output.dims)) return undefined;
  return replaceBy(output, wideData(input.constant, input.dtype), input.known);
};

function replaceBy(output: Value, constant: ConstantData, content?: KnownValue): ReturnType<Rule> {
  const known = content && { dims: constantDims(output.dims)!, data: content.data };
  const value: Value = {
    name: output.name,
    dtype: output.dtype,
    dims: output.dims,
    constant,
    ...(known ? { known } : {}),
  };
  return { nodes: [], values: new Map([[output, value]]) };
}

/** More elements than this, read and made together, stay operators: whoever evaluates at load is slower than the compiled code. */
const evaluationLimit = 1 << 16;

/** Whole operators on constants, evaluated when somebody reads the result. */
const foldEvaluated =
  (registry: Registry, evaluate: Evaluate): Rule =>
  node => {
    if (!node.inputs.some(v => v) || !node.inputs.every(v => !v || v.constant)) return undefined;
    if (!isFunction(node)) return undefined;
    if (node.outputs.some(o => byteLengthOf(o) === undefined)) return undefined;
    const elements = [...node.inputs, ...node.outputs].map(v => countOf(constantDims(v?.dims) ?? []));
    if (elements.reduce((a, b) => a + b, 0) > evaluationLimit) return undefined;
    const bound = bindNode(node, registry);
    const values = new Map<Value, Value>();
    for (const [name, output] of Object.entries(bound.outputs))
      values.set(output, {
        ...output,
        constant: lazyData(byteLengthOf(output)!, () => evaluateOutput(bound, evaluate, name)),
      });
    return { nodes: [], values };
  };

function byteLengthOf(v: Value | undefined): number | undefined {
  if (!v) return 0;
  const dims = constantDims(v.dims);
  return dims && v.dtype ? countOf(dims) * bytesOf(v.dtype) : undefined;
}

async function evaluateOutput(bound: BoundNode, evaluate: Evaluate, output: string): Promise<Uint8Array> {
  const inputs: Record<string, Uint8Array> = {};
  for (const [name, v] of Object.entries(bound.inputs)) inputs[name] = await v.constant!.read();
  return (await evaluate(bound, inputs))[output]!;
}

/** Small constants that have become constant only now are read, so that inference sees their content. */
async function readSmall(graph: Graph): Promise<Graph> {
  const read = new Map<Value, Value>();
  for (const v of constantsOf(graph)) {
    const dims = constantDims(v.dims);
    if (!v.constant || v.known || !dims || !v.dtype || countOf(dims) > knownLimit) continue;
    const bytes = await v.constant.read();
    read.set(v, { ...v, constant: bytesData(bytes), known: knownOf(v.dtype, dims, bytes) });
  }
  return read.size === 0 ? graph : substituteValues(graph, v => read.get(v) ?? v);
}
