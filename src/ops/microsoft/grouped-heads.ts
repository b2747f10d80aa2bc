// What attentions share whose heads of keys each serve a group of queries' heads, behind a cache that each batch has filled to a length
// of its own: GroupQueryAttention and SparseAttention.
import type { Value } from "../../graph/graph.js";
import { opaque, Poly } from "../../ir/poly.js";
import { splitHeads } from "../attention-core.js";
import { requireDims, requireEqual } from "../broadcast.js";
import { printDims, refuse, requireRanks } from "../checks.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type { Attributes, Builder, Expansion, NodeInfo, ReferenceTensor } from "../operator.js";
import { elementOf, tabulate } from "../reference-tensors.js";
import { requireMultiple } from "../required-sizes.js";
import { reference as rotary } from "../rotary-embedding.js";
import { headsReference, numberOfDim, partReference, sliceOf } from "./attention-parts.js";

const names = ["query", "key", "value"] as const;
const pairs = [
  ["key", "value"],
  ["past_key", "past_value"],
  ["cos_cache", "sin_cache"],
] as const;

export interface GroupedSizes {
  readonly batch: Poly;
  readonly sequence: Poly;
  /** of a head */
  readonly size: Poly;
}
/** Queries, keys and values of one batch, one sequence and one size of heads; what belongs together is there together. */
export function groupedSizes(op: string, node: NodeInfo): GroupedSizes {
  const { num_heads, kv_num_heads } = node.attributes;
  requireRanks(op, node, { query: [3], key: [3], value: [3], past_key: [4], past_value: [4] });
  if (num_heads % kv_num_heads !== 0)
    refuse(
      "operator-attribute",
      op,
      node,
      `${num_heads} heads are no multiple of ${kv_num_heads} heads of keys; each head of keys serves as many`,
    );
  for (const [a, b] of pairs)
    if (!node.dims[a] !== !node.dims[b])
      refuse("shape", op, node, `${a} and ${b} belong together; give both or neither`);
  const { query, key } = node.dims;
  const [batch, sequence, hidden] = query as readonly Poly[] as readonly [Poly, Poly, Poly];
  const heads = Poly.int(key ? num_heads : num_heads + 2 * kv_num_heads);
  const sentence = `query of ${printDims(query!)} does not split into ${heads.print()} heads; set num_heads and kv_num_heads`;
  requireMultiple(op, node, hidden, heads, sentence);
  const size = opaque("div", hidden, heads);
  for (const name of ["key", "value"])
    requireDims(op, node, name, [batch, sequence, size.mul(kv_num_heads)], "batch×sequence×(heads of keys · size)");
  return { batch, sequence, size };
}

export function requireCount(op: string, node: NodeInfo, name: string, count: Poly): void {
  const dims = node.dims[name]!;
  const sentence = `${name} of ${printDims(dims)} must have ${count.print()} elements; change it or the batch`;
  requireEqual(op, node, Poly.product(dims), count, sentence);
}

/** Cosines and sines for the first elements of each head, two of which turn by one angle. */
export function requireAngles(op: string, node: NodeInfo, size: Poly): void {
  const { cos_cache: angles, query } = node.dims;
  if (!angles) refuse("shape", op, node, "do_rotary needs cos_cache and sin_cache; give both, or leave do_rotary out");
  requireRanks(op, node, { cos_cache: [2], sin_cache: [2] });
  const turned = 2 * numberOfDim(op, node, angles[1]!, "the last dim of cos_cache");
  numberOfDim(op, node, query![2]!, "the last dim of query, whose heads are rotated,");
  requireDims(op, node, "sin_cache", angles, "the dims of cos_cache");
  if (turned > size.constant)
    refuse(
      "shape",
      op,
      node,
      `cos_cache of ${printDims(angles)} turns ${turned} elements of heads that have ${size.print()}; it must have half as many columns at most`,
    );
}

