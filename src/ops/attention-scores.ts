// AttentionScores: what an attention compares: scaled products of queries and keys, bounded and masked if wished. An operator of
// this project: Attention and its kin expand to it. Masked scores are −∞.
import type { Dims } from "../graph/graph.js";
import { opaque } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { dot, literal, where } from "../tile/index.js";
import { computeDtype } from "./accumulate.js";
import { readBroadcast, requireEqual } from "./broadcast.js";
import { printDims, refuse } from "./checks.js";
import { floats } from "./elementwise-references.js";
import { indexTile } from "./index-tiles.js";
import type {
  Attributes,
  KernelContext,
  NodeInfo,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  ReferenceTensor,
  Tolerance,
} from "./operator.js";
import { elements, tabulate } from "./reference-tensors.js";

export const operator: Operator = {
  name: "AttentionScores",
  domain: "azulejo",
  // `past` only says by its dim 2 how many of the keys lie before the first query
  inputs: ["Q", "K", "mask?", "lengths?", "past?"],
  outputs: ["S"],
  attributes: {
    scale: { type: "float" },
    softcap: { type: "float", default: 0 },
    causal: { type: "int", default: 0 },
    /** how many keys to the left and to the right of its own position a query sees; −1: all */
    left: { type: "int", default: -1 },
    right: { type: "int", default: -1 },
    /** 1: keys beyond a mask that is too short are masked; 0: its last dim broadcasts as well */
    pad_mask: { type: "int", default: 1 },
  },
  dtypes: ({ dtypes }) => ({ S: computeDtype(dtypes.Q!) }),
  shape: node => ({ S: scoreDims(node) }),
  at: context => ({
    S: (b, h, i, j) => {
      const { Q, K } = context.inputs;
      const d = Q!.dims[3]!.all("d");
      const products = dot(Q!.at(b!, h!, i!, d), K!.at(b!, groupOf(context, h!), j!, d), d);
      return masked(context, bounded(context, products), [b!, h!, i!, j!]);
    },
  }),
};

function scoreDims(node: NodeInfo): Dims {
  const [Q, K] = [node.dims.Q!, node.dims.K!];
  if (Q.length !== 4 || K.length !== 4)
    refuse(
      "shape",
      "AttentionScores",
      node,
      `Q of ${printDims(Q)} and K of ${printDims(K)} must be batch×heads×sequence×size; reshape them`,
    );
  const agree = `Q of ${printDims(Q)} and K of ${printDims(K)} differ in batch or size of heads; they must agree`;
  requireEqual("AttentionScores", node, Q[0]!, K[0]!, agree);
  requireEqual("AttentionScores", node, Q[3]!, K[3]!, agree);
  return [Q[0]!, Q[1]!, Q[2]!, K[2]!];
}

/** The head of K that a head of Q looks at: each serves a group of neighbours. */
function groupOf({ inputs }: KernelContext, h: AnyTile): AnyTile {
  const [queries, keys] = [inputs.Q!.dims[1]!.poly, inputs.K!.dims[1]!.poly];
  return queries.equals(keys) ? h : h.idiv(indexTile(opaque("div", queries, keys)));
}

function bounded({ inputs, attributes }: KernelContext, products: AnyTile): AnyTile {
  const { scale, softcap } = attributes;
  const size = inputs.Q!.dims[3]!.size.cast(products.dtype);
  const scores = products.mul(scale === undefined ? size.sqrt().reciprocal() : scale);
  return softcap > 0
    ? scores
        .mul(1 / softcap)
        .tanh()
        .mul(softcap)
    : scores;
}

function masked(context: KernelContext, scores: AnyTile, at: readonly [AnyTile, AnyTile, AnyTile, AnyTile]): AnyTile {
  const { inputs, attributes, outputs } = context;
  const { Q, mask, lengths, past } = inputs;
  const [b, , i, j] = at;
  const never = literal(scores.dtype, -Infinity);
  let out = scores;
  if (mask) {
    const last = attributes.pad_mask === 1 ? mask.dims.at(-1)!.poly : outputs.S![3]!;
    const filled = mask.dtype === "bool" ? mask : mask.fill(-Infinity);
    const m = readBroadcast(filled, at.slice(), outputs.S!.with(3, last));
    out = mask.dtype === "bool" ? where(m, out, never) : out.add(m.cast(scores.dtype));
    // a mask of one key is too short for more, and does not broadcast
    if (attributes.pad_mask === 1 && last.isOne) out = where(j.eq(0), out, never);
  }
  const length = lengths?.at(b).cast("i32");
  const { causal, left, right } = attributes;
  if (causal === 1 || left >= 0 || right >= 0) {
    const before = past ? past.dims[2]!.size : length ? length.sub(Q!.dims[2]!.size) : undefined;
    const own = before ? i.add(before) : i;
    if (causal === 1) out = where(j.le(own), out, never);
    if (left >= 0) out = where(j.ge(own.sub(left)), out, never);
    if (right >= 0) out = where(j.le(own.add(right)), out, never);
  }
  return length ? where(j.lt(length), out, never) : out;
}

