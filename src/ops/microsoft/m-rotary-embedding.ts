// MRotaryEmbedding of com.microsoft: RotaryEmbedding whose angles come from three positions of a token: in time, height and width.
import { Poly } from "../../ir/poly.js";
import type { AnyTile } from "../../tile/index.js";
import { literal, where } from "../../tile/index.js";
import { wide } from "../accumulate.js";
import { requireDims } from "../broadcast.js";
import { printDims, refuse, requireRanks } from "../checks.js";
import { floats } from "../elementwise-references.js";
import { readPosition } from "../gathered-index.js";
import type { Attributes, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { elements, tabulate } from "../reference-tensors.js";

const op = "MRotaryEmbedding";

interface Heads {
  /** 0: heads are a dim of their own */
  readonly count: number;
  readonly size: number;
  /** pairs of a head that are turned */
  readonly half: number;
}
function headsOf(node: NodeInfo): Heads {
  const { num_heads, rotary_embedding_dim, mrope_section, mrope_layout } = node.attributes;
  const { input: X, cos_cache: cache } = node.dims;
  requireRanks(op, node, { input: [3, 4], position_ids: [3], cos_cache: [2], sin_cache: [2] });
  const [last, half] = [X!.at(-1)!, cache![1]!];
  if (!last.isConst || !half.isConst)
    refuse("operator-unsupported", op, node, "the last dims of input and cos_cache must be numbers; fix them");
  const count = X!.length === 4 ? 0 : num_heads || (rotary_embedding_dim ? 0 : last.constant / (2 * half.constant));
  const size = X!.length === 4 ? last.constant : last.constant / count;
  const isSplit = Number.isInteger(size) && Number.isInteger(count) && (X!.length === 4 || count > 0);
  if (!isSplit || 2 * half.constant > size)
    refuse(
      "shape",
      op,
      node,
      `input of ${printDims(X!)} must be batch×heads×sequence×size, or batch×sequence×(heads·size) with the attribute num_heads`,
    );
  const sections = mrope_section as readonly number[];
  if (sections.length !== 3 || sections.some(n => n < 0) || sections.reduce((a, b) => a + b) !== half.constant)
    refuse(
      "operator-attribute",
      op,
      node,
      `mrope_section [${sections.join(", ")}] must be three numbers that sum to the ${half.constant} columns of cos_cache`,
    );
  if (mrope_layout !== 0 && mrope_layout !== 1)
    refuse("operator-attribute", op, node, `mrope_layout ${mrope_layout} is unknown; use 0 or 1`);
  return { count, size, half: half.constant };
}

/** Which of the three positions decides the angle of a pair. */
function streamOf({ mrope_section, mrope_layout }: Attributes, pair: number): 0 | 1 | 2 {
  const [t, h, w] = mrope_section as readonly [number, number, number];
  if (mrope_layout !== 1) return pair < t ? 0 : pair < t + h ? 1 : 2;
  if (pair % 3 === 1 && pair < 3 * h) return 1;
  return pair % 3 === 2 && pair < 3 * w ? 2 : 0;
}

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["input", "position_ids", "cos_cache", "sin_cache"],
  outputs: ["output"],
  attributes: {
    interleaved: { type: "int", default: 0 },
    is_packed_batching: { type: "int", default: 0 },
    mrope_layout: { type: "int", default: 0 },
    mrope_section: { type: "ints", required: true },
    num_heads: { type: "int", default: 0 },
    rotary_embedding_dim: { type: "int", default: 0 },
    scale: { type: "float", default: 1 },
  },
  shape: node => {
    if (node.attributes.is_packed_batching || node.attributes.scale !== 1)
      refuse("operator-unsupported", op, node, "packed batches and scale are for GPUs; export without them");
    headsOf(node);
    const { input: X, cos_cache } = node.dims;
    requireDims(op, node, "position_ids", [Poly.int(3), X![0]!, X!.at(-2)!], "3×batch×sequence");
    requireDims(op, node, "sin_cache", cos_cache!, "the dims of cos_cache");
    return { output: X! };
  },
  at: context => ({
    output: (...index) => {
      const { input, position_ids, cos_cache, sin_cache } = context.inputs;
      const { attributes, dtypes } = context;
      const { count, size, half } = headsOf(context);
      const last = index.at(-1)!;
      const own: AnyTile = count === 0 ? last : last.imod(size);
      const [batch, step] = [index[0]!, index.at(-2)!];
      const isTurned = own.lt(2 * half);
      const pair = (attributes.interleaved ? own.idiv(2) : own.imod(half)).minimum(half - 1);
      const isFirst = attributes.interleaved ? own.imod(2).eq(0) : own.lt(half);
      const stream = Array.from({ length: half }, (_, p) => p).reduce(
        (rest: AnyTile, p) => {
          const s = streamOf(attributes, p);
          return s === 0 ? rest : where(pair.eq(p), literal("i32", s), rest);
        },
        literal("i32", 0),
      );
      const position = readPosition(context, position_ids!, [stream, batch, step], cos_cache!.dims[0]!.poly);
      const angle = (cache: typeof cos_cache) => wide(cache!.at(position, pair), dtypes.cos_cache!);
      // the other of the pair, at the same place where nothing is turned
      const away = where(
        isTurned,
        where(
          isFirst,
          literal("i32", attributes.interleaved ? 1 : half),
          literal("i32", attributes.interleaved ? -1 : -half),
        ),
        0,
      );
      const x = wide(input!.at(...index), dtypes.input!);
      const other = wide(input!.at(...index.slice(0, -1), last.add(away)), dtypes.input!);
      const turned = x.mul(angle(cos_cache)).add(where(isFirst, other.neg(), other).mul(angle(sin_cache)));
      return where(isTurned, turned, x).cast(dtypes.input!);
    },
  }),
};

