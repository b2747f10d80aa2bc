// Conv: sliding dot products over any number of spatial axes, in groups of channels. Outside of X lie zeros: that is the padding.
import type { Dims } from "../graph/graph.js";
import type { Dtype } from "../ir/dtypes.js";
import { opaque, Poly } from "../ir/poly.js";
import type { AnyIndex, AnyTile } from "../tile/index.js";
import { dimOf, dot } from "../tile/index.js";
import { wide } from "./accumulate.js";
import { requireEntries, requireEqual } from "./broadcast.js";
import { printDims, refuse } from "./checks.js";
import { commonDtype } from "./elementwise.js";
import { floats } from "./elementwise-references.js";
import { forEachIndex, stridesOf } from "./known-values.js";
import type {
  Attributes,
  NodeInfo,
  Operand,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  ReferenceTensor,
  Tolerance,
} from "./operator.js";
import { numbersOf, tabulate } from "./reference-tensors.js";
import { requireMultiple } from "./required-sizes.js";
import type { WindowAxis } from "./window.js";
import { tapIndex, windowAttributes, windowAxes } from "./window.js";
import { referenceWindows } from "./window-references.js";

export const operator: Operator = {
  name: "Conv",
  inputs: ["X", "W", "B?"],
  prefers: "channels-last",
  outputs: ["Y"],
  attributes: { ...windowAttributes, group: { type: "int", default: 1 } },
  shape: node => {
    commonDtype("Conv", node, ["X", "W"]);
    return { Y: convolutionDims("Conv", node) };
  },
  at: context => {
    const { inputs, dtypes } = context;
    const { X, W, B } = inputs as { X: Operand; W: Operand; B?: Operand };
    return {
      Y: (n, k, ...o) => {
        const { at, of, axes } = tapsAt("Conv", context, W, [n!, k!, ...o]);
        const [x, w] = [X.at(...at), W.at(...of)];
        const y = axes.length > 0 ? dot(x, w, ...axes) : wide(x, X.dtype).mul(wide(w, X.dtype));
        return (B ? y.add(B.at(k!).cast(y.dtype)) : y).cast(dtypes.X!);
      },
    };
  },
};

/** What meets in an element of a convolution: indices into X, indices into W, and the axes along which products are added up. */
export interface Taps {
  readonly at: readonly AnyTile[];
  readonly of: readonly (AnyTile | number)[];
  readonly axes: readonly AnyIndex[];
}
/** The node's X and W are called so in `node`, whatever the operator calls them. */
export function tapsAt(op: string, node: NodeInfo, W: Operand, [n, k, ...o]: readonly AnyTile[]): Taps {
  const windows = convolutionWindows(op, node);
  // a single tap needs no axis: the window's index stays bare, and provably inside
  const taps = W.dims.slice(2).map((d, j) => (d.poly.isOne ? 0 : d.all(`p${j}`)));
  const where = o.map((i, j) => tapIndex(i, taps[j]!, windows[j]!));
  const { channel, inGroup, over } = channels(k!, W, node.dims.W!, node.attributes.group);
  const axes = [...over, ...taps.filter(p => p !== 0)];
  return { at: [n!, channel, ...where], of: [k!, inGroup, ...taps], axes };
}

export function convolutionDims(op: string, node: NodeInfo): Dims {
  checkConvolution(op, node);
  return [node.dims.X![0]!, node.dims.W![0]!, ...convolutionWindows(op, node).map(w => w.output)];
}

/** Which channel of X meets which of W's: none to add up where a group has one channel (depthwise). */
function channels(
  k: AnyTile,
  W: Operand,
  sizes: Dims,
  group: number,
): { channel: AnyTile; inGroup: AnyTile | number; over: readonly AnyIndex[] } {
  const perGroup = W.dims[1]!;
  if (group === 1) {
    const c = perGroup.all("c");
    return { channel: c, inGroup: c, over: [c] };
  }
  const outputs = opaque("div", sizes[0]!, Poly.int(group));
  const g = outputs.isOne ? k : k.idiv(dimOf("outputs", outputs).size);
  if (sizes[1]!.isOne) return { channel: g, inGroup: 0, over: [] };
  const c = perGroup.all("c");
  return { channel: g.mul(perGroup.size).add(c), inGroup: c, over: [c] };
}

const convolutionWindows = (op: string, node: NodeInfo): readonly WindowAxis[] =>
  windowAxes(op, node, node.dims.X!.slice(2), node.dims.W!.slice(2));

function checkConvolution(op: string, node: NodeInfo): void {
  const [X, W] = [node.dims.X!, node.dims.W!];
  const group = node.attributes.group as number;
  if (X.length < 3 || W.length !== X.length)
    refuse(
      "shape",
      op,
      node,
      `X of ${printDims(X)} and W of ${printDims(W)} are not batch×channels×space and outputs×channels×taps of one rank`,
    );
  const channels = `X has ${X[1]!.print()} channels and W takes ${W[1]!.print()} in each of ${group} groups; they must agree`;
  requireEqual(op, node, X[1]!, W[1]!.mul(group), channels);
  const outputs = `${W[0]!.print()} outputs do not divide into ${group} groups; use a number of outputs that does`;
  requireMultiple(op, node, W[0]!, group, outputs);
  requireEntries("Conv", node, "B", { input: "W", what: "outputs", count: W[0]! });
  const shape = node.attributes.kernel_shape as readonly number[] | undefined;
  W.slice(2).forEach((d, j) => {
    const sentence = `kernel_shape ${shape?.join("×")} is not that of W, ${printDims(W.slice(2))}; leave it out, or correct it`;
    // too short a list names no number of taps
    if (shape) requireEqual(op, node, d, Poly.int(shape[j] ?? 0), sentence);
  });
}

