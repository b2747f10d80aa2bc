// Quads: four bytes that are neighbours along an axis as a 32-bit word, the first in the lowest bits; zeros where there are no four. Where that
// axis is innermost in memory, and a multiple of four, it is the same memory. An operator of this project: the pass pair-integers makes it.
import { ceilDiv, opaque, Poly } from "../../ir/poly.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { elements, exact, tabulate } from "../reference-tensors.js";

const four = Poly.int(4);
const PARTS = [0, 1, 2, 3];

export const operator: Operator = {
  name: "Quads",
  domain: "azulejo",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: { axis: { type: "int", required: true } },
  dtypes: () => ({ Y: "u32" }),
  joins: ({ dims, attributes: { axis } }) => (opaque("mod", dims.X![axis]!, four).isZero ? axis : undefined),
  shape: ({ dims, attributes: { axis } }) => ({ Y: dims.X!.map((d, i) => (i === axis ? ceilDiv(d, 4) : d)) }),
  at: ({ inputs: { X }, dims, attributes: { axis } }) => {
    const size = dims.X![axis]!;
    // of a single word it is known which bytes there are
    const parts = size.isConst && size.constant < 4 ? PARTS.slice(0, size.constant) : PARTS;
    return {
      Y: (...i) =>
        parts
          .map(n =>
            X!
              .at(...i.map((p, d) => (d === axis ? p.mul(4).add(n) : p)))
              .cast("u32")
              .shl(8 * n),
          )
          .reduce((word, byte) => word.or(byte)),
    };
  },
};

export const reference: Reference = ({ X }, { axis }) => {
  const x = elements(X!);
  const size = X!.dims[axis]!;
  const dims = X!.dims.map((d, i) => (i === axis ? Math.ceil(d / 4) : d));
  const byte = (i: readonly number[], n: number): number => {
    const at = 4 * i[axis]! + n;
    return at < size ? Number(x(i.map((p, d) => (d === axis ? at : p)))) * 2 ** (8 * n) : 0;
  };
  return { Y: tabulate("u32", dims, i => PARTS.reduce((word, n) => word + byte(i, n), 0)) };
};

const of = (name: string, dims: readonly number[], axis: number): OperatorCase => ({
  name,
  attributes: { axis },
  inputs: { X: { dtype: "u8", dims, range: [0, 255] } },
});
export const cases = (): readonly OperatorCase[] => [
  of("channels of an image", [2, 8, 3, 5], 1),
  of("three channels", [2, 3, 3, 5], 1),
  of("one more than two words", [2, 9, 3], 1),
  of("rows", [3, 12], 1),
  of("columns", [4, 3], 0),
  of("two", [2], 0),
  of("none", [0, 4], 1),
];
export const tolerance = exact;

export const doc: OperatorDoc = {
  summary:
    "Four bytes that are neighbours along an axis as one 32-bit word, the first in the lowest bits, with zeros where there are no four",
  dtypes: "u8",
  opsets: [1, 1],
  limits: "made by the pass pair-integers",
};
