// GroupNormalization: (X − mean) / √(variance + epsilon) over the channels of a group and all space, then scale and bias: one for each
// channel since opset 21, one for each group before.
import type { Dtype } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import type { Value } from "../graph/graph.js";
import { computeDtype } from "./accumulate.js";
import { requireEntries } from "./broadcast.js";
import { printDims, refuse } from "./checks.js";
import { floats } from "./elementwise-references.js";
import { onnxCodeOf } from "./onnx-dtypes.js";
import type { Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { numbersOf, sizeOf } from "./reference-tensors.js";
import { requireMultiple } from "./required-sizes.js";

export const operator: Operator = {
  name: "GroupNormalization",
  inputs: ["X", "scale", "bias"],
  outputs: ["Y"],
  attributes: {
    epsilon: { type: "float", default: 1e-5 },
    num_groups: { type: "int", required: true },
    stash_type: { type: "int", default: 1 },
  },
  shape: node => {
    const X = node.dims.X!;
    if (X.length < 2)
      refuse("shape", "GroupNormalization", node, `X of ${printDims(X)} has no channels; it needs at least 2 dims`);
    const channels = X[1]!;
    const sentence = `${channels.print()} channels do not divide into ${node.attributes.num_groups} groups; use a number of groups that divides them`;
    requireMultiple("GroupNormalization", node, channels, node.attributes.num_groups, sentence);
    // before opset 21 a group had one scale and one bias
    const own =
      node.opset < 21
        ? { input: "num_groups", what: "groups", count: Poly.int(node.attributes.num_groups) }
        : { input: "X", what: "channels", count: channels };
    for (const name of ["scale", "bias"]) requireEntries("GroupNormalization", node, name, own);
    return { Y: X };
  },
  // sums of each channel by itself first, and of those a group's: as images lie, channels last, a group is no row of memory
  expand: ({ inputs, dims, dtypes, attributes, opset }, build) => {
    const own = dtypes.X!;
    const dtype = computeDtype(own);
    const as = (v: Value, from: Dtype, to: Dtype): Value =>
      from === to ? v : build.node("Cast", [v], { to: onnxCodeOf(to) });
    const integers = (...x: readonly number[]): Value => build.constant("i64", [x.length], x);
    const space = dims.X!.slice(2).map((_, i) => i + 2);
    const X = as(inputs.X!, own, dtype);
    const inSpace = (v: Value): Value =>
      space.length === 0 ? v : build.node("ReduceMean", [v, integers(...space)], { keepdims: 1 });
    const inGroups = (v: Value): Value => build.node("Reshape", [v, integers(0, attributes.num_groups, -1)]);
    const byChannel = inSpace(X);
    const grouped = inGroups(byChannel);
    const members = build.node("Shape", [grouped]);
    const ofGroup = (v: Value): Value => build.node("ReduceMean", [v, integers(2)], { keepdims: 1 });
    /** what each group has one of, for all of its channels */
    const spread = (v: Value): Value =>
      build.node("Reshape", [build.node("Expand", [v, members]), build.node("Shape", [byChannel])]);
    const apart = build.node("Sub", [X, spread(ofGroup(grouped))]);
    const variance = ofGroup(inGroups(inSpace(build.node("Mul", [apart, apart]))));
    const deviation = build.node("Sqrt", [
      build.node("Add", [variance, build.constant(dtype, [], [attributes.epsilon])]),
    ]);
    const given = (name: "scale" | "bias", ...shape: readonly number[]): Value =>
      build.node("Reshape", [as(inputs[name]!, dtypes[name]!, dtype), integers(...shape)]);
    // before opset 21 a group has one of each
    const isOfGroups = opset < 21;
    const channels = [-1, ...space.map(() => 1)];
    const factor = isOfGroups
      ? spread(build.node("Div", [given("scale", -1, 1), deviation]))
      : build.node("Mul", [given("scale", ...channels), spread(build.node("Reciprocal", [deviation]))]);
    const offset = isOfGroups ? spread(given("bias", 1, -1, 1)) : given("bias", ...channels);
    return { Y: as(build.node("Add", [build.node("Mul", [apart, factor]), offset]), dtype, own) };
  },
};

export const doc: OperatorDoc = {
  summary:
    "(X − mean) / √(variance + epsilon) · scale + bias, mean and variance over the channels of a group and all space",
  dtypes: "float",
  opsets: [18, 21],
};
/** worst measured on wasm in f32: 2.1 ε of the input */
export const tolerance: Tolerance = { relative: 4, absolute: 4 };

export const reference: Reference = (inputs, attributes, { opset }) => {
  const X = inputs.X!;
  const [N, C] = X.dims as [number, number];
  const groups: number = attributes.num_groups;
  const space = sizeOf(X.dims.slice(2));
  const length = (C / groups) * space;
  const data = numbersOf(X);
  const [scale, bias] = [numbersOf(inputs.scale!), numbersOf(inputs.bias!)];
  for (let r = 0; r < N * groups; r++) {
    const row = data.slice(r * length, (r + 1) * length);
    const mean = row.reduce((a, b) => a + b, 0) / length;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / length;
    const inverse = 1 / Math.sqrt(variance + (attributes.epsilon ?? 1e-5));
    row.forEach((x, j) => {
      const group = r % groups;
      const which = opset < 21 ? group : group * (C / groups) + Math.floor(j / space);
      data[r * length + j] = (x - mean) * inverse * scale[which]! + bias[which]!;
    });
  }
  return { Y: { dtype: X.dtype, dims: X.dims, data } };
};

const of = (dims: readonly number[], groups: number, opset: number, dtype: Dtype = "f32"): OperatorCase => {
  const scale = { dtype, dims: [opset < 21 ? groups : dims[1]!] };
  return {
    name: `${dtype} ${dims.join("×")} in ${groups}, opset ${opset}`,
    opset,
    attributes: { num_groups: groups },
    inputs: { X: { dtype, dims }, scale, bias: scale },
  };
};
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of([2, 6, 5, 3], 3, 21, d)),
  of([2, 6, 5, 3], 3, 18),
  of([1, 4, 17], 1, 21),
  of([1, 5, 3, 3], 5, 21),
  of([0, 4, 2, 2], 2, 21),
];
