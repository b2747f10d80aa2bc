// CausalConvWithState of com.microsoft: that of ai.onnx with taps that stand apart, and with channels last if wished.
import type { Value } from "../../graph/graph.js";
import { Poly } from "../../ir/poly.js";
import { requireDims, requireEntries, requireEqual } from "../broadcast.js";
import { isOther, printDims, refuse, requireOneOf, requireRanks } from "../checks.js";
import { stateReference } from "../causal-conv-with-state.js";
import { floats } from "../elementwise-references.js";
import type {
  Attributes,
  NodeInfo,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  ReferenceTensor,
  Tolerance,
} from "../operator.js";
import { elements, tabulate } from "../reference-tensors.js";

const op = "CausalConvWithState";

interface Sizes {
  readonly channels: number;
  /** positions before the current one that its taps reach */
  readonly reach: number;
  /** position of the axes */
  readonly channel: 1 | 2;
  readonly sequence: 1 | 2;
}
function sizesOf(node: NodeInfo): Sizes {
  const { ndim, state_window, channels_last, dilation } = node.attributes;
  if (ndim !== 1 || state_window !== 0)
    refuse("operator-unsupported", op, node, "only one spatial dim without a window of states; export it so");
  if (!(dilation >= 1)) refuse("operator-attribute", op, node, `dilation is ${dilation}; use 1 or more`);
  requireOneOf(op, node, "activation", ["none", "silu", "swish"]);
  requireRanks(op, node, { input: [3], weight: [3], past_state: [3] });
  const [X, W] = [node.dims.input!, node.dims.weight!];
  const channel = channels_last === 1 ? 2 : 1;
  requireEqual(
    op,
    node,
    X[channel]!,
    W[0]!,
    `input has ${X[channel]!.print()} channels and weight ${W[0]!.print()}; they must agree`,
  );
  if (!W[0]!.isConst || !W[2]!.isConst)
    refuse("operator-unsupported", op, node, `weight of ${printDims(W)} must have dims in numbers; fix them`);
  const sequence = channel === 1 ? 2 : 1;
  if (W[2]!.constant < 1 || isOther(W[1]!, 1))
    refuse("shape", op, node, `weight of ${printDims(W)} must be channels×1×taps, with a tap at least; reshape it`);
  const reach = (W[2]!.constant - 1) * dilation;
  const layout = channel === 1 ? "batch×channels×reach of the taps" : "batch×reach of the taps×channels";
  requireDims(op, node, "past_state", X.with(sequence, Poly.int(reach)), layout);
  requireEntries(op, node, "bias", { input: "weight", what: "channels", count: W[0]! });
  return { channels: W[0]!.constant, reach, channel, sequence };
}

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["input", "weight", "bias?", "past_state?"],
  outputs: ["output", "present_state?"],
  attributes: {
    activation: { type: "string", default: "none" },
    channels_last: { type: "int", default: 0 },
    dilation: { type: "int", default: 1 },
    ndim: { type: "int", default: 1 },
    state_window: { type: "int", default: 0 },
  },
  dtypes: ({ dtypes }) => ({ output: dtypes.input!, present_state: dtypes.input! }),
  shape: node => {
    const { reach, sequence } = sizesOf(node);
    const X = node.dims.input!;
    return { output: X, present_state: X.with(sequence, Poly.int(reach)) };
  },
  expand: (node, build) => {
    const { weight, bias, ...given } = node.inputs;
    const { channels, reach, channel } = sizesOf(node);
    const { dilation, activation } = node.attributes;
    const vector = (...data: number[]): Value => build.constant("i64", [data.length], data);
    const turned = (x: Value): Value => (channel === 1 ? x : build.node("Transpose", [x], { perm: [0, 2, 1] }));
    const input = turned(given.input!);
    const padded = given.past_state
      ? build.node("Concat", [turned(given.past_state), input], { axis: 2 })
      : build.node("Pad", [input, vector(0, 0, reach, 0, 0, 0)]);
    const convolved = build.node("Conv", [padded, weight, bias], { group: channels, dilations: [dilation] });
    const output = activation === "none" ? convolved : build.node("Swish", [convolved]);
    const from = reach > 0 ? -reach : 2 ** 31;
    const state = build.node("Slice", [padded, vector(from), vector(2 ** 31), vector(2)]);
    return { output: turned(output), present_state: turned(state) };
  },
};

export const doc: OperatorDoc = {
  summary: "A convolution of each channel with what came before, its taps apart and channels last if wished",
  dtypes: "float",
  opsets: [1, 1],
  limits: "one spatial dim; no window of states",
};
export const tolerance: Tolerance = { relative: 8, absolute: 8 };

const turned = (t: ReferenceTensor): ReferenceTensor => {
  const read = elements(t);
  const [a, b, c] = t.dims as [number, number, number];
  return tabulate(t.dtype, [a, c, b], ([i, j, k]) => read([i!, k!, j!])!);
};
export const reference: Reference = (inputs, attributes) => {
  const { channels_last = 0 } = attributes;
  const of = (t: ReferenceTensor): ReferenceTensor => (channels_last ? turned(t) : t);
  const { input, past_state } = inputs;
  const given = {
    ...inputs,
    input: of(input!),
    ...(past_state ? { past_state: of(past_state) } : {}),
  };
  const { output, present_state } = stateReference(given, attributes);
  return { output: of(output!), present_state: of(present_state!) };
};

const of = (
  name: string,
  [B, C, L, taps]: readonly [number, number, number, number],
  attributes: Attributes = {},
  more: readonly string[] = [],
  dtype: "f32" | "f16" = "f32",
): OperatorCase => {
  const { channels_last, dilation = 1 } = attributes;
  const dims = (n: number) => (channels_last ? [B, n, C] : [B, C, n]);
  return {
    name: `${dtype} ${name}`,
    attributes,
    outputCount: 2,
    inputs: {
      input: { dtype, dims: dims(L) },
      weight: { dtype, dims: [C, 1, taps], constant: true },
      ...(more.includes("bias") ? { bias: { dtype, dims: [C] } } : {}),
      ...(more.includes("past_state") ? { past_state: { dtype, dims: dims((taps - 1) * dilation) } } : {}),
    },
  };
};
export const cases = (): readonly OperatorCase[] => [
  ...floats.filter(d => d === "f32" || d === "f16").map(d => of("plain", [2, 5, 7, 4], {}, [], d as "f32")),
  of("everything", [2, 5, 7, 4], { activation: "silu" }, ["bias", "past_state"]),
  of("taps apart", [2, 3, 9, 3], { dilation: 2 }, ["past_state"]),
  of("channels last", [2, 5, 7, 4], { channels_last: 1, activation: "swish" }, ["bias", "past_state"]),
  of("channels last, taps apart, one step", [1, 3, 1, 3], { channels_last: 1, dilation: 3 }, ["past_state"]),
  of("one tap", [2, 3, 5, 1]),
];
