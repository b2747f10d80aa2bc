// RotaryEmbedding: pairs of elements of each head, turned by angles that depend on the position in the sequence.
import type { Dtype } from "../ir/dtypes.js";
import { opaque, Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { literal, where } from "../tile/index.js";
import { wide } from "./accumulate.js";
import { requireEqual } from "./broadcast.js";
import { printDims, refuse, requireRanks } from "./checks.js";
import { floats } from "./elementwise-references.js";
import { indexTile, polyOfIndex } from "./index-tiles.js";
import type {
  Attributes,
  KernelContext,
  NodeInfo,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  Tolerance,
} from "./operator.js";
import { elements, tabulate } from "./reference-tensors.js";

/** Elements of a head, and how many of them are turned. */
function sizesOf(node: NodeInfo): { readonly head: number; readonly turned: number } {
  const X = node.dims.X!;
  const { num_heads, rotary_embedding_dim } = node.attributes;
  if (X.length !== 4 && !(X.length === 3 && num_heads > 0))
    refuse(
      "shape",
      "RotaryEmbedding",
      node,
      `X of ${printDims(X)} must be batch×heads×sequence×size, or batch×sequence×(heads·size) with the attribute num_heads`,
    );
  const last = X.at(-1)!;
  const parts = X.length === 4 ? 1 : num_heads;
  if (!last.isConst)
    refuse(
      "operator-unsupported",
      "RotaryEmbedding",
      node,
      `the last dim of X is ${last.print()}; it must be a number`,
    );
  const head = last.constant / parts;
  const turned = rotary_embedding_dim || head;
  if (!Number.isInteger(head) || turned % 2 !== 0 || turned > head)
    refuse(
      "shape",
      "RotaryEmbedding",
      node,
      `heads of ${head} elements can't turn ${turned} of them; num_heads must divide the last dim, and rotary_embedding_dim be even and no more than a head has`,
    );
  return { head, turned };
}

/** Positions are those of X; caches have a row for each of them, or without positions for each element of the sequence. */
function requireCaches(node: NodeInfo): void {
  const { X, position_ids } = node.dims;
  const half = Poly.int(sizesOf(node).turned / 2);
  const tokens = [X![0]!, X!.at(-2)!];
  const rank = position_ids ? 2 : 3;
  requireRanks("RotaryEmbedding", node, { position_ids: [2], cos_cache: [rank], sin_cache: [rank] });
  position_ids?.forEach((d, k) => {
    const sentence = `X of ${printDims(X!)} has ${printDims(tokens)} tokens and position_ids is ${printDims(position_ids)}; give each token a position`;
    requireEqual("RotaryEmbedding", node, tokens[k]!, d, sentence);
  });
  const { cos_cache, sin_cache } = node.dims;
  for (const [name, cache] of Object.entries({ cos_cache: cos_cache!, sin_cache: sin_cache! })) {
    const wanted = position_ids ? [cos_cache![0]!, half] : [...tokens, half];
    const sentence = `${name} is ${printDims(cache)}; for X of ${printDims(X!)} it must be ${printDims(wanted)}`;
    cache.forEach((d, k) => {
      requireEqual("RotaryEmbedding", node, wanted[k]!, d, sentence);
    });
  }
}

export const operator: Operator = {
  name: "RotaryEmbedding",
  inputs: ["X", "cos_cache", "sin_cache", "position_ids?"],
  outputs: ["Y"],
  attributes: {
    interleaved: { type: "int", default: 0 },
    num_heads: { type: "int", default: 0 },
    rotary_embedding_dim: { type: "int", default: 0 },
  },
  shape: node => {
    requireCaches(node);
    return { Y: node.dims.X! };
  },
  at: context => ({
    Y: (...index) => {
      const [batch, last] = [index[0]!, polyOfIndex(index.at(-1)!)];
      const sequence = index.at(-2)!;
      const { head } = sizesOf(context);
      const d = context.inputs.X!.rank === 4 ? last : opaque("mod", last, Poly.int(head));
      const read = (element: Poly): AnyTile =>
        context.inputs.X!.at(...index.slice(0, -1), indexTile(last.sub(d).add(element)));
      return rotated(context, read, batch, sequence, d);
    },
  }),
};

/** Element d of a head, turned together with its partner; those behind the turned ones stay. */
function rotated(
  context: KernelContext,
  read: (element: Poly) => AnyTile,
  batch: AnyTile,
  sequence: AnyTile,
  d: Poly,
): AnyTile {
  const { X, cos_cache, sin_cache, position_ids } = context.inputs;
  const { head, turned } = sizesOf(context);
  const half = Poly.int(turned / 2);
  const interleaved = context.attributes.interleaved === 1;
  const odd = opaque("mod", d, Poly.int(2));
  // neighbours are partners, or elements half of the turned ones apart
  const partner = interleaved ? d.add(1).sub(odd.mul(2)) : opaque("mod", d.add(half), Poly.int(turned));
  const angle = interleaved ? opaque("min", opaque("div", d, Poly.int(2)), half.sub(1)) : opaque("mod", d, half);
  const row = position_ids ? [position_ids.at(batch, sequence).cast("i32")] : [batch, sequence];
  const [cos, sin] = [cos_cache!, sin_cache!].map(cache => wide(cache.at(...row, indexTile(angle)), cache.dtype));
  const [own, other] = [read(d), read(turned === head ? partner : opaque("min", partner, Poly.int(head - 1)))];
  const second = interleaved ? indexTile(odd).eq(1) : indexTile(d).ge(turned / 2);
  const compute = wide(own, X!.dtype).dtype as Dtype;
  const side = where(second, literal(compute, 1), literal(compute, -1));
  const out = wide(own, X!.dtype).mul(cos!).add(wide(other, X!.dtype).mul(sin!).mul(side)).cast(X!.dtype);
  return turned === head ? out : where(indexTile(d).lt(turned), out, own);
}

export const doc: OperatorDoc = {
  summary: "Pairs of elements of each head, turned by cached angles of their positions",
  dtypes: "float",
  opsets: [23, 23],
  limits: "the last dim of X must be a number at compile time",
};
export const tolerance: Tolerance = { relative: 2, absolute: 2 };

export const reference: Reference = ({ X, cos_cache, sin_cache, position_ids }, attributes) => {
  const { interleaved = 0, num_heads, rotary_embedding_dim } = attributes;
  const head = X!.dims.length === 4 ? X!.dims[3]! : X!.dims[2]! / num_heads;
  const turned = rotary_embedding_dim || head;
  const [read, cos, sin] = [elements(X!), elements(cos_cache!), elements(sin_cache!)];
  const ids = position_ids && elements(position_ids);
  const Y = tabulate(X!.dtype, X!.dims, index => {
    const last = index.at(-1)!;
    const d = last % head;
    const own = Number(read(index));
    if (d >= turned) return own;
    const second = interleaved ? d % 2 === 1 : d >= turned / 2;
    const apart = interleaved ? 1 : turned / 2;
    const angle = interleaved ? Math.floor(d / 2) : d % (turned / 2);
    const other = Number(read(index.with(-1, second ? last - apart : last + apart)));
    const [b, s] = [index[0]!, index.at(-2)!];
    const at = ids ? [Number(ids([b, s])), angle] : [b, s, angle];
    const [c, t] = [Number(cos(at)), Number(sin(at))];
    return second ? other * t + own * c : own * c - other * t;
  });
  return { Y };
};

const of = (
  name: string,
  dims: readonly number[],
  turned: number,
  attributes: Attributes,
  dtype: Dtype = "f32",
  cached = true,
): OperatorCase => {
  const sequence = dims.at(-2)!;
  const cache = { dtype, dims: cached ? [17, turned / 2] : [dims[0]!, sequence, turned / 2], range: [-1, 1] } as const;
  return {
    name: `${dtype} ${name}`,
    attributes,
    inputs: {
      X: { dtype, dims },
      cos_cache: cache,
      sin_cache: cache,
      ...(cached ? { position_ids: { dtype: "i64", dims: [dims[0]!, sequence], range: [0, 16] } } : {}),
    },
  };
};
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of("halves", [2, 3, 5, 8], 8, {}, d)),
  of("interleaved", [2, 3, 5, 8], 8, { interleaved: 1 }),
  of("a part of each head", [2, 3, 5, 10], 4, { rotary_embedding_dim: 4 }),
  of("a part, interleaved", [2, 3, 5, 10], 6, { rotary_embedding_dim: 6, interleaved: 1 }),
  of("three dims", [2, 5, 24], 8, { num_heads: 3 }),
  of("three dims, a part, no positions", [2, 5, 24], 4, { num_heads: 3, rotary_embedding_dim: 4 }, "f32", false),
  of("no positions", [1, 4, 1, 16], 16, {}, "f32", false),
];
