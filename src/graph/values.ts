// Walking graphs and replacing values in them, subgraphs included. Values are identified by object, so a pass that makes a
// new value must hand it to everybody who read the old one: that is what these functions do.
import type { AttributeValue, Graph, GraphNode, Value } from "./graph.js";

const graphOf = (a: AttributeValue): Graph | undefined =>
  typeof a === "object" && !Array.isArray(a) && "graph" in a ? a.graph : undefined;

/** by attributes; most nodes have none, and every pass asks */
const known = new WeakMap<GraphNode["attributes"], readonly Graph[]>();
export function subgraphs({ attributes }: GraphNode): readonly Graph[] {
  let graphs = known.get(attributes);
  if (!graphs) {
    graphs = Object.values(attributes).flatMap(a => graphOf(a) ?? []);
    known.set(attributes, graphs);
  }
  return graphs;
}

/** The nodes of a graph, each before those of its subgraphs. */
export function* everyNode(graph: Graph): Generator<GraphNode> {
  for (const node of graph.nodes) {
    yield node;
    for (const inner of subgraphs(node)) yield* everyNode(inner);
  }
}

/** Is there such a node in the graph or its subgraphs? */
export const hasNode = (graph: Graph, wanted: (node: GraphNode) => boolean): boolean =>
  graph.nodes.some(n => wanted(n) || subgraphs(n).some(g => hasNode(g, wanted)));

/** The node with its subgraphs mapped; the same object where nothing changed. */
export function mapSubgraphs(node: GraphNode, f: (g: Graph) => Graph): GraphNode {
  if (subgraphs(node).length === 0) return node;
  let changed = false;
  const attributes: Record<string, AttributeValue> = {};
  for (const [name, a] of Object.entries(node.attributes)) {
    const graph = graphOf(a);
    const mapped = graph && f(graph);
    changed ||= mapped !== graph;
    attributes[name] = mapped ? { graph: mapped } : a;
  }
  return changed ? { ...node, attributes } : node;
}

/** Every use of a value (inputs of nodes, outputs of graphs, at all depths) replaced by what `f` gives for it. */
export function substituteValues(graph: Graph, f: (v: Value) => Value): Graph {
  const nodes = mapUnchanged(graph.nodes, n => substituteInputs(n, f));
  const outputs = mapUnchanged(graph.outputs, f);
  return nodes === graph.nodes && outputs === graph.outputs ? graph : { ...graph, nodes, outputs };
}
export function substituteInputs(node: GraphNode, f: (v: Value) => Value): GraphNode {
  const inner = mapSubgraphs(node, g => substituteValues(g, f));
  const inputs = mapUnchanged(inner.inputs, v => v && f(v));
  return inputs === inner.inputs ? inner : { ...inner, inputs };
}

/** map, but the same array where no element changed */
export function mapUnchanged<T>(list: readonly T[], f: (x: T) => T): readonly T[] {
  const out = list.map(f);
  return out.some((x, i) => x !== list[i]) ? out : list;
}

/** All values that a node reads, those that its subgraphs take from around them included. */
export function valuesRead(node: GraphNode): Set<Value> {
  const out = new Set<Value>();
  for (const v of node.inputs) if (v) out.add(v);
  for (const g of subgraphs(node)) for (const v of captured(g)) out.add(v);
  return out;
}
/** Values of a subgraph that are defined outside of it; constants count. */
export function captured(graph: Graph): Set<Value> {
  const own = new Set<Value>(graph.inputs);
  const out = new Set<Value>();
  for (const n of graph.nodes) {
    for (const v of valuesRead(n)) if (!own.has(v)) out.add(v);
    for (const o of n.outputs) if (o) own.add(o);
  }
  for (const o of graph.outputs) if (!own.has(o)) out.add(o);
  return out;
}

/** Who reads each value at the top level of the graph (a node counts for what its subgraphs read). */
export function readersOf(graph: Graph): Map<Value, GraphNode[]> {
  const out = new Map<Value, GraphNode[]>();
  const read = (v: Value | undefined, n: GraphNode): void => {
    const list = v && out.get(v);
    if (!v || list?.at(-1) === n) return;
    if (list) list.push(n);
    else out.set(v, [n]);
  };
  for (const n of graph.nodes)
    if (subgraphs(n).length > 0) for (const v of valuesRead(n)) read(v, n);
    else for (let i = 0; i < n.inputs.length; i++) read(n.inputs[i], n);
  return out;
}
export function producersOf(graph: Graph): Map<Value, GraphNode> {
  const out = new Map<Value, GraphNode>();
  for (const n of graph.nodes) for (const o of n.outputs) if (o) out.set(o, n);
  return out;
}

/** `f` applied to the subgraphs of all nodes, innermost first, then to the graph itself. */
export function everywhere(graph: Graph, f: (g: Graph, outermost: boolean) => Graph, outermost = true): Graph {
  const nodes = mapUnchanged(graph.nodes, n => mapSubgraphs(n, g => everywhere(g, f, false)));
  return f(nodes === graph.nodes ? graph : { ...graph, nodes }, outermost);
}

/** number of nodes, those of subgraphs included */
export function countNodes(graph: Graph): number {
  let count = 0;
  for (const n of graph.nodes) {
    count++;
    for (const g of subgraphs(n)) count += countNodes(g);
  }
  return count;
}

const random = /^(Random|Bernoulli|Multinomial|Dropout)/;
/** Do equal inputs always give equal outputs? Nodes with subgraphs are left out: what they read is not all among their inputs. */
export const isFunction = (node: GraphNode): boolean => !random.test(node.op) && subgraphs(node).length === 0;

/** All constants that the graph reads, each once. */
export function constantsOf(graph: Graph): Set<Value> {
  const out = new Set<Value>();
  for (const n of graph.nodes) {
    for (const v of n.inputs) if (v?.constant) out.add(v);
    for (const g of subgraphs(n)) for (const v of constantsOf(g)) out.add(v);
  }
  for (const v of graph.outputs) if (v.constant) out.add(v);
  return out;
}
