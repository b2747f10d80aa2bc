// QAttention of com.microsoft: Attention whose input and weights are of 8 bits; what follows their product is computed in floats.
import { opaque, Poly } from "../../ir/poly.js";
import { printDims, refuse, requireRanks } from "../checks.js";
import type { Attributes, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { numberOfDim } from "./attention-parts.js";
import { reference as product } from "./mat-mul-integer-to-float.js";
import { projectedAttention, projectedAttentionReference, thirds } from "./projected-attention.js";

const op = "QAttention";

function columnsOf(node: NodeInfo): number {
  const columns = numberOfDim(op, node, node.dims.weight![1]!, "the last dim of weight");
  const { num_heads } = node.attributes;
  if (columns % (3 * num_heads) !== 0)
    refuse("shape", op, node, `${columns} columns of weight are not Q, K and V for ${num_heads} heads; set num_heads`);
  return columns;
}

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: [
    "input",
    "weight",
    "bias",
    "input_scale",
    "weight_scale",
    "mask_index?",
    "input_zero_point?",
    "weight_zero_point?",
    "past?",
  ],
  outputs: ["output", "present?"],
  attributes: {
    num_heads: { type: "int", required: true },
    unidirectional: { type: "int", default: 0 },
    mask_filter_value: { type: "float", default: -10000 },
    scale: { type: "float" },
    do_rotary: { type: "int", default: 0 },
    past_present_share_buffer: { type: "int", default: 0 },
  },
  dtypes: ({ dtypes }) => ({ output: dtypes.bias!, present: dtypes.bias! }),
  shape: node => {
    const { do_rotary, past_present_share_buffer, num_heads } = node.attributes;
    if (do_rotary || past_present_share_buffer)
      refuse("operator-unsupported", op, node, "do_rotary and caches in place are for GPUs; export without them");
    const { input, past } = node.dims;
    if (input!.length !== 3)
      refuse("shape", op, node, `input is ${printDims(input!)}; it must be batch×sequence×hidden`);
    requireRanks(op, node, { weight: [2], bias: [1], past: [5], mask_index: [1, 2, 3] });
    const hidden = columnsOf(node) / 3;
    const [batch, sequence] = [input![0]!, input![1]!];
    const size = opaque("div", Poly.int(hidden), Poly.int(num_heads));
    return {
      output: [batch, sequence, Poly.int(hidden)],
      present: [Poly.int(2), batch, Poly.int(num_heads), sequence.add(past?.[3] ?? Poly.zero), size],
    };
  },
  expand: (node, build) => {
    const { input, weight, bias, input_scale, weight_scale, input_zero_point, weight_zero_point } = node.inputs;
    const projected = build.node(
      "MatMulIntegerToFloat",
      [input, weight, input_scale, weight_scale, input_zero_point, weight_zero_point, bias],
      {},
      "com.microsoft",
    );
    const { mask_index: mask, past } = node.inputs;
    return projectedAttention(node, build, { projected, mask, past }, thirds(columnsOf(node)));
  },
};

export const doc: OperatorDoc = {
  summary: "Attention of an input and weights of 8 bits, with scales and zero points",
  dtypes: "input and weight u8 or i8, the rest f32",
  opsets: [1, 1],
  limits: "no do_rotary, no caches in place",
};
/** that of Attention, without the rounding of its product */
export const tolerance: Tolerance = { relative: 64, absolute: 64 };

export const reference: Reference = (inputs, attributes, node) => {
  const { input, weight, input_scale, weight_scale, input_zero_point, weight_zero_point, bias } = inputs;
  const given = {
    A: input!,
    B: weight!,
    a_scale: input_scale!,
    b_scale: weight_scale!,
    ...(input_zero_point ? { a_zero_point: input_zero_point } : {}),
    ...(weight_zero_point ? { b_zero_point: weight_zero_point } : {}),
    bias: bias!,
  };
  const projected = product(given, {}, node).Y!;
  const { mask_index: mask, past } = inputs;
  return projectedAttentionReference({ projected, mask, past }, attributes, node, thirds(weight!.dims[1]!));
};

interface More {
  readonly columns?: boolean;
  readonly zeros?: boolean;
  readonly past?: number;
  readonly lengths?: readonly number[];
}
const of = (
  name: string,
  { columns, zeros = true, past, lengths }: More,
  attributes: Attributes = {},
): OperatorCase => {
  const perColumn = columns ? [36] : [];
  return {
    name,
    attributes: { num_heads: 3, ...attributes },
    outputCount: past === undefined ? 1 : 2,
    inputs: {
      input: { dtype: "u8", dims: [2, 5, 8], range: [0, 255] },
      weight: { dtype: "i8", dims: [8, 36], range: [-128, 127] },
      bias: { dtype: "f32", dims: [36] },
      input_scale: { dtype: "f32", dims: [], data: [0.01] },
      weight_scale: { dtype: "f32", dims: perColumn, range: [0.004, 0.006] },
      ...(lengths ? { mask_index: { dtype: "i32" as const, dims: [2], data: lengths } } : {}),
      ...(zeros
        ? {
            input_zero_point: { dtype: "u8" as const, dims: [], data: [128] },
            weight_zero_point: { dtype: "i8" as const, dims: perColumn, ...(columns ? {} : { data: [3] }) },
          }
        : {}),
      ...(past === undefined ? {} : { past: { dtype: "f32" as const, dims: [2, 2, 3, past, 4] } }),
    },
  };
};
export const cases = (): readonly OperatorCase[] => [
  of("single parameters", {}),
  of("by column", { columns: true }),
  of("no zero points, causal", { zeros: false }, { unidirectional: 1 }),
  of("numbers of keys", { lengths: [5, 2] }),
  of("cache, causal", { past: 3 }, { unidirectional: 1 }),
];
