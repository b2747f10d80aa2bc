// Draws as a whole, by operator, that are brought to where ONNX says what comes out: contents that must fit each other, rows whose
// statistics f32 holds, matrices that have an inverse.
import { integerRange, isFloat } from "../../../src/ir/dtypes.js";
import { roundTo } from "../../../src/ir/float-bits.js";
import { onnxDtypes } from "../../../src/ops/onnx-dtypes.js";
import type { OperatorCase } from "../../../src/ops/operator.js";
import { sizeOf } from "../../../src/ops/reference-tensors.js";
import { deviationOf, hasNarrowRows, largestOf } from "./rows.js";

/** undefined: draw again */
export type Tame = (drawn: OperatorCase) => OperatorCase | undefined;

/** What truncates to an integer of the dtype's range; ONNX leaves undefined what others become. */
const castable: Tame = c => {
  const to = onnxDtypes[c.attributes?.to as number];
  const input = c.inputs.input!;
  if (!to || !input.data || !isFloat(input.dtype) || isFloat(to) || to === "bool") return c;
  const [low, high] = integerRange(to).map(Number) as [number, number];
  const data = input.data.map(x => (Number(x) > low - 1 && Number(x) < high + 1 ? x : 1));
  return { ...c, inputs: { ...c.inputs, input: { ...input, data } } };
};
/** A mask that is drawn without a seed is another one each time. */
const seeded: Tame = c => (c.attributes?.seed === undefined && c.inputs.training_mode?.data?.[0] ? undefined : c);
/** f32 beside a whole number is cut off to the one below it where the exact sum is not: integers are interpolated in cases only. */
const interpolated =
  (standard: "nearest" | "linear"): Tame =>
  c =>
    isFloat(c.inputs.X!.dtype) || (c.attributes?.mode ?? standard) === "nearest" ? c : undefined;
/** Means decay: by 0 to 1. */
const decaying: Tame = ({ attributes = {}, ...c }) =>
  [attributes.alpha, attributes.beta].every(x => x === undefined || (Number(x) >= 0 && Number(x) < 0.999_99))
    ? { ...c, attributes }
    : undefined;
/** Matrices far from singular ones: 2 at one place of each row, and small numbers beside it. */
const invertible: Tame = c => {
  const X = c.inputs.X!;
  const size = X.dims.at(-1)!;
  const data = X.data?.map((x, at) => {
    const [row, column] = [Math.floor(at / size) % size, at % size];
    return roundTo(X.dtype, Number(x) / (4 * size) + ((row + 1) % size === column ? 2 : 0));
  });
  return { ...c, inputs: { ...c.inputs, X: { ...X, ...(data ? { data } : {}) } } };
};

/**
 * A mask of keys hides them by a score of −10000: a row that hides all has scores whose digits f32 does not hold. So the first key of every row counts; of lengths, and of ends and starts behind each other, one key at least.
 */
const withKeys =
  (name: string): Tame =>
  drawn => {
    const mask = drawn.inputs[name];
    if (!mask?.data) return drawn;
    const [batch = 0, queries = 0] = Object.values(drawn.inputs)[0]!.dims;
    const numbers = mask.data.map(Number);
    const ends = numbers.slice(0, batch).map(end => Math.max(end, 1));
    // the first of queries that look back sees the first key alone
    const latest = drawn.attributes?.unidirectional === 1 ? 0 : queries - 1;
    const starts = numbers.slice(batch).map((start, b) => Math.max(Math.min(start, (ends[b] ?? 1) - 1, latest), 0));
    const keys = mask.dims.at(-1)!;
    const data = mask.dims.length < 2 ? [...ends, ...starts] : numbers.map((x, i) => (i % keys === 0 ? 1 : x));
    return { ...drawn, inputs: { ...drawn.inputs, [name]: { ...mask, data } } };
  };

