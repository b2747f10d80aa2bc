// InstanceNormalization: (X − mean) / √(variance + epsilon) · scale + B over the spatial axes of each channel of each sample.
import type { Dtype } from "../ir/dtypes.js";
import { moments, rowOf, wide } from "./accumulate.js";
import { axesFrom } from "./axes.js";
import { requireEntries } from "./broadcast.js";
import { printDims, refuse } from "./checks.js";
import { floats } from "./elementwise-references.js";
import type { Attributes, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { numbersOf, sizeOf } from "./reference-tensors.js";

export const operator: Operator = {
  name: "InstanceNormalization",
  inputs: ["input", "scale", "B"],
  outputs: ["output"],
  attributes: { epsilon: { type: "float", default: 1e-5 }, consumed_inputs: { type: "ints" } },
  shape: node => {
    const input = node.dims.input!;
    if (input.length < 2)
      refuse(
        "shape",
        "InstanceNormalization",
        node,
        `input of ${printDims(input)} has no channels; it needs at least 2 dims`,
      );
    for (const name of ["scale", "B"])
      requireEntries("InstanceNormalization", node, name, { input: "input", what: "channels", count: input[1]! });
    return { output: input };
  },
  at: ({ inputs, attributes }) => ({
    output: (...i) => {
      const X = inputs.input!;
      const { own, row, over } = rowOf(X, i, axesFrom(2, i.length));
      const { mean, variance, centred } = moments(row, over);
      const factor = wide(inputs.scale!.at(i[1]!), X.dtype).div(variance.add(attributes.epsilon).sqrt());
      const y = (own === row ? centred : own.sub(mean)).mul(factor);
      return y.add(wide(inputs.B!.at(i[1]!), X.dtype)).cast(X.dtype);
    },
  }),
};

export const doc: OperatorDoc = {
  summary:
    "(X − mean) / √(variance + epsilon) · scale + B, mean and variance over the space of each channel of each sample",
  dtypes: "float",
  opsets: [1, 22],
};
/** worst measured on wasm in f32: 1.5 ε of the input */
export const tolerance: Tolerance = { relative: 4, absolute: 4 };

export const reference: Reference = (inputs, attributes) => {
  const X = inputs.input!;
  const [N, C] = X.dims as [number, number];
  const length = sizeOf(X.dims.slice(2));
  const data = numbersOf(X);
  const [scale, bias] = [numbersOf(inputs.scale!), numbersOf(inputs.B!)];
  for (let r = 0; r < N * C; r++) {
    const row = data.slice(r * length, (r + 1) * length);
    const mean = row.reduce((a, b) => a + b, 0) / length;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / length;
    const inverse = 1 / Math.sqrt(variance + (attributes.epsilon ?? 1e-5));
    row.forEach((x, j) => {
      data[r * length + j] = (x - mean) * inverse * scale[r % C]! + bias[r % C]!;
    });
  }
  return { output: { dtype: X.dtype, dims: X.dims, data } };
};

const of = (dims: readonly number[], attributes: Attributes = {}, dtype: Dtype = "f32"): OperatorCase => {
  const perChannel = { dtype, dims: [dims[1]!] };
  return {
    name: `${dtype} ${dims.join("×")}`,
    attributes,
    inputs: { input: { dtype, dims }, scale: perChannel, B: perChannel },
  };
};
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([2, 3, 5, 7], {}, d)),
  of([1, 2, 17], { epsilon: 0.01 }),
  of([2, 3, 2, 3, 5]),
  of([0, 3, 2, 2]),
];
