// What the SkipLayerNormalization family normalises: input + skip + bias, where skip may lack the batch or have one.
import type { Dims, Value } from "../../graph/graph.js";
import { broadcastDims } from "../broadcast.js";
import { printDims, refuse } from "../checks.js";
import { broadcastReader } from "../elementwise-references.js";
import type { Builder, Expansion, NodeInfo, ReferenceTensor } from "../operator.js";
import { tabulate } from "../reference-tensors.js";

/** Dims of the sum: those of the input, to which the others must broadcast. */
export function skipSumDims(op: string, node: NodeInfo): Dims {
  const names = ["input", "skip", "bias"].filter(n => node.dims[n]);
  const dims = broadcastDims(op, node, names);
  const input = node.dims.input!;
  if (dims.length !== input.length)
    refuse(
      "shape",
      op,
      node,
      `skip of ${printDims(node.dims.skip!)} has more dims than input of ${printDims(input)}; it may have fewer`,
    );
  return dims;
}

export function skipSum({ inputs }: Expansion, build: Builder): Value {
  const { input, skip, bias } = inputs;
  const sum = build.node("Add", [input, skip]);
  return bias ? build.node("Add", [sum, bias]) : sum;
}

export function skipSumReference(inputs: Readonly<Record<string, ReferenceTensor | undefined>>): ReferenceTensor {
  const readers = [inputs.input, inputs.skip, inputs.bias].flatMap(t => (t ? broadcastReader(t) : []));
  return tabulate(inputs.input!.dtype, inputs.input!.dims, i => readers.reduce((sum, r) => sum + Number(r(i)), 0));
}
