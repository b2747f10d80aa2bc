// Conv of com.ms.internal.nhwc: FusedConv with the channels last in X and Y, filters as ever. ONNX Runtime writes it while optimising.
import type { Dims } from "../../graph/graph.js";
import * as fused from "../microsoft/fused-conv.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, ReferenceTensor } from "../operator.js";
import { reference as transposed } from "../transpose.js";

/** Dims or axes with the channels moved from last to second, and back. */
export const toChannelsFirst = <T>(x: readonly T[]): readonly T[] =>
  x.length < 3 ? x : [x[0]!, x.at(-1)!, ...x.slice(1, -1)];
export const toChannelsLast = <T>(x: readonly T[]): readonly T[] => (x.length < 3 ? x : [x[0]!, ...x.slice(2), x[1]!]);
export const axes = (rank: number): readonly number[] => Array.from({ length: rank }, (_, d) => d);

const asFirst = (node: NodeInfo): NodeInfo => ({ ...node, dims: { ...node.dims, X: toChannelsFirst(node.dims.X!) } });

export const operator: Operator = {
  name: "Conv",
  domain: "com.ms.internal.nhwc",
  inputs: ["X", "W", "B?", "Z?"],
  outputs: ["Y"],
  attributes: fused.fusedConvAttributes,
  shape: node => ({ Y: toChannelsLast<Dims[number]>(fused.operator.shape(asFirst(node)).Y!) }),
  expand: (node, build) => {
    const { X, W, B, Z } = node.inputs;
    const rank = X!.dims!.length;
    const first = (x: typeof X) => x && build.node("Transpose", [x], { perm: toChannelsFirst(axes(rank)) });
    const y = build.node("FusedConv", [first(X), W, B, first(Z)], node.attributes, "com.microsoft");
    return { Y: build.node("Transpose", [y], { perm: toChannelsLast(axes(rank)) }) };
  },
};

export const doc: OperatorDoc = {
  summary: "FusedConv with the channels last in X, Z and Y",
  dtypes: "float",
  opsets: [1, 22],
};
export const tolerance = fused.tolerance;

export const reference: Reference = ({ X, W, B, Z }, attributes, node) => {
  const rank = X!.dims.length;
  const moved = (data: ReferenceTensor, perm: readonly number[]): ReferenceTensor =>
    transposed({ data }, { perm }, node).transposed!;
  const first = (t: ReferenceTensor): ReferenceTensor => moved(t, toChannelsFirst(axes(rank)));
  const inputs = { X: first(X!), W: W!, ...(B ? { B } : {}), ...(Z ? { Z: first(Z) } : {}) };
  return { Y: moved(fused.reference(inputs, attributes, node).Y!, toChannelsLast(axes(rank))) };
};

export const cases = (): readonly OperatorCase[] =>
  fused.cases().map(c => ({
    ...c,
    inputs: Object.fromEntries(
      Object.entries(c.inputs).map(([n, t]) => [
        n,
        n === "X" || n === "Z" ? { ...t, dims: toChannelsLast(t.dims) } : t,
      ]),
    ),
  }));
