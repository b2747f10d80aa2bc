// What the SkipLayerNormalization family normalises: input + skip + bias, where skip may lack the batch or have one.
import type { Dims, Value } from "../../graph/graph.js";
import type { Dtype } from "../../ir/dtypes.js";
import { Poly } from "../../ir/poly.js";
import { computeDtype } from "../accumulate.js";
import { requireBroadcastTo, requireEntries } from "../broadcast.js";
import { refuse } from "../checks.js";
import { broadcastReader } from "../elementwise-references.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
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
    const { input } = node.inputs;
    // 16 bits hold neither the sum nor its mean well: both are of f32
    const from = input!.dtype!;
    const compute = computeDtype(from);
    const cast = (v: Value, dtype: Dtype): Value =>
      v.dtype === dtype ? v : build.node("Cast", [v], { to: onnxCodeOf(dtype) });
    const inputs = Object.fromEntries(Object.entries(node.inputs).map(([name, v]) => [name, cast(v, compute)]));
    const sum = skipSum(inputs, build);
    const results = normalize(sum, { ...node, inputs }, build);
    const narrow = (v: Value): Value => (from === compute ? v : build.node("Cast", [v], { to: onnxCodeOf(from) }));
    return { ...results, output: narrow(results.output!), input_skip_bias_sum: narrow(sum) };
  },
});

function skipSum({ input, skip, bias }: Expansion["inputs"], build: Builder): Value {
  const sum = build.node("Add", [input, skip]);
  return bias ? build.node("Add", [sum, bias]) : sum;
}

/** Statistics are of the sum as it is computed, with the roundings of f32: a row of nearly equal elements depends on them. */
export function skipSumReference(inputs: Readonly<Record<string, ReferenceTensor | undefined>>): ReferenceTensor {
  const readers = [inputs.input, inputs.skip, inputs.bias].flatMap(t => (t ? broadcastReader(t) : []));
  const { dtype, dims } = inputs.input!;
  const round = dtype === "f64" ? (x: number) => x : Math.fround;
  return tabulate(dtype, dims, i => readers.reduce((sum, r) => round(sum + Number(r(i))), 0));
}
