// LpPool: the p-norm of each window.
import type { Dtype } from "../ir/dtypes.js";
import type { AnyIndex, AnyTile } from "../tile/index.js";
import { dot } from "../tile/index.js";
import { wide } from "./accumulate.js";
import { refuse } from "./checks.js";
import { floats } from "./elementwise-references.js";
import { forEachIndex } from "./known-values.js";
import type { Attributes, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { knownPower } from "./pow.js";
import { elements, tabulate } from "./reference-tensors.js";
import { poolWindows, tapIndex, tapIndices, windowAttributes } from "./window.js";
import { referenceWindows } from "./window-references.js";

export const operator: Operator = {
  name: "LpPool",
  prefers: "channels-last",
  inputs: ["X"],
  outputs: ["Y"],
  attributes: {
    ...windowAttributes,
    kernel_shape: { type: "ints", required: true },
    ceil_mode: { type: "int", default: 0 },
    p: { type: "int", default: 2 },
  },
  shape: node => {
    requireNorm("LpPool", node);
    return { Y: [...node.dims.X!.slice(0, 2), ...poolWindows("LpPool", node).map(w => w.output)] };
  },
  at: context => ({
    Y: (n, c, ...o) => {
      const X = context.inputs.X!;
      const windows = poolWindows("LpPool", context);
      const taps = tapIndices(windows);
      const x = wide(X.at(n!, c!, ...o.map((i, j) => tapIndex(i, taps[j]!, windows[j]!))), X.dtype);
      return pNorm(x, taps, context.attributes.p).cast(X.dtype);
    },
  }),
};

/** Below 1 it is no norm; 0 would be the root of a root. */
export function requireNorm(op: string, node: NodeInfo): void {
  const { p } = node.attributes;
  if (!(p >= 1)) refuse("operator-attribute", op, node, `p ${p} is no norm; use 1 or more`);
}

/** (Σ |x|ᵖ)^(1/p), without logarithms for p = 1 and 2 */
export function pNorm(x: AnyTile, over: readonly AnyIndex[], p: number): AnyTile {
  if (p === 1) return x.abs().sum(...over);
  if (p === 2) return dot(x, x, ...over).sqrt();
  const size = x.abs();
  return (knownPower(size, p) ?? size.pow(p)).sum(...over).pow(1 / p);
}

export const doc: OperatorDoc = {
  summary: "The p-norm of each window over the spatial axes",
  dtypes: "float",
  opsets: [1, 22],
};
/** worst measured on wasm in f32: 1.12 ε */
export const tolerance: Tolerance = { relative: 8, absolute: 0 };

export const reference: Reference = (inputs, attributes) => {
  const X = inputs.X!;
  const x = elements(X);
  const { kernel_shape: taps, p = 2 } = attributes;
  const windows = referenceWindows(X.dims.slice(2), taps, attributes);
  const dims = [...X.dims.slice(0, 2), ...windows.map(w => w.output)];
  const norm = ([n, c, ...o]: readonly number[]): number => {
    let sum = 0;
    forEachIndex(taps, t => {
      const at = o.map((i, j) => i * windows[j]!.stride + t[j]! * windows[j]!.dilation - windows[j]!.begin);
      sum += Math.abs(Number(x([n!, c!, ...at]) ?? 0)) ** p;
    });
    return sum ** (1 / p);
  };
  return { Y: tabulate(X.dtype, dims, norm) };
};

const of = (name: string, x: readonly number[], attributes: Attributes, dtype: Dtype = "f32"): OperatorCase => ({
  name: `${dtype} ${name}`,
  attributes,
  inputs: { X: { dtype, dims: x } },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of("2×2, stride 2", [1, 3, 6, 8], { kernel_shape: [2, 2], strides: [2, 2] }, d)),
  of("p = 1, padding", [2, 3, 7, 5], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], p: 1 }),
  of("p = 3", [1, 2, 9, 8], { kernel_shape: [3, 2], dilations: [2, 3], p: 3 }),
  of("1-D", [1, 2, 17], { kernel_shape: [3] }),
];
