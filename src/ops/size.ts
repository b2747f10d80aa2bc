// Size: the number of elements of a tensor.
import { Poly } from "../ir/poly.js";
import { indexTile } from "./index-tiles.js";
import { knownScalar } from "./known-values.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { exact, sizeOf, tabulate } from "./reference-tensors.js";

export const operator: Operator = {
  name: "Size",
  inputs: ["data"],
  outputs: ["size"],
  dtypes: () => ({ size: "i64" }),
  shape: () => ({ size: [] }),
  values: ({ dims }) => ({ size: knownScalar(Poly.product(dims.data!)) }),
  at: ({ dims }) => ({ size: () => indexTile(Poly.product(dims.data!)).cast("i64") }),
  text: true,
};

export const reference: Reference = ({ data }) => ({ size: tabulate("i64", [], () => BigInt(sizeOf(data!.dims))) });

export const cases = (): readonly OperatorCase[] => [
  { name: "of a matrix", inputs: { data: { dtype: "f32", dims: [3, 7] } } },
  { name: "of a scalar", inputs: { data: { dtype: "i32", dims: [] } } },
  { name: "of nothing", inputs: { data: { dtype: "f64", dims: [3, 0] } } },
];

export const tolerance = exact;

export const doc: OperatorDoc = { summary: "The number of elements", dtypes: "any", opsets: [1, 25] };
