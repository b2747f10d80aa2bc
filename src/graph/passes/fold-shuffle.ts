// Shuffled channels (a Reshape into groups, a Transpose of both, a Reshape back: ShuffleNet, arXiv:1707.01083) cost three walks through
// memory and compute nothing. The next convolution that sums over channels does without: one over all of them takes its weights in another
// order, one in as many groups reads a run of channels from each. A depthwise convolution between has its filters moved. Sums are
// added up in another order. A shuffle that stays becomes one node.
import { bytesOf } from "../../ir/dtypes.js";
import { Poly } from "../../ir/poly.js";
import { constantDims, lazyData } from "../constants.js";
import type { GraphNode, Value } from "../graph.js";
import { makeNode, sameType } from "../make.js";
import type { Pass } from "../pass.js";
import type { RewriteView, Rule } from "../rewrite.js";
import { isStandard, rewriteEverywhere } from "../rewrite.js";
import { channels, part, withDim } from "./parts.js";

/** The shuffled channel c is channel (c mod groups) · perGroup + c div groups of `x`. */
interface Shuffle {
  readonly x: Value;
  readonly groups: number;
  readonly perGroup: number;
}

const fold: Rule = (node, view) => {
  const [X, W, B] = node.inputs;
  const filters = constantDims(W?.dims);
  if (!isStandard(node, "Conv") || !X || !W?.constant || !filters || (B && !B.constant)) return undefined;
  const between = depthwise(view.producer(X));
  const shuffle = shuffleOf(between?.inputs[0] ?? X, view);
  if (!shuffle || view.readers(X) !== 1 || (between && view.readers(between.inputs[0]!) !== 1)) return undefined;
  const moved = between && unshuffled(between, shuffle);
  const source = moved?.outputs[0] ?? shuffle.x;
  const folded = convolution({ ...node, inputs: [source, W, B] }, shuffle, filters);
  return folded && { nodes: [...(moved ? [moved] : []), ...folded] };
};
/** What is left: one node that knows what it does. */
const replace: Rule = (node, view) => {
  const [Y] = node.outputs;
  const shuffle = isStandard(node, "Reshape") && Y ? shuffleOf(Y, view) : undefined;
  if (!shuffle) return undefined;
  const made = makeNode(node.name, "ChannelShuffle", [shuffle.x], [Y], { groups: shuffle.groups });
  return { nodes: [{ ...made, domain: "azulejo", opset: 1 }] };
};
export const foldShuffle: Pass = {
  name: "fold-shuffle",
  run: graph => rewriteEverywhere(rewriteEverywhere(graph, fold), replace),
};

function shuffleOf(y: Value, view: RewriteView): Shuffle | undefined {
  const merge = view.producer(y);
  const swap = isStandard(merge, "Reshape") ? view.producer(merge.inputs[0]) : undefined;
  const split = isStandard(swap, "Transpose") ? view.producer(swap.inputs[0]) : undefined;
  const x = isStandard(split, "Reshape") ? split.inputs[0] : undefined;
  const inner = split?.outputs[0]?.dims;
  if (!x?.dims || !y.dims || x.dims.length !== y.dims.length || inner?.length !== x.dims.length + 1) return undefined;
  const swapped = inner.map((_, i) => (i === 1 ? 2 : i === 2 ? 1 : i));
  const [groups, perGroup] = [inner[1]!, inner[2]!];
  const stays = x.dims.every((d, i) => d.equals(y.dims![i]!) && (i === 1 || d.equals(inner[i === 0 ? 0 : i + 1]!)));
  if (swap!.attributes.perm?.toString() !== swapped.toString() || !stays) return undefined;
  return groups.isConst && perGroup.isConst ? { x, groups: groups.constant, perGroup: perGroup.constant } : undefined;
}

/** A convolution of each channel by itself, with weights that can be moved. */
function depthwise(node: GraphNode | undefined): GraphNode | undefined {
  const [, W, B] = node?.inputs ?? [];
  const filters = constantDims(W?.dims);
  const isOne =
    isStandard(node, "Conv") && W?.constant && filters && filters[0] === node.attributes.group && filters[1] === 1;
  return isOne && (!B || B.constant) ? node : undefined;
}

