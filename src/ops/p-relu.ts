// PRelu: X where it is positive, else slope · X; the slope broadcasts to X.
import type { Dtype } from "../ir/dtypes.js";
import { isFloat } from "../ir/dtypes.js";
import { where } from "../tile/index.js";
import { readBroadcast, requireBroadcastTo } from "./broadcast.js";
import { commonDtype } from "./elementwise.js";
import { broadcastReader, floats, wrap } from "./elementwise-references.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import type { Element } from "./reference-tensors.js";
import { tabulate } from "./reference-tensors.js";

export const operator: Operator = {
  name: "PRelu",
  inputs: ["X", "slope"],
  outputs: ["Y"],
  shape: node => {
    requireBroadcastTo("PRelu", node, "slope", "X", dimsBehind(node));
    return { Y: node.dims.X! };
  },
  dtypes: node => ({ Y: commonDtype("PRelu", node, ["X", "slope"]) }),
  at: context => ({
    Y: (...i) => {
      const x = context.inputs.X!.at(...i);
      const slope = context.inputs.slope!;
      return where(x.lt(0), readBroadcast(slope, i, context.outputs.Y!, dimsBehind(context)).mul(x), x);
    },
  }),
};

/** Before opset 7 a slope of one dim belonged to the channels: how many dims of X lie behind that of the slope's last one. */
const dimsBehind = ({ opset, dims }: NodeInfo): number =>
  opset < 7 && dims.slope!.length === 1 ? Math.max(dims.X!.length - 2, 0) : 0;

export const doc: OperatorDoc = {
  summary: "X where X ≥ 0, else slope · X; the slope broadcasts to X",
  dtypes: "number",
  opsets: [1, 16],
};
export const reference: Reference = (inputs, _, node) => {
  const X = inputs.X!;
  const behind = node.opset < 7 && inputs.slope!.dims.length === 1 ? Math.max(X.dims.length - 2, 0) : 0;
  const [x, slope] = [broadcastReader(X), broadcastReader(inputs.slope!, behind)];
  return { Y: tabulate(X.dtype, X.dims, i => (x(i) < 0 ? wrap(X.dtype, product(X.dtype, x(i), slope(i))) : x(i))) };
};
/** Products of 32-bit integers are beyond 2⁵³. */
const product = (dtype: Dtype, a: Element, b: Element): Element =>
  isFloat(dtype) ? Number(a) * Number(b) : BigInt(a) * BigInt(b);

const of = (dtype: Dtype, x: readonly number[], slope: readonly number[]): OperatorCase => ({
  name: `${dtype} ${x.join("×")}, slope ${slope.join("×")}`,
  inputs: { X: { dtype, dims: x }, slope: { dtype, dims: slope } },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of(d, [2, 3, 5], [3, 1])),
  of("f32", [17], [17]),
  of("f32", [0, 3], [3]),
  of("i32", [3, 5], [1]),
  {
    name: "i32 that wraps around",
    inputs: {
      X: { dtype: "i32", dims: [3], data: [-(2 ** 31) + 1, -1, 2 ** 31 - 1] },
      slope: { dtype: "i32", dims: [1], data: [2 ** 31 - 1] },
    },
  },
];
