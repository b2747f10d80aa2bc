// NonZero: the indices of all elements that are not zero, one column each. How many there are, only the data tell.
import { countOf, int64 } from "./host-tensors.js";
import { int, tensorType } from "./host-types.js";
import { onnxCodeOf } from "./onnx-dtypes.js";
import type { Operator, OperatorDoc } from "./operator.js";
import { isFloat } from "../ir/dtypes.js";
import type { AnyTensor } from "../runtime/host-value.js";

export const operator: Operator = {
  name: "NonZero",
  inputs: ["X"],
  outputs: ["Y"],
  shape: () => ({}),
  measured: true,
  expand: ({ inputs, dtypes }, build) => {
    const flat = build.node("Reshape", [inputs.X, build.constant("i64", [1], [-1])]);
    const holds = dtypes.X === "bool" ? flat : build.node("Cast", [flat], { to: onnxCodeOf("bool") });
    const [order, count] = build.several("StablePartition", 2, [holds], {}, "azulejo");
    const positions = build.node("Prefix", [count, order], {}, "azulejo");
    return { Y: build.node("UnravelIndex", [positions, build.node("Shape", [inputs.X])], {}, "azulejo") };
  },
  host: {
    reason: "the data decide how large its result is",
    types: node => {
      const dims = node.types.X!.dims;
      return { Y: tensorType("i64", dims && [int(Math.max(dims.length, 1)), node.unknownDim("Y", 1)]) };
    },
    run: ({ X }) => ({ Y: nonZero(X as AnyTensor) }),
  },
};

function nonZero({ dtype, dims, data }: AnyTensor): AnyTensor {
  // floats of 16 bits travel as bits, where −0 is the sign alone
  const sign = dtype !== "string" && isFloat(dtype) && data instanceof Uint16Array ? 0x7fff : -1;
  const found: number[] = [];
  for (let i = 0; i < data.length; i++) {
    const x = data[i]!;
    if (typeof x === "number" && sign !== -1 ? (x & sign) !== 0 : Number(x) !== 0) found.push(i);
  }
  const sizes = dims.length === 0 ? [1] : dims;
  const out: number[] = [];
  for (let axis = 0; axis < sizes.length; axis++) {
    const inner = countOf(sizes.slice(axis + 1));
    for (const i of found) out.push(Math.floor(i / inner) % sizes[axis]!);
  }
  return int64(out, [sizes.length, found.length]);
}

export const doc: OperatorDoc = {
  summary: "Indices of all elements that are not zero",
  dtypes: "any",
  opsets: [9, 13],
};
