// Padding folding: a Pad with zeros becomes the padding of the convolution, or of the average pool that counts its padding.
// A MaxPool pads with −∞, so a Pad before it stays.
import { numberOf, numbersOf } from "../constants.js";
import type { GraphNode } from "../graph.js";
import type { Pass } from "../pass.js";
import type { Rule } from "../rewrite.js";
import { rewriteEverywhere } from "../rewrite.js";

const fold: Rule = (node, view) => {
  const pad = view.producer(node.inputs[0]);
  if (pad?.op !== "Pad" || pad.domain !== "" || !countsPadding(node)) return undefined;
  const rank = pad.inputs[0]?.dims?.length;
  const spatial = rank === undefined ? undefined : spatialZeros(pad, rank);
  if (!spatial) return undefined;
  const given = (node.attributes.pads ?? spatial.map(() => 0)) as readonly number[];
  if (given.length !== spatial.length) return undefined;
  const { auto_pad: _, ...rest } = node.attributes;
  const attributes = { ...rest, pads: given.map((p, i) => p + spatial[i]!) };
  return { nodes: [{ ...node, inputs: [pad.inputs[0], ...node.inputs.slice(1)], attributes }] };
};
export const foldPadding: Pass = { name: "fold-padding", run: graph => rewriteEverywhere(graph, fold) };

/** Does the operator read its own padding as zeros, and is that padding given in numbers? */
function countsPadding(node: GraphNode): boolean {
  const { auto_pad = "NOTSET", ceil_mode = 0, count_include_pad = 0, pads } = node.attributes;
  const explicit = auto_pad === "NOTSET" || (auto_pad === "VALID" && pads === undefined);
  if (node.domain !== "" || !explicit) return false;
  return node.op === "Conv" || (node.op === "AveragePool" && ceil_mode === 0 && count_include_pad === 1);
}

/** Begins and ends of the axes after batch and channel, if the Pad adds zeros there and nothing elsewhere. */
function spatialZeros(pad: GraphNode, rank: number): number[] | undefined {
  const { mode = "constant", value = 0 } = pad.attributes;
  // until opset 10 attributes say what inputs say since
  const fill = pad.inputs[2] ? numberOf(pad.inputs[2].known?.data[0]) : value;
  const amounts = pad.inputs[1] ? numbersOf(pad.inputs[1].known) : (pad.attributes.pads as number[] | undefined);
  if (mode !== "constant" || fill !== 0 || !amounts?.every(n => n >= 0)) return undefined;
  const axes = pad.inputs[3] ? numbersOf(pad.inputs[3].known)?.map(a => (a < 0 ? a + rank : a)) : undefined;
  if (pad.inputs[3] && !axes) return undefined;
  const order = axes ?? Array.from({ length: rank }, (_, i) => i);
  if (amounts.length !== 2 * order.length || rank < 3) return undefined;
  const full = new Array<number>(2 * rank).fill(0);
  order.forEach((axis, i) => {
    full[axis] = amounts[i]!;
    full[rank + axis] = amounts[order.length + i]!;
  });
  const outside = [full[0], full[1], full[rank], full[rank + 1]];
  return outside.every(n => n === 0) ? [...full.slice(2, rank), ...full.slice(rank + 2)] : undefined;
}
