// SkipGroupNorm of com.microsoft: GroupNorm of X + skip + bias, whose sum is an output too. The skip may lack the spatial dims.
import type { Dims, Value } from "../../graph/graph.js";
import { Poly } from "../../ir/poly.js";
import { requireDims, requireEntries } from "../broadcast.js";
import { printDims, refuse } from "../checks.js";
import { broadcastReader } from "../elementwise-references.js";
import type { Attributes, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { tabulate, withDims } from "../reference-tensors.js";
import {
  checkGroupNorm,
  groupNorm,
  groupNormAttributes,
  groupNormInputs,
  groupNormReference,
  tolerance as groupNormTolerance,
} from "./group-norm.js";

const op = "SkipGroupNorm";

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["X", "gamma", "beta", "skip", "bias?"],
  outputs: ["Y", "S?"],
  attributes: groupNormAttributes,
  dtypes: ({ dtypes: { X } }) => ({ Y: X!, S: X! }),
  shape: node => {
    checkGroupNorm(op, node);
    const { X } = node.dims;
    if (node.attributes.channels_last === 0)
      refuse("operator-unsupported", op, node, `X of ${printDims(X!)} must have its channels last; set channels_last`);
    requireSkip(node);
    requireEntries(op, node, "bias", { input: "X", what: "channels", count: X!.at(-1)! });
    return { Y: X!, S: X! };
  },
  expand: ({ inputs, dims, attributes }, build) => {
    const { X, skip, bias } = inputs;
    const rank = dims.X!.length;
    const between = Array.from({ length: rank - 2 }, (_, k) => k + 1);
    const spread: Value =
      dims.skip!.length === 2 ? build.node("Unsqueeze", [skip, build.constant("i64", [rank - 2], between)]) : skip!;
    const sum = build.node("Add", [X, spread]);
    const S = bias ? build.node("Add", [sum, bias]) : sum;
    return { Y: groupNorm(build, S, rank, inputs, attributes), S };
  },
};

/** Like X, with 1 for all spatial dims, or without them. */
function requireSkip(node: NodeInfo): void {
  const { X, skip } = node.dims as { readonly X: Dims; readonly skip: Dims };
  const [batch, channels] = [X[0]!, X.at(-1)!];
  const space = X.slice(1, -1);
  const isFlat = skip.length === X.length && skip.slice(1, -1).every(d => d.isOne);
  const flat = [batch, ...space.map(() => Poly.one), channels];
  const wanted = skip.length === 2 ? [batch, channels] : isFlat ? flat : X;
  requireDims(op, node, "skip", wanted, "like X, or batch×channels");
}

export const doc: OperatorDoc = {
  summary: "GroupNorm of X + skip + bias, and the sum",
  dtypes: "float",
  opsets: [1, 1],
  limits: "channels last",
};
export const tolerance = groupNormTolerance;

export const reference: Reference = (inputs, attributes, node) => {
  const { X, skip, bias } = inputs;
  const [N, C] = [X!.dims[0]!, X!.dims.at(-1)!];
  const whole = skip!.dims.length === 2 ? withDims(skip!, [N, ...X!.dims.slice(1, -1).map(() => 1), C]) : skip!;
  const readers = [X!, whole, ...(bias ? [bias] : [])].map(t => broadcastReader(t));
  const S = tabulate(X!.dtype, X!.dims, i => readers.reduce((sum, read) => sum + Number(read(i)), 0));
  return { Y: groupNormReference(S, inputs, attributes, node), S };
};

const of = (
  skip: readonly number[],
  bias: boolean,
  attributes: Attributes,
  dtype: "f32" | "f16" = "f32",
): OperatorCase => ({
  name: `${dtype} skip of ${skip.join("×")}${bias ? ", bias" : ""}`,
  attributes: { groups: 3, ...attributes },
  outputCount: 2,
  inputs: {
    ...groupNormInputs([2, 5, 3, 6], 6, dtype),
    skip: { dtype, dims: skip },
    ...(bias ? { bias: { dtype, dims: [6] } } : {}),
  },
});
export const cases = (): readonly OperatorCase[] => [
  of([2, 5, 3, 6], true, { activation: 1 }),
  of([2, 1, 1, 6], false, { activation: 0 }),
  of([2, 6], true, { activation: 0 }, "f16"),
];
