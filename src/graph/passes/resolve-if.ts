// An If whose condition is known becomes the branch that it takes.
import type { Graph, GraphNode, Value } from "../graph.js";
import { isIf, knownCondition } from "../infer.js";
import type { Pass } from "../pass.js";
import { type Rule, rewriteEverywhere } from "../rewrite.js";

export const resolveIf: Pass = { name: "resolve-if", run: graph => rewriteEverywhere(graph, inlineBranch) };

const inlineBranch: Rule = node => {
  const taken = isIf(node) ? knownCondition(node.inputs[0]) : undefined;
  if (taken === undefined) return undefined;
  const branch = (node.attributes[taken ? "then_branch" : "else_branch"] as { graph: Graph }).graph;
  const values = new Map<Value, Value>();
  node.outputs.forEach((o, i) => {
    if (o) values.set(o, branch.outputs[i]!);
  });
  // names are unique within a graph only
  const nodes = branch.nodes.map((n): GraphNode => ({ ...n, name: `${node.name}/${n.name}` }));
  return { nodes, values };
};
