// KeyMask: a mask of com.microsoft's attentions as what is added to scores: 0 where a key counts, else `filter`. An operator of this
// project: Attention and MultiHeadAttention expand to it.
import type { Dims } from "../../graph/graph.js";
import type { AnyTile } from "../../tile/index.js";
import { literal, where } from "../../tile/index.js";
import { Poly } from "../../ir/poly.js";
import { computeDtype } from "../accumulate.js";
import { printDims, refuse } from "../checks.js";
import { indexTile, polyOfIndex } from "../index-tiles.js";
import type { KernelContext, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { elements, exact, tabulate } from "../reference-tensors.js";

export const operator: Operator = {
  name: "KeyMask",
  domain: "azulejo",
  // Q and K only tell batch, queries and keys by their dims
  inputs: ["mask", "Q", "K"],
  outputs: ["M"],
  attributes: { filter: { type: "float", required: true } },
  dtypes: ({ dtypes }) => ({ M: computeDtype(dtypes.Q!) }),
  shape: node => ({ M: maskedDims(node) }),
  at: context => ({
    M: (b, _, i, j) => {
      const dtype = computeDtype(context.dtypes.Q!);
      return where(counts(context, b!, i!, j!), literal(dtype, 0), literal(dtype, context.attributes.filter));
    },
  }),
};

function maskedDims(node: NodeInfo): Dims {
  const { mask, Q, K } = node.dims;
  const [batch, length] = [Q![0]!, mask![0]!];
  // a length that can't be told from the batch waits for numbers
  const known =
    mask!.length === 2 ||
    mask!.length === 3 ||
    (mask!.length === 1 && [batch, batch.mul(2)].some(n => n.equals(length)));
  if (!known)
    refuse(
      "operator-unsupported",
      "KeyMask",
      node,
      `a mask of ${printDims(mask!)} is unknown; use batch (numbers of keys), 2·batch (ends, then starts), batch×keys or batch×queries×keys`,
    );
  return [batch, Poly.one, Q![2]!, K![2]!];
}

function counts({ inputs, dims }: KernelContext, b: AnyTile, i: AnyTile, j: AnyTile): AnyTile {
  const mask = inputs.mask!;
  if (mask.rank === 2) return mask.at(b, j).ne(0);
  if (mask.rank === 3) return mask.at(b, i, j).ne(0);
  const before = j.lt(mask.at(b).cast("i32"));
  if (!dims.mask![0]!.equals(dims.Q![0]!.mul(2))) return before;
  const start = mask.at(indexTile(polyOfIndex(b).add(inputs.Q!.dims[0]!.poly)));
  return before.and(j.ge(start.cast("i32")));
}

export const doc: OperatorDoc = {
  summary: "A mask of keys as what is added to scores: a part of com.microsoft's attentions",
  dtypes: "mask i32, Q and K float",
  opsets: [1, 1],
};
export const tolerance = exact;

export const reference: Reference = ({ mask, Q, K }, { filter }) => {
  const [B, S, T] = [Q!.dims[0]!, Q!.dims[2]!, K!.dims[2]!];
  const read = elements(mask!);
  const M = tabulate(computeDtype(Q!.dtype), [B, 1, S, T], ([b, , i, j]) => {
    if (mask!.dims.length > 1)
      return Number(read(mask!.dims.length === 2 ? [b!, j!] : [b!, i!, j!])) !== 0 ? 0 : filter;
    const start = mask!.dims[0] === 2 * B ? Number(mask!.data[B + b!]) : 0;
    return j! >= start && j! < Number(mask!.data[b!]) ? 0 : filter;
  });
  return { M };
};

const of = (dims: readonly number[], data?: readonly number[]): OperatorCase => ({
  name: `mask of ${dims.join("×")}`,
  attributes: { filter: -10000 },
  inputs: {
    mask: { dtype: "i32", dims, ...(data ? { data } : { range: [0, 1] as const }) },
    Q: { dtype: "f32", dims: [3, 4, 5, 8] },
    K: { dtype: "f32", dims: [3, 2, 7, 8] },
  },
});
export const cases = (): readonly OperatorCase[] => [
  of([3], [7, 0, 4]),
  of([6], [7, 5, 4, 0, 2, 3]),
  of([3, 7]),
  of([3, 5, 7]),
];
