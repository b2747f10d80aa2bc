// BiasSplitGelu of com.microsoft: with x = X + bias cut into halves along the last dim, the first half times Gelu of the second.
import { opaque, Poly } from "../../ir/poly.js";
import type { AnyTile } from "../../tile/index.js";
import { requireEntries } from "../broadcast.js";
import { printDims, refuse } from "../checks.js";
import { floats } from "../elementwise-references.js";
import { gelu, reference as geluReference } from "../gelu.js";
import { indexTile, polyOfIndex } from "../index-tiles.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "../operator.js";
import { elements, tabulate } from "../reference-tensors.js";
import { requireMultiple } from "../required-sizes.js";

export const operator: Operator = {
  name: "BiasSplitGelu",
  domain: "com.microsoft",
  inputs: ["X", "bias"],
  outputs: ["Y"],
  shape: node => {
    const X = node.dims.X!;
    const last = X.at(-1);
    const sentence = `X of ${printDims(X)} has no halves; its last dim must be even`;
    if (!last) refuse("shape", "BiasSplitGelu", node, sentence);
    requireMultiple("BiasSplitGelu", node, last, 2, sentence);
    requireEntries("BiasSplitGelu", node, "bias", { input: "X", what: "columns", count: last });
    return { Y: [...X.slice(0, -1), opaque("div", last, Poly.int(2))] };
  },
  at: ({ inputs, outputs }) => ({
    Y: (...i) => {
      const [X, bias] = [inputs.X!, inputs.bias!];
      const own = i.at(-1)!;
      const x = (d: AnyTile): AnyTile => X.at(...i.slice(0, -1), d).add(bias.at(d));
      return x(own).mul(gelu(x(indexTile(polyOfIndex(own).add(outputs.Y!.at(-1)!)))));
    },
  }),
};

export const doc: OperatorDoc = {
  summary: "The first half of X + bias along the last dim, times Gelu of the second",
  dtypes: "float",
  opsets: [1, 1],
};
/** worst measured on wasm in f32: that of Gelu and a product */
export const tolerance: Tolerance = { relative: 8, absolute: 4 };

export const reference: Reference = ({ X, bias }, attributes, node) => {
  const half = X!.dims.at(-1)! / 2;
  const read = elements(X!);
  const x = (i: readonly number[], d: number): number => Number(read(i.with(-1, d))) + Number(bias!.data[d]);
  const dims = X!.dims.with(-1, half);
  const right = tabulate(X!.dtype, dims, i => x(i, i.at(-1)! + half));
  const gate = elements(geluReference({ X: right }, attributes, node).Y!);
  return { Y: tabulate(X!.dtype, dims, i => x(i, i.at(-1)!) * Number(gate(i))) };
};

const of = (dims: readonly number[], dtype: "f32" | "f16" | "f64" = "f32"): OperatorCase => ({
  name: `${dtype} ${dims.join("×")}`,
  inputs: { X: { dtype, dims }, bias: { dtype, dims: [dims.at(-1)!] } },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([2, 3, 34], d as "f32")),
  of([1, 2]),
  of([0, 6]),
  of([1, 5, 128]),
];
