// A graph on float64 arrays, node by node with the references of its operators: what passes must not change.

import { bindNode } from "../../src/graph/bind.js";
import { constantDims, decode, typedView } from "../../src/graph/constants.js";
import type { Graph, GraphNode, Value } from "../../src/graph/graph.js";
import { infer, isIf } from "../../src/graph/infer.js";
import { specialize } from "../../src/graph/specialize.js";
import { is64BitInteger } from "../../src/ir/dtypes.js";
import type { ReferenceTensor } from "../../src/ops/operator.js";
import type { Registry } from "../../src/ops/registry.js";
import { operatorModules } from "../ops/modules.js";

type Tensors = Map<Value, ReferenceTensor>;
const references = new Map(operatorModules.map(m => [m.operator, m.reference]));

/** Outputs by name. Dims become those of the inputs first, so that every node is inferred in numbers. */
export async function evaluate(
  graph: Graph,
  registry: Registry,
  inputs: Readonly<Record<string, ReferenceTensor>>,
): Promise<Record<string, ReferenceTensor>> {
  const dims = Object.fromEntries(Object.entries(inputs).map(([name, t]) => [name, t.dims]));
  const concrete = infer(specialize(graph, dims), registry);
  const tensors: Tensors = new Map(concrete.inputs.map(v => [v, inputs[v.name]!]));
  await evaluateNodes(concrete, registry, tensors);
  const outputs = await Promise.all(concrete.outputs.map(async v => [v.name, await tensorOf(v, tensors)] as const));
  return Object.fromEntries(outputs);
}

async function evaluateNodes(graph: Graph, registry: Registry, tensors: Tensors): Promise<void> {
  for (const node of graph.nodes) {
    if (isIf(node)) await evaluateIf(node, registry, tensors);
    else await evaluateNode(node, registry, tensors);
  }
}

async function evaluateNode(node: GraphNode, registry: Registry, tensors: Tensors): Promise<void> {
  const { operator, info, inputs, outputs } = bindNode(node, registry);
  const reference = references.get(operator);
  if (!reference) throw new Error(`no reference for ${node.op}`);
  const given: Record<string, ReferenceTensor> = {};
  for (const [name, v] of Object.entries(inputs)) given[name] = await tensorOf(v, tensors);
  const { present, opset, outputCount } = info;
  const result = reference(given, info.attributes, { present, opset, outputCount });
  for (const [name, v] of Object.entries(outputs)) tensors.set(v, result[name]!);
}

async function evaluateIf(node: GraphNode, registry: Registry, tensors: Tensors): Promise<void> {
  const condition = (await tensorOf(node.inputs[0]!, tensors)).data[0];
  const branch = (node.attributes[condition ? "then_branch" : "else_branch"] as { graph: Graph }).graph;
  await evaluateNodes(branch, registry, tensors);
  for (const [i, o] of node.outputs.entries()) if (o) tensors.set(o, await tensorOf(branch.outputs[i]!, tensors));
}

async function tensorOf(v: Value, tensors: Tensors): Promise<ReferenceTensor> {
  const known = tensors.get(v);
  if (known) return known;
  if (!v.constant) throw new Error(`"${v.name}" has no value`);
  const bytes = await v.constant.read();
  const dtype = v.dtype!;
  const data = is64BitInteger(dtype) ? (typedView(dtype, bytes) as BigInt64Array) : decode(dtype, bytes);
  const tensor = { dtype, dims: constantDims(v.dims)!, data };
  tensors.set(v, tensor);
  return tensor;
}

/** Deterministic numbers between -1 and 1, for inputs and weights. */
export function pseudoRandom(count: number, seed = 1): number[] {
  let state = seed >>> 0;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}
