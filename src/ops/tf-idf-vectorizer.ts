// TfIdfVectorizer: how often the n-grams of a pool occur in sequences of integers or texts, perhaps weighted.
import type { AnyTensor } from "../runtime/host-value.js";
import { requireOneOf } from "./checks.js";
import { float32 } from "./host-tensors.js";
import { int, tensorType } from "./host-types.js";
import type { Attributes, Operator, OperatorDoc } from "./operator.js";

export const operator: Operator = {
  name: "TfIdfVectorizer",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: {
    max_gram_length: { type: "int", required: true },
    max_skip_count: { type: "int", required: true },
    min_gram_length: { type: "int", required: true },
    mode: { type: "string", required: true },
    ngram_counts: { type: "ints", required: true },
    ngram_indexes: { type: "ints", required: true },
    pool_int64s: { type: "ints" },
    pool_strings: { type: "strings" },
    weights: { type: "floats" },
  },
  shape: () => ({}),
  host: {
    reason: "it looks n-grams up, of texts too",
    types: node => {
      requireOneOf("TfIdfVectorizer", node, "mode", ["TF", "IDF", "TFIDF"]);
      const { dims } = node.types.X!;
      return { Y: tensorType("f32", dims && [...dims.slice(0, -1), int(widthOf(node.attributes))]) };
    },
    run: ({ X }, { attributes }) => ({ Y: vectorize(X as AnyTensor, attributes) }),
  },
};

const widthOf = ({ ngram_indexes }: Attributes): number => Math.max(-1, ...(ngram_indexes as number[])) + 1;

type Item = string | number | bigint;
const keyOf = (gram: readonly Item[]): string => JSON.stringify(gram.map(String));

/** n-gram → its place in the pool's list */
function poolOf(attributes: Attributes): ReadonlyMap<string, number> {
  const items: readonly Item[] = attributes.pool_strings ?? attributes.pool_int64s ?? [];
  const starts: readonly number[] = attributes.ngram_counts;
  const out = new Map<string, number>();
  starts.forEach((start, i) => {
    const length = i + 1;
    const end = starts[i + 1] ?? items.length;
    for (let at = start; at + length <= end; at += length) {
      const key = keyOf(items.slice(at, at + length));
      if (!out.has(key) && length >= attributes.min_gram_length && length <= attributes.max_gram_length)
        out.set(key, outIndex(starts, i, at));
    }
  });
  return out;
}
/** Which n-gram of the whole pool begins at an item. */
function outIndex(starts: readonly number[], i: number, at: number): number {
  let count = 0;
  for (let k = 0; k < i; k++) count += (starts[k + 1]! - starts[k]!) / (k + 1);
  return count + (at - starts[i]!) / (i + 1);
}

function vectorize({ dims, data }: AnyTensor, attributes: Attributes): AnyTensor {
  const length = dims.at(-1) ?? 1;
  const rows = dims.slice(0, -1).reduce((a, b) => a * b, 1);
  const width = widthOf(attributes);
  const pool = poolOf(attributes);
  const out = new Float32Array(rows * width);
  const items = Array.from(data as ArrayLike<Item>);
  for (let r = 0; r < rows; r++) {
    const counts = countGrams(items.slice(r * length, (r + 1) * length), pool, attributes);
    for (const [gram, count] of counts)
      out[r * width + attributes.ngram_indexes[gram]] = scored(count, attributes.weights?.[gram] ?? 1, attributes.mode);
  }
  return float32([...out], [...dims.slice(0, -1), width]);
}
const scored = (count: number, weight: number, mode: string): number =>
  mode === "TF" ? count : mode === "IDF" ? weight : count * weight;

/** Items of an n-gram are neighbours, or `skip` items apart; a single item has nothing to skip. */
function countGrams(
  row: readonly Item[],
  pool: ReadonlyMap<string, number>,
  attributes: Attributes,
): Map<number, number> {
  const counts = new Map<number, number>();
  for (let n: number = attributes.min_gram_length; n <= attributes.max_gram_length; n++)
    for (let skip = 0; skip <= (n === 1 ? 0 : attributes.max_skip_count); skip++)
      for (let start = 0; start + (n - 1) * (skip + 1) < row.length; start++) {
        const gram = Array.from({ length: n }, (_, k) => row[start + k * (skip + 1)]!);
        const found = pool.get(keyOf(gram));
        if (found !== undefined) counts.set(found, (counts.get(found) ?? 0) + 1);
      }
  return counts;
}

export const doc: OperatorDoc = {
  summary: "How often the n-grams of a pool occur, perhaps weighted",
  dtypes: "i32, i64 or text",
  opsets: [9, 9],
};
