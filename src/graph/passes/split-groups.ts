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

/** Which input the filters are, and those that may have an entry for each output: with names for their parts. */
const kinds: Readonly<
  Record<string, { readonly filters: number; readonly ofOutputs: Readonly<Record<number, string>> }>
> = {
  Conv: { filters: 1, ofOutputs: { 2: "b" } },
  ConvInteger: { filters: 1, ofOutputs: { 3: "w_zero_point" } },
  QLinearConv: { filters: 3, ofOutputs: { 4: "w_scale", 5: "w_zero_point", 8: "b" } },
};

const split =
  (ops: readonly string[]): Rule =>
  node => {
    const group = node.attributes.group;
    const kind = node.domain === "" && ops.includes(node.op) ? kinds[node.op] : undefined;
    if (!kind || typeof group !== "number" || group < 2 || group > MOST_GROUPS) return undefined;
    const [X, W] = [node.inputs[0], node.inputs[kind.filters]];
    const [Y] = node.outputs;
    const filters = constantDims(W?.dims);
    if (!X?.dims || !Y?.dims || !W?.constant || !filters) return undefined;
    if (filters[0]! % group !== 0 || filters[0] === group) return undefined;
    const ofOutputs = Object.keys(kind.ofOutputs).map(i => node.inputs[Number(i)]);
    if (ofOutputs.some(v => v && !(v.constant && v.dims))) return undefined;
    /** the name of an input's parts; absent: it is the same for all groups */
    const partName = (v: Value, i: number): string | undefined =>
      i === kind.filters ? "w" : v.dims?.[0]?.equals(W.dims![0]!) ? kind.ofOutputs[i] : undefined;
    const perGroup = filters[0]! / group;
    const made: GraphNode[] = [];
    const { group: _, ...attributes } = node.attributes;
    const parts = Array.from({ length: group }, (__, g): Value => {
      const name = `${node.name}/group_${g}`;
      const inputs = node.inputs.map((v, i) => {
        if (i === 0) return channels(made, X, `${name}/x`, g * filters[1]!, filters[1]!);
        const own = v && partName(v, i);
        return own ? part(v, `${name}/${own}`, g * perGroup, perGroup) : v;
      });
      const y = withDim(Y, name, 1, perGroup);
      made.push({ ...node, name, inputs, outputs: [y], attributes });
      return y;
    });
    return { nodes: [...made, makeNode(node.name, "Concat", parts, [Y], { axis: 1 })] };
  };
export const splitGroups: Pass = { name: "split-groups", run: graph => rewriteEverywhere(graph, split(["Conv"])) };
/** The same of integers, before products are made of pairs of them. */
export const splitIntegerGroups: Pass = {
  name: "split-integer-groups",
  run: graph => rewriteEverywhere(graph, split(["ConvInteger", "QLinearConv"])),
};