/** Tokens without the padding of their sequences: lengths that add up to as many as there are, and the places that follow from them. */
const packed: Tame = drawn => {
  const { token_offset: places, cumulative_sequence_length: ends } = drawn.inputs;
  const tokens = Object.values(drawn.inputs)[0]!.dims[0]!;
  const [batch, longest] = places!.dims as [number, number];
  if (tokens > batch * longest || ends!.dims[0] !== batch + 1 || !ends!.data) return undefined;
  const cumulative = [0];
  for (let b = 1; b <= batch; b++) {
    const before = cumulative[b - 1]!;
    const [least, most] = [Math.max(0, tokens - before - (batch - b) * longest), Math.min(longest, tokens - before)];
    cumulative.push(before + least + (Number(ends!.data[b]) % (most - least + 1)));
  }
  const all = Array.from({ length: batch * longest }, (_, at) => at);
  const isToken = (at: number): boolean => {
    const b = Math.floor(at / longest);
    return at % longest < cumulative[b + 1]! - cumulative[b]!;
  };
  const data = [...all.filter(isToken), ...all.filter(at => !isToken(at))];
  return {
    ...drawn,
    inputs: {
      ...drawn.inputs,
      token_offset: { ...places!, data },
      cumulative_sequence_length: { ...ends!, data: cumulative },
    },
  };
};

/** What lies in the cache goes as far as the cache, and the new tokens come behind it. */
const cached: Tame = drawn => {
  const { seqlens_k: last, total_sequence_length: total, query, past_key } = drawn.inputs;
  const [sequence, past] = [query!.dims[1] ?? 1, past_key?.dims[2] ?? 0];
  const data = last?.data?.map(x => sequence - 1 + (Math.max(Number(x), 0) % (past + 1)));
  if (!data || !total?.data) return drawn;
  return {
    ...drawn,
    inputs: {
      ...drawn.inputs,
      seqlens_k: { ...last!, data },
      total_sequence_length: { ...total, data: total.data.map(() => past + sequence) },
    },
  };
};

/** Layouts of blocks that name a query's own block, and others before it as long as there are entries; keys within the cache. */
const inBlocks: Tame = drawn => {
  const { block_row_indices: ends, block_col_indices: columns, key_total_sequence_lengths: totals } = drawn.inputs;
  const { query, past_key, total_sequence_length: longest } = drawn.inputs;
  const [layouts, width] = ends!.dims as [number, number];
  const entries = columns!.dims[1]!;
  const [sequence, capacity] = [query!.dims[1] ?? 1, past_key!.dims[2] ?? 0];
  const most = Math.min(capacity, (width - 1) * Number(drawn.attributes?.sparse_block_size));
  if (entries < width - 1 || sequence > most || columns!.dims[0] !== layouts) return undefined;
  const rows: number[] = [];
  const named: number[] = [];
  for (let layout = 0; layout < layouts; layout++) {
    const own: number[] = [];
    rows.push(0);
    for (let row = 0; row < width - 1; row++) {
      const wish = Number(columns!.data?.[layout * entries + row] ?? 0);
      if (row > 0 && wish > 0 && entries - own.length > width - 1 - row) own.push(wish % row);
      own.push(row);
      rows.push(own.length);
    }
    named.push(...own, ...Array<number>(entries - own.length).fill(-1));
  }
  const lengths = totals!.data!.map(x => sequence + (Math.max(Number(x), 0) % (most - sequence + 1)));
  const total = Math.max(sequence, ...lengths);
  return {
    ...drawn,
    inputs: {
      ...drawn.inputs,
      block_row_indices: { ...ends!, data: rows },
      block_col_indices: { ...columns!, data: named },
      key_total_sequence_lengths: { ...totals!, data: lengths },
      total_sequence_length: { ...longest!, data: longest!.data!.map(() => total) },
    },
  };
};

/**
 * The mean of a row, rounded, moves what is left of it by |x|·2⁻²⁴, and that divided by the row's deviation moves the result: rows that lie
 * closer together than a sixteenth of their size have more of that than tolerances, which do not know the row, can allow.
 */
const spread =
  (rowsOf: (drawn: OperatorCase) => { readonly data: readonly number[]; readonly length: number }): Tame =>
  drawn => {
    const { data, length } = rowsOf(drawn);
    for (let at = 0; at < data.length; at += length) {
      const row = data.slice(at, at + length);
      const deviation = deviationOf(row);
      if (deviation > 0 && deviation * 16 < largestOf(row)) return undefined;
    }
    return drawn;
  };
