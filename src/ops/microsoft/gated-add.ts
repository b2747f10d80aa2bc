// GatedAdd of com.microsoft: X + Y · gate, one gate for each row; the product is rounded to the dtype before it is added.
import { requireBroadcastTo, requireDims } from "../broadcast.js";
import { broadcastReader, floats } from "../elementwise-references.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { elements, tabulate } from "../reference-tensors.js";

export const operator: Operator = {
  name: "GatedAdd",
  domain: "com.microsoft",
  inputs: ["X", "Y", "gate"],
  outputs: ["output"],
  shape: node => {
    const X = node.dims.X!;
    requireDims("GatedAdd", node, "Y", X, "the dims of X");
    requireBroadcastTo("GatedAdd", node, "gate", "X");
    return { output: X };
  },
  expand: ({ inputs }, build) => ({
    output: build.node("Add", [inputs.X, build.node("Mul", [inputs.Y, inputs.gate])]),
  }),
};

export const doc: OperatorDoc = {
  summary: "X + Y · gate, one gate for each row",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance: Tolerance = { relative: 2, absolute: 2 };
export const reference: Reference = ({ X, Y, gate }) => {
  const [x, y, g] = [elements(X!), elements(Y!), broadcastReader(gate!)];
  return { output: tabulate(X!.dtype, X!.dims, i => Number(x(i)) + Number(y(i)) * Number(g(i))) };
};
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(dtype => ({
    name: dtype,
    inputs: {
      X: { dtype, dims: [2, 3, 17] },
      Y: { dtype, dims: [2, 3, 17] },
      gate: { dtype, dims: [2, 3, 1] },
    },
  })),
  {
    name: "nothing",
    inputs: {
      X: { dtype: "f32", dims: [0, 4] },
      Y: { dtype: "f32", dims: [0, 4] },
      gate: { dtype: "f32", dims: [0, 1] },
    },
  },
];
