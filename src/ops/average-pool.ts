// AveragePool: the mean of each window; padding counts or not, what lies beyond the padding never does.
import type { Dtype } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { dimOf } from "../tile/index.js";
import { floats } from "./elementwise-references.js";
import { forEachIndex } from "./known-values.js";
import type { Attributes, Operator, OperatorCase, OperatorDoc, Reference, Tolerance } from "./operator.js";
import { elements, tabulate } from "./reference-tensors.js";
import type { WindowAxis } from "./window.js";
import { poolWindows, tapIndex, tapIndices, windowAttributes, windowStart } from "./window.js";
import { referenceWindows } from "./window-references.js";

export const operator: Operator = {
  name: "AveragePool",
  inputs: ["X"],
  prefers: "channels-last",
  outputs: ["Y"],
  attributes: {
    ...windowAttributes,
    kernel_shape: { type: "ints", required: true },
    ceil_mode: { type: "int", default: 0 },
    count_include_pad: { type: "int", default: 0 },
  },
  shape: node => ({ Y: [...node.dims.X!.slice(0, 2), ...poolWindows("AveragePool", node).map(w => w.output)] }),
  at: context => {
    const X = context.inputs.X!;
    const windows = poolWindows("AveragePool", context);
    const padded = context.attributes.count_include_pad === 1;
    return {
      Y: (n, c, ...o) => {
        const taps = tapIndices(windows);
        const sum = X.at(n!, c!, ...o.map((i, j) => tapIndex(i, taps[j]!, windows[j]!))).sum(...taps);
        return sum.mul(share(o, windows, padded, sum.dtype)).cast(X.dtype);
      },
    };
  },
};

/** 1 / (number of elements that count), a constant where every window is whole. */
function share(o: readonly AnyTile[], windows: readonly WindowAxis[], padded: boolean, dtype: Dtype): AnyTile | number {
  let known = 1;
  let counted: AnyTile | undefined;
  windows.forEach((w, j) => {
    const count = counts(o[j]!, w, padded);
    if (typeof count === "number") known *= count;
    else counted = counted ? counted.mul(count.cast(dtype)) : count.cast(dtype);
  });
  if (!counted) return 1 / known;
  return (known === 1 ? counted : counted.mul(known)).reciprocal();
}

/** How many taps of window o count along one axis: those inside the input, or inside input and padding. */
function counts(o: AnyTile, w: WindowAxis, padded: boolean): AnyTile | number {
  const behind = padded ? w.input.add(w.end) : w.input;
  const startsInside = padded || w.begin.isZero;
  const endsInside = w.whole && (padded || w.end.isZero);
  if (startsInside && endsInside && w.taps.isConst) return w.taps.constant;
  const start = windowStart(o, w);
  const before = (edge: Poly): AnyTile =>
    dimOf("edge", edge.add(w.dilation - 1))
      .size.sub(start)
      .idiv(w.dilation);
  const inside = endsInside ? dimOf("taps", w.taps).size : before(behind).minimum(dimOf("taps", w.taps).size);
  const count = startsInside ? inside : inside.sub(before(Poly.zero).maximum(0));
  return mayMiss(w) ? count.maximum(0) : count;
}

/** May a window lie in the padding alone? Then its mean is that of nothing, NaN. Padding that auto_pad works out is narrower than a window. */
function mayMiss({ taps, dilation, begin, end }: WindowAxis): boolean {
  const widest = Math.max(...[begin, end].map(p => (p.isConst ? p.constant : 0)));
  return taps.isConst && widest > (taps.constant - 1) * dilation;
}

export const doc: OperatorDoc = {
  summary:
    "The mean of each window over the spatial axes. Padding counts with count_include_pad = 1; what ceil_mode adds beyond the padding never does",
  dtypes: "float",
  opsets: [1, 22],
};
/** worst measured on wasm in f32: 0.52 ε of the input */
export const tolerance: Tolerance = { relative: 2, absolute: 1 };

export const reference: Reference = (inputs, attributes) => {
  const X = inputs.X!;
  const x = elements(X);
  const taps: readonly number[] = attributes.kernel_shape;
  const windows = referenceWindows(X.dims.slice(2), taps, attributes);
  const dims = [...X.dims.slice(0, 2), ...windows.map(w => w.output)];
  const mean = ([n, c, ...o]: readonly number[]): number => {
    let [sum, count] = [0, 0];
    forEachIndex(taps, p => {
      const at = o.map((i, j) => i * windows[j]!.stride + p[j]! * windows[j]!.dilation - windows[j]!.begin);
      const v = x([n!, c!, ...at]);
      sum += Number(v ?? 0);
      const inPadding = at.every((a, j) => a >= -windows[j]!.begin && a < X.dims[j + 2]! + windows[j]!.end);
      if (v !== undefined || (attributes.count_include_pad === 1 && inPadding)) count++;
    });
    return sum / count;
  };
  return { Y: tabulate(X.dtype, dims, mean) };
};

const of = (name: string, x: readonly number[], attributes: Attributes, dtype: Dtype = "f32"): OperatorCase => ({
  name: `${dtype} ${name}`,
  attributes,
  inputs: { X: { dtype, dims: x } },
});
const padded = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of("2×2, stride 2", [1, 3, 6, 8], { kernel_shape: [2, 2], strides: [2, 2] }, d)),
  of("padding", [2, 3, 7, 11], padded),
  of("padding counts", [2, 3, 7, 11], { ...padded, count_include_pad: 1 }),
  of("ceil_mode", [1, 2, 8, 9], { ...padded, ceil_mode: 1 }),
  of("ceil_mode, a window that starts in the padding", [1, 1, 4, 9], { ...padded, pads: [1, 1, 1, 3], ceil_mode: 1 }),
  of("ceil_mode by steps of 1, a window that starts in the padding", [1, 1, 3, 5], {
    kernel_shape: [1, 2],
    pads: [0, 0, 1, 1],
    ceil_mode: 1,
  }),
  of("ceil_mode, padding counts", [1, 2, 8, 9], { ...padded, ceil_mode: 1, count_include_pad: 1 }),
  of("dilation", [1, 2, 9, 8], { kernel_shape: [3, 2], dilations: [2, 3], pads: [2, 1, 1, 2] }),
  of("windows in the padding alone", [1, 2, 6, 8], { kernel_shape: [2, 2], strides: [2, 2], pads: [3, 1, 1, 3] }),
  of("1-D", [1, 2, 17], { kernel_shape: [3] }),
  of("3-D", [1, 2, 4, 5, 3], { kernel_shape: [2, 2, 2], pads: [1, 0, 0, 0, 1, 1] }),
  of("SAME_LOWER", [1, 2, 8, 9], { kernel_shape: [3, 4], auto_pad: "SAME_LOWER", strides: [3, 2] }),
  of("no batch", [0, 2, 5, 5], { kernel_shape: [3, 3] }),
];