export const doc: OperatorDoc = {
  summary: "Scaled products of queries and keys, bounded and masked: a part of Attention and its kin",
  dtypes: "float",
  opsets: [1, 1],
};
/** worst measured on wasm in f32: that of MatMul */
export const tolerance: Tolerance = { relative: 8, absolute: 16 };

export const reference: Reference = (inputs, attributes) => ({ S: scoresReference(inputs, attributes) });

export function scoresReference(
  { Q, K, mask, lengths, past }: Readonly<Record<string, ReferenceTensor | undefined>>,
  { scale, softcap = 0, causal = 0, pad_mask = 1, left = -1, right = -1 }: Attributes,
): ReferenceTensor {
  const [B, H, S, D] = Q!.dims as [number, number, number, number];
  const [keys, T] = [K!.dims[1]!, K!.dims[2]!];
  const [q, k] = [elements(Q!), elements(K!)];
  const weight = scale ?? 1 / Math.sqrt(D);
  const bias = (i: readonly number[]): number => {
    if (!mask) return 0;
    const at = mask.dims.map((n, d) => {
      const x = i[i.length - mask.dims.length + d]!;
      return n === 1 && (d < mask.dims.length - 1 || pad_mask === 0) ? 0 : x;
    });
    const x = elements(mask)(at);
    if (mask.dtype === "bool") return x ? 0 : -Infinity;
    return x === undefined ? -Infinity : Number(x);
  };
  return tabulate(computeDtype(Q!.dtype), [B, H, S, T], at => {
    const [b, h, i, j] = at as [number, number, number, number];
    const length = lengths ? Number(lengths.data[b]) : T;
    const before = past ? past.dims[2]! : lengths ? length - S : 0;
    const own = i + before;
    const hidden =
      j >= length || (causal === 1 && j > own) || (left >= 0 && j < own - left) || (right >= 0 && j > own + right);
    let sum = 0;
    for (let d = 0; d < D; d++) sum += Number(q([b, h, i, d])) * Number(k([b, Math.floor((h * keys) / H), j, d]));
    const score = softcap > 0 ? softcap * Math.tanh((sum * weight) / softcap) : sum * weight;
    return hidden ? -Infinity : score + bias(at);
  });
}

const q = { dtype: "f32", dims: [2, 4, 3, 8] } as const;
const k = { dtype: "f32", dims: [2, 2, 5, 8] } as const;
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(
    (dtype): OperatorCase => ({
      name: `${dtype}`,
      inputs: { Q: { ...q, dtype }, K: { ...k, dims: [2, 4, 5, 8], dtype } },
    }),
  ),
  { name: "grouped, scaled and bounded", attributes: { scale: 0.3, softcap: 2 }, inputs: { Q: q, K: k } },
  { name: "causal", attributes: { causal: 1 }, inputs: { Q: q, K: k } },
  {
    name: "causal behind a past",
    attributes: { causal: 1 },
    inputs: { Q: q, K: k, past: { dtype: "f32", dims: [2, 2, 2, 8] } },
  },
  {
    name: "causal, lengths",
    attributes: { causal: 1 },
    inputs: { Q: q, K: k, lengths: { dtype: "i64", dims: [2], data: [4, 2] } },
  },
  { name: "a window", attributes: { causal: 1, left: 1 }, inputs: { Q: { ...q, dims: [2, 4, 5, 8] }, K: k } },
  {
    name: "a window to both sides",
    attributes: { left: 2, right: 1 },
    inputs: { Q: { ...q, dims: [2, 4, 5, 8] }, K: k },
  },
  {
    name: "a window behind a past",
    attributes: { left: 0, right: 2 },
    inputs: { Q: q, K: k, past: { dtype: "f32", dims: [2, 2, 2, 8] } },
  },
  { name: "bool mask of a row", inputs: { Q: q, K: k, mask: { dtype: "bool", dims: [1, 5] } } },
  { name: "mask that is too short", inputs: { Q: q, K: k, mask: { dtype: "f32", dims: [2, 1, 3, 4] } } },
  { name: "mask of one key", inputs: { Q: q, K: k, mask: { dtype: "f32", dims: [3, 1] } } },
  {
    name: "mask that broadcasts",
    attributes: { pad_mask: 0 },
    inputs: { Q: q, K: k, mask: { dtype: "f32", dims: [4, 3, 1] } },
  },
  { name: "no keys", inputs: { Q: q, K: { dtype: "f32", dims: [2, 2, 0, 8] } } },
];
