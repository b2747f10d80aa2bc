// GroupNorm of com.microsoft: GroupNormalization with the channels last or second, and perhaps SiLU behind it.
import type { Value } from "../../graph/graph.js";
import { refuse, requireRanks } from "../checks.js";
import * as standard from "../group-normalization.js";
import type {
  Attributes,
  Builder,
  NodeInfo,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  ReferenceTensor,
  Tolerance,
} from "../operator.js";
import { numbersOf } from "../reference-tensors.js";
import { reference as transposed } from "../transpose.js";
import { axes, toChannelsFirst, toChannelsLast } from "./channels-last.js";

export const groupNormAttributes = {
  activation: { type: "int", required: true },
  channels_last: { type: "int", default: 1 },
  epsilon: { type: "float", default: 1e-5 },
  groups: { type: "int", required: true },
} as const satisfies Operator["attributes"];

const isLast = ({ channels_last = 1 }: Attributes): boolean => channels_last !== 0;

export function checkGroupNorm(op: string, node: NodeInfo): void {
  const { activation, groups } = node.attributes;
  if (![0, 1].includes(activation))
    refuse("operator-attribute", op, node, `activation ${activation} is unknown; use 0 for none or 1 for SiLU`);
  requireRanks(op, node, { X: { least: 3 }, gamma: [1], beta: [1] });
  const X = node.dims.X!;
  const dims = { X: isLast(node.attributes) ? toChannelsFirst(X) : X, scale: node.dims.gamma!, bias: node.dims.beta! };
  standard.operator.shape({ ...node, opset: 21, attributes: { num_groups: groups }, dims });
}

export function groupNorm(
  build: Builder,
  x: Value,
  rank: number,
  { gamma, beta }: Readonly<Record<string, Value>>,
  attributes: Attributes,
): Value {
  const { epsilon, groups: num_groups, activation } = attributes;
  const last = isLast(attributes);
  const first = last ? build.node("Transpose", [x], { perm: toChannelsFirst(axes(rank)) }) : x;
  const normal = build.node("GroupNormalization", [first, gamma, beta], { epsilon, num_groups });
  const y = activation === 1 ? build.node("Swish", [normal]) : normal;
  return last ? build.node("Transpose", [y], { perm: toChannelsLast(axes(rank)) }) : y;
}

export const operator: Operator = {
  name: "GroupNorm",
  domain: "com.microsoft",
  inputs: ["X", "gamma", "beta"],
  outputs: ["Y"],
  attributes: groupNormAttributes,
  shape: node => {
    checkGroupNorm("GroupNorm", node);
    return { Y: node.dims.X! };
  },
  expand: ({ inputs, dims, attributes }, build) => ({
    Y: groupNorm(build, inputs.X!, dims.X!.length, inputs, attributes),
  }),
};

export const doc: OperatorDoc = {
  summary: "GroupNormalization with the channels last or second, and perhaps SiLU",
  dtypes: "float",
  opsets: [1, 1],
};
/** that of GroupNormalization, and SiLU */
export const tolerance: Tolerance = { relative: 16, absolute: 8 };

export const groupNormReference = (
  X: ReferenceTensor,
  inputs: Readonly<Record<string, ReferenceTensor>>,
  attributes: Attributes,
  node: Parameters<Reference>[2],
): ReferenceTensor => {
  const all = axes(X.dims.length);
  const moved = (data: ReferenceTensor, perm: readonly number[]): ReferenceTensor =>
    transposed({ data }, { perm }, node).transposed!;
  const last = isLast(attributes);
  const given = { X: last ? moved(X, toChannelsFirst(all)) : X, scale: inputs.gamma!, bias: inputs.beta! };
  const { epsilon, groups: num_groups } = attributes;
  const { Y } = standard.reference(given, { epsilon, num_groups }, { ...node, opset: 21 });
  const silu = { ...Y!, data: numbersOf(Y!).map(y => (attributes.activation === 1 ? y / (1 + Math.exp(-y)) : y)) };
  return last ? moved(silu, toChannelsLast(all)) : silu;
};
export const reference: Reference = (inputs, attributes, node) => ({
  Y: groupNormReference(inputs.X!, inputs, attributes, node),
});

export const groupNormInputs = (dims: readonly number[], channels: number, dtype: "f32" | "f16") =>
  ({
    X: { dtype, dims },
    gamma: { dtype: "f32", dims: [channels] },
    beta: { dtype: "f32", dims: [channels] },
  }) as const;
const of = (
  dims: readonly number[],
  channels: number,
  attributes: Attributes,
  dtype: "f32" | "f16" = "f32",
): OperatorCase => ({
  name: `${dtype} ${dims.join("×")} ${Object.values(attributes).join()}`,
  attributes: { groups: 3, ...attributes },
  inputs: groupNormInputs(dims, channels, dtype),
});
export const cases = (): readonly OperatorCase[] => [
  of([2, 5, 3, 6], 6, { activation: 0 }),
  of([2, 5, 3, 6], 6, { activation: 1 }, "f16"),
  of([2, 6, 5, 3], 6, { activation: 1, channels_last: 0, epsilon: 1e-3 }),
  of([2, 17, 6], 6, { activation: 0 }),
];
