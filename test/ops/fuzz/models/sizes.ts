// Operators whose results are as large as data say: their judges look at one element after the other.
import { isFloat } from "../../../../src/ir/dtypes.js";
import { int } from "../../../frontends/onnx-model.js";
import type { Random } from "../random.js";
import { size, sizes } from "../random.js";
import type { Flavour } from "../values.js";
import type { DrawModel, PlainRun } from "./model-draw.js";
import { nodeDraw, withDeparture } from "./model-draw.js";
import type { Item, ItemType, Plain } from "./plain.js";
import { at, build, drawPlain, flat, indicesOf, movedTypes, numberTypes, plain, taken } from "./plain.js";

const flavourOf = (random: Random): Flavour => random.pick(["plain", "special", "extreme"]);
const whole = (dims: readonly number[], data: readonly number[]): Plain => plain("i64", dims, data);
/** an axis of the rank, from either end; undefined: there is none */
export const drawAxis = (random: Random, rank: number): number => random.int(-rank, rank - 1);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

export const compress: DrawModel = random => {
  const rank = random.int(1, 4);
  const axis = random.chance(0.4) ? undefined : drawAxis(random, rank);
  const dtype = random.pick(movedTypes);
  return nodeDraw(random, {
    op: "Compress",
    opset: random.int(9, 21),
    attributes: axis === undefined ? [] : [int("axis", axis)],
    outputs: { output: dtype },
    run: () => {
      const input = drawPlain(random, dtype, sizes(random, rank, 600), { flavour: flavourOf(random) });
      const from = axis === undefined ? flat(input) : input;
      const along = axis === undefined ? 0 : (axis + rank) % rank;
      // a condition may end early
      const length = random.chance(0.7) ? from.dims[along]! : random.int(0, from.dims[along]!);
      const condition = drawPlain(random, "bool", [length]);
      const places = upTo(length).filter(i => condition.data[i]);
      return { inputs: { input, condition }, outputs: { output: taken(from, along, places) } };
    },
  });
};

export const nonZero: DrawModel = random => {
  const rank = random.int(1, 4);
  const dtype = random.pick([...numberTypes, "bool"] as const);
  return nodeDraw(random, {
    op: "NonZero",
    opset: random.pick([9, 13, 21]),
    outputs: { Y: "i64" },
    run: () => {
      const range = random.chance(0.5) ? ([0, 1] as const) : ([0, 3] as const);
      const flavour = flavourOf(random);
      const X = drawPlain(random, dtype, sizes(random, rank, 600), { flavour, ...(isFloat(dtype) ? {} : { range }) });
      const found = indicesOf(X.dims).filter(index => Number(at(X, index)) !== 0);
      const Y = build("i64", [rank, found.length], ([axis, k]) => found[k!]![axis!]!);
      return { inputs: { X }, outputs: { Y } };
    },
  });
};

/** −1, 0 or 1: texts by their code units, NaN behind all others */
function order(a: Item, b: Item): number {
  const [x, y] = [Number.isNaN(a), Number.isNaN(b)];
  if (x || y) return Number(x) - Number(y);
  return a < b ? -1 : a > b ? 1 : 0;
}
const orderOf = (a: readonly Item[], b: readonly Item[]): number => a.map((x, i) => order(x, b[i]!)).find(Boolean) ?? 0;

function distinct(x: Plain, axis: number, sorted: boolean) {
  const rows = upTo(x.dims[axis]!).map(i => taken(x, axis, [i]).data);
  const same = (i: number, j: number): boolean => orderOf(rows[i]!, rows[j]!) === 0;
  const firsts = upTo(rows.length).filter(i => upTo(i).every(j => !same(i, j)));
  if (sorted) firsts.sort((i, j) => orderOf(rows[i]!, rows[j]!));
  return {
    Y: taken(x, axis, firsts),
    indices: whole([firsts.length], firsts),
    inverse_indices: whole(
      [rows.length],
      upTo(rows.length).map(i => firsts.findIndex(f => same(i, f))),
    ),
    counts: whole(
      [firsts.length],
      firsts.map(f => upTo(rows.length).filter(i => same(i, f)).length),
    ),
  };
}
/** Numbers that come again, and NaN or infinities now and then. */
const repeated = (random: Random, dtype: ItemType, dims: readonly number[]): Plain => {
  const some = drawPlain(random, dtype, [4], { flavour: flavourOf(random) });
  return plain(
    dtype,
    dims,
    random.list(
      dims.reduce((a, b) => a * b, 1),
      () => random.pick(some.data),
    ),
  );
};
const holdsNaN = ({ data }: Plain): boolean => data.some(x => Number.isNaN(x) && typeof x === "number");
const nanIsOne = "several NaN are one element here, as in NumPy's unique, and several there";

