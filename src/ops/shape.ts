// Shape: the dims of a tensor. Folds away wherever its consumers compute on known values.
import type { Dims } from "../graph/graph.js";
import { Poly } from "../ir/poly.js";
import { literal, where } from "../tile/index.js";
import { indexTile } from "./index-tiles.js";
import { knownVector } from "./known-values.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { exact, vectorOf } from "./reference-tensors.js";

/** The slice of dims that `start` and `end` (since opset 15) ask for; both are clamped. */
function pickedDims({ dims, attributes }: NodeInfo): Dims {
  const all = dims.data!;
  const clamp = (x: number): number => Math.min(Math.max(x < 0 ? x + all.length : x, 0), all.length);
  return all.slice(clamp(attributes.start as number), clamp((attributes.end as number | undefined) ?? all.length));
}

export const operator: Operator = {
  name: "Shape",
  inputs: ["data"],
  outputs: ["shape"],
  attributes: { start: { type: "int", default: 0 }, end: { type: "int" } },
  dtypes: () => ({ shape: "i64" }),
  shape: node => ({ shape: [Poly.int(pickedDims(node).length)] }),
  values: node => ({ shape: knownVector(pickedDims(node)) }),
  at: context => ({
    shape: i => {
      const dims = pickedDims(context).map(d => indexTile(d).cast("i64"));
      return dims.reduceRight((rest, d, k) => where(i!.eq(k), d, rest), literal("i64", 0));
    },
  }),
  text: true,
};

export const reference: Reference = ({ data }, { start = 0, end }) => ({
  shape: vectorOf("i64", data!.dims.slice(start, end)),
});

export const cases = (): readonly OperatorCase[] => [
  { name: "all dims", inputs: { data: { dtype: "f32", dims: [3, 1, 5] } } },
  { name: "of a scalar", inputs: { data: { dtype: "f32", dims: [] } } },
  { name: "from the end", attributes: { start: -2 }, inputs: { data: { dtype: "u8", dims: [3, 4, 5] } } },
  { name: "a slice", attributes: { start: 1, end: -1 }, inputs: { data: { dtype: "i64", dims: [3, 4, 5] } } },
  { name: "beyond the end", attributes: { start: -9, end: 9 }, inputs: { data: { dtype: "bool", dims: [0, 4] } } },
];

export const tolerance = exact;

export const doc: OperatorDoc = { summary: "The dims of a tensor, or a slice of them", dtypes: "any", opsets: [1, 25] };
