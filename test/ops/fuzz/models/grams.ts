// TfIdfVectorizer: its judge tries every place of every n-gram.
import { floats, int, ints, strings, text } from "../../../frontends/onnx-model.js";
import { size } from "../random.js";
import type { DrawModel } from "./model-draw.js";
import { exactly, nodeDraw } from "./model-draw.js";
import type { Item, Plain } from "./plain.js";
import { at, build, plain } from "./plain.js";

/** How often a gram stands in a row, its items next to each other or up to `skips` apart. */
function occurrences(gram: readonly Item[], row: readonly Item[], skips: number): number {
  let count = 0;
  for (let apart = 1; apart <= (gram.length === 1 ? 1 : skips + 1); apart++)
    for (let start = 0; start < row.length; start++)
      if (gram.every((item, k) => row[start + k * apart] === item)) count++;
  return count;
}

export const tfIdfVectorizer: DrawModel = random => {
  const dtype = random.pick(["i32", "i64", "string"] as const);
  const item = (): Item => (dtype === "string" ? random.pick(["a", "b", "é", ""]) : random.int(0, 4));
  const longest = random.int(1, 3);
  const [least, most] = [random.int(1, longest), longest];
  const lists = Array.from({ length: longest }, (_, k) => {
    const grams = random.list(random.int(k === longest - 1 ? 1 : 0, 4), () => random.list(k + 1, item));
    return grams.filter((g, i) => grams.findIndex(o => o.join("\0") === g.join("\0")) === i);
  });
  const grams = lists.flat();
  const starts = lists.map((_, k) => lists.slice(0, k).flat(2).length);
  const columns = random.shuffled(grams.map((_, i) => i));
  const mode = random.pick(["TF", "IDF", "TFIDF"]);
  const weights = random.chance(0.6) ? grams.map(() => Math.fround(random.unit() * 4 - 2)) : undefined;
  const skips = random.int(0, 3);
  const rank = random.int(1, 2);
  const pool = grams.flat();
  const width = Math.max(...columns) + 1;
  return nodeDraw(random, {
    op: "TfIdfVectorizer",
    attributes: [
      int("min_gram_length", least),
      int("max_gram_length", most),
      int("max_skip_count", skips),
      text("mode", mode),
      ints("ngram_counts", starts),
      ints("ngram_indexes", columns),
      dtype === "string" ? strings("pool_strings", pool as string[]) : ints("pool_int64s", pool as number[]),
      ...(weights ? [floats("weights", weights)] : []),
    ],
    outputs: { Y: "f32" },
    // onnxruntime-node adds a weight up as often as its gram stands there, with a rounding each time
    closeness: exactly,
    run: () => {
      const dims = random.list(rank, () => size(random) % 20);
      const X: Plain = plain(
        dtype,
        dims,
        random.list(
          dims.reduce((a, b) => a * b, 1),
          item,
        ),
      );
      const items = (row: number): Item[] =>
        Array.from({ length: dims.at(-1)! }, (_, i) => {
          const x = at(X, rank === 1 ? [i] : [row, i]);
          return typeof x === "bigint" ? Number(x) : x;
        });
      const Y = build("f32", [...dims.slice(0, -1), width], index => {
        const which = columns.indexOf(index.at(-1)!);
        const gram = grams[which]!;
        const counted = gram.length >= least ? occurrences(gram, items(index.length > 1 ? index[0]! : 0), skips) : 0;
        const weight = weights?.[which] ?? 1;
        return Math.fround(mode === "TF" ? counted : counted === 0 ? 0 : mode === "IDF" ? weight : counted * weight);
      });
      return { inputs: { X }, outputs: { Y } };
    },
  });
};
