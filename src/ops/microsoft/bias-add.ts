// BiasAdd of com.microsoft: X + bias + skip, bias along the last dim.
import { requireEqual } from "../broadcast.js";
import { printDims, requireRanks } from "../checks.js";
import { floats } from "../elementwise-references.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { numbersOf } from "../reference-tensors.js";

export const operator: Operator = {
  name: "BiasAdd",
  domain: "com.microsoft",
  inputs: ["X", "bias", "skip"],
  outputs: ["Y"],
  shape: node => {
    const { X, bias, skip } = node.dims;
    const agree = `X of ${printDims(X!)}, bias of ${printDims(bias!)} and skip of ${printDims(skip!)} must agree, bias in the last dim`;
    requireRanks("BiasAdd", node, { X: { least: 1 }, bias: [1], skip: [X!.length] });
    requireEqual("BiasAdd", node, X!.at(-1)!, bias![0]!, agree);
    X!.forEach((d, k) => {
      requireEqual("BiasAdd", node, d, skip![k]!, agree);
    });
    return { Y: X! };
  },
  at: ({ inputs }) => ({
    Y: (...i) =>
      inputs
        .X!.at(...i)
        .add(inputs.bias!.at(i.at(-1)!))
        .add(inputs.skip!.at(...i)),
  }),
};

export const doc: OperatorDoc = {
  summary: "X + bias + skip, bias along the last dim",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance: Tolerance = { relative: 1, absolute: 2 };

export const reference: Reference = ({ X, bias, skip }) => {
  const [x, b, s] = [X!, bias!, skip!].map(numbersOf) as [number[], number[], number[]];
  return { Y: { ...X!, data: x.map((v, k) => v + b[k % b.length]! + s[k]!) } };
};

const of = (dims: readonly number[], dtype: "f32" | "f16" | "f64" = "f32"): OperatorCase => ({
  name: `${dtype} ${dims.join("×")}`,
  inputs: { X: { dtype, dims }, bias: { dtype, dims: [dims.at(-1)!] }, skip: { dtype, dims } },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([2, 3, 17], d as "f32")),
  of([1, 1, 1]),
  of([0, 3, 4]),
  of([1, 5, 320]),
];
