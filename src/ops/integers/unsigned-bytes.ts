// UnsignedBytes: integers of i8 as u8, 128 larger. An operator of this project: the pass pair-integers makes it, in front of Quads, whose bytes
// are unsigned.
import type { Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { exact, numbersOf } from "../reference-tensors.js";

/** numbers are so much larger afterwards, and their zero point with them */
export const SIGNED_OFFSET = 128;

export const operator: Operator = {
  name: "UnsignedBytes",
  domain: "azulejo",
  inputs: ["X"],
  outputs: ["Y"],
  dtypes: () => ({ Y: "u8" }),
  shape: ({ dims }) => ({ Y: dims.X! }),
  at: ({ inputs: { X } }) => ({
    Y: (...i) =>
      X!
        .at(...i)
        .cast("i32")
        .add(SIGNED_OFFSET)
        .cast("u8"),
  }),
};

export const reference: Reference = ({ X }) => ({
  Y: { dtype: "u8", dims: X!.dims, data: numbersOf(X!).map(x => x + SIGNED_OFFSET) },
});

export const cases = (): readonly OperatorCase[] =>
  [[2, 3, 3, 5], [257], [0, 3]].map(dims => ({
    name: dims.join("×"),
    inputs: { X: { dtype: "i8", dims, range: [-128, 127] } },
  }));
export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "Integers of i8 as u8, 128 larger",
  dtypes: "i8",
  opsets: [1, 1],
  limits: "made by the pass pair-integers",
};
