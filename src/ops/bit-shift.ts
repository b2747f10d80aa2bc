// BitShift: X shifted by Y bits, to the left or to the right; shifts by the whole width and more give 0.
import type { Dtype } from "../ir/dtypes.js";
import { bytesOf } from "../ir/dtypes.js";
import { where } from "../tile/index.js";
import { broadcastDims, readBroadcast } from "./broadcast.js";
import { refuse } from "./checks.js";
import { commonDtype } from "./elementwise.js";
import { broadcastNumbers, broadcastReader, unsigned, wrap } from "./elementwise-references.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, ReferenceTensor } from "./operator.js";
import { tabulate } from "./reference-tensors.js";

export const operator: Operator = {
  name: "BitShift",
  inputs: ["X", "Y"],
  outputs: ["Z"],
  attributes: { direction: { type: "string", required: true } },
  shape: node => {
    const { direction } = node.attributes;
    if (direction !== "LEFT" && direction !== "RIGHT")
      refuse("operator-attribute", "BitShift", node, `direction "${direction}" is unknown; use LEFT or RIGHT`);
    return { Z: broadcastDims("BitShift", node, ["X", "Y"]) };
  },
  dtypes: node => ({ Z: commonDtype("BitShift", node, ["X", "Y"]) }),
  at: ({ inputs, outputs, attributes }) => ({
    Z: (...i) => {
      const [x, y] = [inputs.X!, inputs.Y!].map(t => readBroadcast(t, i, outputs.Z!));
      const shifted = attributes.direction === "LEFT" ? x!.shl(y!) : x!.shr(y!);
      return where(y!.lt(8 * bytesOf(x!.dtype)), shifted, 0);
    },
  }),
};

export const doc: OperatorDoc = {
  summary: "X shifted by Y bits to the left or to the right, with broadcasting",
  dtypes: "unsigned integer",
  opsets: [11, 11],
};
export const reference: Reference = (inputs, attributes) => {
  const { X, Y } = inputs as { X: ReferenceTensor; Y: ReferenceTensor };
  const [x, y] = [broadcastReader(X), broadcastReader(Y)];
  return {
    Z: tabulate(X.dtype, broadcastNumbers([X.dims, Y.dims]), i => {
      const [value, by] = [BigInt(x(i)), BigInt(y(i))];
      return wrap(X.dtype, attributes.direction === "LEFT" ? value << by : value >> by);
    }),
  };
};

const of = (dtype: Dtype, direction: string): OperatorCase => ({
  name: `${dtype} ${direction}`,
  attributes: { direction },
  inputs: { X: { dtype, dims: [3, 5], range: [0, 200] }, Y: { dtype, dims: [5], data: [0, 1, 3, 7, 64] } },
});
export const cases = (): readonly OperatorCase[] => unsigned.flatMap(d => [of(d, "LEFT"), of(d, "RIGHT")]);
