// Windows that are sums of cosines: what BlackmanWindow, HammingWindow and HannWindow share.
import { Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { dimOf, literal } from "../tile/index.js";
import { larger } from "./bounds.js";
import { wrap } from "./elementwise-references.js";
import { requiredPoly } from "./known-values.js";
import { dtypeOfOnnx, onnxDtypes } from "./onnx-dtypes.js";
import type { Attributes, NodeInfo, Operator, OperatorCase, Reference } from "./operator.js";
import { numbersOf, tabulate } from "./reference-tensors.js";

/** w(i) = Σ coefficients[k] · cos(2πki / N); N is the size, or one less for a symmetric window. */
export function cosineWindow(name: string, coefficients: readonly number[]): Operator {
  const sizeOf = (node: NodeInfo): Poly => requiredPoly(name, node, "size");
  return {
    name,
    inputs: ["size"],
    outputs: ["output"],
    attributes: { output_datatype: { type: "int", default: 1 }, periodic: { type: "int", default: 1 } },
    content: ["size"],
    dtypes: node => ({ output: dtypeOfOnnx(name, node, node.attributes.output_datatype) }),
    shape: node => ({ output: [sizeOf(node)] }),
    at: context => ({
      output: i => {
        const period = context.attributes.periodic === 1 ? sizeOf(context) : larger(sizeOf(context).sub(1), 1);
        const turn = i!
          .cast("f64")
          .mul(2 * Math.PI)
          .div(dimOf("period", Poly.of(period)).size.cast("f64"));
        return coefficients
          .map((a, k): AnyTile => (k === 0 ? literal("f64", a) : turn.mul(k).cos().mul(a)))
          .reduce((a, b) => a.add(b))
          .cast(dtypeOfOnnx(name, context, context.attributes.output_datatype));
      },
    }),
  };
}

export const cosineWindowReference =
  (coefficients: readonly number[]): Reference =>
  ({ size }, { output_datatype = 1, periodic = 1 }) => {
    const [count] = numbersOf(size!) as [number];
    const period = periodic === 1 ? count : Math.max(count - 1, 1);
    const value = (i: number): number =>
      coefficients.reduce((sum, a, k) => sum + a * Math.cos((2 * Math.PI * k * i) / period), 0);
    const dtype = onnxDtypes[output_datatype]!;
    return { output: tabulate(dtype, [count], ([i]) => wrap(dtype, value(i!))) };
  };

const of = (count: number, attributes: Attributes = {}): OperatorCase => ({
  name: `${count}${Object.entries(attributes).map(([k, v]) => ` ${k}=${v}`)}`,
  attributes,
  inputs: { size: { dtype: "i64", dims: [], data: [count] } },
});
export const cosineWindowCases = (): readonly OperatorCase[] => [
  of(10),
  of(17, { periodic: 0 }),
  of(1),
  of(1, { periodic: 0 }),
  of(0),
  of(31, { output_datatype: 11 }),
  of(31, { output_datatype: 10 }),
];
