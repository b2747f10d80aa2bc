// ChannelShuffle: channels dealt out in turn from groups. An operator of this project: the pass fold-shuffle makes it of a Reshape, a
// Transpose and a Reshape, whose values between would be stored in an order that nothing else has.
import { opaque, Poly } from "../ir/poly.js";
import { dimOf } from "../tile/index.js";
import type { Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elements, exact, tabulate } from "./reference-tensors.js";

export const operator: Operator = {
  name: "ChannelShuffle",
  domain: "azulejo",
  inputs: ["X"],
  outputs: ["Y"],
  prefers: "channels-last",
  attributes: { groups: { type: "int", required: true } },
  shape: ({ dims }) => ({ Y: dims.X! }),
  phases: ({ attributes: { groups } }) => [1, groups],
  at: ({ inputs: { X }, attributes: { groups } }) => {
    // in the kernel's words, in which reads are provably inside
    const perGroup = dimOf("channels", opaque("div", X!.dims[1]!.poly, Poly.int(groups)));
    return { Y: (n, c, ...o) => X!.at(n!, c!.mod(groups).mul(perGroup.size).add(c!.idiv(groups)), ...o) };
  },
};

export const doc: OperatorDoc = {
  summary: "Channels dealt out in turn from groups: Reshape, Transpose, Reshape",
  dtypes: "any",
  opsets: [1, 1],
};
export const tolerance = exact;

export const reference: Reference = ({ X }, { groups }) => {
  const read = elements(X!);
  const perGroup = X!.dims[1]! / groups;
  return {
    Y: tabulate(
      X!.dtype,
      X!.dims,
      ([n, c, ...o]) => read([n!, (c! % groups) * perGroup + Math.floor(c! / groups), ...o])!,
    ),
  };
};

export const cases = (): readonly OperatorCase[] => [
  { name: "f32 3 groups", attributes: { groups: 3 }, inputs: { X: { dtype: "f32", dims: [2, 12, 3, 5] } } },
  { name: "f32 4 groups of 17", attributes: { groups: 4 }, inputs: { X: { dtype: "f32", dims: [1, 68, 4, 3] } } },
  { name: "i64 2 groups, 1-D", attributes: { groups: 2 }, inputs: { X: { dtype: "i64", dims: [1, 6, 7] } } },
];
