// NGramRepeatBlock of com.microsoft: scores of tokens that would repeat an n-gram become −∞.
import type { Value } from "../../graph/graph.js";
import { requireEqual } from "../broadcast.js";
import { printDims, refuse, requireRanks } from "../checks.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { elements, exact, numbersOf } from "../reference-tensors.js";

const op = "NGramRepeatBlock";

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["input_ids", "scores"],
  outputs: ["scores_out"],
  attributes: { ngram_size: { type: "int", required: true } },
  dtypes: ({ dtypes }) => ({ scores_out: dtypes.scores! }),
  shape: node => {
    const { ngram_size: n } = node.attributes;
    if (!(n > 0)) refuse("operator-attribute", op, node, `ngram_size ${n} is no length; use a positive number`);
    requireRanks(op, node, { input_ids: [2], scores: [2] });
    const { input_ids: ids, scores } = node.dims;
    requireEqual(
      op,
      node,
      ids![0]!,
      scores![0]!,
      `input_ids of ${printDims(ids!)} and scores of ${printDims(scores!)} differ in batch; they must agree`,
    );
    return { scores_out: scores! };
  },
  expand: ({ inputs: { input_ids, scores }, attributes: { ngram_size: n } }, build) => {
    const columns = (from: number, to: number): Value =>
      build.node("Slice", [input_ids, ...[[from], [to], [1]].map(x => build.constant("i64", [1], x))]);
    const end = Number.MAX_SAFE_INTEGER;
    // where an n-gram could begin: does it begin as the last n − 1 tokens do?
    let isRepeated: Value | undefined;
    for (let k = 0; k < n - 1; k++) {
      const last = columns(k - n + 1, k === n - 2 ? end : k - n + 2);
      const same = build.node("Equal", [columns(k, k - n + 1), last]);
      isRepeated = isRepeated ? build.node("And", [isRepeated, same]) : same;
    }
    const followers = columns(n - 1, end);
    const infinity = (x: number): Value => build.node("CastLike", [build.constant("f32", [], [x]), scores]);
    const blocked = infinity(Number.NEGATIVE_INFINITY);
    // both branches alike: only the dims of the condition matter, which updates have too
    const tokens = isRepeated ? build.node("Where", [isRepeated, followers, followers]) : followers;
    const updates = isRepeated
      ? build.node("Where", [isRepeated, blocked, infinity(Number.POSITIVE_INFINITY)])
      : build.node("Expand", [blocked, build.node("Shape", [followers])]);
    const scattered = build.node("ScatterElements", [scores, tokens, updates], { axis: 1, reduction: "min" });
    return { scores_out: scattered };
  },
};

export const doc: OperatorDoc = {
  summary: "Scores of tokens that would repeat an n-gram become −∞",
  dtypes: "ids i64, scores float",
  opsets: [1, 1],
};
export const tolerance = exact;

export const reference: Reference = ({ input_ids, scores }, { ngram_size: n }) => {
  const [B, S] = input_ids!.dims as [number, number];
  const V = scores!.dims[1]!;
  const id = elements(input_ids!);
  const data = numbersOf(scores!);
  for (let b = 0; b < B; b++)
    for (let first = 0; first + n <= S; first++) {
      const same = Array.from({ length: n - 1 }, (_, k) => id([b, first + k]) === id([b, S - n + 1 + k]));
      if (same.every(Boolean)) data[b * V + Number(id([b, first + n - 1]))] = Number.NEGATIVE_INFINITY;
    }
  return { scores_out: { ...scores!, data } };
};

const of = (n: number, ids: readonly (readonly number[])[]): OperatorCase => ({
  name: `${n}-grams of ${ids[0]!.length} tokens`,
  attributes: { ngram_size: n },
  inputs: {
    input_ids: { dtype: "i64", dims: [ids.length, ids[0]!.length], data: ids.flat() },
    scores: { dtype: "f32", dims: [ids.length, 11] },
  },
});
export const cases = (): readonly OperatorCase[] => [
  of(3, [
    [1, 2, 3, 1, 2, 4, 1, 2],
    [5, 6, 7, 8, 5, 6, 7, 9],
  ]),
  of(2, [[4, 4, 4]]),
  of(1, [[4, 10, 0]]),
  of(4, [[1, 2]]),
];
