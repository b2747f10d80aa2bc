// An If whose condition is known becomes the branch that it takes.
import type { Graph, GraphNode, Value } from "../graph.js";
import { isIf, knownCondition } from "../infer.js";
import type { Pass } from "../pass.js";
import type { Rule } from "../rewrite.js";
import { rewriteGraph } from "../rewrite.js";
import { everywhere } from "../values.js";

export const resolveIf: Pass = {
  name: "resolve-if",
  run: graph => everywhere(graph, (g, outermost) => rewriteGraph(g, outermost, [inlineBranches(g)])),
};

/** The rule for one graph; names of nodes are unique in it, so those that come from a branch may need another. */
function inlineBranches(graph: Graph): Rule {
  const names = new Set(graph.nodes.map(n => n.name));
  const rename = (n: GraphNode, from: GraphNode): GraphNode => {
    let name = names.has(n.name) ? `${from.name}/${n.name}` : n.name;
    while (names.has(name)) name += "_";
    names.add(name);
    return name === n.name ? n : { ...n, name };
  };
  return node => {
    const taken = isIf(node) ? knownCondition(node.inputs[0]) : undefined;
    if (taken === undefined) return undefined;
    const branch = (node.attributes[taken ? "then_branch" : "else_branch"] as { graph: Graph }).graph;
    const values = new Map<Value, Value>();
    node.outputs.forEach((o, i) => {
      if (o) values.set(o, branch.outputs[i]!);
    });
    return { nodes: branch.nodes.map(n => rename(n, node)), values };
  };
}
