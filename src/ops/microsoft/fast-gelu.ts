// FastGelu of com.microsoft: the tanh approximation of Gelu, of X plus a bias that repeats along the elements in their order.
import { opaque, Poly } from "../../ir/poly.js";
import type { AnyTile } from "../../tile/index.js";
import { printDims, requireRanks } from "../checks.js";
import { floats } from "../elementwise-references.js";
import { geluTangent } from "../gelu.js";
import { indexTile, polyOfIndex } from "../index-tiles.js";
import type { KernelContext, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { numbersOf } from "../reference-tensors.js";
import { requireAtMost } from "../required-sizes.js";

export const operator: Operator = {
  name: "FastGelu",
  domain: "com.microsoft",
  inputs: ["X", "bias?"],
  outputs: ["Y"],
  shape: node => {
    requireRanks("FastGelu", node, { bias: [0, 1] });
    const { X, bias } = node.dims;
    for (const d of bias ?? []) {
      const sentence = `bias of ${printDims(bias!)} has nothing to add; give it elements, or leave it out`;
      requireAtMost("FastGelu", node, 1, d, sentence);
    }
    return { Y: X! };
  },
  at: context => ({
    Y: (...i) => {
      const x = context.inputs.X!.at(...i);
      return geluTangent(context.inputs.bias ? x.add(biasAt(context, i)) : x);
    },
  }),
};

/** As long as the last dim as a rule; ONNX Runtime takes any length and starts again at its end. */
function biasAt({ inputs }: KernelContext, i: readonly AnyTile[]): AnyTile {
  const [X, bias] = [inputs.X!, inputs.bias!];
  if (bias.rank === 0) return bias.at();
  const length = bias.dims[0]!.poly;
  if (X.rank > 0 && X.dims.at(-1)!.poly.equals(length)) return bias.at(i.at(-1)!);
  const position = i.reduce((at, index, d) => at.mul(X.dims[d]!.poly).add(polyOfIndex(index)), Poly.zero);
  return bias.at(indexTile(opaque("mod", position, length)));
}

export const doc: OperatorDoc = {
  summary: "x / 2 · (1 + tanh(√(2 / π) · (x + 0.044715 x³))) of x = X + bias",
  dtypes: "float",
  opsets: [1, 1],
};
/** that of Gelu */
export const tolerance: Tolerance = { relative: 4, absolute: 2 };

export const reference: Reference = ({ X, bias }) => {
  const shift = bias && numbersOf(bias);
  if (shift?.length === 0 && X!.data.length > 0) throw new RangeError("there is no bias to repeat");
  const y = (x: number): number => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
  return { Y: { ...X!, data: numbersOf(X!).map((x, k) => y(x + (shift ? shift[k % shift.length]! : 0))) } };
};

const of = (dims: readonly number[], bias?: number | null, dtype: "f32" | "f16" | "f64" = "f32"): OperatorCase => ({
  name: `${dtype} ${dims.join("×") || "scalar"}, bias ${bias === null ? "a scalar" : (bias ?? "absent")}`,
  inputs: {
    X: { dtype, dims, range: [-5, 5] },
    ...(bias === undefined ? {} : { bias: { dtype, dims: bias === null ? [] : [bias] } }),
  },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([3, 17], 17, d as "f32")),
  of([]),
  of([], 1),
  of([], null),
  of([2, 3, 5]),
  of([2, 3, 5], 5),
  of([3, 5], 7),
  of([0, 5], 5),
];
