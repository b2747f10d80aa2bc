// SparseAttention of com.microsoft: causal attention by heads of groups in which a query sees those blocks of keys that a layout names,
// behind a cache of fixed size that is filled in place. Exports of Phi-3-small hold it.
import type { Dims, Value } from "../../graph/graph.js";
import { Poly } from "../../ir/poly.js";
import { attention, joinHeads } from "../attention-core.js";
import { requireDims } from "../broadcast.js";
import { printDims, refuse, requireRanks } from "../checks.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type {
  Attributes,
  Builder,
  Expansion,
  NodeInfo,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  ReferenceTensor,
} from "../operator.js";
import { numbersOf, tabulate, vectorOf } from "../reference-tensors.js";
import { requireAtMost } from "../required-sizes.js";
import { reference as scatter } from "../tensor-scatter.js";
import { attentionReference, joinedReference, numberOfDim, scaleOf } from "./attention-parts.js";
import { tolerance as groupedTolerance } from "./group-query-attention.js";
import {
  groupedSizes,
  headsOf,
  partsReference,
  positionsOf,
  requireAngles,
  requireCount,
  rotated,
  sequenceOf,
  startsOf,
  turnedReference,
  vectorOfLengths,
} from "./grouped-heads.js";

const op = "SparseAttention";

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: [
    "query",
    "key?",
    "value?",
    "past_key",
    "past_value",
    "block_row_indices",
    "block_col_indices",
    "total_sequence_length",
    "key_total_sequence_lengths",
    "cos_cache?",
    "sin_cache?",
  ],
  outputs: ["output", "present_key", "present_value"],
  attributes: {
    num_heads: { type: "int", required: true },
    kv_num_heads: { type: "int", required: true },
    sparse_block_size: { type: "int", required: true },
    do_rotary: { type: "int", default: 0 },
    rotary_interleaved: { type: "int", default: 0 },
    scale: { type: "float" },
  },
  dtypes: ({ dtypes: { query } }) => ({ output: query!, present_key: query!, present_value: query! }),
  shape: node => outputDims(node),
  expand: (node, build) => {
    const { past_key, past_value, key_total_sequence_lengths } = node.inputs;
    const [query, key, V] = headsOf(op, node, build);
    const starts = startsOf(build, vectorOfLengths(build, key_total_sequence_lengths!), query);
    const positions = positionsOf(build, starts, query);
    const turn = (x: Value): Value => (node.attributes.do_rotary === 1 ? rotated(node, build, x, positions) : x);
    const [Q, K] = [turn(query), turn(key)];
    const [present_key, present_value] = [
      build.node("TensorScatter", [past_key, K, starts]),
      build.node("TensorScatter", [past_value, V, starts]),
    ];
    const lengths = build.node("Add", [starts, sequenceOf(build, query)]);
    const mask = visibleKeys(node, build, positions);
    const settings = { scale: scaleOf(node.attributes), causal: 1, pad_mask: 0 };
    const Y = attention(build, { Q, K: present_key, V: present_value, mask, lengths }, settings, node.dtypes.query!);
    return { output: joinHeads(build, Y), present_key, present_value };
  },
};

/** batch×heads×queries×keys: whether the layout of a head names the block of the key in the row of the query's. */
function visibleKeys(node: Expansion, build: Builder, positions: Value): Value {
  const vector = (...x: number[]): Value => build.constant("i64", [x.length], x);
  const scalar = (x: number): Value => build.constant("i64", [], [x]);
  const { num_heads, sparse_block_size } = node.attributes;
  const { past_key, block_row_indices } = node.inputs;
  const layouts = node.dims.block_row_indices![0]!.constant;
  // a query behind the end of the cache is no position of this list
  const capacity = build.node("Gather", [build.node("Shape", [past_key]), scalar(2)]);
  const places = build.node("Div", [build.node("Range", [scalar(0), capacity, scalar(1)]), scalar(sparse_block_size)]);
  const rows = build.node("Gather", [places, positions], { axis: 0 });
  // the cache may go on behind the last block, where no key counts
  const blocks = build.node("Sub", [
    build.node("Gather", [build.node("Shape", [block_row_indices]), scalar(1)]),
    scalar(2),
  ]);
  const columns = build.node("Min", [places, blocks]);
  const ofRows = build.node("Gather", [layoutTable(node, build), rows], { axis: 1 });
  const ofKeys = build.node("Gather", [ofRows, columns], { axis: 3 });
  const byBatch = build.node("Transpose", [ofKeys], { perm: [1, 0, 2, 3] });
  return build.node("Tile", [byBatch, vector(1, num_heads / layouts, 1, 1)]);
}

