// GroupNormalization: (X − mean) / √(variance + epsilon) over the channels of a group and all space, then scale and bias: one for each
// channel since opset 21, one for each group before.
import type { Dtype } from "../ir/dtypes.js";
import { opaque, Poly } from "../ir/poly.js";
import { dimOf } from "../tile/index.js";
import { moments, wide } from "./accumulate.js";
import { requireEntries } from "./broadcast.js";
import { printDims, refuse } from "./checks.js";
import { floats } from "./elementwise-references.js";
import type { Operand, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { numbersOf, sizeOf } from "./reference-tensors.js";
import { requireMultiple } from "./required-sizes.js";

export const operator: Operator = {
  name: "GroupNormalization",
  inputs: ["X", "scale", "bias"],
  outputs: ["Y"],
  attributes: {
    epsilon: { type: "float", default: 1e-5 },
    num_groups: { type: "int", required: true },
    stash_type: { type: "int", default: 1 },
  },
  shape: node => {
    const X = node.dims.X!;
    if (X.length < 2)
      refuse("shape", "GroupNormalization", node, `X of ${printDims(X)} has no channels; it needs at least 2 dims`);
    const channels = X[1]!;
    const sentence = `${channels.print()} channels do not divide into ${node.attributes.num_groups} groups; use a number of groups that divides them`;
    requireMultiple("GroupNormalization", node, channels, node.attributes.num_groups, sentence);
    // before opset 21 a group had one scale and one bias
    const own =
      node.opset < 21
        ? { input: "num_groups", what: "groups", count: Poly.int(node.attributes.num_groups) }
        : { input: "X", what: "channels", count: channels };
    for (const name of ["scale", "bias"]) requireEntries("GroupNormalization", node, name, own);
    return { Y: X };
  },
  at: ({ inputs, attributes, opset }) => ({
    Y: (n, c, ...i) => {
      const { X, scale, bias } = inputs as { X: Operand; scale: Operand; bias: Operand };
      const perGroup = dimOf("members", opaque("div", X.dims[1]!.poly, Poly.int(attributes.num_groups)));
      const group = c!.idiv(perGroup.size);
      const over = [perGroup.all(), ...X.dims.slice(2).map(d => d.all())];
      const row = wide(X.at(n!, group.mul(perGroup.size).add(over[0]!), ...over.slice(1)), X.dtype);
      const { mean, variance } = moments(row, over);
      const which = opset < 21 ? group : c!;
      const factor = wide(scale.at(which), X.dtype).div(variance.add(attributes.epsilon).sqrt());
      return wide(X.at(n!, c!, ...i), X.dtype)
        .sub(mean)
        .mul(factor)
        .add(wide(bias.at(which), X.dtype))
        .cast(X.dtype);
    },
  }),
};

export const doc: OperatorDoc = {
  summary:
    "(X − mean) / √(variance + epsilon) · scale + bias, mean and variance over the channels of a group and all space",
  dtypes: "float",
  opsets: [18, 21],
};
/** worst measured on wasm in f32: 2.1 ε of the input */
export const tolerance: Tolerance = { relative: 4, absolute: 4 };

export const reference: Reference = (inputs, attributes, { opset }) => {
  const X = inputs.X!;
  const [N, C] = X.dims as [number, number];
  const groups: number = attributes.num_groups;
  const space = sizeOf(X.dims.slice(2));
  const length = (C / groups) * space;
  const data = numbersOf(X);
  const [scale, bias] = [numbersOf(inputs.scale!), numbersOf(inputs.bias!)];
  for (let r = 0; r < N * groups; r++) {
    const row = data.slice(r * length, (r + 1) * length);
    const mean = row.reduce((a, b) => a + b, 0) / length;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / length;
    const inverse = 1 / Math.sqrt(variance + (attributes.epsilon ?? 1e-5));
    row.forEach((x, j) => {
      const group = r % groups;
      const which = opset < 21 ? group : group * (C / groups) + Math.floor(j / space);
      data[r * length + j] = (x - mean) * inverse * scale[which]! + bias[which]!;
    });
  }
  return { Y: { dtype: X.dtype, dims: X.dims, data } };
};

const of = (dims: readonly number[], groups: number, opset: number, dtype: Dtype = "f32"): OperatorCase => {
  const scale = { dtype, dims: [opset < 21 ? groups : dims[1]!] };
  return {
    name: `${dtype} ${dims.join("×")} in ${groups}, opset ${opset}`,
    opset,
    attributes: { num_groups: groups },
    inputs: { X: { dtype, dims }, scale, bias: scale },
  };
};
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([2, 6, 5, 3], 3, 21, d)),
  of([2, 6, 5, 3], 3, 18),
  of([1, 4, 17], 1, 21),
  of([1, 5, 3, 3], 5, 21),
  of([0, 4, 2, 2], 2, 21),
];