export const doc: OperatorDoc = {
  summary:
    "Convolution of X with the filters W, plus the bias B; any number of spatial axes, groups, strides, dilations, padding",
  dtypes: "float",
  opsets: [1, 22],
};
/** worst measured on wasm in f32: 16 ε of the input, 150 products */
export const tolerance: Tolerance = { relative: 4, absolute: 16 };

export const reference: Reference = (inputs, attributes) => {
  const { X, W, B } = inputs as { X: ReferenceTensor; W: ReferenceTensor; B?: ReferenceTensor };
  const group = attributes.group ?? 1;
  const [x, w] = [numbersOf(X), numbersOf(W)];
  const [stepX, stepW] = [stridesOf(X.dims), stridesOf(W.dims)];
  const windows = referenceWindows(X.dims.slice(2), W.dims.slice(2), attributes);
  const [outputs, perGroup] = [W.dims[0]! / group, W.dims[1]!];
  const dims = [X.dims[0]!, W.dims[0]!, ...windows.map(v => v.output)];
  const taps: (readonly number[])[] = [];
  forEachIndex(W.dims.slice(2), p => taps.push([...p]));
  const value = ([n, k, ...o]: readonly number[]): number => {
    const first = n! * stepX[0]! + Math.floor(k! / outputs) * perGroup * stepX[1]!;
    let sum = B ? Number(B.data[k!]) : 0;
    for (const p of taps) {
      const at = o.map((i, j) => i * windows[j]!.stride + p[j]! * windows[j]!.dilation - windows[j]!.begin);
      if (at.some((v, j) => v < 0 || v >= X.dims[j + 2]!)) continue;
      const fromX = at.reduce((offset, v, j) => offset + v * stepX[j + 2]!, first);
      const fromW = p.reduce((offset, v, j) => offset + v * stepW[j + 2]!, k! * stepW[0]!);
      for (let c = 0; c < perGroup; c++) sum += x[fromX + c * stepX[1]!]! * w[fromW + c * stepW[1]!]!;
    }
    return sum;
  };
  return { Y: tabulate(X.dtype, dims, value) };
};

const of = (
  name: string,
  x: readonly number[],
  w: readonly number[],
  attributes: Attributes = {},
  dtype: Dtype = "f32",
): OperatorCase => ({
  name: `${dtype} ${name}`,
  attributes,
  inputs: { X: { dtype, dims: x }, W: { dtype, dims: w }, B: { dtype, dims: [w[0]!] } },
});
/** The same with filters that are the same in every run, as models have them: they are packed. */
const packed = (c: OperatorCase): OperatorCase => ({
  ...c,
  name: `${c.name}, constant filters`,
  inputs: { ...c.inputs, W: { ...c.inputs.W!, constant: true } },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of("3×3", [1, 3, 7, 11], [5, 3, 3, 3], { pads: [1, 1, 1, 1] }, d)),
  of("1×1", [2, 7, 5, 3], [4, 7, 1, 1]),
  of("1×1, stride 2", [1, 7, 5, 6], [4, 7, 1, 1], { strides: [2, 2] }),
  of("1-D", [2, 3, 17], [4, 3, 5], { pads: [2, 1], strides: [2] }),
  of("3-D", [1, 2, 5, 4, 3], [3, 2, 2, 3, 2], { pads: [0, 1, 1, 1, 1, 0] }),
  of("stride 2, dilation 2", [1, 3, 13, 11], [4, 3, 3, 3], { strides: [2, 1], dilations: [2, 3], pads: [1, 2, 3, 0] }),
  of("groups", [1, 6, 5, 7], [9, 2, 3, 3], { group: 3 }),
  of("depthwise", [1, 5, 7, 9], [5, 1, 3, 3], { group: 5, pads: [1, 1, 1, 1], strides: [2, 1] }),
  of("depthwise 1×1", [1, 5, 7, 9], [5, 1, 1, 1], { group: 5 }),
  of("depthwise, two outputs a channel", [1, 3, 7, 5], [6, 1, 3, 3], { group: 3 }),
  of("SAME_UPPER", [1, 2, 8, 9], [3, 2, 3, 4], { auto_pad: "SAME_UPPER", strides: [3, 2] }),
  of("SAME_LOWER", [1, 2, 8, 9], [3, 2, 3, 4], { auto_pad: "SAME_LOWER", strides: [3, 2] }),
  of("VALID", [1, 2, 8, 9], [3, 2, 3, 4], { auto_pad: "VALID" }),
  of("no batch", [0, 2, 5, 5], [3, 2, 3, 3]),
  of("one element", [1, 1, 1, 1], [1, 1, 1, 1]),
  // few outputs: lanes lie along the channels
  ...[1, 3].flatMap(outputs =>
    [19, 32].map(c =>
      packed(of(`${c} channels to ${outputs}`, [1, c, 5, 6], [outputs, c, 3, 3], { pads: [1, 1, 1, 1] })),
    ),
  ),
];