export const unique: DrawModel = random => {
  const rank = random.int(1, 3);
  const axis = random.chance(0.5) ? undefined : drawAxis(random, rank);
  const sorted = random.chance(0.6);
  const dtype = random.pick(movedTypes);
  const wanted = { Y: dtype, indices: "i64", inverse_indices: "i64", counts: "i64" } as const;
  let withNaN = false;
  const run = (): PlainRun => {
    const X = repeated(random, dtype, sizes(random, rank, 150));
    withNaN ||= holdsNaN(X);
    const all = axis === undefined ? distinct(flat(X), 0, sorted) : distinct(X, (axis + rank) % rank, sorted);
    return { inputs: { X }, outputs: all };
  };
  const drawn = nodeDraw(random, {
    op: "Unique",
    opset: random.int(11, 21),
    attributes: [int("sorted", Number(sorted)), ...(axis === undefined ? [] : [int("axis", axis)])],
    outputs: wanted,
    run,
  });
  return withDeparture(drawn, withNaN ? nanIsOne : undefined);
};

export const uniqueOfMicrosoft: DrawModel = random => {
  const dtype = random.pick(["f32", "f32", "i64", "i32", "u8", "f64"] as const);
  let withNaN = false;
  const drawn = nodeDraw(random, {
    op: "Unique",
    domain: "com.microsoft",
    outputs: { y: dtype, idx: "i64", counts: "i64" },
    run: () => {
      const x = repeated(random, dtype, [size(random)]);
      withNaN ||= holdsNaN(x);
      const { Y, inverse_indices, counts } = distinct(x, 0, false);
      return { inputs: { x }, outputs: { y: Y, idx: inverse_indices, counts } };
    },
  });
  return withDeparture(drawn, withNaN ? nanIsOne : undefined);
};

export const removePadding: DrawModel = random => {
  const dtype = random.pick(["f32", "f16"] as const);
  return nodeDraw(random, {
    op: "RemovePadding",
    domain: "com.microsoft",
    outputs: { output: dtype, token_offset: "i32", cumulated_seq_len: "i32", max_seq_len: "i32" },
    run: () => {
      const [batch, length, hidden] = sizes(random, 3, 400) as [number, number, number];
      const input = drawPlain(random, dtype, [batch, length, hidden], { flavour: flavourOf(random) });
      const counts = random.list(batch, () => random.int(0, length));
      const [tokens, others]: [number[], number[]] = [[], []];
      for (const b of upTo(batch))
        for (const t of upTo(length)) (t < counts[b]! ? tokens : others).push(b * length + t);
      const before = (b: number): number => counts.slice(0, b).reduce((a, n) => a + n, 0);
      return {
        inputs: { input, sequence_token_count: plain("i32", [batch], counts) },
        outputs: {
          output: build(dtype, [tokens.length, hidden], ([k, h]) =>
            at(input, [Math.floor(tokens[k!]! / length), tokens[k!]! % length, h!]),
          ),
          token_offset: plain("i32", [batch, length], [...tokens, ...others]),
          cumulated_seq_len: plain("i32", [batch + 1], upTo(batch + 1).map(before)),
          max_seq_len: plain("i32", [1], [Math.max(0, ...counts)]),
        },
      };
    },
  });
};

/** The cheapest way to a place from its three neighbours before; where no neighbour is better than both others, that of the row. */
function warped(cost: Plain): Plain {
  const [rows, columns] = cost.dims.slice(-2) as [number, number];
  const sums = new Map<string, number>([["-1,-1", 0]]);
  const sum = (r: number, c: number): number => sums.get(`${r},${c}`) ?? Infinity;
  const back = (r: number, c: number): readonly [number, number] => {
    const [corner, above, beside] = [sum(r - 1, c - 1), sum(r - 1, c), sum(r, c - 1)];
    if (corner < above && corner < beside) return [r - 1, c - 1];
    return above < corner && above < beside ? [r - 1, c] : [r, c - 1];
  };
  for (const [r, c] of indicesOf([rows, columns]) as [number, number][]) {
    const [fromRow, fromColumn] = r + c === 0 ? [-1, -1] : back(r, c);
    const own = Number(at(cost, [...cost.dims.slice(0, -2).map(() => 0), r, c]));
    sums.set(`${r},${c}`, Math.fround(own + sum(fromRow, fromColumn)));
  }
  const path: [number, number][] = [];
  for (let [r, c] = [rows - 1, columns - 1]; r >= 0 && c >= 0 && rows * columns > 0; ) {
    path.unshift([r, c]);
    const edge: readonly [number, number] | undefined = r === 0 ? [r, c - 1] : c === 0 ? [r - 1, c] : undefined;
    [r, c] = edge ?? back(r, c);
  }
  return build("i32", [2, path.length], ([which, k]) => path[k!]![which!]!);
}
export const dynamicTimeWarping: DrawModel = random => {
  const withBatch = random.chance(0.5);
  let open = false;
  const drawn = nodeDraw(random, {
    op: "DynamicTimeWarping",
    domain: "com.microsoft",
    outputs: { output: "i32" },
    run: () => {
      const dims = random.list(2, () => Math.max(1, size(random) % 20));
      const input = drawPlain(random, "f32", withBatch ? [1, ...dims] : dims, { flavour: flavourOf(random) });
      // sums beyond f32 are infinite too
      open ||= input.data.some(x => !(Math.abs(Number(x)) < 2 ** 120));
      return { inputs: { input }, outputs: { output: warped(input) } };
    },
  });
  return withDeparture(drawn, open ? "of sums that are infinite or NaN it takes another way back" : undefined);
};
