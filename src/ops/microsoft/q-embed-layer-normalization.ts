// QEmbedLayerNormalization of com.microsoft: EmbedLayerNormalization whose tables, gamma and beta are of 8 bits.
import type { Dims, Value } from "../../graph/graph.js";
import { Poly } from "../../ir/poly.js";
import { requireEqual } from "../broadcast.js";
import { printDims } from "../checks.js";
import { reference as dequantize } from "../integers/dequantize-linear.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, ReferenceTensor } from "../operator.js";
import * as embed from "./embed-layer-normalization.js";

const op = "QEmbedLayerNormalization";
const tables = ["word_embedding", "position_embedding", "segment_embedding", "gamma", "beta"] as const;
const plain = ["input_ids", "segment_ids", "mask"] as const;

const real = (node: NodeInfo): NodeInfo => {
  const names = [...plain, ...tables].filter(n => node.dims[n]);
  return { ...node, dims: Object.fromEntries(names.map((n): [string, Dims] => [n, node.dims[n]!])) };
};

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: [
    "input_ids",
    "segment_ids?",
    "word_embedding",
    "position_embedding",
    "segment_embedding?",
    "gamma",
    "beta",
    "mask?",
    "word_embedding_scale",
    "position_embedding_scale",
    "segment_embedding_scale?",
    "gamma_scale",
    "beta_scale",
    "word_embedding_zero_point",
    "position_embedding_zero_point",
    "segment_embedding_zero_point?",
    "gamma_zero_point",
    "beta_zero_point",
  ],
  outputs: ["output", "mask_index"],
  attributes: { epsilon: { type: "float", default: 1e-12 } },
  dtypes: ({ dtypes }) => ({ output: dtypes.word_embedding_scale!, mask_index: "i32" }),
  shape: node => {
    for (const table of tables)
      for (const name of [`${table}_scale`, `${table}_zero_point`]) {
        const dims = node.dims[name];
        const sentence = `${name} of ${dims && printDims(dims)} must be one number, for all of ${table}`;
        if (dims) requireEqual(op, node, Poly.product(dims), Poly.one, sentence);
      }
    const { output, mask_index } = embed.operator.shape(real(node));
    return { output: output!, mask_index: mask_index! };
  },
  expand: ({ inputs, attributes }, build) => {
    const number = (x: Value): Value => build.node("Reshape", [x, build.constant("i64", [0], [])]);
    const values = tables.map(name => {
      const [x, scale, zero] = [inputs[name], inputs[`${name}_scale`], inputs[`${name}_zero_point`]];
      return x && build.node("DequantizeLinear", [x, number(scale!), zero && number(zero)]);
    });
    const [word, position, segment, gamma, beta] = values;
    const given = [inputs.input_ids, inputs.segment_ids, word, position, segment, gamma, beta, inputs.mask];
    const [output, mask_index] = build.several("EmbedLayerNormalization", 2, given, attributes, "com.microsoft");
    return { output: output!, mask_index: mask_index! };
  },
};

export const doc: OperatorDoc = {
  summary: "EmbedLayerNormalization whose tables, gamma and beta are of 8 bits, each with a scale and a zero point",
  dtypes: "tables u8 or i8, ids i32",
  opsets: [1, 1],
};
export const tolerance = embed.tolerance;

export const reference: Reference = (inputs, attributes, node) => {
  const given: Record<string, ReferenceTensor> = {};
  for (const name of plain) if (inputs[name]) given[name] = inputs[name];
  for (const name of tables) {
    const x = inputs[name];
    if (!x) continue;
    const number = (t: ReferenceTensor): ReferenceTensor => ({ ...t, dims: [] });
    const parts = { x, x_scale: number(inputs[`${name}_scale`]!), x_zero_point: number(inputs[`${name}_zero_point`]!) };
    given[name] = dequantize(parts, {}, node).y!;
  }
  const { output, mask_index } = embed.reference(given, attributes, { ...node, outputCount: 2 });
  return { output: output!, mask_index: mask_index! };
};

const of = (
  dtype: "u8" | "i8",
  [batch, sequence, hidden]: readonly [number, number, number],
  more: readonly ("segments" | "mask")[] = [],
): OperatorCase => {
  const ids = (count: number) => ({
    dtype: "i32" as const,
    dims: [batch, sequence],
    data: Array.from({ length: batch * sequence }, (_, i) => (i * 7 + 3) % count),
  });
  const range = dtype === "u8" ? ([0, 255] as const) : ([-128, 127] as const);
  const table = (name: string, dims: readonly number[], scale: number, zero: number): OperatorCase["inputs"] => ({
    [name]: { dtype, dims, range },
    [`${name}_scale`]: { dtype: "f32", dims: [], data: [scale] },
    [`${name}_zero_point`]: { dtype, dims: [], data: [zero] },
  });
  return {
    name: `${dtype} ${batch}×${sequence}×${hidden} ${more.join()}`,
    inputs: {
      input_ids: ids(11),
      ...(more.includes("segments")
        ? { segment_ids: ids(2), ...table("segment_embedding", [2, hidden], 0.007, 3) }
        : {}),
      ...table("word_embedding", [11, hidden], 0.011, 5),
      ...table("position_embedding", [8, hidden], 0.009, 2),
      ...table("gamma", [hidden], 0.013, 1),
      ...table("beta", [hidden], 0.005, 4),
      ...(more.includes("mask") ? { mask: ids(2) } : {}),
    },
  };
};
export const cases = (): readonly OperatorCase[] => [
  of("u8", [2, 5, 17], ["segments", "mask"]),
  of("i8", [3, 1, 8], ["segments"]),
  of("i8", [1, 8, 5], ["mask"]),
  of("u8", [2, 3, 16]),
];
