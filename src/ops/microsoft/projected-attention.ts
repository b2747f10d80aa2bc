// What com.microsoft's attentions over a projected input share: Q, K and V lie side by side, batch×sequence×(q + k + v).
import type { Value } from "../../graph/graph.js";
import { attentionScores, attentionValues, attentionWeights, joinHeads, splitHeads } from "../attention-core.js";
import type { Attributes, Builder, Expansion, Reference, ReferenceTensor } from "../operator.js";
import { elements, tabulate } from "../reference-tensors.js";
import {
  addedMask,
  appendedReference,
  attentionReference,
  headsReference,
  joinedReference,
  partReference,
  scaleOf,
  sliceOf,
} from "./attention-parts.js";
import { reference as maskReference } from "./key-mask.js";

/** How many columns Q, K and V have. */
export type Sizes = readonly [q: number, k: number, v: number];
export const thirds = (columns: number): Sizes => [columns / 3, columns / 3, columns / 3];

interface Given<T> {
  readonly projected: T;
  readonly mask?: T | undefined;
  /** keys and values of before, stacked: 2×batch×heads×past×size */
  readonly past?: T | undefined;
  /** what is added to the scores */
  readonly bias?: T | undefined;
}

/** The outputs `output` and, where it is wanted, `present`; reads num_heads, unidirectional, mask_filter_value and scale. */
export function projectedAttention(
  node: Expansion,
  build: Builder,
  { projected, mask, past, bias }: Given<Value>,
  sizes: Sizes,
): Readonly<Record<string, Value>> {
  const { num_heads, unidirectional: causal, mask_filter_value } = node.attributes;
  let first = 0;
  const [Q, K, V] = sizes.map(size => {
    first += size;
    return splitHeads(build, sliceOf(build, projected, 2, first - size, first), num_heads);
  }) as [Value, Value, Value];
  const old = (k: number): Value | undefined =>
    past && build.node("Gather", [past, build.constant("i64", [], [k])], { axis: 0 });
  const appended = (before: Value | undefined, x: Value): Value =>
    before ? build.node("Concat", [before, x], { axis: 2 }) : x;
  const oldKeys = old(0);
  const [keys, values] = [appended(oldKeys, K), appended(old(1), V)];
  const added = addedMask(build, { mask, bias, Q, K: keys }, mask_filter_value);
  const settings = { scale: scaleOf(node.attributes), causal, pad_mask: 0 };
  const scores = attentionScores(build, { Q, K: keys, mask: added, past: oldKeys }, settings);
  const dtype = node.inputs.past?.dtype ?? node.dtypes.bias ?? node.dtypes.input!;
  const output = joinHeads(build, attentionValues(build, attentionWeights(build, scores, dtype), values));
  if (!node.wanted.includes("present")) return { output };
  const zero = build.constant("i64", [1], [0]);
  const stacked = [keys, values].map(x => build.node("Unsqueeze", [x, zero]));
  return { output, present: build.node("Concat", stacked, { axis: 0 }) };
}

export function projectedAttentionReference(
  { projected, mask, past, bias }: Given<ReferenceTensor>,
  attributes: Attributes,
  node: Parameters<Reference>[2],
  [q, k, v]: Sizes,
): Readonly<Record<string, ReferenceTensor>> {
  const { num_heads, scale, unidirectional: causal, mask_filter_value: filter = -10000 } = attributes;
  const part = (first: number, size: number): ReferenceTensor =>
    headsReference(partReference(projected, first, first + size), num_heads);
  const Q = part(0, q);
  const K = appendedReference(half(past, 0), part(q, k));
  const V = appendedReference(half(past, 1), part(q + k, v));
  const masks = [...(mask ? [maskReference({ mask, Q, K }, { filter }, node).M!] : []), ...(bias ? [bias] : [])];
  const Y = attentionReference({ Q, K, V }, { scale: scale || undefined, causal }, { masks, past: half(past, 0) });
  const [readK, readV] = [elements(K), elements(V)];
  const present = tabulate(K.dtype, [2, ...K.dims], i => (i[0] === 0 ? readK : readV)(i.slice(1))!);
  return { output: joinedReference(Y), ...(K.dims[3] === V.dims[3] ? { present } : {}) };
}

function half(past: ReferenceTensor | undefined, k: number): ReferenceTensor | undefined {
  if (!past) return undefined;
  const read = elements(past);
  return tabulate(past.dtype, past.dims.slice(1), i => read([k, ...i])!);
}
