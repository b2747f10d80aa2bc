// What com.microsoft's attentions share: heads out of packed tensors, masks together, and the float64 reference of it all.
import type { Value } from "../../graph/graph.js";
import type { Poly } from "../../ir/poly.js";
import { computeDtype } from "../accumulate.js";
import { scoresReference } from "../attention-scores.js";
import { valuesReference } from "../attention-values.js";
import { weightsOfRow } from "../attention-weights.js";
import { refuse } from "../checks.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type { Attributes, Builder, NodeInfo, ReferenceTensor } from "../operator.js";
import { elements, tabulate } from "../reference-tensors.js";
import { mapRows } from "../softmax.js";

/** A dim that must be a number when the model is compiled. */
export function numberOfDim(op: string, node: NodeInfo, dim: Poly, what: string): number {
  if (!dim.isConst) refuse("operator-unsupported", op, node, `${what} is ${dim.print()}; it must be a number`);
  return dim.constant;
}

/** The scale of ONNX Runtime's attentions: absent and 0 are 1 / √size. */
export const scaleOf = ({ scale }: Attributes): number | undefined => scale || undefined;

/** What is added to the scores: the mask of keys and the bias, either of which may be absent. */
export function addedMask(
  build: Builder,
  { mask, bias, Q, K }: { mask: Value | undefined; bias: Value | undefined; Q: Value; K: Value },
  filter: number,
): Value | undefined {
  const keys = mask && build.node("KeyMask", [mask, Q, K], { filter }, "azulejo");
  if (!keys || !bias) return keys ?? bias;
  return build.node("Add", [keys, build.node("Cast", [bias], { to: onnxCodeOf(computeDtype(bias.dtype!)) })]);
}

/** A part of the last dim, or of another, by its bounds. */
export const sliceOf = (build: Builder, x: Value, axis: number, start: number, end: number): Value =>
  build.node("Slice", [x, ...[[start], [end], [axis]].map(data => build.constant("i64", [1], data))]);

/** batch×sequence×(heads·size), or batch×heads×sequence×size as it is. */
export function headsReference(t: ReferenceTensor, heads: number): ReferenceTensor {
  if (t.dims.length === 4) return t;
  const [B, S, hidden] = t.dims as [number, number, number];
  const size = hidden / heads;
  const read = elements(t);
  return tabulate(t.dtype, [B, heads, S, size], ([b, h, s, d]) => read([b!, s!, h! * size + d!])!);
}

/** And back. */
export function joinedReference(t: ReferenceTensor): ReferenceTensor {
  const [B, H, S, D] = t.dims as [number, number, number, number];
  const read = elements(t);
  return tabulate(t.dtype, [B, S, H * D], ([b, s, i]) => read([b!, Math.floor(i! / D), s!, i! % D])!);
}

export function appendedReference(past: ReferenceTensor | undefined, t: ReferenceTensor): ReferenceTensor {
  if (!past) return t;
  const before = past.dims[2]!;
  const [old, own] = [elements(past), elements(t)];
  return tabulate(t.dtype, t.dims.with(2, before + t.dims[2]!), i =>
    i[2]! < before ? old(i)! : own(i.with(2, i[2]! - before))!,
  );
}

/** The elements `start` to `end` of the last dim, plus a bias of their own. */
export function partReference(
  t: ReferenceTensor,
  start: number,
  end: number,
  bias?: ReferenceTensor,
  first = start,
): ReferenceTensor {
  const read = elements(t);
  return tabulate(t.dtype, t.dims.with(-1, end - start), i => {
    const d = i.at(-1)!;
    return Number(read(i.with(-1, start + d))) + (bias ? Number(bias.data[first + d]) : 0);
  });
}

interface Heads {
  readonly Q: ReferenceTensor;
  readonly K: ReferenceTensor;
  readonly V: ReferenceTensor;
}
/** softmax(scores + added) · V in float64; `scores` may be told to do more (see AttentionScores). */
export function attentionReference(
  { Q, K, V }: Heads,
  settings: Attributes,
  more: {
    readonly masks?: readonly ReferenceTensor[];
    readonly lengths?: ReferenceTensor;
    readonly past?: ReferenceTensor | undefined;
  } = {},
): ReferenceTensor {
  const { masks = [], lengths, past } = more;
  const scores = scoresReference({ Q, K, lengths, past }, settings);
  const readers = masks.map(m => ({ m, read: elements(m) }));
  const read = elements(scores);
  const added = tabulate(scores.dtype, scores.dims, i =>
    readers.reduce(
      (sum, { m, read: mask }) => sum + Number(mask(i.map((x, d) => (m.dims[d] === 1 ? 0 : x)))),
      Number(read(i)),
    ),
  );
  return valuesReference(mapRows(added, {}, 13, weightsOfRow), V);
}
