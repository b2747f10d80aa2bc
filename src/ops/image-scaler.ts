// ImageScaler: scale · X plus a bias for each channel. ONNX had it as an experiment; ONNX Runtime keeps it in ai.onnx.
import type { AnyTile } from "../tile/index.js";
import { literal, where } from "../tile/index.js";
import { wide } from "./accumulate.js";
import { printDims, refuse } from "./checks.js";
import { floats } from "./elementwise-references.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { elements, tabulate } from "./reference-tensors.js";
import { requireAtMost } from "./required-sizes.js";

export const operator: Operator = {
  name: "ImageScaler",
  inputs: ["input"],
  outputs: ["output"],
  attributes: { bias: { type: "floats", required: true }, scale: { type: "float", default: 1 } },
  shape: node => {
    const X = node.dims.input!;
    const bias = node.attributes.bias as readonly number[];
    if (X.length !== 4)
      refuse("shape", "ImageScaler", node, `input is ${printDims(X)}; it must be batch×channels×height×width`);
    // a longer one is taken: ONNX Runtime's own tests have three numbers for two channels
    const each = `bias has ${bias.length} numbers for ${X[1]!.print()} channels; it needs one for each`;
    requireAtMost("ImageScaler", node, X[1]!, bias.length, each);
    return { output: X };
  },
  at: ({ inputs, attributes }) => ({
    output: (...i) => {
      const x = wide(inputs.input!.at(...i), inputs.input!.dtype);
      const bias = (attributes.bias as readonly number[]).reduceRight<AnyTile>(
        (rest, b, channel) => where(i[1]!.eq(channel), literal(x.dtype, b), rest),
        literal(x.dtype, 0) as AnyTile,
      );
      return x.mul(attributes.scale).add(bias).cast(inputs.input!.dtype);
    },
  }),
};

export const doc: OperatorDoc = { summary: "scale · input + bias of the channel", dtypes: "float", opsets: [1, 1] };
export const tolerance: Tolerance = { relative: 1, absolute: 1 };

export const reference: Reference = ({ input }, { bias, scale = 1 }) => {
  const x = elements(input!);
  return { output: tabulate(input!.dtype, input!.dims, i => Number(x(i)) * scale + bias[i[1]!]) };
};
const of = (dims: readonly number[], dtype: "f32" | "f16" | "f64" = "f32"): OperatorCase => ({
  name: `${dtype} ${dims.join("×")}`,
  attributes: { scale: 0.5, bias: [1, -2, 0.25] },
  inputs: { input: { dtype, dims } },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([2, 3, 5, 7], d as "f32")),
  of([0, 3, 2, 2]),
  of([1, 1, 1, 1]),
];
