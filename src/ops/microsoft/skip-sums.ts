// What the SkipLayerNormalization family normalises: input + skip + bias, where skip may lack the batch or have one.
import type { Dims, Value } from "../../graph/graph.js";
import { Poly } from "../../ir/poly.js";
import { computeDtype } from "../accumulate.js";
import { broadcastDims } from "../broadcast.js";
import { printDims, refuse } from "../checks.js";
import { broadcastReader } from "../elementwise-references.js";
import type { Builder, Expansion, NodeInfo, Operator, ReferenceTensor } from "../operator.js";
import { tabulate } from "../reference-tensors.js";

/** Dims of the sum: those of the input, to which the others must broadcast. */
function skipSumDims(op: string, node: NodeInfo): Dims {
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

/** What both operators are, up to their inputs and to the normalisation that follows the sum. */
export const skipNormalization = (
  name: string,
  inputs: Operator["inputs"],
  normalize: (sum: Value, node: Expansion, build: Builder) => Readonly<Record<string, Value>>,
): Operator => ({
  name,
  domain: "com.microsoft",
  inputs,
  outputs: ["output", "mean?", "inv_std_var?", "input_skip_bias_sum?"],
  attributes: { epsilon: { type: "float", default: 1e-12 } },
  shape: node => {
    const dims = skipSumDims(name, node);
    const row = [...dims.slice(0, -1), Poly.one];
    return { output: dims, mean: row, inv_std_var: row, input_skip_bias_sum: dims };
  },
  dtypes: ({ dtypes: { input } }) => ({
    output: input!,
    mean: computeDtype(input!),
    inv_std_var: computeDtype(input!),
    input_skip_bias_sum: input!,
  }),
  expand: (node, build) => {
    const sum = skipSum(node, build);
    return { ...normalize(sum, node, build), input_skip_bias_sum: sum };
  },
});

function skipSum({ inputs }: Expansion, build: Builder): Value {
  const { input, skip, bias } = inputs;
  const sum = build.node("Add", [input, skip]);
  return bias ? build.node("Add", [sum, bias]) : sum;
}

export function skipSumReference(inputs: Readonly<Record<string, ReferenceTensor | undefined>>): ReferenceTensor {
  const readers = [inputs.input, inputs.skip, inputs.bias].flatMap(t => (t ? broadcastReader(t) : []));
  return tabulate(inputs.input!.dtype, inputs.input!.dims, i => readers.reduce((sum, r) => sum + Number(r(i)), 0));
}
