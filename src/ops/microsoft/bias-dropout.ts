// BiasDropout of com.microsoft: Dropout of data + bias, plus a residual; at inference nothing is dropped.
import { broadcastDims, requireBroadcastTo } from "../broadcast.js";
import { refuse } from "../checks.js";
import { reference as dropout, operator as standard } from "../dropout.js";
import { broadcastReader, floats } from "../elementwise-references.js";
import type {
  Builder,
  Expansion,
  NodeInfo,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  Tolerance,
} from "../operator.js";
import { elements, tabulate } from "../reference-tensors.js";
import type { Value } from "../../graph/graph.js";

const op = "BiasDropout";

/** Dims of data, which bias must not grow; what Dropout says of ratio and training_mode. */
export function biasDropoutDims(name: string, node: NodeInfo): NodeInfo["dims"][string] {
  standard.shape({ ...node, opset: 13, dims: { data: node.dims.data! } });
  const names = ["data", "bias", "residual"].filter(n => node.dims[n]);
  const dims = broadcastDims(name, node, names);
  if (dims.length !== node.dims.data!.length)
    refuse("shape", name, node, "bias and residual must not have more dims than data; give them its last ones");
  for (const other of names.slice(1)) requireBroadcastTo(name, node, other, "data");
  return dims;
}

/** The output and the mask. */
export function biasDropout({ inputs, attributes }: Expansion, build: Builder): readonly [Value, Value] {
  const { data, bias, residual, ratio, training_mode, run_seed } = inputs;
  const sum = bias ? build.node("Add", [data, bias]) : data!;
  const [kept, mask] = build.several("Dropout", 2, [sum, ratio, training_mode, run_seed], { seed: attributes.seed });
  return [residual ? build.node("Add", [kept, residual]) : kept!, mask!];
}

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["data", "bias", "residual?", "ratio?", "training_mode?", "run_seed?"],
  outputs: ["output", "mask?"],
  content: ["ratio", "training_mode"],
  attributes: { seed: { type: "int" } },
  dtypes: ({ dtypes }) => ({ output: dtypes.data!, mask: "bool" }),
  shape: node => {
    const dims = biasDropoutDims(op, node);
    return { output: dims, mask: dims };
  },
  expand: (node, build) => {
    const [output, mask] = biasDropout(node, build);
    return { output, mask };
  },
};

export const doc: OperatorDoc = {
  summary: "Dropout of data + bias, plus a residual; nothing is dropped unless training_mode says so",
  dtypes: "float",
  opsets: [1, 1],
};
/** two sums */
export const tolerance: Tolerance = { relative: 2, absolute: 2 };

export const reference: Reference = ({ data, bias, residual, ratio, training_mode }, attributes, node) => {
  const [x, b] = [elements(data!), broadcastReader(bias!)];
  const sum = tabulate(data!.dtype, data!.dims, i => Number(x(i)) + Number(b(i)));
  const given = { data: sum, ...(ratio ? { ratio } : {}), ...(training_mode ? { training_mode } : {}) };
  const { output, mask } = dropout(given, attributes, { ...node, opset: 13 });
  if (!residual) return { output: output!, mask: mask! };
  const [y, r] = [elements(output!), broadcastReader(residual)];
  return { output: tabulate(data!.dtype, data!.dims, i => Number(y(i)) + Number(r(i))), mask: mask! };
};

const of = (
  dims: readonly number[],
  bias: readonly number[],
  residual: boolean,
  dtype: "f32" | "f16" = "f32",
  training = false,
): OperatorCase => ({
  name: `${dtype} ${dims.join("×")} and ${bias.join("×")}${residual ? ", residual" : ""}${training ? ", training" : ""}`,
  ...(training ? { attributes: { seed: 11 } } : {}),
  outputCount: 2,
  inputs: {
    data: { dtype, dims },
    bias: { dtype, dims: bias },
    ...(residual ? { residual: { dtype, dims } } : {}),
    ratio: { dtype: "f32", dims: [], data: [0.3] },
    training_mode: { dtype: "bool", dims: [], data: [training ? 1 : 0] },
  },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([2, 3, 17], [17], true, d as "f32")),
  of([3, 5], [3, 5], false),
  ...floats.map(d => of([2, 3, 17], [17], true, d as "f32", true)),
];
