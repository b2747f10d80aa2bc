// RotaryEmbedding of com.microsoft: that of ai.onnx with its inputs in another order, and positions that may be one offset for all.

import { opaque, Poly } from "../../ir/poly.js";
import { requireEqual } from "../broadcast.js";
import { printDims, refuse, requireRanks } from "../checks.js";
import { floats } from "../elementwise-references.js";
import type { Attributes, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { elementOf, numbersOf, tabulate } from "../reference-tensors.js";
import { reference as standard } from "../rotary-embedding.js";

/** Three dims are batch×sequence×(heads·size): without num_heads, a head is as long as the cache says. */
function headsOf(node: NodeInfo): number {
  const { num_heads, rotary_embedding_dim } = node.attributes;
  const [X, cache] = [node.dims.input!, node.dims.cos_cache!];
  if (!X.at(-1)!.isConst)
    refuse(
      "operator-unsupported",
      "RotaryEmbedding",
      node,
      `the last dim of input is ${X.at(-1)!.print()}; it must be a number`,
    );
  if (X.length === 4) return 0;
  if (num_heads > 0) return num_heads;
  const heads = opaque("div", X.at(-1)!, cache.at(-1)!.mul(2));
  if (X.length !== 3 || !heads.isConst || rotary_embedding_dim > 0)
    refuse(
      "shape",
      "RotaryEmbedding",
      node,
      `input of ${printDims(X)} must be batch×heads×sequence×size, or batch×sequence×(heads·size) with the attribute num_heads`,
    );
  return heads.constant;
}

export const operator: Operator = {
  name: "RotaryEmbedding",
  domain: "com.microsoft",
  inputs: ["input", "position_ids", "cos_cache", "sin_cache"],
  outputs: ["output"],
  attributes: {
    interleaved: { type: "int", default: 0 },
    num_heads: { type: "int", default: 0 },
    rotary_embedding_dim: { type: "int", default: 0 },
    scale: { type: "float", default: 1 },
    is_packed_batching: { type: "int", default: 0 },
  },
  shape: node => {
    if (node.attributes.is_packed_batching || node.attributes.scale !== 1)
      refuse(
        "operator-unsupported",
        "RotaryEmbedding",
        node,
        "packed batches and scale are for GPUs; export without them",
      );
    requireRanks("RotaryEmbedding", node, { input: [3, 4], position_ids: [0, 1, 2], cos_cache: [2], sin_cache: [2] });
    const { input, position_ids } = node.dims;
    headsOf(node);
    if (position_ids!.length === 1)
      requireEqual(
        "RotaryEmbedding",
        node,
        position_ids![0]!,
        Poly.one,
        `position_ids is ${printDims(position_ids!)}; give one offset, or a position for each token of input of ${printDims(input!)}`,
      );
    return { output: node.dims.input! };
  },
  expand: (node, build) => {
    const { input, position_ids, cos_cache, sin_cache } = node.inputs;
    const { interleaved, rotary_embedding_dim } = node.attributes;
    const attributes = { interleaved, rotary_embedding_dim, num_heads: headsOf(node) };
    const positions = node.dims.position_ids!.length === 2 ? position_ids! : spread();
    return { output: build.node("RotaryEmbedding", [input, cos_cache, sin_cache, positions], attributes) };

    /** One offset: where each batch's sequence begins. */
    function spread() {
      const rank = input!.dims!.length;
      const axis = (a: number) => build.node("Gather", [build.node("Shape", [input]), build.constant("i64", [1], [a])]);
      const ends = [
        build.constant("i64", [], [0]),
        build.node("Squeeze", [axis(rank - 2)]),
        build.constant("i64", [], [1]),
      ];
      const row = build.node("Add", [
        build.node("Range", ends),
        build.node("Reshape", [position_ids, build.constant("i64", [1], [1])]),
      ]);
      const dims = build.node("Concat", [axis(0), axis(rank - 2)], { axis: 0 });
      return build.node("Expand", [row, dims]);
    }
  },
};

export const doc: OperatorDoc = {
  summary: "Pairs of elements of each head, turned by cached angles of their positions",
  dtypes: "float",
  opsets: [1, 1],
  limits: "no packed batches, no scale; the last dim of the input must be a number at compile time",
};
export const tolerance: Tolerance = { relative: 2, absolute: 2 };

export const reference: Reference = ({ input, position_ids, cos_cache, sin_cache }, attributes, node) => {
  const X = input!;
  const [B, S] = [X.dims[0]!, X.dims.at(-2)!];
  const p = numbersOf(position_ids!);
  const ids = tabulate("i64", [B, S], ([b, s]) =>
    elementOf("i64", p.length === 1 && position_ids!.dims.length < 2 ? p[0]! + s! : p[b! * S + s!]!),
  );
  const { num_heads, rotary_embedding_dim } = attributes;
  const heads = num_heads || X.dims.at(-1)! / (rotary_embedding_dim || 2 * cos_cache!.dims[1]!);
  const more = { ...attributes, num_heads: X.dims.length === 3 ? heads : 0 };
  return { output: standard({ X, cos_cache: cos_cache!, sin_cache: sin_cache!, position_ids: ids }, more, node).Y! };
};

const of = (
  name: string,
  input: readonly number[],
  half: number,
  ids: readonly number[] | number,
  attributes: Attributes = {},
  dtype: "f32" | "f16" | "f64" = "f32",
): OperatorCase => ({
  name: `${dtype} ${name}`,
  attributes,
  inputs: {
    input: { dtype, dims: input },
    position_ids:
      typeof ids === "number"
        ? { dtype: "i64", dims: [1], data: [ids] }
        : { dtype: "i64", dims: [input[0]!, input.at(-2)!], data: ids },
    cos_cache: { dtype, dims: [16, half], range: [-1, 1] },
    sin_cache: { dtype, dims: [16, half], range: [-1, 1] },
  },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of("four dims", [2, 3, 4, 8], 4, 2, {}, d as "f32")),
  of("three dims, heads as long as the cache", [2, 4, 24], 4, 0),
  of("three dims, interleaved", [2, 3, 24], 4, [3, 1, 0, 9, 15, 4], { num_heads: 3, interleaved: 1 }),
  of("a part of each head", [2, 3, 24], 2, [3, 1, 0, 9, 15, 4], { num_heads: 3, rotary_embedding_dim: 4 }),
  of("one token", [1, 2, 1, 6], 3, 15),
];
