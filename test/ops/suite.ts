// The ONNX backend suite on disk: where it is, which cases there are, what a case holds. Nothing of it is copied.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readOnnx } from "../../src/frontends/onnx/index.js";
import { constantValue } from "../../src/graph/constants.js";
import type { Graph, GraphNode, Value } from "../../src/graph/graph.js";
import { isIteration } from "../../src/graph/iteration.js";
import { subgraphs, substituteValues } from "../../src/graph/values.js";
import type { ReferenceTensor } from "../../src/ops/operator.js";
import type { Element } from "../../src/ops/reference-tensors.js";
import type { Registry } from "../../src/ops/registry.js";
import { dataPath } from "../data.js";
import { readTensorProto } from "./tensors.js";
import { loadWebCases } from "./web-suite.js";

const onnxSuites = ["node", "simple", "pytorch-converted", "pytorch-operator"] as const;
export const suiteNames = [...onnxSuites, "ort-web-ops"] as const;
export type SuiteName = (typeof suiteNames)[number];
type OnnxSuite = (typeof onnxSuites)[number];

/** The cases of a suite that are due, by their place in it; undefined where it is not here. */
export async function loadCases(
  suite: SuiteName,
  registry: Registry,
  isDue: (at: number) => boolean,
): Promise<readonly (SuiteCase | Skipped)[] | undefined> {
  const due = <T>(_: T, at: number): boolean => isDue(at);
  if (suite === "ort-web-ops") return (await loadWebCases(registry))?.filter(due);
  const names = listCases(suite)?.filter(due);
  return names && Promise.all(names.map(name => loadCase(suite, name, registry)));
}

/** Names of the cases of a suite of ONNX; undefined where it is not here. */
export function listCases(suite: OnnxSuite): readonly string[] | undefined {
  const folder = dataPath(`onnx-backend/${suite}`);
  return folder ? readdirSync(folder).sort() : undefined;
}

export interface SuiteCase {
  readonly name: string;
  readonly graph: Graph;
  /** by name */
  readonly inputs: Readonly<Record<string, ReferenceTensor>>;
  readonly outputs: readonly ReferenceTensor[];
}
/** Why a case is not run. */
export interface Skipped {
  readonly name: string;
  readonly reason: string;
}

async function loadCase(suite: OnnxSuite, name: string, registry: Registry): Promise<SuiteCase | Skipped> {
  const folder = join(dataPath(`onnx-backend/${suite}`)!, name);
  let graph: Graph;
  try {
    graph = await readOnnx(readFileSync(join(folder, "model.onnx")));
  } catch (error) {
    return { name, reason: unreadable((error as Error).message) };
  }
  if (needsHost(graph, registry)) return { name, reason: onHost };
  const unknown = operatorsOf(graph).find(n => !registry.find(n.domain, n.op, n.opset));
  if (unknown) return { name, reason: `operator ${unknown.domain ? `${unknown.domain}.` : ""}${unknown.op}` };
  const set = join(folder, "test_data_set_0");
  const inputs: Record<string, ReferenceTensor> = {};
  for (const [i, v] of graph.inputs.entries()) {
    const tensor = readTensor(join(set, `input_${i}.pb`));
    if (!tensor) return { name, reason: `element type of input "${v.name}"` };
    inputs[v.name] = tensor;
  }
  const outputs: ReferenceTensor[] = [];
  for (const [i, v] of graph.outputs.entries()) {
    const tensor = readTensor(join(set, `output_${i}.pb`));
    if (!tensor) return { name, reason: `element type of output "${v.name}"` };
    outputs.push(tensor);
  }
  return { name, graph, inputs, outputs };
}

/** Such cases are no part of a batch: host-suites.test.ts runs them. */
export const onHost = "it has host steps";

/** Containers, text, loops, or results whose size hangs on data. */
export function needsHost(graph: Graph, registry: Registry): boolean {
  const values = [...graph.inputs, ...graph.outputs, ...operatorsOf(graph).flatMap(n => n.inputs)];
  if (values.some(v => v?.container || v?.text)) return true;
  return operatorsOf(graph).some(n => {
    const operator = registry.find(n.domain, n.op, n.opset);
    const body = operator?.at ?? operator?.kernels ?? operator?.expand;
    return isIteration(n) || operator?.measured || (operator?.host?.run !== undefined && !body);
  });
}

/** The frontend's refusal, without the names that tell cases apart. */
const unreadable = (message: string): string => /element type \w+/.exec(message)?.[0] ?? message;

function readTensor(path: string): ReferenceTensor | undefined {
  if (!existsSync(path)) return undefined;
  return readTensorProto(new Uint8Array(readFileSync(path)));
}

/** All nodes, those of subgraphs included. */
export const operatorsOf = (graph: Graph): readonly GraphNode[] =>
  graph.nodes.flatMap(n => [n, ...subgraphs(n).flatMap(operatorsOf)]);

export const isSkipped = (c: SuiteCase | Skipped): c is Skipped => "reason" in c;

/** Values of the graph's own inputs whose content some operator needs at compile time, found backwards from its `content`. */
export function contentInputs(graph: Graph, registry: Registry): ReadonlySet<Value> {
  const nodes = operatorsOf(graph);
  const producers = new Map<Value, GraphNode>();
  for (const n of nodes) for (const o of n.outputs) if (o) producers.set(o, n);
  const needed = new Set<Value>();
  const need = (v: Value | undefined): void => {
    if (!v || needed.has(v)) return;
    needed.add(v);
    const producer = producers.get(v);
    if (!producer || producer.op === "Shape" || producer.op === "Size") return;
    producer.inputs.forEach(need);
    const position = producer.outputs.indexOf(v);
    for (const branch of subgraphs(producer)) need(branch.outputs[position]);
  };
  for (const n of nodes) {
    const operator = registry.find(n.domain, n.op, n.opset);
    operator?.inputs.forEach((name, i) => {
      if (operator.content?.includes(name.replace("?", ""))) need(n.inputs[i]);
    });
  }
  return new Set(graph.inputs.filter(v => needed.has(v)));
}

/** The graph with the inputs whose content operators need turned into constants. */
export function bindContent({ graph, inputs }: SuiteCase, registry: Registry): Graph {
  const made = new Map<Value, Value>();
  for (const v of contentInputs(graph, registry)) {
    const { dtype, dims, data } = inputs[v.name]!;
    made.set(v, constantValue(v.name, dtype, dims, Array.from(data as ArrayLike<Element>)));
  }
  const bound = substituteValues(graph, v => made.get(v) ?? v);
  return { ...bound, inputs: graph.inputs.filter(v => !made.has(v)) };
}
