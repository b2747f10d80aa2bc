// Dead code: nodes nobody reads vanish, and outputs nobody reads become absent (a mask of Dropout, a last state of LSTM).
import type { AttributeValue, Graph, GraphNode, Value } from "../graph.js";
import { isIf } from "../infer.js";
import type { Pass } from "../pass.js";
import { subgraphs, valuesRead } from "../values.js";

export const removeDeadCode: Pass = { name: "remove-dead-code", run: sweep };

export function sweep(graph: Graph): Graph {
  const wanted = new Set<Value>(graph.outputs);
  const kept: GraphNode[] = [];
  for (const node of [...graph.nodes].reverse()) {
    const live = node.outputs.some(o => o && wanted.has(o));
    if (!live) continue;
    const swept = sweepNode(node, wanted);
    for (const v of valuesRead(swept)) wanted.add(v);
    kept.push(swept);
  }
  kept.reverse();
  const same = kept.length === graph.nodes.length && kept.every((n, i) => n === graph.nodes[i]);
  return same ? graph : { ...graph, nodes: kept };
}

function sweepNode(node: GraphNode, wanted: ReadonlySet<Value>): GraphNode {
  const outputs = node.outputs.map(o => (o && wanted.has(o) ? o : undefined));
  const changed = outputs.some((o, i) => o !== node.outputs[i]);
  if (isIf(node)) return sweepIf(node, outputs);
  const inner = sweepSubgraphs(node, g => g);
  return changed ? { ...inner, outputs } : inner;
}

/** Outputs of an If that nobody reads leave the branches too, so that their code dies with them. */
function sweepIf(node: GraphNode, outputs: readonly (Value | undefined)[]): GraphNode {
  const keep = outputs.map((_, i) => outputs[i] !== undefined);
  if (keep.every(k => k)) return sweepSubgraphs(node, g => g);
  const pruned = sweepSubgraphs(node, g => ({ ...g, outputs: g.outputs.filter((_, i) => keep[i]) }));
  return { ...pruned, outputs: outputs.filter(o => o !== undefined) };
}

function sweepSubgraphs(node: GraphNode, before: (g: Graph) => Graph): GraphNode {
  const old = subgraphs(node);
  if (old.length === 0) return node;
  let changed = false;
  const attributes: Record<string, AttributeValue> = {};
  for (const [name, a] of Object.entries(node.attributes)) {
    if (typeof a !== "object" || Array.isArray(a) || !("graph" in a)) {
      attributes[name] = a;
      continue;
    }
    const graph = sweep(before(a.graph));
    changed ||= graph !== a.graph;
    attributes[name] = { graph };
  }
  return changed ? { ...node, attributes } : node;
}