const numbersIn = (c: OperatorCase, name: string): number[] => (c.inputs[name]?.data ?? []).map(Number);
/** input + skip + bias, of which the latter repeat */
const skipRows = (c: OperatorCase) => {
  const more = ["skip", "bias"].map(name => numbersIn(c, name)).filter(x => x.length > 0);
  const data = numbersIn(c, "input").map((x, i) => more.reduce((sum, y) => sum + y[i % y.length]!, x));
  return { data, length: c.inputs.input!.dims.at(-1) ?? 1 };
};
const normalizedRows = (c: OperatorCase) => {
  const { dims } = c.inputs.X!;
  const first = Number(c.attributes?.axis ?? -1);
  return { data: numbersIn(c, "X"), length: sizeOf(dims.slice(first)) };
};

/** Each place of batch×sequence once, in the order of what was drawn. */
const eachOnce =
  (name: string): Tame =>
  drawn => {
    const input = drawn.inputs[name]!;
    const drawnAt = (input.data ?? []).map((x, at) => [Number(x), at] as const);
    const data = drawnAt.toSorted(([a, i], [b, j]) => a - b || i - j).map(([, at]) => at);
    return { ...drawn, inputs: { ...drawn.inputs, [name]: { ...input, data } } };
  };

/** Regions begin with the number of their image, a whole one. */
const ofImages: Tame = drawn => {
  const { X, rois } = drawn.inputs;
  const images = X!.dims[0]!;
  if (images === 0) return undefined;
  const data = rois!.data?.map((x, at) => (at % 5 === 0 ? Math.abs(Math.trunc(Number(x))) % images : x));
  return { ...drawn, inputs: { ...drawn.inputs, rois: { ...rois!, ...(data ? { data } : {}) } } };
};
/** ONNX has no zero point of 32 bits but 0. */
const withoutZeroOfWords: Tame = drawn => {
  const zero = drawn.inputs.x_zero_point;
  if (zero?.dtype !== "i32" || !zero.data) return drawn;
  return { ...drawn, inputs: { ...drawn.inputs, x_zero_point: { ...zero, data: zero.data.map(() => 0) } } };
};
/** Below 0, they cancel the squares or one another: what is left has lost its digits, or has no root. Beside a bias of 0, squares below f32 decide. */
const withPositiveTerms: Tame = drawn =>
  Number(drawn.attributes?.alpha ?? 1) >= 0 && Number(drawn.attributes?.bias ?? 1) > 0 ? drawn : undefined;
/** By an alpha below 0, X / alpha is above 0 where e to its power counts: its rounding counts as often as it is large. */
const withPositiveAlpha: Tame = drawn => (Number(drawn.attributes?.alpha ?? 1) > 0 ? drawn : undefined);
/** Elimination loses digits by the condition of the matrix, and larger ones of random numbers have a bad one. */
const wellConditioned: Tame = drawn => (drawn.inputs.X!.dims.at(-1)! > 8 ? invertible(drawn) : drawn);
/**
 * In an image of n rows, a position in f32 is off by up to 3·n·2⁻²⁴ of a row (two products and a sum of numbers up to n), and a curve
 * through its neighbours by that times its slope: of 20 rows, tolerances allow it.
 */
const inSmallImages: Tame = drawn =>
  drawn.inputs.X!.dims.slice(2).some(n => n > 20) ? undefined : interpolated("linear")(drawn);
/** What input and skip cancel to has lost digits by the size that they had, unless they are rounded as in the reference, one after the other. */
const withoutCancelling: Tame = drawn => {
  const { data, length } = skipRows(drawn);
  const largest = largestOf(["input", "skip", "bias"].flatMap(name => numbersIn(drawn, name)).filter(Number.isFinite));
  for (let at = 0; at < data.length; at += length) {
    const row = data.slice(at, at + length);
    if (Math.sqrt(row.reduce((sum, x) => sum + x * x, 0) / length) * 4 < largest) return undefined;
  }
  return drawn;
};
/** As in `spread`, but over any axes; of one element, the mean is exact. */
const wideRows: Tame = drawn => {
  const { X } = drawn.inputs;
  const axes = (drawn.attributes?.axes ?? [0, 2, 3]) as readonly number[];
  const isOne = axes.every(a => X!.dims.at(a) === 1);
  return !isOne && hasNarrowRows(X!, axes) ? undefined : drawn;
};

