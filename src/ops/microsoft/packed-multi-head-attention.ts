// PackedMultiHeadAttention of com.microsoft: MultiHeadAttention of sequences whose tokens lie one behind another, without padding.
import type { Value } from "../../graph/graph.js";
import { Poly } from "../../ir/poly.js";
import { requireDims } from "../broadcast.js";
import { printDims, refuse, requireRanks } from "../checks.js";
import type {
  Attributes,
  Builder,
  NodeInfo,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  ReferenceTensor,
} from "../operator.js";
import { elements, numbersOf, tabulate } from "../reference-tensors.js";
import { requireMultiple } from "../required-sizes.js";
import { numberOfDim, scaleOf } from "./attention-parts.js";
import { exampleOffsets, reference as restore, restored, tokenOffsets } from "./restore-padding.js";
import * as multiHead from "./multi-head-attention.js";

const op = "PackedMultiHeadAttention";

/** How many tokens each sequence has. */
export const lengthsOf = (build: Builder, cumulative: Value, token_offset: Value): Value => {
  const vector = (x: number): Value => build.constant("i64", [1], [x]);
  const ends = build.node("Slice", [cumulative, vector(1), vector(Number.MAX_SAFE_INTEGER)]);
  const lengths = build.node("Sub", [ends, build.node("Slice", [cumulative, vector(0), vector(-1)])]);
  // as many as there are sequences
  return build.node("Reshape", [lengths, build.node("Shape", [token_offset], { end: 1 })]);
};

/** The inputs that say where tokens lie, and what is added to the scores, are of one batch and one length. */
export function requirePacking(op: string, node: NodeInfo): void {
  const { token_offset, attention_bias: added } = node.dims;
  const [batch, sequence] = token_offset as readonly Poly[] as readonly [Poly, Poly];
  requireDims(op, node, "cumulative_sequence_length", [batch.add(1)], "the sequences of token_offset and one");
  if (!added) return;
  const either = (dim: Poly, full: Poly): Poly => (dim.isOne ? dim : full);
  const heads = Poly.int(node.attributes.num_heads);
  const scores = [either(added[0]!, batch), either(added[1]!, heads), sequence, sequence];
  requireDims(op, node, "attention_bias", scores, "batch×heads×sequence×sequence, of which the first two may be 1");
}

/** batch×sequence×hidden as tokens×hidden: the rows that are no padding. */
export function packedAgain(build: Builder, whole: Value, packed: Value, token_offset: Value): Value {
  const rows = build.node("Flatten", [whole], { axis: 2 });
  return build.node("Gather", [rows, tokenOffsets(build, packed, token_offset)], { axis: 0 });
}

const { num_heads, mask_filter_value, scale } = multiHead.operator.attributes!;
export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["query", "key?", "value?", "bias?", "token_offset", "cumulative_sequence_length", "attention_bias?"],
  outputs: ["output"],
  attributes: { num_heads: num_heads!, mask_filter_value: mask_filter_value!, scale: scale! },
  shape: node => {
    const { query, key, value, bias } = node.dims;
    requireRanks(op, node, {
      query: [2, 4],
      key: [2],
      value: [2],
      bias: [1],
      token_offset: [2],
      cumulative_sequence_length: [1],
      attention_bias: [4],
    });
    if ((query!.length === 4) !== !key || !key !== !value)
      refuse(
        "shape",
        op,
        node,
        `query of ${printDims(query!)} must be tokens×hidden with a key and a value, or tokens×heads×3×size alone`,
      );
    if (bias) numberOfDim(op, node, query!.at(-1)!, "the last dim of query, which has a bias,");
    const heads = Poly.int(node.attributes.num_heads);
    const [tokens, hidden] = [query![0]!, query!.length === 4 ? heads.mul(query![3]!) : query![1]!];
    const own = value?.[1] ?? hidden;
    if (query!.length === 4)
      requireDims(op, node, "query", [tokens, heads, Poly.int(3), query![3]!], "tokens×heads×3×size");
    requireDims(op, node, "key", [tokens, hidden], "tokens×hidden");
    requireDims(op, node, "value", [tokens, own], "tokens×hidden");
    for (const [name, columns] of [["query", hidden] as const, ["value", own] as const]) {
      const sentence = `${name} of ${columns.print()} columns does not split into ${heads.print()} heads`;
      requireMultiple(op, node, columns, heads, sentence);
    }
    requireDims(op, node, "bias", [hidden.mul(2).add(own)], "the columns of Q, K and V together");
    requirePacking(op, node);
    return { output: [tokens, own] };
  },
  expand: (node, build) => {
    const { query, key, value, bias, token_offset, cumulative_sequence_length, attention_bias } = node.inputs;
    const whole = (x: Value): Value => restored(build, x, token_offset!);
    const parts = key ? [query!, key, value!] : packedParts(node, build, query!);
    const { num_heads, mask_filter_value } = node.attributes;
    const y = build.node(
      "MultiHeadAttention",
      [...parts.map(whole), bias, lengthsOf(build, cumulative_sequence_length!, token_offset!), attention_bias],
      { num_heads, mask_filter_value, scale: scaleOf(node.attributes) },
      "com.microsoft",
    );
    return { output: packedAgain(build, y, query!, token_offset!) };
  },
};

