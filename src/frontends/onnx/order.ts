// Order of nodes: a file should list them in topological order; those that don't are sorted, cycles are refused.
import type { GraphProto, NodeProto } from "./proto.js";
import { AzulejoError } from "../../support/errors.js";

/** Names that a node reads: its inputs, and what its subgraphs take from around them. */
export function namesRead(node: NodeProto): Set<string> {
  const out = new Set(node.input.filter(n => n !== ""));
  for (const a of node.attribute) {
    for (const g of a.g ? [a.g, ...a.graphs] : a.graphs) for (const n of captured(g)) out.add(n);
  }
  return out;
}

const capturedBy = new WeakMap<GraphProto, ReadonlySet<string>>();
function captured(graph: GraphProto): ReadonlySet<string> {
  const known = capturedBy.get(graph);
  if (known) return known;
  const out = new Set<string>();
  for (const node of graph.node) for (const n of namesRead(node)) out.add(n);
  for (const o of graph.output) out.add(o.name);
  for (const t of graph.initializer) out.delete(t.name);
  for (const i of graph.input) out.delete(i.name);
  for (const node of graph.node) for (const o of node.output) out.delete(o);
  capturedBy.set(graph, out);
  return out;
}

/** The nodes with producers first; in the order of the file where that is possible. Iterative: chains may be as long as the file. */
export function sortNodes(nodes: readonly NodeProto[], describe: (n: NodeProto) => string): NodeProto[] {
  const producer = new Map<string, NodeProto>();
  for (const n of nodes) for (const o of n.output) if (o !== "") producer.set(o, n);
  const sorted = new Set<NodeProto>();
  const open = new Set<NodeProto>();
  for (const root of nodes) {
    const stack = [root];
    while (stack.length > 0) {
      const node = stack.at(-1)!;
      if (sorted.has(node)) {
        stack.pop();
        continue;
      }
      const missing = new Set<NodeProto>();
      for (const name of namesRead(node)) {
        const p = producer.get(name);
        if (p && !sorted.has(p)) missing.add(p);
      }
      if (missing.size === 0) {
        sorted.add(node);
        open.delete(node);
        stack.pop();
        continue;
      }
      open.add(node);
      for (const p of missing) {
        if (open.has(p))
          throw new AzulejoError(
            "graph-invalid",
            `${describe(node)} and ${describe(p)} depend on each other's outputs, and a graph must not have cycles; export the model again`,
          );
        stack.push(p);
      }
    }
  }
  return [...sorted];
}
