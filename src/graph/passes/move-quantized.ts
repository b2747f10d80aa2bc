// What only moves numbers, between DequantizeLinear and QuantizeLinear with the same scale and zero point, moves the integers: a quarter of the
// bytes, and nothing to compute. Quantisation by a positive scale keeps the order of numbers, so a maximum is such a move as well.
import { constantDims, numbersOf } from "../constants.js";
import type { GraphNode, Value } from "../graph.js";
import { makeNode } from "../make.js";
import type { Pass } from "../pass.js";
import type { RewriteView, Rule } from "../rewrite.js";
import { rewriteEverywhere } from "../rewrite.js";

const moves: ReadonlySet<string> = new Set(
  "MaxPool Concat Reshape Flatten Squeeze Unsqueeze Transpose Slice".split(" "),
);

const moved: Rule = (node, view) => {
  if (node.op !== "QuantizeLinear" || node.domain !== "") return undefined;
  const [x, scale, zero] = node.inputs;
  const [y] = node.outputs;
  const move = view.producer(x);
  if (!move || !moves.has(move.op) || move.domain !== "" || !y?.dims || !isWhole(scale) || !zero) return undefined;
  if (move.op === "MaxPool" && !((numbersOf(scale.known)?.[0] ?? 0) > 0)) return undefined;
  if (move.outputs.filter(o => o).length !== 1 || view.readers(x!) !== 1) return undefined;
  const data = move.op === "Concat" ? move.inputs.length : 1;
  const integers = move.inputs.slice(0, data).map(v => integersOf(v, scale!, zero, view));
  if (!integers.every(v => v?.dtype === y.dtype)) return undefined;
  const inputs = [...integers, ...move.inputs.slice(data)];
  return { nodes: [{ ...makeNode(node.name, move.op, inputs, [y], move.attributes), opset: move.opset }] };
};
export const moveQuantized: Pass = { name: "move-quantized", run: graph => rewriteEverywhere(graph, moved) };

/** what a value was dequantised from, if by these parameters */
function integersOf(v: Value | undefined, scale: Value, zero: Value, view: RewriteView): Value | undefined {
  const made: GraphNode | undefined = view.producer(v);
  if (made?.op !== "DequantizeLinear" || made.domain !== "") return undefined;
  const [x, s, z] = made.inputs;
  return same(s, scale) && same(z, zero) ? x : undefined;
}
const isWhole = (scale: Value | undefined): scale is Value => constantDims(scale?.dims)?.every(d => d === 1) ?? false;
const same = (a: Value | undefined, b: Value): boolean =>
  a === b ||
  (a?.known !== undefined && b.known !== undefined && a.dtype === b.dtype && equal(a.known.data, b.known.data));
const equal = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((x, i) => Object.is(x, b[i]));