/** tokens×heads×3×size as three of tokens×hidden */
function packedParts(node: NodeInfo, build: Builder, query: Value): readonly Value[] {
  const vector = (...x: number[]): Value => build.constant("i64", [x.length], x);
  return [0, 1, 2].map(k => {
    const part = build.node("Gather", [query, build.constant("i64", [], [k])], { axis: 2 });
    return node.dims.query!.length === 4 ? build.node("Reshape", [part, vector(0, -1)]) : part;
  });
}

export const doc: OperatorDoc = {
  summary: "MultiHeadAttention of sequences whose tokens lie one behind another",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance = multiHead.tolerance;

/** Each sequence by itself, padded for the reference of the other operator. */
export function packedReference(
  inputs: Readonly<Record<string, ReferenceTensor>>,
  whole: (padded: (t: ReferenceTensor) => ReferenceTensor, lengths: ReferenceTensor) => ReferenceTensor,
): ReferenceTensor {
  const { token_offset, cumulative_sequence_length } = inputs;
  const node = { present: [], opset: 1, outputCount: 1 };
  const padded = (t: ReferenceTensor): ReferenceTensor =>
    restore({ input: t, token_offset: token_offset! }, {}, node).output!;
  const ends = numbersOf(cumulative_sequence_length!);
  const lengths = { dtype: "i32" as const, dims: [ends.length - 1], data: ends.slice(1).map((e, i) => e - ends[i]!) };
  const y = whole(padded, lengths);
  const S = token_offset!.dims[1]!;
  const read = elements(y);
  const offsets = numbersOf(token_offset!);
  return tabulate(
    y.dtype,
    [ends.at(-1)!, y.dims[2]!],
    ([t, h]) => read([Math.floor(offsets[t!]! / S), offsets[t!]! % S, h!])!,
  );
}

export const reference: Reference = (inputs, attributes, node) => {
  const { query, key, value, bias, attention_bias } = inputs;
  const part = (k: number): ReferenceTensor => {
    const [T, N, , D] = query!.dims as [number, number, number, number];
    const read = elements(query!);
    return tabulate(query!.dtype, [T, N * D], ([t, i]) => read([t!, Math.floor(i! / D), k, i! % D])!);
  };
  const output = packedReference(inputs, (padded, lengths) => {
    const given = {
      query: padded(key ? query! : part(0)),
      key: padded(key ?? part(1)),
      value: padded(value ?? part(2)),
      ...(bias ? { bias } : {}),
      key_padding_mask: lengths,
      ...(attention_bias ? { attention_bias } : {}),
    };
    return multiHead.reference(given, attributes, { ...node, outputCount: 1 }).output!;
  });
  return { output };
};

const of = (
  name: string,
  packed: boolean,
  more: { bias?: boolean; added?: boolean } = {},
  attributes: Attributes = {},
): OperatorCase => {
  const dtype = "f32";
  const tokens = { dtype, dims: [7, 12] } as const;
  return {
    name,
    attributes: { num_heads: 3, ...attributes },
    inputs: {
      query: packed ? { dtype, dims: [7, 3, 3, 4] } : tokens,
      ...(packed ? {} : { key: tokens, value: { dtype, dims: [7, 6] } }),
      ...(more.bias ? { bias: { dtype, dims: [30] } } : {}),
      token_offset: exampleOffsets,
      cumulative_sequence_length: { dtype: "i32", dims: [4], data: [0, 1, 3, 7] },
      ...(more.added ? { attention_bias: { dtype, dims: [1, 3, 4, 4] } } : {}),
    },
  };
};
export const cases = (): readonly OperatorCase[] => [
  of("apart, values of another size", false, { bias: true }),
  of("packed", true, {}, { scale: 0.4 }),
  of("bias of scores", true, { added: true }),
];
