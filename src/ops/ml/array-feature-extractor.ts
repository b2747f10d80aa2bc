// ArrayFeatureExtractor: the elements of the last dim that a list of indices names.
import { Poly } from "../../ir/poly.js";
import { refuse } from "../checks.js";
import { readPosition } from "../gathered-index.js";
import { indexTile, polyOfIndex } from "../index-tiles.js";
import { reindex } from "../linear-index.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { elements, exact, tabulate } from "../reference-tensors.js";

export const operator: Operator = {
  name: "ArrayFeatureExtractor",
  domain: "ai.onnx.ml",
  inputs: ["X", "Y"],
  outputs: ["Z"],
  shape: node => {
    const X = node.dims.X!;
    if (X.length === 0) refuse("shape", "ArrayFeatureExtractor", node, "X is a scalar; it needs at least one dim");
    // a vector gives one row; a list of indices may come as 1×n
    return { Z: [...(X.length === 1 ? [Poly.one] : X.slice(0, -1)), Poly.product(node.dims.Y!)] };
  },
  at: context => ({
    Z: (...i) => {
      const [X, Y] = [context.inputs.X!, context.inputs.Y!];
      // indices of any rank count in their order
      const shape = Y.dims.map(d => d.poly);
      const place = reindex([polyOfIndex(i.at(-1)!)], [Poly.product(shape)], shape).map(indexTile);
      const position = readPosition(context, Y, place, X.dims.at(-1)!.poly);
      return X.at(...(X.rank === 1 ? [] : i.slice(0, -1)), position);
    },
  }),
  text: true,
};

export const doc: OperatorDoc = {
  summary: "The elements of the last dim that a list of indices names",
  dtypes: "number",
  opsets: [1, 1],
};
export const tolerance = exact;

export const reference: Reference = ({ X, Y }) => {
  const read = elements(X!);
  const lead = X!.dims.length === 1 ? [1] : X!.dims.slice(0, -1);
  const picks = Array.from(Y!.data as ArrayLike<bigint>, Number);
  const Z = tabulate(X!.dtype, [...lead, picks.length], i => {
    const at = [...(X!.dims.length === 1 ? [] : i.slice(0, -1)), picks[i.at(-1)!]!];
    return read(at)!;
  });
  return { Z };
};

const Y = { dtype: "i64", dims: [1, 3], data: [0, 3, 1] } as const;
export const cases = (): readonly OperatorCase[] => [
  { name: "rows", inputs: { X: { dtype: "f32", dims: [3, 4] }, Y } },
  { name: "three dims", inputs: { X: { dtype: "i64", dims: [2, 3, 4] }, Y: { ...Y, dims: [3] } } },
  { name: "a vector", inputs: { X: { dtype: "f64", dims: [5] }, Y } },
  {
    name: "rows of indices",
    inputs: { X: { dtype: "f32", dims: [3, 4] }, Y: { dtype: "i64", dims: [2, 3], data: [0, 3, 1, 2, 2, 0] } },
  },
];
