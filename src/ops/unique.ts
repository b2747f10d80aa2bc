// Unique: the distinct elements, or the distinct slices of an axis, with where they occur and how often.
import { floatFromBits, isHalfFloat } from "../ir/float-bits.js";
import type { AnyTensor } from "../runtime/host-value.js";
import { normalizeAxis } from "./checks.js";
import { concatenate, countOf, int64, reshaped, slice } from "./host-tensors.js";
import { tensorType, withDims } from "./host-types.js";
import type { Value } from "../graph/graph.js";
import type { Dtype } from "../ir/dtypes.js";
import { onnxCodeOf } from "./onnx-dtypes.js";
import type { Builder, NodeInfo, Operator, OperatorDoc } from "./operator.js";

export const operator: Operator = {
  name: "Unique",
  inputs: ["X"],
  outputs: ["Y", "indices?", "inverse_indices?", "counts?"],
  attributes: { axis: { type: "int" }, sorted: { type: "int", default: 1 } },
  shape: () => ({}),
  measured: true,
  expand: (node, build) =>
    uniqueNodes(build, node.inputs.X!, axisOf(node, node.dims.X!.length), node.attributes.sorted !== 0),
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

/** Rows sorted, runs of equal ones found, numbered and counted; then as many as there are. */
export function uniqueNodes(
  build: Builder,
  X: Value,
  axis: number | undefined,
  sorted: boolean,
): Readonly<Record<"Y" | "indices" | "inverse_indices" | "counts", Value>> {
  const vector = (...x: number[]): Value => build.constant("i64", [x.length], x);
  const integer = (x: number): Value => build.constant("i32", [], [x]);
  const cast = (x: Value, to: Dtype): Value => build.node("Cast", [x], { to: onnxCodeOf(to) });
  const numbered = (starts: Value): Value =>
    build.node("Sub", [build.node("CumSum", [cast(starts, "i32"), build.constant("i64", [], [0])]), integer(1)]);
  const partition = (holds: Value) => build.several("StablePartition", 2, [holds], {}, "azulejo") as [Value, Value];
  const scatter = (into: Value, places: Value, updates: Value, reduction?: string): Value =>
    build.node("ScatterElements", [into, places, updates], { axis: 0, reduction });

  const list = axis === undefined ? build.node("Reshape", [X, vector(-1)]) : X;
  const perm = X.dims!.map((_, d) => d).filter(d => d !== axis);
  const turned = axis ? build.node("Transpose", [X], { perm: [axis, ...perm] }) : list;
  const rows =
    axis === undefined ? build.node("Reshape", [X, vector(-1, 1)]) : build.node("Flatten", [turned], { axis: 1 });
  const order = build.node("SortOrder", [rows], {}, "azulejo");
  const starts = build.node("StartsRun", [rows, order], {}, "azulejo");
  const zeros = build.node("Mul", [order, integer(0)]);
  const [places, groups] = partition(starts);
  const group = numbered(starts);
  // the first of each group: in the groups' order, or in that of appearance
  const isFirst = scatter(cast(zeros, "bool"), order, starts);
  const [firsts, count] = sorted ? [build.node("Gather", [order, places]), groups] : partition(isFirst);
  const heads = build.node("Gather", [order, build.node("Gather", [places, group])]);
  const number = sorted ? group : build.node("Gather", [numbered(isFirst), heads]);
  const inverse = scatter(zeros, order, number);
  const sizes = scatter(zeros, inverse, build.node("Add", [zeros, integer(1)]), "add");
  const [first, size] = build.several("Prefix", 2, [count, firsts, sizes], {}, "azulejo") as [Value, Value];
  return {
    Y: build.node("Gather", [list, first], { axis: axis ?? 0 }),
    indices: cast(first, "i64"),
    inverse_indices: cast(inverse, "i64"),
    counts: cast(size, "i64"),
  };
}

const axisOf = (node: NodeInfo, rank: number): number | undefined =>
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
  dtype !== "string" && isHalfFloat(dtype) && data instanceof Uint16Array ? floatFromBits(dtype, Number(x)) : x;

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