/** The same of channels that are not shuffled. */
function unshuffled(node: GraphNode, { x, groups, perGroup }: Shuffle): GraphNode {
  const back = { groups: perGroup, perGroup: groups };
  const constants = node.inputs.slice(1).map((v, i) => v && reordered(v, `${node.name}/${"wb"[i]}`, 0, back));
  const name = `${node.name}/unshuffled`;
  return { ...node, name, inputs: [x, ...constants], outputs: [sameType(node.outputs[0]!, name)] };
}

/** The convolution of shuffled channels, over channels that are not; undefined: it can't be one. */
function convolution(node: GraphNode, shuffle: Shuffle, filters: readonly number[]): GraphNode[] | undefined {
  const [x, W, B] = node.inputs;
  const { groups, perGroup } = shuffle;
  const { group = 1, strides, pads } = node.attributes;
  if (group === 1) {
    const back = { groups: perGroup, perGroup: groups };
    return [{ ...node, inputs: [x, reordered(W!, `${node.name}/w`, 1, back), ...(B ? [B] : [])] }];
  }
  const isPlain = (list: unknown, n: number): boolean => !list || (list as readonly number[]).every(v => v === n);
  const isPointwise = filters.slice(2).every(k => k === 1) && isPlain(strides, 1) && isPlain(pads, 0);
  if (group !== groups || perGroup % groups !== 0 || filters[0]! % groups !== 0 || !isPointwise) return undefined;
  return inGroups(node, shuffle, filters[0]! / groups);
}

/** A node a group. Its channels of the shuffle, in order, are those of a run in each group of `x`: the weights' rows stay as they are. */
function inGroups(node: GraphNode, { groups, perGroup }: Shuffle, outputs: number): GraphNode[] {
  const [x, W, B] = node.inputs;
  const [Y] = node.outputs;
  const run = perGroup / groups;
  const nodes: GraphNode[] = [];
  const parts = Array.from({ length: groups }, (_, g): Value => {
    const name = `${node.name}/group_${g}`;
    const w = part(W!, `${name}/w`, g * outputs, outputs);
    const b = B && part(B, `${name}/b`, g * outputs, outputs);
    const y = withDim(Y!, name, 1, outputs);
    const dims = [outputs, run, groups];
    // from the run's begin in the first group to its end in the last
    const source = channels(nodes, x!, `${name}/x`, g * run, (groups - 1) * perGroup + run);
    const inputs = [source, { ...w, dims: dims.map(n => Poly.int(n)) }, ...(b ? [b] : [])];
    const made = makeNode(name, "ShuffledPointwise", inputs, [y], { per_group: perGroup });
    nodes.push({ ...made, domain: "azulejo", opset: 1 });
    return y;
  });
  return [...nodes, makeNode(node.name, "Concat", parts, [Y], { axis: 1 })];
}

/** The constant with the entries of `dim` shuffled. */
function reordered(v: Value, name: string, dim: number, { groups, perGroup }: Omit<Shuffle, "x">): Value {
  const dims = constantDims(v.dims)!;
  const bytes = dims.slice(dim + 1).reduce((a, b) => a * b, bytesOf(v.dtype!));
  const count = dims[dim]!;
  const { byteLength } = v.constant!;
  const compute = async (): Promise<Uint8Array> => {
    const source = await v.constant!.read();
    const out = new Uint8Array(byteLength);
    for (let start = 0; start < byteLength; start += count * bytes)
      for (let c = 0; c < count; c++) {
        const from = start + ((c % groups) * perGroup + Math.floor(c / groups)) * bytes;
        out.set(source.subarray(from, from + bytes), start + c * bytes);
      }
    return out;
  };
  return { name, dtype: v.dtype, dims: v.dims, constant: lazyData(byteLength, compute) };
}