/** layouts×rows×columns of blocks as bool: entry j of the columns belongs to the row whose range of entries holds j. */
function layoutTable({ inputs }: Expansion, build: Builder): Value {
  const vector = (...x: number[]): Value => build.constant("i64", [x.length], x);
  const scalar = (x: number): Value => build.constant("i64", [], [x]);
  const integers = (x: Value | undefined): Value => build.node("Cast", [x], { to: onnxCodeOf("i64") });
  const [ends, columns] = [integers(inputs.block_row_indices), integers(inputs.block_col_indices)];
  const part = (from: number, to: number): Value => build.node("Slice", [ends, vector(from), vector(to), vector(1)]);
  const size = (of: Value, axis: number): Value => build.node("Gather", [build.node("Shape", [of]), vector(axis)]);
  const range = (count: Value): Value =>
    build.node("Range", [scalar(0), build.node("Squeeze", [count, vector(0)]), scalar(1)]);
  const entries = range(size(columns, 1));
  const isBehind = build.node("LessOrEqual", [build.node("Unsqueeze", [part(1, 2 ** 31), vector(2)]), entries]);
  const row = build.node("ReduceSum", [integers(isBehind), vector(1)], { keepdims: 0 });
  // entries that no row holds are filled up at will: they go into a row of their own
  const rows = build.node("Sub", [size(ends, 1), vector(1)]);
  const isEntry = build.node("And", [
    build.node("Less", [entries, part(-1, 2 ** 31)]),
    build.node("GreaterOrEqual", [entries, part(0, 1)]),
  ]);
  const layout = build.node("Expand", [
    build.node("Unsqueeze", [range(size(columns, 0)), vector(1)]),
    build.node("Shape", [columns]),
  ]);
  const places = [
    layout,
    build.node("Where", [isEntry, row, rows]),
    build.node("Where", [isEntry, columns, scalar(0)]),
  ];
  const indices = build.node(
    "Concat",
    places.map(x => build.node("Unsqueeze", [x, vector(2)])),
    { axis: 2 },
  );
  const bool = (x: Value): Value => build.node("Cast", [x], { to: onnxCodeOf("bool") });
  const dims = build.node("Concat", [size(ends, 0), build.node("Add", [rows, vector(1)]), rows], { axis: 0 });
  const empty = bool(build.node("Expand", [scalar(0), dims]));
  return build.node("ScatterND", [
    empty,
    indices,
    bool(build.node("Expand", [scalar(1), build.node("Shape", [columns])])),
  ]);
}

function outputDims(node: NodeInfo): Readonly<Record<string, Dims>> {
  const { num_heads, kv_num_heads, sparse_block_size, do_rotary } = node.attributes;
  if (!(sparse_block_size >= 1))
    refuse("operator-attribute", op, node, `sparse_block_size ${sparse_block_size} is no size; use 1 or more`);
  const { batch, sequence, size } = groupedSizes(op, node);
  if (!node.dims.key) numberOfDim(op, node, node.dims.query![2]!, "the last dim of a packed query");
  const { past_key: past, block_row_indices: rows } = node.dims;
  const cache = [batch, Poly.int(kv_num_heads), past![2]!, size];
  for (const name of ["past_key", "past_value"]) requireDims(op, node, name, cache, "batch×heads of keys×cache×size");
  requireRanks(op, node, { block_row_indices: [2], block_col_indices: [2] });
  const layouts = numberOfDim(op, node, rows![0]!, "the number of layouts in block_row_indices");
  const sentence = `block_row_indices of ${printDims(rows!)} must be layouts×(blocks + 1), and ${num_heads} heads a multiple of the layouts`;
  if (!(layouts >= 1) || num_heads % layouts !== 0) refuse("shape", op, node, sentence);
  requireAtMost(op, node, 2, rows![1]!, sentence);
  const { block_col_indices: columns } = node.dims;
  requireDims(op, node, "block_col_indices", [rows![0]!, columns![1]!], "layouts×entries");
  requireCount(op, node, "total_sequence_length", Poly.one);
  requireCount(op, node, "key_total_sequence_lengths", batch);
  if (do_rotary === 1) requireAngles(op, node, size);
  return { output: [batch, sequence, size.mul(num_heads)], present_key: cache, present_value: cache };
}

export const doc: OperatorDoc = {
  summary:
    "Causal attention to the blocks of keys that a layout of each head names, behind a cache that is filled in place",
  dtypes: "float",
  opsets: [1, 1],
  limits:
    "presents are new tensors, never the past's own buffer; a query whose row names no block has no defined result",
};
export const tolerance = groupedTolerance;