/** Scales are taken for fractions with moderate denominators, as files have them: coordinates are whole numbers over those. */
const inEighths: Tame = ({ attributes = {}, ...c }) => {
  const eighths = (name: string): Record<string, number> =>
    name in attributes ? { [name]: Math.round(Number(attributes[name]) * 8) / 8 } : {};
  return { ...c, attributes: { ...attributes, ...eighths("height_scale"), ...eighths("width_scale") } };
};

/** Elements of rows that are nearly alike have a variance of rounding errors: rows of few whole numbers easily are. */
const inLongRows: Tame = drawn => ((drawn.inputs.word_embedding?.dims[1] ?? 0) < 5 ? undefined : drawn);

/** A product that leaves the normal numbers on the way has lost digits, or is infinite, and where that is depends on the order of the factors. */
const withinNormal: Tame = drawn => {
  const { dtype, data } = drawn.inputs.data!;
  const least = dtype === "f64" ? 2 ** -1022 : dtype === "f16" ? 2 ** -14 : 2 ** -126;
  const sizes = (data ?? []).map(x => Math.log2(Math.abs(Number(x)))).filter(Number.isFinite);
  const most = sizes.reduce((sum, x) => sum + Math.max(x, 0), 0);
  const isBelow = data?.some(x => x !== 0 && Math.abs(Number(x)) < least);
  return isFloat(dtype) && (isBelow || most >= 126) ? undefined : drawn;
};
/** A mean may cancel what is drawn; the largest of many numbers tells how large they were before, that of few does not. */
const withoutMeanOfFew =
  (dimsOf: (drawn: OperatorCase) => readonly number[]): Tame =>
  drawn =>
    drawn.attributes?.mean && sizeOf(dimsOf(drawn)) < 16 ? undefined : drawn;

export const tamed: Readonly<Record<string, Tame>> = {
  MaxRoiPool: ofImages,
  ReduceProd: withinNormal,
  RandomNormal: withoutMeanOfFew(c => (c.attributes?.shape ?? []) as readonly number[]),
  RandomNormalLike: withoutMeanOfFew(c => c.inputs.input!.dims),
  LRN: withPositiveTerms,
  Celu: withPositiveAlpha,
  Det: wellConditioned,
  GridSample: inSmallImages,
  "com.microsoft GridSample": inSmallImages,
  MeanVarianceNormalization: wideRows,
  DequantizeLinear: withoutZeroOfWords,
  "com.microsoft DequantizeLinear": withoutZeroOfWords,
  "com.microsoft RestorePadding": eachOnce("token_offset"),
  LayerNormalization: spread(normalizedRows),
  InstanceNormalization: spread(c => ({ data: numbersIn(c, "input"), length: sizeOf(c.inputs.input!.dims.slice(2)) })),
  GroupNormalization: spread(c => {
    const { dims } = c.inputs.X!;
    return { data: numbersIn(c, "X"), length: sizeOf(dims.slice(1)) / Number(c.attributes?.num_groups) };
  }),
  "com.microsoft SkipLayerNormalization": spread(skipRows),
  "com.microsoft SkipSimplifiedLayerNormalization": withoutCancelling,
  Cast: castable,
  Resize: interpolated("nearest"),
  Upsample: inEighths,
  "com.microsoft BiasDropout": seeded,
  "com.microsoft BitmaskBiasDropout": seeded,
  "com.microsoft Inverse": invertible,
  "com.microsoft GroupQueryAttention": cached,
  "com.microsoft PackedAttention": packed,
  "com.microsoft SparseAttention": inBlocks,
  "com.microsoft QEmbedLayerNormalization": inLongRows,
  "com.microsoft PackedMultiHeadAttention": packed,
  "com.microsoft Attention": withKeys("mask_index"),
  "com.microsoft MultiHeadAttention": withKeys("key_padding_mask"),
  "com.microsoft DecoderMaskedMultiHeadAttention": withKeys("mask_index"),
  "ai.onnx.preview.training Adam": decaying,
};
