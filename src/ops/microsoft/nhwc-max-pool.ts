// NhwcMaxPool of com.microsoft: MaxPool of 8 bits with the channels last.
import type { Dims } from "../../graph/graph.js";
import * as pool from "../max-pool.js";
import { axes, toChannelsFirst, toChannelsLast } from "./channels-last.js";
import type {
  Attributes,
  NodeInfo,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  ReferenceTensor,
} from "../operator.js";
import { exact } from "../reference-tensors.js";
import { reference as transposed } from "../transpose.js";

const { auto_pad, ceil_mode, dilations, kernel_shape, pads, strides } = pool.operator.attributes!;
const asFirst = (node: NodeInfo): NodeInfo => ({
  ...node,
  dims: { X: toChannelsFirst(node.dims.x!) },
  attributes: { ...node.attributes, storage_order: 0 },
});

export const operator: Operator = {
  name: "NhwcMaxPool",
  domain: "com.microsoft",
  inputs: ["x"],
  outputs: ["y"],
  attributes: {
    auto_pad: auto_pad!,
    ceil_mode: ceil_mode!,
    dilations: dilations!,
    kernel_shape: kernel_shape!,
    pads: pads!,
    strides: strides!,
  },
  shape: node => ({ y: toChannelsLast<Dims[number]>(pool.operator.shape(asFirst(node)).Y!) }),
  expand: (node, build) => {
    const all = axes(node.dims.x!.length);
    const x = build.node("Transpose", [node.inputs.x], { perm: toChannelsFirst(all) });
    return { y: build.node("Transpose", [build.node("MaxPool", [x], node.attributes)], { perm: toChannelsLast(all) }) };
  },
};

export const doc: OperatorDoc = {
  summary: "MaxPool with the channels last",
  dtypes: "u8 or i8",
  opsets: [1, 1],
};
export const tolerance = exact;

export const reference: Reference = ({ x }, attributes, node) => {
  const moved = (data: ReferenceTensor, perm: readonly number[]): ReferenceTensor =>
    transposed({ data }, { perm }, node).transposed!;
  const all = axes(x!.dims.length);
  const { Y } = pool.reference({ X: moved(x!, toChannelsFirst(all)) }, attributes, node);
  return { y: moved(Y!, toChannelsLast(all)) };
};

const of = (dtype: "u8" | "i8", dims: readonly number[], attributes: Attributes): OperatorCase => ({
  name: `${dtype} ${dims.join("×")} ${Object.keys(attributes).join()}`,
  attributes,
  inputs: { x: { dtype, dims, range: dtype === "u8" ? [0, 255] : [-128, 127] } },
});
export const cases = (): readonly OperatorCase[] => [
  of("u8", [2, 7, 9, 5], { kernel_shape: [3, 3] }),
  of("i8", [1, 7, 9, 17], { kernel_shape: [2, 3], strides: [2, 2], pads: [1, 1, 0, 1] }),
  of("i8", [1, 8, 6, 3], { kernel_shape: [2, 2], dilations: [2, 1] }),
];