/** 0 where the layout of a head names the block of a key for the query's, −∞ elsewhere. */
function hiddenReference(
  inputs: Readonly<Record<string, ReferenceTensor>>,
  { num_heads, sparse_block_size }: Attributes,
  starts: readonly number[],
): ReferenceTensor {
  const { query, past_key, block_row_indices, block_col_indices } = inputs;
  const [layouts, width] = block_row_indices!.dims as [number, number];
  const entries = block_col_indices!.dims[1]!;
  const [ends, columns] = [numbersOf(block_row_indices!), numbersOf(block_col_indices!)];
  return tabulate("f64", [query!.dims[0]!, num_heads, query!.dims[1]!, past_key!.dims[2]!], ([b, h, i, j]) => {
    const layout = h! % layouts;
    const row = Math.floor((starts[b!]! + i!) / sparse_block_size);
    if (row + 1 >= width || starts[b!]! + i! >= past_key!.dims[2]!)
      throw new RangeError("a query behind the last block");
    const [first, end] = [ends[layout * width + row]!, ends[layout * width + row + 1]!];
    const named = columns.slice(layout * entries + first, layout * entries + end);
    return named.includes(Math.floor(j! / sparse_block_size)) ? 0 : -Infinity;
  });
}

export const reference: Reference = (inputs, attributes, node) => {
  const S = inputs.query!.dims[1]!;
  const starts = numbersOf(inputs.key_total_sequence_lengths!).map(total => Math.max(total - S, 0));
  const [query, key, V] = partsReference(inputs, attributes);
  const turn = (X: ReferenceTensor): ReferenceTensor =>
    attributes.do_rotary ? turnedReference(X, inputs, attributes, starts) : X;
  const [Q, K] = [turn(query), turn(key)];
  const cached = (past_cache: ReferenceTensor, update: ReferenceTensor): ReferenceTensor =>
    scatter({ past_cache, update, write_indices: vectorOf("i64", starts) }, {}, node).present_cache!;
  const [present_key, present_value] = [cached(inputs.past_key!, K), cached(inputs.past_value!, V)];
  const lengths = vectorOf(
    "i64",
    starts.map(s => s + S),
  );
  const masks = [hiddenReference(inputs, attributes, starts)];
  const settings = { scale: attributes.scale || undefined, causal: 1 };
  const Y = attentionReference({ Q, K: present_key, V: present_value }, settings, { lengths, masks });
  return { output: joinedReference(Y), present_key, present_value };
};

interface More {
  readonly sequence?: number;
  readonly totals: readonly number[];
  readonly packed?: boolean;
  readonly rotary?: number;
}
/** Of four rows of blocks: the own one and the first of an even row, and all that are not later. */
const rowIndices = [0, 1, 2, 4, 5, 0, 1, 3, 6, 10];
const columnIndices = [0, 1, 0, 2, 3, -1, -1, -1, -1, -1, 0, 0, 1, 0, 1, 2, 0, 1, 2, 3];
function of(name: string, m: More, attributes: Attributes = {}, dtype: "f32" | "f16" = "f32"): OperatorCase {
  const { sequence = 1, totals, packed = false, rotary: turned } = m;
  // ONNX Runtime wants heads of 16 elements where it turns them
  const size = turned ? 16 : 8;
  const cache = { dtype, dims: [2, 2, 16, size] };
  const keys = { dtype, dims: [2, sequence, 2 * size] };
  const angles = { dtype, dims: [16, (turned ?? 0) / 2], range: [-1, 1] as const };
  return {
    name: `${dtype} ${name}`,
    attributes: {
      num_heads: 4,
      kv_num_heads: 2,
      sparse_block_size: 4,
      ...(turned ? { do_rotary: 1 } : {}),
      ...attributes,
    },
    inputs: {
      query: { dtype, dims: [2, sequence, (packed ? 8 : 4) * size] },
      ...(packed ? {} : { key: keys, value: keys }),
      past_key: cache,
      past_value: cache,
      block_row_indices: { dtype: "i32", dims: [2, 5], data: rowIndices },
      block_col_indices: { dtype: "i32", dims: [2, 10], data: columnIndices },
      total_sequence_length: { dtype: "i32", dims: [1], data: [Math.max(...totals)] },
      key_total_sequence_lengths: { dtype: "i32", dims: [2], data: totals },
      ...(turned ? { cos_cache: angles, sin_cache: angles } : {}),
    },
  };
}
export const cases = (): readonly OperatorCase[] => [
  of("prompt", { sequence: 11, totals: [11, 11] }),
  of("prompt", { sequence: 5, totals: [5, 5] }, {}, "f16"),
  of("token, scale", { totals: [15, 15] }, { scale: 0.4 }),
  of("token of batches of two lengths", { totals: [15, 6] }),
  of("the last place of the cache", { totals: [16, 16] }),
  of("three tokens behind a past, packed", { sequence: 3, totals: [13, 13], packed: true }),
  of("prompt, packed, rotary", { sequence: 7, totals: [7, 7], packed: true, rotary: 16 }),
  of("token, rotary, interleaved", { totals: [12, 12], rotary: 16 }, { rotary_interleaved: 1 }),
];
