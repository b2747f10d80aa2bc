// BitShift: X shifted by Y bits, to the left or to the right; shifts by the whole width and more give 0.
import type { Dtype } from "../ir/dtypes.js";
import { bytesOf, dtypes } from "../ir/dtypes.js";
import { type AnyTile, literal, where } from "../tile/index.js";
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
      const bits = 8 * bytesOf(x!.dtype);
      if (dtypes[x!.dtype as Dtype].kind === "unsigned") return where(y!.lt(bits), shifted, 0);
      // beyond all bits only the sign is left, and only to the right
      const beyond: AnyTile =
        attributes.direction === "LEFT" ? literal(x!.dtype, 0) : where(x!.lt(0), literal(x!.dtype, -1), 0);
      return where(y!.ge(0).and(y!.lt(bits)), shifted, beyond);
    },
  }),
};

export const doc: OperatorDoc = {
  summary: "X shifted by Y bits to the left or to the right, with broadcasting",
  dtypes: "integer",
  opsets: [11, 28],
};
export const reference: Reference = (inputs, attributes) => {
  const { X, Y } = inputs as { X: ReferenceTensor; Y: ReferenceTensor };
  const [x, y] = [broadcastReader(X), broadcastReader(Y)];
  return {
    Z: tabulate(X.dtype, broadcastNumbers([X.dims, Y.dims]), i => {
      const [value, by] = [BigInt(x(i)), BigInt(y(i))];
      if (by < 0n || by >= 8 * bytesOf(X.dtype))
        return wrap(X.dtype, attributes.direction === "RIGHT" && value < 0n ? -1n : 0n);
      return wrap(X.dtype, attributes.direction === "LEFT" ? value << by : value >> by);
    }),
  };
};

const of = (dtype: Dtype, direction: string): OperatorCase => ({
  name: `${dtype} ${direction}`,
  attributes: { direction },
  inputs: { X: { dtype, dims: [3, 5], range: [0, 200] }, Y: { dtype, dims: [5], data: [0, 1, 3, 7, 64] } },
});
const signed = (dtype: Dtype, direction: string): OperatorCase => ({
  name: `${dtype} ${direction}, negative ones`,
  attributes: { direction },
  inputs: {
    X: { dtype, dims: [3, 7], range: [-100, 100] },
    Y: { dtype, dims: [7], data: [0, 1, 3, 7, -1, 8 * bytesOf(dtype), 100] },
  },
});
export const cases = (): readonly OperatorCase[] => [
  ...unsigned.flatMap(d => [of(d, "LEFT"), of(d, "RIGHT")]),
  ...(["i8", "i16", "i32", "i64"] as const).flatMap(d => [signed(d, "LEFT"), signed(d, "RIGHT")]),
];
