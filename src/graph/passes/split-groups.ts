// Convolutions in groups become one convolution a group, over slices of the channels, and a concatenation: both are maps of indices,
// and a convolution whose lanes read one pixel each is a plain contraction (AlexNet ran 8 times slower without). Depthwise ones
// stay: their lanes are the groups. Weights are parts of the file's own.
import { constantDims } from "../constants.js";
import type { GraphNode, Value } from "../graph.js";
import { makeNode } from "../make.js";
import type { Pass } from "../pass.js";
import type { Rule } from "../rewrite.js";
import { rewriteEverywhere } from "../rewrite.js";
import { channels, part, withDim } from "./parts.js";

/** every group is a kernel of its own to start and, where sizes differ, to compile */
const MOST_GROUPS = 32;

const split: Rule = node => {
  const group = node.attributes.group;
  if (node.op !== "Conv" || node.domain !== "" || typeof group !== "number" || group < 2 || group > MOST_GROUPS)
    return undefined;
  const [X, W, B] = node.inputs;
  const [Y] = node.outputs;
  if (!X?.dims || !Y?.dims || !W || (B && !B.constant)) return undefined;
  const filters = constantDims(W.dims);
  if (!W.constant || !filters || filters[0]! % group !== 0 || filters[0] === group) return undefined;
  const perGroup = filters[0]! / group;
  const made: GraphNode[] = [];
  const { group: _, ...attributes } = node.attributes;
  const parts = Array.from({ length: group }, (__, g): Value => {
    const name = `${node.name}/group_${g}`;
    const x = channels(made, X, `${name}/x`, g * filters[1]!, filters[1]!);
    const b = B && part(B, `${name}/b`, g * perGroup, perGroup);
    const y = withDim(Y, name, 1, perGroup);
    const inputs = [x, part(W, `${name}/w`, g * perGroup, perGroup), ...(b ? [b] : [])];
    made.push({ ...node, name, inputs, outputs: [y], attributes });
    return y;
  });
  return { nodes: [...made, makeNode(node.name, "Concat", parts, [Y], { axis: 1 })] };
};
export const splitGroups: Pass = { name: "split-groups", run: graph => rewriteEverywhere(graph, split) };
