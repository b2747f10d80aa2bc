// Runs a graph with the operators' references, and holds each node's `shape`, `dtypes` and `values` against what they give.
import assert from "node:assert/strict";
import type { BoundNode } from "../../src/graph/bind.js";
import { bindNode } from "../../src/graph/bind.js";
import { decode, typedView } from "../../src/graph/constants.js";
import type { Graph, GraphNode, Value } from "../../src/graph/graph.js";
import { infer } from "../../src/graph/infer.js";
import { differentiate } from "../../src/graph/passes/differentiate.js";
import { expandOperators } from "../../src/graph/passes/index.js";
import { is64BitInteger, isFloat } from "../../src/ir/dtypes.js";
import { isNarrowFloat, roundTo, roundToFloat } from "../../src/ir/float-bits.js";
import { Poly } from "../../src/ir/poly.js";
import { numberOf } from "../../src/ops/known-values.js";
import type { OperatorModule, ReferenceTensor } from "../../src/ops/operator.js";
import type { Element } from "../../src/ops/reference-tensors.js";
import type { Registry } from "../../src/ops/registry.js";

type Tensors = ReadonlyMap<Value, ReferenceTensor>;

/** What the evaluation finds operators with. */
export interface Library {
  readonly registry: Registry;
  readonly modules: readonly OperatorModule[];
}

export async function evaluateReference(
  given: Graph,
  inputs: Readonly<Record<string, ReferenceTensor>>,
  library: Library,
): Promise<readonly ReferenceTensor[]> {
  // derivatives are nodes of operators with references
  const asks = given.nodes.some(n => n.op === "Gradient");
  const graph = asks ? await differentiate(library.registry).run(infer(given, library.registry)) : given;
  return evaluate(graph, new Map(graph.inputs.map(v => [v, inputs[v.name]!])), library);
}

async function evaluate(graph: Graph, given: Tensors, library: Library): Promise<readonly ReferenceTensor[]> {
  const tensors = new Map(given);
  const read = async (v: Value): Promise<ReferenceTensor> => tensors.get(v) ?? (await constantTensor(v));
  for (const node of graph.nodes) {
    const inputs = await Promise.all(node.inputs.map(v => v && read(v)));
    const outputs = await outputsOf(node, inputs, tensors, library);
    node.outputs.forEach((o, i) => {
      if (o) tensors.set(o, outputs[i]!);
    });
  }
  return Promise.all(graph.outputs.map(read));
}

async function outputsOf(
  node: GraphNode,
  inputs: readonly (ReferenceTensor | undefined)[],
  tensors: Tensors,
  library: Library,
): Promise<readonly (ReferenceTensor | undefined)[]> {
  if (node.op === "If") return branch(node, inputs[0]!, tensors, library);
  const operator = library.registry.find(node.domain, node.op, node.opset);
  const module = library.modules.find(m => m.operator === operator);
  return operator?.expand && !module?.reference ? expanded(node, inputs, library) : run(node, inputs, library);
}

/** An operator without a reference means what its expansion means. */
async function expanded(
  node: GraphNode,
  inputs: readonly (ReferenceTensor | undefined)[],
  library: Library,
): Promise<readonly ReferenceTensor[]> {
  const given = new Map<Value, ReferenceTensor>();
  const values = node.inputs.map((v, i) => {
    const value = v && withContent(v.name, inputs[i]!);
    if (value) given.set(value, inputs[i]!);
    return value;
  });
  const outputs = node.outputs.flatMap(o => o ?? []);
  const alone: Graph = {
    name: node.name,
    inputs: [...given.keys()],
    outputs,
    nodes: [{ ...node, inputs: values }],
    symbols: [],
  };
  const graph = await expandOperators(library.registry).run(infer(alone, library.registry));
  return evaluate(graph, given, library);
}

function branch(node: GraphNode, condition: ReferenceTensor, tensors: Tensors, library: Library) {
  const taken = node.attributes[Number(condition.data[0]) !== 0 ? "then_branch" : "else_branch"];
  return evaluate((taken as { graph: Graph }).graph, tensors, library);
}

async function constantTensor(v: Value): Promise<ReferenceTensor> {
  assert(v.constant, `value "${v.name}" is read before it is computed`);
  const dtype = v.dtype!;
  const bytes = await v.constant.read();
  const data = is64BitInteger(dtype) ? (typedView(dtype, bytes) as BigInt64Array) : decode(dtype, bytes);
  return { dtype, dims: v.dims!.map(d => d.constant), data };
}

/** The outputs of a node by position. */
export function run(
  node: GraphNode,
  inputs: readonly (ReferenceTensor | undefined)[],
  { registry, modules }: Library,
): readonly (ReferenceTensor | undefined)[] {
  const tensors = new Map<Value, ReferenceTensor>();
  const values = node.inputs.map((v, i) => {
    const value = v && withContent(v.name, inputs[i]!);
    if (value) tensors.set(value, inputs[i]!);
    return value;
  });
  const bound = bindNode({ ...node, inputs: values }, registry);
  const byName = Object.fromEntries(Object.entries(bound.inputs).map(([name, v]) => [name, tensors.get(v)!]));
  const module = modules.find(m => m.operator === bound.operator);
  assert(module?.reference, `${bound.operator.name} has no reference`);
  const results = module.reference(byName, bound.info.attributes, bound.info);
  checkInference(bound, results);
  const names = new Map(Object.entries(bound.outputs).map(([name, v]) => [v, name]));
  return node.outputs.map(o => o && stored(results[names.get(o)!]));
}

/** Between nodes, floats are rounded to their dtype, as a program stores them: in chains that quantise, the rounding decides ties. */
function stored(t: ReferenceTensor | undefined): ReferenceTensor | undefined {
  const { dtype } = t ?? {};
  if (dtype !== "f32" && !(dtype && isNarrowFloat(dtype))) return t;
  const round = dtype === "f32" ? Math.fround : (x: number) => roundToFloat(dtype, x);
  return { ...t!, data: Array.from(t!.data as ArrayLike<number>, round) };
}

/** A tensor as a value of which everything is known. */
function withContent(name: string, { dtype, dims, data }: ReferenceTensor): Value {
  const elements = Array.from(data as ArrayLike<Element>, x => (isFloat(dtype) ? Number(x) : Poly.int(Number(x))));
  return { name, dtype, dims: dims.map(n => Poly.int(n)), known: { dims, data: elements } };
}

function checkInference({ operator, info }: BoundNode, results: Readonly<Record<string, ReferenceTensor>>): void {
  const dims = operator.shape(info);
  const dtypes = operator.dtypes?.(info);
  const known = operator.values?.(info) ?? {};
  for (const output of info.wanted) {
    const what = `${operator.name} ${output}`;
    const want = results[output];
    assert(want, `${what}: the reference gives nothing`);
    assert.deepEqual(
      dims[output]?.map(d => d.constant),
      [...want.dims],
      `${what}: shape`,
    );
    assert.equal(dtypes ? dtypes[output] : info.dtypes[info.present[0]!], want.dtype, `${what}: dtypes`);
    const content = known[output];
    if (!content) continue;
    assert.deepEqual([...content.dims], [...want.dims], `${what}: dims of values`);
    content.data.forEach((x, i) => {
      const got = numberOf(x);
      // references do not round to their dtype, runs do, and so do known values
      const expected = roundTo(want.dtype, Number(want.data[i]));
      const close =
        got === undefined || Object.is(got, expected) || Math.abs(got - expected) <= 1e-6 * Math.abs(expected);
      assert(close || got === expected, `${what}: values say ${got} at ${i}, the reference ${expected}`);
    });
  }
}
