// CausalConvWithState: a convolution of each channel with what came before, which the caller keeps between runs.
import type { Value } from "../graph/graph.js";
import type { Dtype } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import { requireDims, requireEntries, requireEqual } from "./broadcast.js";
import { isOther, printDims, refuse, requireOneOf } from "./checks.js";
import { floats } from "./elementwise-references.js";
import type { Attributes, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { elements, tabulate } from "./reference-tensors.js";

const op = "CausalConvWithState";

/** Channels and taps in numbers: they are dims of the weights. */
function sizesOf(node: NodeInfo): { readonly channels: number; readonly taps: number } {
  const [X, W] = [node.dims.input!, node.dims.weight!];
  if (X.length !== 3 || W.length !== 3)
    refuse(
      "shape",
      op,
      node,
      `input of ${printDims(X)} must be batch×channels×length and weight of ${printDims(W)} channels×1×taps; reshape them`,
    );
  requireEqual(
    op,
    node,
    X[1]!,
    W[0]!,
    `input has ${X[1]!.print()} channels and weight ${W[0]!.print()}; they must agree`,
  );
  if (!W[0]!.isConst || !W[2]!.isConst)
    refuse("operator-unsupported", op, node, `weight of ${printDims(W)} must have dims in numbers; fix them`);
  return { channels: W[0]!.constant, taps: W[2]!.constant };
}

export const operator: Operator = {
  name: op,
  inputs: ["input", "weight", "bias?", "past_state?"],
  outputs: ["output", "present_state?"],
  attributes: { activation: { type: "string", default: "none" } },
  dtypes: ({ dtypes }) => ({ output: dtypes.input!, present_state: dtypes.input! }),
  shape: node => {
    requireOneOf(op, node, "activation", ["none", "silu", "swish"]);
    const { channels, taps } = sizesOf(node);
    const [X, W] = [node.dims.input!, node.dims.weight!];
    if (taps < 1 || isOther(W[1]!, 1))
      refuse("shape", op, node, `weight of ${printDims(W)} must be channels×1×taps, with a tap at least; reshape it`);
    requireEntries(op, node, "bias", { input: "weight", what: "channels", count: Poly.int(channels) });
    requireDims(op, node, "past_state", [X[0]!, X[1]!, Poly.int(taps - 1)], "batch×channels×(taps − 1)");
    return { output: X, present_state: [X[0]!, X[1]!, Poly.int(taps - 1)] };
  },
  expand: (node, build) => {
    const { input, weight, bias, past_state } = node.inputs;
    const { channels, taps } = sizesOf(node);
    const vector = (...data: number[]): Value => build.constant("i64", [data.length], data);
    const padded = past_state
      ? build.node("Concat", [past_state, input], { axis: 2 })
      : build.node("Pad", [input, vector(0, 0, taps - 1, 0, 0, 0)]);
    const convolved = build.node("Conv", [padded, weight, bias], { group: channels });
    const output = node.attributes.activation === "none" ? convolved : build.node("Swish", [convolved]);
    // the last taps − 1; with one tap, nothing
    const from = taps > 1 ? 1 - taps : 2 ** 31;
    return { output, present_state: build.node("Slice", [padded, vector(from), vector(2 ** 31), vector(2)]) };
  },
};

export const doc: OperatorDoc = {
  summary: "A convolution of each channel with what came before; the end of its input is the state for the next run",
  dtypes: "float",
  opsets: [27, 27],
};
export const tolerance: Tolerance = { relative: 8, absolute: 8 };

export const reference: Reference = (inputs, attributes) => stateReference(inputs, attributes);

/** `dilation`: so far apart are neighbouring taps. */
export function stateReference(
  { input, weight, bias, past_state }: Parameters<Reference>[0],
  { activation = "none", dilation = 1 }: Attributes,
): ReturnType<Reference> {
  const [B, C, L] = input!.dims as [number, number, number];
  const taps = weight!.dims[2]!;
  const reach = (taps - 1) * dilation;
  const [x, w] = [elements(input!), elements(weight!)];
  const past = past_state && elements(past_state);
  const at = (b: number, c: number, i: number): number =>
    Number(i < 0 ? (past?.([b, c, i + reach]) ?? 0) : x([b, c, i]));
  const output = tabulate(input!.dtype, [B, C, L], ([b, c, i]) => {
    let sum = bias ? Number(bias.data[c!]) : 0;
    for (let t = 0; t < taps; t++) sum += Number(w([c!, 0, t])) * at(b!, c!, i! + t * dilation - reach);
    return activation === "none" ? sum : sum / (1 + Math.exp(-sum));
  });
  return {
    output,
    present_state: tabulate(input!.dtype, [B, C, reach], ([b, c, i]) => at(b!, c!, L - reach + i!)),
  };
}

const of = (
  name: string,
  [B, C, L, taps]: readonly [number, number, number, number],
  more: readonly string[] = [],
  attributes: Attributes = {},
  dtype: Dtype = "f32",
): OperatorCase => ({
  name: `${dtype} ${name}`,
  attributes,
  outputCount: 2,
  inputs: {
    input: { dtype, dims: [B, C, L] },
    weight: { dtype, dims: [C, 1, taps], constant: true },
    ...(more.includes("bias") ? { bias: { dtype, dims: [C] } } : {}),
    ...(more.includes("past_state") ? { past_state: { dtype, dims: [B, C, taps - 1] } } : {}),
  },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of("plain", [2, 5, 7, 4], [], {}, d)),
  of("everything", [2, 5, 7, 4], ["bias", "past_state"], { activation: "silu" }),
  of("shorter than its taps", [1, 3, 2, 4]),
  of("one step", [2, 8, 1, 4], ["past_state"], { activation: "swish" }),
  of("one tap", [2, 3, 5, 1], ["bias"]),
];