/** Queries, keys and values by heads; without a key they lie side by side in query. */
export function headsOf(
  op: string,
  { inputs, attributes, ...node }: Expansion,
  build: Builder,
): readonly [Value, Value, Value] {
  const { num_heads: heads, kv_num_heads: groups } = attributes;
  const counts = [heads, groups, groups] as const;
  if (inputs.key) return names.map((n, k) => splitHeads(build, inputs[n]!, counts[k]!)) as [Value, Value, Value];
  const size =
    numberOfDim(op, { ...node, attributes }, inputs.query!.dims![2]!, "the last dim of a packed query") /
    (heads + 2 * groups);
  let first = 0;
  return counts.map(count => {
    const start = first;
    first += count * size;
    return splitHeads(build, sliceOf(build, inputs.query!, 2, start, first), count);
  }) as readonly Value[] as readonly [Value, Value, Value];
}

/** The length of the sequence, as a scalar. */
export const sequenceOf = (build: Builder, heads: Value): Value =>
  build.node("Gather", [build.node("Shape", [heads]), build.constant("i64", [], [2])]);

/** A number for each batch, whatever its dims. */
export const vectorOfLengths = (build: Builder, lengths: Value): Value =>
  build.node("Cast", [build.node("Reshape", [lengths, build.constant("i64", [1], [-1])])], { to: onnxCodeOf("i64") });

/** How much of the past each batch has: `totals` counts the tokens of this run as well. */
export function startsOf(build: Builder, totals: Value, query: Value): Value {
  // prompts of several lengths are padded at their ends: they begin at 0
  return build.node("Max", [build.node("Sub", [totals, sequenceOf(build, query)]), build.constant("i64", [], [0])]);
}

/** batch×sequence: where the tokens of this run stand. */
export function positionsOf(build: Builder, starts: Value, query: Value): Value {
  const row = build.node("Range", [
    build.constant("i64", [], [0]),
    sequenceOf(build, query),
    build.constant("i64", [], [1]),
  ]);
  return build.node("Add", [build.node("Unsqueeze", [starts, build.constant("i64", [1], [1])]), row]);
}

/** The first elements of each head turned by the angles of its position. */
export function rotated({ inputs, attributes }: Expansion, build: Builder, x: Value, positions: Value): Value {
  const { cos_cache, sin_cache } = inputs;
  const turned = 2 * cos_cache!.dims![1]!.constant;
  return build.node("RotaryEmbedding", [x, cos_cache, sin_cache, positions], {
    interleaved: attributes.rotary_interleaved,
    rotary_embedding_dim: turned,
  });
}

type Inputs = Readonly<Record<string, ReferenceTensor>>;

/** Queries, keys and values as batch×heads×sequence×size. */
export function partsReference(
  inputs: Inputs,
  { num_heads: heads, kv_num_heads: groups }: Attributes,
): readonly [ReferenceTensor, ReferenceTensor, ReferenceTensor] {
  const size = inputs.query!.dims[2]! / (inputs.key ? heads : heads + 2 * groups);
  const part = (k: 0 | 1 | 2): ReferenceTensor => {
    const first = [0, heads, heads + groups][k]! * size;
    const count = k === 0 ? heads : groups;
    const own = inputs.key ? inputs[names[k]]! : partReference(inputs.query!, first, first + count * size);
    return headsReference(own, count);
  };
  return [part(0), part(1), part(2)];
}

/** Heads turned by the angles of position_ids, or else of the places behind `starts`. */
export function turnedReference(
  X: ReferenceTensor,
  { query, cos_cache, sin_cache, position_ids }: Inputs,
  { rotary_interleaved: interleaved }: Attributes,
  starts: readonly number[],
): ReferenceTensor {
  const [B, S] = query!.dims as [number, number, number];
  const ids = position_ids ?? tabulate("i64", [B, S], ([b, s]) => elementOf("i64", starts[b!]! + s!));
  const node = { present: [], opset: 23, outputCount: 1 };
  const turned = { interleaved, rotary_embedding_dim: 2 * cos_cache!.dims[1]! };
  return rotary({ X, cos_cache: cos_cache!, sin_cache: sin_cache!, position_ids: ids }, turned, node).Y!;
}
