// DecoderMaskedMultiHeadAttention of com.microsoft: MultiHeadAttention of one new token, Q, K and V apart or packed.
import type { Value } from "../../graph/graph.js";
import { Poly } from "../../ir/poly.js";
import { requireEqual } from "../broadcast.js";
import { printDims, refuse } from "../checks.js";
import type {
  Attributes,
  NodeInfo,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  ReferenceTensor,
} from "../operator.js";
import { numberOfDim, partReference, sliceOf } from "./attention-parts.js";
import * as multiHead from "./multi-head-attention.js";
import { thirds } from "./projected-attention.js";

const op = "DecoderMaskedMultiHeadAttention";

/** Columns of Q, K and V of a packed query: thirds, since nothing tells other sizes. */
function packedSize(node: NodeInfo): number {
  const columns = numberOfDim(op, node, node.dims.query!.at(-1)!, "the last dim of a packed query");
  if (columns % (3 * node.attributes.num_heads) !== 0)
    refuse(
      "shape",
      op,
      node,
      `a packed query of ${columns} columns is not Q, K and V for ${node.attributes.num_heads} heads`,
    );
  return columns / 3;
}

/** What MultiHeadAttention is asked. */
function asMultiHead(node: NodeInfo): NodeInfo {
  const { query, key, value, mask_index, bias, ...rest } = node.dims;
  const part = key ? undefined : [...query!.slice(0, -1), Poly.int(packedSize(node))];
  const own = part
    ? { query: part, key: part, value: part }
    : { query: query!, key: key!, ...(value ? { value } : {}) };
  const masks = mask_index && { key_padding_mask: mask_index };
  // it hands the past on, whatever its own outputs are
  return { ...node, outputCount: 3, dims: { ...rest, ...own, ...masks, ...(bias && { bias }) } };
}

const { num_heads, mask_filter_value, scale } = multiHead.operator.attributes!;
export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: [
    "query",
    "key?",
    "value?",
    "mask_index?",
    "attention_bias?",
    "past_key?",
    "past_value?",
    "past_sequence_length?",
    "beam_width?",
    "cache_indirection?",
    "bias?",
  ],
  outputs: ["output", "present_key?", "present_value?", "qk?"],
  attributes: {
    num_heads: num_heads!,
    mask_filter_value: mask_filter_value!,
    scale: scale!,
    past_present_share_buffer: { type: "int", default: 0 },
    output_qk: { type: "int", default: 0 },
  },
  dtypes: ({ dtypes: { query } }) => ({ output: query!, present_key: query!, present_value: query!, qk: query! }),
  shape: node => {
    const { past_sequence_length, beam_width, cache_indirection, query } = node.dims;
    if (node.attributes.past_present_share_buffer || past_sequence_length || beam_width || cache_indirection)
      refuse("operator-unsupported", op, node, "caches in place and beams are for GPUs; export without them");
    if (query!.length !== 3) refuse("shape", op, node, `query is ${printDims(query!)}; it must be batch×1×hidden`);
    requireEqual(
      op,
      node,
      query![1]!,
      Poly.one,
      `query is ${printDims(query!)}; it must hold one token, batch×1×hidden`,
    );
    return multiHead.operator.shape(asMultiHead(node));
  },
  expand: (node, build) => {
    const { query, key, value, bias, mask_index, attention_bias, past_key, past_value } = node.inputs;
    const parts = key
      ? [query, key, value]
      : [0, 1, 2].map(k => sliceOf(build, query!, 2, k * packedSize(node), (k + 1) * packedSize(node)));
    const { num_heads, mask_filter_value, scale } = node.attributes;
    const [output, present_key, present_value] = build.several(
      "MultiHeadAttention",
      3,
      [...parts, bias, mask_index, attention_bias, past_key, past_value],
      { num_heads, mask_filter_value, scale },
      "com.microsoft",
    ) as [Value, Value, Value];
    return { output, present_key, present_value };
  },
};

export const doc: OperatorDoc = {
  summary: "MultiHeadAttention of one new token, with a cache",
  dtypes: "float",
  opsets: [1, 1],
  limits: "no caches in place, no beams, no output qk; heads of Q, K and V in a packed query are of one size",
};
export const tolerance = multiHead.tolerance;

export const reference: Reference = (inputs, attributes, node) => {
  const { query, key, value, mask_index, ...rest } = inputs;
  const [size] = thirds(query!.dims[2]!);
  const part = (k: number): ReferenceTensor => partReference(query!, k * size, (k + 1) * size);
  const own = key
    ? { query: query!, key, ...(value ? { value } : {}) }
    : { query: part(0), key: part(1), value: part(2) };
  const masks = mask_index && { key_padding_mask: mask_index };
  return multiHead.reference({ ...rest, ...own, ...masks }, attributes, { ...node, outputCount: 3 });
};

interface More {
  readonly packed?: boolean;
  readonly past?: number;
  readonly mask?: boolean;
  readonly bias?: boolean;
  readonly cross?: number;
}
const of = (name: string, { packed, past, mask, bias, cross }: More, attributes: Attributes = {}): OperatorCase => {
  const dtype = "f32";
  const token = { dtype, dims: [2, 1, 12] } as const;
  const cache = { dtype, dims: [2, 3, past ?? 0, 4] } as const;
  const given = cross ? ({ dtype, dims: [2, 3, cross, 4] } as const) : token;
  return {
    name,
    attributes: { num_heads: 3, ...attributes },
    outputCount: past === undefined ? 1 : 3,
    inputs: {
      query: packed ? { dtype, dims: [2, 1, 36] } : token,
      ...(packed ? {} : { key: given, value: given }),
      ...(mask
        ? { mask_index: { dtype: "i32" as const, dims: [2, (past ?? 0) + (cross ?? 1)], range: [0, 1] as const } }
        : {}),
      ...(past === undefined ? {} : { past_key: cache, past_value: cache }),
      ...(bias ? { bias: { dtype, dims: [36] } } : {}),
    },
  };
};
export const cases = (): readonly OperatorCase[] => [
  of("cache", { past: 5 }),
  of("packed, cache, mask", { packed: true, past: 5, mask: true }),
  of("cross attention", { cross: 7 }, { scale: 0.3 }),
  of("bias", { bias: true, past: 0 }),
];
