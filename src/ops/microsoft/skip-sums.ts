// What the SkipLayerNormalization family normalises: input + skip + bias, where skip may lack the batch or have one.
import type { Dims, Value } from "../../graph/graph.js";
import { isNarrowFloat, roundToFloat } from "../../ir/float-bits.js";
import { Poly } from "../../ir/poly.js";
import { computeDtype } from "../accumulate.js";
import { requireBroadcastTo, requireEntries } from "../broadcast.js";
import { refuse } from "../checks.js";
import { broadcastReader } from "../elementwise-references.js";
import type { Builder, Expansion, NodeInfo, Operator, ReferenceTensor } from "../operator.js";
import { tabulate } from "../reference-tensors.js";

/** Dims of the sum: those of the input, to which the skip must broadcast. */
function skipSumDims(op: string, node: NodeInfo): Dims {
  const dims = node.dims.input!;
  if (dims.length < 1) refuse("shape", op, node, "input is a scalar; it needs at least one dim");
  requireBroadcastTo(op, node, "skip", "input");
  for (const name of ["gamma", "beta", "bias"])
    requireEntries(op, node, name, { input: "input", what: "columns", count: dims.at(-1)! });
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
  const { dtype, dims } = inputs.input!;
  // statistics are of the sum that is an output, in the dtype that it has there
  const round = isNarrowFloat(dtype) ? (x: number) => roundToFloat(dtype, x) : (x: number) => x;
  return tabulate(dtype, dims, i => round(readers.reduce((sum, r) => sum + Number(r(i)), 0)));
}
