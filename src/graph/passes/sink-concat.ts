// What works element by element on a concatenation of convolutions works on each of them: there it is done on the accumulators, and not
// in a walk through memory of its own. Other operands are sliced, which is free where they are read.
import type { GraphNode, Value } from "../graph.js";
import { makeNode } from "../make.js";
import type { Pass } from "../pass.js";
import type { RewriteView, Rule } from "../rewrite.js";
import { rewriteEverywhere } from "../rewrite.js";
import { channels, withDim } from "./parts.js";

/** operators of one input, and operators whose inputs all have the dims of the output */
const elementwise: ReadonlySet<string> = new Set(
  "Relu LeakyRelu Sigmoid Tanh HardSwish HardSigmoid Elu Softplus Neg Abs Exp Add Sub Mul Sum Max Min".split(" "),
);
/** what the parts may come from: they are computed by kernels that take elementwise code along */
const anchors: ReadonlySet<string> = new Set(["Conv", "ShuffledPointwise", "WinogradOutput"]);

const sink: Rule = (node, view) => {
  const [Y] = node.outputs;
  if (node.domain !== "" || !elementwise.has(node.op) || !Y?.dims) return undefined;
  const at = node.inputs.findIndex(v => v && isDivided(v, view));
  const divided = view.producer(node.inputs[at]);
  if (!divided || !node.inputs.every(v => hasDims(v, Y))) return undefined;
  const made: GraphNode[] = [];
  let first = 0;
  const parts = divided.inputs.map((x, g): Value => {
    const name = `${node.name}/part_${g}`;
    const count = x!.dims![1]!.constant;
    const inputs = node.inputs.map((v, i) => (i === at ? x : channels(made, v!, `${name}/x${i}`, first, count)));
    const y = withDim(Y, name, 1, count);
    made.push({ ...node, name, inputs, outputs: [y] });
    first += count;
    return y;
  });
  return { nodes: [...made, makeNode(`${node.name}/concat`, "Concat", parts, [Y], { axis: 1 })] };
};
export const sinkConcat: Pass = { name: "sink-concat", run: graph => rewriteEverywhere(graph, sink) };

/** A concatenation of channels that only this node reads, of parts that end in convolutions. */
function isDivided(v: Value, view: RewriteView): boolean {
  const concat = view.producer(v);
  if (concat?.op !== "Concat" || concat.domain !== "" || concat.attributes.axis !== 1 || view.readers(v) !== 1)
    return false;
  return concat.inputs.every(x => x?.dims?.[1]?.isConst && view.readers(x) === 1 && endsInAnchor(x, view));
}
function endsInAnchor(x: Value, view: RewriteView): boolean {
  const node = view.producer(x);
  if (!node) return false;
  return anchors.has(node.op) || (elementwise.has(node.op) && node.inputs.some(v => v && endsInAnchor(v, view)));
}
const hasDims = (v: Value | undefined, Y: Value): boolean =>
  v?.dims?.length === Y.dims!.length && v.dims.every((d, i) => d.equals(Y.dims![i]!));
