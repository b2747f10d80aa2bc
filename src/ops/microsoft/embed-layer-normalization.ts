// EmbedLayerNormalization of com.microsoft: the sum of embeddings of words, positions and segments, normalised; and how many tokens count.
import type { Value } from "../../graph/graph.js";
import { requireEntries, requireEqual } from "../broadcast.js";
import { printDims, refuse, requireRanks } from "../checks.js";
import { floats } from "../elementwise-references.js";
import { reference as layerReference } from "../layer-normalization.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { elements, tabulate } from "../reference-tensors.js";
import { requireAtMost } from "../required-sizes.js";

const op = "EmbedLayerNormalization";

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
    "position_ids?",
  ],
  outputs: ["output", "mask_index?", "embedding_sum?"],
  attributes: { epsilon: { type: "float", default: 1e-12 }, mask_index_type: { type: "int", default: 0 } },
  dtypes: ({ dtypes }) => ({
    output: dtypes.word_embedding!,
    mask_index: "i32",
    embedding_sum: dtypes.word_embedding!,
  }),
  shape: node => {
    const { input_ids: ids, word_embedding: words, position_embedding: positions } = node.dims;
    if (ids!.length !== 2 || words!.length !== 2)
      refuse(
        "shape",
        op,
        node,
        `input_ids of ${printDims(ids!)} must be batch×sequence, and word_embedding of ${printDims(words!)} words×hidden`,
      );
    const tables = { position_embedding: [2], segment_embedding: [2], gamma: [1], beta: [1] };
    requireRanks(op, node, { ...tables, segment_ids: [2], mask: [2], position_ids: [2] });
    requireEqual(
      op,
      node,
      words![1]!,
      positions![1]!,
      `rows of ${printDims(words!)} and of ${printDims(positions!)} must be equally long`,
    );
    const { segment_embedding: segments, segment_ids, mask, position_ids } = node.dims;
    if (!segments !== !segment_ids)
      refuse("shape", op, node, "segment_ids and segment_embedding belong together; give both or none");
    if (segments)
      requireEqual(
        op,
        node,
        words![1]!,
        segments[1]!,
        `rows of ${printDims(words!)} and of ${printDims(segments)} must be equally long`,
      );
    const elements = { input: "word_embedding", what: "elements a row", count: words![1]! };
    for (const name of ["gamma", "beta"]) requireEntries(op, node, name, elements);
    for (const [name, dims] of Object.entries({ segment_ids, mask, position_ids }))
      dims?.forEach((d, k) => {
        const sentence = `input_ids is ${printDims(ids!)} and ${name} ${printDims(dims)}; they must have the same dims`;
        // positions may be given once for all of the batch
        if (name !== "position_ids" || k !== 0 || !d.isOne) requireEqual(op, node, ids![k]!, d, sentence);
      });
    const [length, known] = [ids![1]!, positions![0]!];
    const rows = `sequences have ${length.print()} tokens and position_embedding ${known.print()} rows; it needs one for each token`;
    if (!position_ids) requireAtMost(op, node, length, known, rows);
    const sum = [...ids!, words![1]!];
    return { output: sum, mask_index: [ids![0]!], embedding_sum: sum };
  },
  expand: ({ inputs, attributes, wanted }, build) => {
    const { input_ids, segment_ids, word_embedding, position_embedding, segment_embedding, gamma, beta, mask } = inputs;
    const scalar = (n: number): Value => build.constant("i64", [], [n]);
    const sequence = (): Value => build.node("Gather", [build.node("Shape", [input_ids]), scalar(1)]);
    const positions = inputs.position_ids ?? build.node("Range", [scalar(0), sequence(), scalar(1)]);
    const rows = (table: Value | undefined, ids: Value | undefined): Value =>
      build.node("Gather", [table, ids], { axis: 0 });
    const two = build.node("Add", [rows(word_embedding, input_ids), rows(position_embedding, positions)]);
    const sum = segment_ids ? build.node("Add", [two, rows(segment_embedding, segment_ids)]) : two;
    const output = build.node("LayerNormalization", [sum, gamma, beta], { epsilon: attributes.epsilon });
    if (!wanted.includes("mask_index")) return { output, embedding_sum: sum } as Record<string, Value>;
    const counted = build.node("Cast", [mask ?? build.node("Sub", [input_ids, input_ids])], { to: onnxCodeOf("i32") });
    const mask_index = build.node("ReduceSum", [counted, build.constant("i64", [1], [1])], { keepdims: 0 });
    return { output, embedding_sum: sum, mask_index };
  },
};

export const doc: OperatorDoc = {
  summary:
    "LayerNormalization of the sum of embeddings of words, positions and segments; mask_index counts the mask's ones in each row",
  dtypes: "embeddings float, ids i32",
  opsets: [1, 1],
};
/** that of LayerNormalization, of a sum that was rounded */
export const tolerance: Tolerance = { relative: 8, absolute: 8 };

export const reference: Reference = (inputs, { epsilon = 1e-12 }, node) => {
  const ids = inputs.input_ids!;
  const read = (n: string) => inputs[n] && elements(inputs[n]);
  const [word, position, segment] = ["word_embedding", "position_embedding", "segment_embedding"].map(read);
  const [words, segments, positions, mask] = ["input_ids", "segment_ids", "position_ids", "mask"].map(read);
  const [B, S] = ids.dims as [number, number];
  const ownPosition = (b: number, s: number): number => {
    if (!positions) return s;
    return Number(positions([inputs.position_ids!.dims[0] === 1 ? 0 : b, s]));
  };
  const sum = tabulate(inputs.word_embedding!.dtype, [B, S, inputs.word_embedding!.dims[1]!], ([b, s, h]) => {
    const own = segments ? Number(segment!([Number(segments([b!, s!])), h!])) : 0;
    return Number(word!([Number(words!([b!, s!])), h!])) + Number(position!([ownPosition(b!, s!), h!])) + own;
  });
  const counted = (b: number): number =>
    mask ? Array.from({ length: S }, (_, s) => Number(mask([b, s]))).reduce((x, y) => x + y, 0) : 0;
  const { Y } = layerReference({ X: sum, Scale: inputs.gamma!, B: inputs.beta! }, { axis: -1, epsilon }, node);
  return { output: Y!, embedding_sum: sum, mask_index: tabulate("i32", [B], ([b]) => counted(b!)) };
};

const ids = (dims: readonly number[], high: number) => ({ dtype: "i32", dims, range: [0, high] }) as const;
const of = (
  name: string,
  segments: boolean,
  mask: boolean,
  positions?: readonly number[],
  dtype: "f32" | "f16" | "f64" = "f32",
): OperatorCase => ({
  name: `${dtype} ${name}`,
  outputCount: 3,
  attributes: { epsilon: 1e-5 },
  inputs: {
    input_ids: ids([2, 5], 10),
    ...(segments ? { segment_ids: ids([2, 5], 1), segment_embedding: { dtype, dims: [2, 17] } } : {}),
    word_embedding: { dtype, dims: [11, 17] },
    position_embedding: { dtype, dims: [7, 17] },
    gamma: { dtype, dims: [17] },
    beta: { dtype, dims: [17] },
    ...(mask ? { mask: ids([2, 5], 1) } : {}),
    ...(positions ? { position_ids: ids(positions, 6) } : {}),
  },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of("words, positions, segments, mask", true, true, undefined, d as "f32")),
  of("no segments, no mask", false, false),
  of("positions given", true, true, [2, 5]),
  of("positions given once", true, false, [1, 5]),
];
