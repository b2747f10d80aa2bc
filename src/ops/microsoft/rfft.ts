// Rfft of com.microsoft: the Fourier transform of real signals along the last dims, the last of them one-sided.
import type { Value } from "../../graph/graph.js";
import { Poly } from "../../ir/poly.js";
import { printDims, refuse } from "../checks.js";
import { dftReference } from "../dft-reference.js";
import { floats } from "../elementwise-references.js";
import type {
  Attributes,
  Builder,
  NodeInfo,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  Tolerance,
} from "../operator.js";
import { vectorOf, withDims } from "../reference-tensors.js";
import type { ReferenceTensor } from "../operator.js";

export const fourierAttributes = {
  normalized: { type: "int", default: 0 },
  onesided: { type: "int", default: 1 },
  signal_ndim: { type: "int", default: 1 },
} as const satisfies Operator["attributes"];

/** Refuses what ONNX Runtime refuses, and signals of more dims than there are; `behind` dims follow those of the signal. */
export function checkFourier(op: string, node: NodeInfo, behind: number): void {
  const { normalized, onesided, signal_ndim: count } = node.attributes;
  if (normalized !== 0 || onesided !== 1)
    refuse("operator-attribute", op, node, `normalized ${normalized} and onesided ${onesided} must be 0 and 1`);
  const X = node.dims.X!;
  if (!(count >= 1 && count + behind <= X.length))
    refuse(
      "operator-attribute",
      op,
      node,
      `signal_ndim ${count} does not fit X of ${printDims(X)}; use 1 for its last dim`,
    );
}

/** A transform along an axis of a tensor that holds complex numbers, or real ones, in its last dim. */
export const dft = (build: Builder, x: Value, axis: number, attributes: Attributes = {}): Value =>
  build.node("DFT", [x, undefined, build.constant("i64", [], [axis])], attributes);

export const operator: Operator = {
  name: "Rfft",
  domain: "com.microsoft",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: fourierAttributes,
  shape: node => {
    checkFourier("Rfft", node, 0);
    const X = node.dims.X!;
    const size = X.at(-1)!;
    if (!size.isConst)
      refuse(
        "operator-unsupported",
        "Rfft",
        node,
        `the length ${size.print()} of the transform must be a number; fix the dim`,
      );
    return { Y: [...X.slice(0, -1), Poly.int(Math.floor(size.constant / 2) + 1), Poly.int(2)] };
  },
  expand: ({ inputs, dims, attributes }, build) => {
    const rank = dims.X!.length;
    const x = build.node("Unsqueeze", [inputs.X, build.constant("i64", [1], [rank])]);
    let y = dft(build, x, rank - 1, { onesided: 1 });
    for (let axis = rank - 2; axis >= rank - attributes.signal_ndim; axis--) y = dft(build, y, axis);
    return { Y: y };
  },
};

export const doc: OperatorDoc = {
  summary:
    "The Fourier transform of real signals along the last signal_ndim dims, the last one-sided; parts in a new last dim",
  dtypes: "float",
  opsets: [1, 1],
  limits: "the length of the transform must be a number at compile time",
};
/** that of DFT */
export const tolerance: Tolerance = { relative: 8, absolute: 16 };

export const dftAlong = (input: ReferenceTensor, axis: number, attributes: Attributes): ReferenceTensor =>
  dftReference({ input, axis: vectorOf("i64", [axis]) }, attributes, { present: [], opset: 20, outputCount: 1 })
    .output!;

export const reference: Reference = ({ X }, { signal_ndim = 1 }) => {
  const rank = X!.dims.length;
  let Y = dftAlong(withDims(X!, [...X!.dims, 1]), rank - 1, { onesided: 1 });
  for (let axis = rank - 2; axis >= rank - signal_ndim; axis--) Y = dftAlong(Y, axis, {});
  return { Y };
};

const of = (dims: readonly number[], signal_ndim: number, dtype: "f32" | "f16" = "f32"): OperatorCase => ({
  name: `${dtype} ${dims.join("×")} over ${signal_ndim}`,
  attributes: { signal_ndim },
  inputs: { X: { dtype, dims } },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([3, 16], 1, d as "f32")),
  of([2, 6, 10], 2),
  of([2, 3, 7], 1),
];