export const doc: OperatorDoc = {
  summary: "Pairs of elements of each head, turned by cached angles of three positions: time, height, width",
  dtypes: "f32, f16 or bf16",
  opsets: [1, 1],
  limits: "no packed batches, no scale; the last dims must be numbers at compile time",
};
export const tolerance: Tolerance = { relative: 2, absolute: 2 };
export const reference: Reference = ({ input, position_ids, cos_cache, sin_cache }, attributes) => {
  const X = input!;
  const half = cos_cache!.dims[1]!;
  const { num_heads = 0, interleaved = 0 } = attributes;
  const size = X.dims.length === 4 ? X.dims[3]! : num_heads ? X.dims[2]! / num_heads : 2 * half;
  const [x, cos, sin, ids] = [elements(X), elements(cos_cache!), elements(sin_cache!), elements(position_ids!)];
  const output = tabulate(X.dtype, X.dims, i => {
    const own = i.at(-1)! % size;
    if (own >= 2 * half) return x(i)!;
    const pair = interleaved ? own >> 1 : own % half;
    const isFirst = interleaved ? own % 2 === 0 : own < half;
    const at = Number(ids([streamOf(attributes, pair), i[0]!, i.at(-2)!]));
    const other = i.at(-1)! + (isFirst ? 1 : -1) * (interleaved ? 1 : half);
    const [c, s, y] = [Number(cos([at, pair])), Number(sin([at, pair])), Number(x(i.with(-1, other)))];
    return Number(x(i)) * c + (isFirst ? -y : y) * s;
  });
  return { output };
};

const of = (
  name: string,
  input: readonly number[],
  half: number,
  attributes: Attributes,
  dtype: "f32" | "f16" | "bf16" = "f32",
): OperatorCase => ({
  name: `${dtype} ${name}`,
  attributes,
  inputs: {
    input: { dtype, dims: input },
    position_ids: { dtype: "i64", dims: [3, input[0]!, input.at(-2)!], range: [0, 15] },
    cos_cache: { dtype, dims: [16, half], range: [-1, 1] },
    sin_cache: { dtype, dims: [16, half], range: [-1, 1] },
  },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats
    .filter(d => d !== "f64")
    .map(d => of("four dims, in sections", [2, 3, 4, 16], 8, { mrope_section: [2, 3, 3] }, d as "f32")),
  of("three dims, sections interleaved", [2, 5, 48], 8, { mrope_section: [4, 2, 2], mrope_layout: 1, num_heads: 3 }),
  of("heads as long as the cache", [1, 3, 32], 4, { mrope_section: [2, 1, 1] }),
  of("a part of each head", [2, 4, 60], 6, {
    mrope_section: [2, 2, 2],
    num_heads: 3,
    rotary_embedding_dim: 12,
    mrope_layout: 1,
  }),
  of("pairs side by side", [2, 2, 3, 12], 6, { mrope_section: [1, 2, 3], interleaved: 1 }),
  of("one position for all", [1, 2, 3, 8], 4, { mrope_section: [4, 0, 0] }),
];
