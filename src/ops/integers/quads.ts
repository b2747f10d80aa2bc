// Quads: four bytes that are neighbours along an axis as a 32-bit word, the first in the lowest bits; zeros where there are no four. Signed bytes
// make words of i32. Where that
// axis is innermost in memory, and a multiple of four, it is the same memory. An operator of this project: the pass pair-integers makes it.
import type { Dtype } from "../../ir/dtypes.js";
import { ceilDiv, opaque, Poly } from "../../ir/poly.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { elements, exact, tabulate } from "../reference-tensors.js";

const wordOf = (byte: Dtype): "i32" | "u32" => (byte === "i8" ? "i32" : "u32");
const four = Poly.int(4);
const PARTS = [0, 1, 2, 3];

export const operator: Operator = {
  name: "Quads",
  domain: "azulejo",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: { axis: { type: "int", required: true } },
  dtypes: ({ dtypes }) => ({ Y: wordOf(dtypes.X!) }),
  joins: ({ dims, attributes: { axis } }) => (opaque("mod", dims.X![axis]!, four).isZero ? axis : undefined),
  shape: ({ dims, attributes: { axis } }) => ({ Y: dims.X!.map((d, i) => (i === axis ? ceilDiv(d, 4) : d)) }),
  at: ({ inputs: { X }, dims, dtypes, attributes: { axis } }) => {
    const size = dims.X![axis]!;
    // of a single word it is known which bytes there are
    const parts = size.isConst && size.constant < 4 ? PARTS.slice(0, size.constant) : PARTS;
    const isSigned = dtypes.X === "i8";
    return {
      Y: (...i) => {
        const bytes = parts.map(n => {
          const byte = X!.at(...i.map((p, d) => (d === axis ? p.mul(4).add(n) : p)));
          return (isSigned ? byte.bitcast("u8") : byte).cast("u32").shl(8 * n);
        });
        const word = bytes.reduce((bits, byte) => bits.or(byte));
        return isSigned ? word.bitcast("i32") : word;
      },
    };
  },
};

export const reference: Reference = ({ X }, { axis }) => {
  const x = elements(X!);
  const size = X!.dims[axis]!;
  const dims = X!.dims.map((d, i) => (i === axis ? Math.ceil(d / 4) : d));
  const byte = (i: readonly number[], n: number): number => {
    const at = 4 * i[axis]! + n;
    return at < size ? (Number(x(i.map((p, d) => (d === axis ? at : p)))) & 255) << (8 * n) : 0;
  };
  const dtype = wordOf(X!.dtype);
  const word = (bits: number): number => (dtype === "u32" ? bits >>> 0 : bits);
  return { Y: tabulate(dtype, dims, i => word(PARTS.reduce((bits, n) => bits | byte(i, n), 0))) };
};

const of = (name: string, dims: readonly number[], axis: number, dtype: "u8" | "i8" = "u8"): OperatorCase => ({
  name,
  attributes: { axis },
  inputs: { X: { dtype, dims, range: dtype === "u8" ? [0, 255] : [-128, 127] } },
});
export const cases = (): readonly OperatorCase[] => [
  of("channels of an image", [2, 8, 3, 5], 1),
  of("three channels", [2, 3, 3, 5], 1),
  of("one more than two words", [2, 9, 3], 1),
  of("rows", [3, 12], 1),
  of("columns", [4, 3], 0),
  of("two", [2], 0),
  of("none", [0, 4], 1),
  of("signed channels of an image", [2, 8, 3, 5], 1, "i8"),
  of("three signed channels", [2, 3, 3, 5], 1, "i8"),
];
export const tolerance = exact;

export const doc: OperatorDoc = {
  summary:
    "Four bytes that are neighbours along an axis as one 32-bit word, the first in the lowest bits, with zeros where there are no four",
  dtypes: "u8 to u32, i8 to i32",
  opsets: [1, 1],
  limits: "made by the pass pair-integers",
};
