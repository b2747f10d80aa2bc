// Unique: the distinct elements, or the distinct slices of an axis, with where they occur and how often.
import { floatFromBits } from "../ir/float-bits.js";
import type { AnyTensor } from "../runtime/host-value.js";
import { normalizeAxis } from "./checks.js";
import { concatenate, countOf, int64, reshaped, slice } from "./host-tensors.js";
import { tensorType, withDims } from "./host-types.js";
import type { HostNode, Operator, OperatorDoc } from "./operator.js";

export const operator: Operator = {
  name: "Unique",
  inputs: ["X"],
  outputs: ["Y", "indices?", "inverse_indices?", "counts?"],
  attributes: { axis: { type: "int" }, sorted: { type: "int", default: 1 } },
  shape: () => ({}),
  host: {
    reason: "the data decide how large its result is",
    types: node => {
      const X = node.types.X!;
      const axis = X.dims && axisOf(node, X.dims.length);
      const rank1 = node.attributes.axis === undefined;
      const dims = rank1
        ? [node.unknownDim("Y", 0)]
        : X.dims?.map((d, i) => (i === axis ? node.unknownDim("Y", i) : d));
      const list = (name: string) => tensorType("i64", [node.unknownDim(name, 0)]);
      return {
        Y: withDims(X, dims),
        indices: list("indices"),
        inverse_indices: list("inverse_indices"),
        counts: list("counts"),
      };
    },
    run: ({ X }, node) =>
      unique(X as AnyTensor, axisOf(node, (X as AnyTensor).dims.length), node.attributes.sorted !== 0),
  },
};

const axisOf = (node: HostNode, rank: number): number | undefined =>
  node.attributes.axis === undefined ? undefined : normalizeAxis("Unique", node, node.attributes.axis, rank);

interface Group {
  readonly first: number;
  readonly key: readonly (number | bigint | string)[];
  count: number;
}

/** Along an axis, or of all elements; sorted or in order of appearance. */
export function unique(X: AnyTensor, axis: number | undefined, sorted: boolean): Record<string, AnyTensor> {
  if (axis === undefined) return unique(reshaped(X, [countOf(X.dims)]), 0, sorted);
  const groups = new Map<string, Group>();
  const member: Group[] = [];
  for (let i = 0; i < X.dims[axis]!; i++) {
    const part = slice(X, axis, i, i + 1);
    const key = Array.from(part.data as ArrayLike<number | bigint | string>, x => comparable(part, x));
    // −0 and 0 are one value
    const text = JSON.stringify(key.map(x => (typeof x === "string" ? x : `${x === 0 ? 0 : x}`)));
    const group = groups.get(text) ?? { first: i, key, count: 0 };
    groups.set(text, group);
    group.count++;
    member.push(group);
  }
  const order = [...groups.values()];
  if (sorted) order.sort((a, b) => compare(a.key, b.key));
  const place = new Map(order.map((g, i) => [g, i]));
  const parts = order.map(g => slice(X, axis, g.first, g.first + 1));
  return {
    Y: parts.length > 0 ? concatenate(parts, axis) : slice(X, axis, 0, 0),
    indices: int64(
      order.map(g => g.first),
      [order.length],
    ),
    inverse_indices: int64(
      member.map(g => place.get(g)!),
      [member.length],
    ),
    counts: int64(
      order.map(g => g.count),
      [order.length],
    ),
  };
}

/** f16 and bf16 travel as bits. */
const comparable = ({ dtype, data }: AnyTensor, x: number | bigint | string): number | bigint | string =>
  (dtype === "f16" || dtype === "bf16") && data instanceof Uint16Array ? floatFromBits(dtype, Number(x)) : x;

function compare(a: Group["key"], b: Group["key"]): number {
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    if (x < y) return -1;
    if (x > y) return 1;
    // NaN sorts last
    const [nx, ny] = [Number.isNaN(x), Number.isNaN(y)];
    if (nx !== ny) return nx ? 1 : -1;
  }
  return 0;
}

export const doc: OperatorDoc = {
  summary: "Distinct elements or slices, sorted or in order of appearance, with where and how often they occur",
  dtypes: "any",
  opsets: [11, 28],
};
