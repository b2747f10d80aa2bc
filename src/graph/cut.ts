// A graph cut into segments at the nodes that need the host: what is between them is compiled, as large as it can be.
// Also where the dims of a node hang on data: the part before it runs first, and its result decides what comes after.
import type { Registry } from "../ops/registry.js";
import type { BoundNode } from "./bind.js";
import { bindNode } from "./bind.js";
import { numbersOf } from "./constants.js";
import type { Graph, GraphNode, Value } from "./graph.js";
import { isHostNode } from "./host-nodes.js";
import { isIf } from "./infer.js";
import type { Roles } from "./iteration.js";
import { bodyOf, isIteration, rolesOf } from "./iteration.js";
import type { Segment } from "./segment.js";
import { segmentOf } from "./segment.js";
import { isMeasured, sameDims } from "./value-types.js";
import { subgraphs, valuesRead } from "./values.js";

/** A graph as steps of the host. Values are those of the graph; inner programs read those of the programs around them. */
export interface HostProgram {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly steps: readonly HostStep[];
}
export type HostStep =
  | { readonly kind: "segment"; readonly segment: Segment }
  | { readonly kind: "operator"; readonly bound: BoundNode }
  | { readonly kind: "if"; readonly node: GraphNode; readonly then: HostProgram; readonly else: HostProgram }
  | {
      readonly kind: "loop" | "scan" | "map";
      readonly node: GraphNode;
      readonly bound: BoundNode;
      readonly roles: Roles;
      readonly body: HostProgram;
    };

/** Has the graph anything that only the host can do? */
export function usesHost(graph: Graph, registry: Registry): boolean {
  return (
    graph.inputs.some(v => v.container || v.text) ||
    graph.outputs.some(v => v.container || v.text) ||
    graph.nodes.some(n => n.inputs.some(v => v?.text)) ||
    graph.nodes.some(n => isHostWork(n, registry))
  );
}

/** Does the node run between compiled parts? */
export function isHostWork(node: GraphNode, registry: Registry): boolean {
  if (isIteration(node)) return !isFixed(node, registry);
  if (isIf(node)) return node.outputs.some(o => o?.container) || subgraphs(node).some(g => usesHost(g, registry));
  return isHostNode(bindNode(node, registry));
}

/** Can the loop run inside a program? Nothing in it may change size from round to round, and rows are counted before. */
function isFixed(node: GraphNode, registry: Registry): boolean {
  if (node.op === "SequenceMap" || (node.op === "Scan" && node.opset < 9)) return false;
  const body = bodyOf(node);
  const { states } = rolesOf(node, bindNode(node, registry).info.attributes);
  const typed = (v: Value | undefined): boolean => !!v && !!v.dtype && !!v.dims && !v.container;
  const first = node.op === "Loop" ? 2 : 0;
  const last = body.outputs.length - (node.op === "Loop" ? 1 : 0);
  return (
    node.inputs.every(v => !v || typed(v)) &&
    [...body.inputs, ...body.outputs].every(typed) &&
    states.every((v, i) => sameDims(v!.dims, body.inputs[first + i]!.dims)) &&
    states.every((v, i) => sameDims(v!.dims, body.outputs[body.outputs.length - last + i]!.dims)) &&
    node.outputs.slice(states.length).every(o => !o || isCounted(o)) &&
    isCompiled(body, registry)
  );
}
/** rows of a Loop that may end early are as many as a run tells */
const isCounted = ({ dims }: Value): boolean => !!dims && ![...(dims[0]?.syms ?? [])].some(isMeasured);

const isCompiled = (graph: Graph, registry: Registry): boolean =>
  graph.nodes.every(
    n =>
      n.outputs.every(o => !o || (o.dims && o.dtype)) &&
      !isHostWork(n, registry) &&
      subgraphs(n).every(g => isCompiled(g, registry)),
  );

/** The graph must be inferred. @throws AzulejoError graph-invalid */
export function cut(graph: Graph, registry: Registry): HostProgram {
  const times = timesOf(graph, registry);
  const steps: HostStep[] = [];
  const last = Math.max(0, ...times.values());
  for (let time = 0; time <= last; time++) {
    const nodes = graph.nodes.filter(n => times.get(n) === time);
    if (time % 2 === 1) steps.push(...nodes.map(n => hostStep(n, registry)));
    else if (nodes.length > 0) {
      const wanted = new Set<Value>(graph.outputs);
      for (const n of graph.nodes) if (times.get(n) !== time) for (const v of valuesRead(n)) wanted.add(v);
      steps.push({ kind: "segment", segment: segmentOf(`${graph.name} (${steps.length})`, nodes, wanted, registry) });
    }
  }
  return { name: graph.name, inputs: graph.inputs, outputs: graph.outputs, steps };
}

/** The parts that are compiled, those of bodies and branches included, in the order in which they run first. */
export function* segmentsOf(program: HostProgram): Generator<Segment> {
  for (const step of program.steps) {
    if (step.kind === "segment") yield step.segment;
    else for (const inner of programsIn(step)) yield* segmentsOf(inner);
  }
}
export const programsIn = (step: HostStep): readonly HostProgram[] =>
  step.kind === "if" ? [step.then, step.else] : "body" in step ? [step.body] : [];

/** Even times are those of segments, odd ones the host's; a node runs as early as what it reads allows. */
function timesOf(graph: Graph, registry: Registry): Map<GraphNode, number> {
  const times = new Map<GraphNode, number>();
  const made = new Map<Value, number>();
  for (const node of graph.nodes) {
    const host = isHostWork(node, registry) || isOpenIf(node);
    const first = new Set(host ? [] : decidedBy(node, registry));
    let time = host ? 1 : 0;
    for (const v of valuesRead(node)) {
      const at = made.get(v);
      if (at === undefined) continue;
      const parity = at % 2 === (host ? 1 : 0);
      time = Math.max(time, parity ? at + (first.has(v) ? 2 : 0) : at + 1);
    }
    times.set(node, time);
    for (const o of node.outputs) if (o) made.set(o, time);
  }
  return times;
}

/** An If of which nobody knows what it gives before it is decided. */
const isOpenIf = (node: GraphNode): boolean => isIf(node) && node.outputs.some(o => o && !o.dims);

/** Inputs whose content must be known before the node can be compiled: a shape that was computed from data. */
function decidedBy(node: GraphNode, registry: Registry): Value[] {
  if (isIf(node) || node.outputs.every(o => !o || o.dims)) return [];
  const { operator, inputs } = bindNode(node, registry);
  return (operator.content ?? []).flatMap(name => {
    const v = inputs[name];
    return v && !v.constant && !numbersOf(v.known) ? [v] : [];
  });
}

function hostStep(node: GraphNode, registry: Registry): HostStep {
  const program = (name: string): HostProgram => {
    const a = node.attributes[name];
    return cut((a as { graph: Graph }).graph, registry);
  };
  if (isIf(node)) return { kind: "if", node, then: program("then_branch"), else: program("else_branch") };
  const bound = bindNode(node, registry);
  if (!isIteration(node)) return { kind: "operator", bound };
  const kind = node.op === "Loop" ? "loop" : node.op === "Scan" ? "scan" : "map";
  return { kind, node, bound, roles: rolesOf(node, bound.info.attributes), body: program("body") };
}
