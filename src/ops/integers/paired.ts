// Paired: two 16-bit integers that are neighbours along an axis as the halves of a 32-bit one, the first in the low half. Where that axis is
// innermost in memory it is the same memory. An operator of this project: the pass pair-integers makes it.
import { opaque, Poly } from "../../ir/poly.js";
import { refuse } from "../checks.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { elements, exact, tabulate } from "../reference-tensors.js";

export const operator: Operator = {
  name: "Paired",
  domain: "azulejo",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: { axis: { type: "int", required: true } },
  dtypes: () => ({ Y: "i32" }),
  joins: ({ attributes: { axis } }) => axis,
  shape: node => {
    const { axis } = node.attributes;
    const size = node.dims.X![axis]!;
    if (size.isConst && size.constant % 2 !== 0)
      refuse("shape", "Paired", node, `there are ${size.print()} elements along axis ${axis}; give an even number`);
    return { Y: node.dims.X!.map((d, i) => (i === axis ? opaque("div", d, Poly.int(2)) : d)) };
  },
  at: ({ inputs: { X }, attributes: { axis } }) => ({
    Y: (...i) => {
      const half = (n: number) => X!.at(...i.map((p, d) => (d === axis ? p.mul(2).add(n) : p))).cast("i32");
      return half(0).and(0xffff).or(half(1).shl(16));
    },
  }),
};

export const reference: Reference = ({ X }, { axis }) => {
  const x = elements(X!);
  const dims = X!.dims.map((d, i) => (i === axis ? d / 2 : d));
  const half = (i: readonly number[], n: number): number => Number(x(i.map((p, d) => (d === axis ? 2 * p + n : p))));
  return { Y: tabulate("i32", dims, i => (half(i, 0) & 0xffff) | (half(i, 1) << 16)) };
};

const of = (name: string, dims: readonly number[], axis: number): OperatorCase => ({
  name,
  attributes: { axis },
  inputs: { X: { dtype: "i16", dims, range: [-32768, 32767] } },
});
export const cases = (): readonly OperatorCase[] => [
  of("channels of an image", [2, 6, 3, 5], 1),
  of("rows", [3, 8], 1),
  of("columns", [4, 3], 0),
  of("two", [2], 0),
  of("none", [0, 4], 1),
];
export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "Neighbours along an axis as halves of one 32-bit integer; the same memory where the axis is innermost",
  dtypes: "i16",
  opsets: [1, 1],
  limits: "made by the pass pair-integers",
};
