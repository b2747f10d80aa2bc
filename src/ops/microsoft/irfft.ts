// Irfft of com.microsoft: real signals from one-sided spectra, along the last dims before the parts; the inverse of Rfft.
import { Poly } from "../../ir/poly.js";
import { requireEqual } from "../broadcast.js";
import { printDims, refuse } from "../checks.js";
import { floats } from "../elementwise-references.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { withDims } from "../reference-tensors.js";
import { checkFourier, dft, dftAlong, fourierAttributes, tolerance as rfftTolerance } from "./rfft.js";

export const operator: Operator = {
  name: "Irfft",
  domain: "com.microsoft",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: fourierAttributes,
  shape: node => {
    checkFourier("Irfft", node, 1);
    const X = node.dims.X!;
    const size = X.at(-2)!;
    requireEqual(
      "Irfft",
      node,
      X.at(-1)!,
      Poly.int(2),
      `X is ${printDims(X)}; its last dim must be 2, real and imaginary part`,
    );
    if (!size.isConst)
      refuse(
        "operator-unsupported",
        "Irfft",
        node,
        `the length ${size.print()} of the spectrum must be a number; fix the dim`,
      );
    return { Y: [...X.slice(0, -2), Poly.int(2 * (size.constant - 1))] };
  },
  expand: ({ inputs, dims, attributes }, build) => {
    const last = dims.X!.length - 2;
    let x = inputs.X!;
    for (let axis = last - attributes.signal_ndim + 1; axis < last; axis++) x = dft(build, x, axis, { inverse: 1 });
    const y = dft(build, x, last, { inverse: 1, onesided: 1 });
    return { Y: build.node("Squeeze", [y, build.constant("i64", [1], [last + 1])]) };
  },
};

export const doc: OperatorDoc = {
  summary: "Real signals of even length from one-sided spectra along the last signal_ndim dims before the parts",
  dtypes: "float",
  opsets: [1, 1],
  limits: "the length of the spectrum must be a number at compile time",
};
export const tolerance = rfftTolerance;

export const reference: Reference = ({ X }, { signal_ndim = 1 }) => {
  const last = X!.dims.length - 2;
  let x = X!;
  for (let axis = last - signal_ndim + 1; axis < last; axis++) x = dftAlong(x, axis, { inverse: 1 });
  const Y = dftAlong(x, last, { inverse: 1, onesided: 1 });
  return { Y: withDims(Y, Y.dims.slice(0, -1)) };
};

const of = (dims: readonly number[], signal_ndim: number, dtype: "f32" | "f16" = "f32"): OperatorCase => ({
  name: `${dtype} ${dims.join("×")} over ${signal_ndim}`,
  attributes: { signal_ndim },
  inputs: { X: { dtype, dims } },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([3, 9, 2], 1, d as "f32")),
  of([2, 6, 5, 2], 2),
];
