// Centered: 8-bit integers less their zero point, in 16 bits, an even number of them along an axis. An operator of this project: the pass
// pair-integers makes it, in front of Paired.
import { opaque, Poly } from "../../ir/poly.js";
import { type AnyTile, where } from "../../tile/index.js";
import { refuse } from "../checks.js";
import { indexTile } from "../index-tiles.js";
import { numberOf } from "../known-values.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { elements, exact, numbersOf, tabulate } from "../reference-tensors.js";

export const operator: Operator = {
  name: "Centered",
  domain: "azulejo",
  inputs: ["X", "zero?"],
  outputs: ["Y"],
  attributes: { axis: { type: "int", required: true } },
  dtypes: () => ({ Y: "i16" }),
  shape: node => {
    const { X, zero } = node.dims;
    if (zero && !Poly.product(zero).equals(1))
      refuse("shape", "Centered", node, "its zero point is one number for all; give a tensor of one element");
    const { axis } = node.attributes;
    return { Y: X!.map((d, i) => (i === axis ? opaque("div", d.add(1), Poly.int(2)).mul(2) : d)) };
  },
  at: context => {
    const { X, zero } = context.inputs;
    const { axis } = context.attributes;
    const size = context.dims.X![axis]!;
    const isWhole = opaque("mod", size, Poly.int(2)).isZero;
    const known = numberOf(zero?.known?.data[0]);
    const taken = (): AnyTile | number => known ?? zero!.at(...zero!.dims.map(() => 0)).cast("i32");
    return {
      Y: (...i) => {
        const x = X!.at(...i).cast("i32");
        const y = zero && known !== 0 ? x.sub(taken()) : x;
        return (isWhole ? y : where(i[axis]!.lt(indexTile(X!.dims[axis]!.poly)), y, 0)).cast("i16");
      },
    };
  },
};

export const reference: Reference = ({ X, zero }, { axis }) => {
  const [x, z] = [elements(X!), zero ? numbersOf(zero)[0]! : 0];
  const dims = X!.dims.map((d, i) => (i === axis ? 2 * Math.ceil(d / 2) : d));
  const value = (i: readonly number[]): number => (i[axis]! < X!.dims[axis]! ? Number(x(i)) - z : 0);
  return { Y: tabulate("i16", dims, value) };
};

const of = (name: string, dtype: "u8" | "i8", dims: readonly number[], axis: number, zero = true): OperatorCase => {
  const range = dtype === "u8" ? ([0, 255] as const) : ([-128, 127] as const);
  return {
    name: `${dtype} ${name}`,
    attributes: { axis },
    inputs: { X: { dtype, dims, range }, ...(zero ? { zero: { dtype, dims: [], range } } : {}) },
  };
};
export const cases = (): readonly OperatorCase[] => [
  of("an even count", "u8", [2, 6, 3, 5], 1),
  of("an odd count", "i8", [2, 5, 3, 5], 1),
  of("an odd count along the last axis, no zero point", "u8", [3, 7], 1, false),
  of("one", "i8", [1], 0),
];
export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "8-bit integers less their zero point, as 16-bit ones, with a 0 behind an odd number of them along an axis",
  dtypes: "i8 and u8",
  opsets: [1, 1],
  limits: "made by the pass pair-integers",
};
