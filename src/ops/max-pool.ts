// MaxPool: the largest element of each window; also where it lies, as a flat index into the input (the output Indices).
import type { Dims } from "../graph/graph.js";
import type { Dtype } from "../ir/dtypes.js";
import { dtypes } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { dimOf, where } from "../tile/index.js";
import { refuse } from "./checks.js";
import { floats } from "./elementwise-references.js";
import { forEachIndex } from "./known-values.js";
import type { Attributes, NodeInfo, Operand, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import type { Element } from "./reference-tensors.js";
import { elements, sizeOf, tabulate } from "./reference-tensors.js";
import { requireSource } from "./required-sizes.js";
import type { WindowAxis } from "./window.js";
import { poolWindows, tapIndex, tapIndices, windowAttributes } from "./window.js";
import { referenceWindows } from "./window-references.js";

export const operator: Operator = {
  name: "MaxPool",
  inputs: ["X"],
  prefers: "channels-last",
  outputs: ["Y", "Indices?"],
  attributes: {
    ...windowAttributes,
    kernel_shape: { type: "ints", required: true },
    ceil_mode: { type: "int", default: 0 },
    storage_order: { type: "int", default: 0 },
  },
  shape: node => {
    const windows = poolWindows("MaxPool", node);
    windows.forEach((w, j) => {
      requireSomething(node, w, j);
    });
    const dims = [...node.dims.X!.slice(0, 2), ...windows.map(w => w.output)];
    return { Y: dims, Indices: dims };
  },
  dtypes: ({ dtypes: of }) => ({ Y: of.X!, Indices: "i64" }),
  at: context => {
    const X = context.inputs.X!;
    const windows = poolWindows("MaxPool", context);
    const outside = X.fill(lowest(X.dtype));
    return {
      Y: (n, c, ...o) => {
        const taps = tapIndices(windows);
        return outside.at(n!, c!, ...o.map((i, j) => tapIndex(i, taps[j]!, windows[j]!))).max(...taps);
      },
      Indices: (...i) => largestAt(outside, i, windows, context.attributes.storage_order === 1),
    };
  },
};

/** A window that lies in the padding as a whole has no largest element. */
function requireSomething(
  node: NodeInfo,
  { input, begin, end, taps, dilation, output }: WindowAxis,
  axis: number,
): void {
  const empty = `spatial axis ${axis} is empty, and its pads make windows; give X elements, or no pads`;
  requireSource("MaxPool", node, input, output, empty);
  const span = taps.sub(1).mul(dilation).add(1);
  const pad = [begin, end].find(p => p.isConst && span.isConst && p.constant >= span.constant);
  if (pad)
    refuse(
      "operator-attribute",
      "MaxPool",
      node,
      `spatial axis ${axis} has a pad of ${pad.print()} for windows of ${span.print()} elements; a pad must be smaller than the window`,
    );
}

/** What no element is below: it fills the padding. */
export const lowest = (dtype: Dtype): number => {
  const { kind, bytes } = dtypes[dtype];
  return kind === "float" ? -Infinity : kind === "signed" ? -(2 ** (8 * bytes - 1)) : 0;
};

/** Position of the first largest element: the smallest tap number among those that hold the maximum, then its coordinates. */
function largestAt(
  X: Operand,
  [n, c, ...o]: readonly AnyTile[],
  windows: readonly WindowAxis[],
  columnMajor: boolean,
): AnyTile {
  const taps = tapIndices(windows);
  const x = X.at(n!, c!, ...o.map((i, j) => tapIndex(i, taps[j]!, windows[j]!)));
  const sizes = windows.map(w => w.taps);
  const inside = o
    .map((i, j) => tapIndex(i, taps[j]!, windows[j]!))
    .flatMap((at, j) => [at.ge(0), at.lt(X.dims[j + 2]!.size)]);
  const number = flatten(taps, sizes, false).cast("i32");
  // NaN is the largest, but equals nothing
  const holds = inside.reduce((a, b) => a.and(b), x.eq(x.max(...taps)).or(x.ne(x)));
  const first = where(holds, number, 2 ** 31 - 1).min(...taps);
  const at: AnyTile[] = [];
  let rest = first;
  for (let j = windows.length - 1; j >= 0; j--) {
    const size = dimOf("taps", sizes[j]!).size;
    at.unshift(tapIndex(o[j]!, rest.imod(size), windows[j]!));
    rest = rest.idiv(size);
  }
  const image = n!.mul(X.dims[1]!.size).add(c!).cast("i64");
  const pixels = dimOf("pixels", Poly.product(windows.map(w => w.input))).size.cast("i64");
  return image.mul(pixels).add(
    flatten(
      at,
      windows.map(w => w.input),
      columnMajor,
    ).cast("i64"),
  );
}

/** The number of an element in row-major order, or with the first axis varying fastest. */
function flatten(index: readonly AnyTile[], sizes: Dims, columnMajor: boolean): AnyTile {
  const pairs = index.map((i, j) => [i, sizes[j]!] as const);
  if (columnMajor) pairs.reverse();
  return pairs.slice(1).reduce((sum, [i, size]) => sum.mul(dimOf("size", size).size).add(i), pairs[0]![0]);
}

export const doc: OperatorDoc = {
  summary: "The largest element of each window over the spatial axes; Indices says where in X it lies",
  dtypes: "float, i8 or u8",
  opsets: [1, 22],
};

export const reference: Reference = (inputs, attributes) => {
  const X = inputs.X!;
  const x = elements(X);
  const taps: readonly number[] = attributes.kernel_shape;
  const windows = referenceWindows(X.dims.slice(2), taps, attributes);
  const dims = [...X.dims.slice(0, 2), ...windows.map(w => w.output)];
  const columnMajor = attributes.storage_order === 1;
  const find = ([n, c, ...o]: readonly number[]): { value: Element; at: bigint } => {
    let best: Element | undefined;
    let place: readonly number[] = [];
    forEachIndex(taps, p => {
      const at = o.map((i, j) => i * windows[j]!.stride + p[j]! * windows[j]!.dilation - windows[j]!.begin);
      const v = x([n!, c!, ...at]);
      // NaN is above all numbers, and the first of it stays
      const isBest = best === undefined || v! > best || (Number.isNaN(v) && !Number.isNaN(best));
      if (v === undefined || !isBest) return;
      best = v;
      place = at;
    });
    const size = X.dims.slice(2);
    const order = place.map((_, j) => (columnMajor ? place.length - 1 - j : j));
    const pixel = order.reduce((sum, j) => sum * size[j]! + place[j]!, 0);
    return { value: best ?? lowest(X.dtype), at: BigInt((n! * X.dims[1]! + c!) * sizeOf(size) + pixel) };
  };
  return { Y: tabulate(X.dtype, dims, i => find(i).value), Indices: tabulate("i64", dims, i => find(i).at) };
};

const of = (name: string, x: readonly number[], attributes: Attributes, dtype: Dtype = "f32"): OperatorCase => ({
  name: `${dtype} ${name}`,
  attributes,
  inputs: { X: { dtype, dims: x, ...(dtype === "u8" ? { range: [0, 100] as const } : {}) } },
});
export const cases = (): readonly OperatorCase[] => [
  ...([...floats, "i8", "u8"] as const).map(d =>
    of("2×2, stride 2", [1, 3, 6, 8], { kernel_shape: [2, 2], strides: [2, 2] }, d),
  ),
  of("3×3, stride 2, padding", [2, 3, 7, 11], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  of("ceil_mode", [1, 2, 7, 8], { kernel_shape: [3, 2], strides: [2, 3], ceil_mode: 1 }),
  of("ceil_mode, padding", [1, 2, 7, 8], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1 }),
  of("dilation", [1, 2, 9, 8], { kernel_shape: [3, 2], dilations: [2, 3] }),
  of("1-D", [1, 2, 17], { kernel_shape: [3] }),
  of("3-D", [1, 2, 4, 5, 3], { kernel_shape: [2, 2, 2], pads: [1, 0, 0, 0, 1, 1] }),
  of("column-major indices", [1, 2, 5, 4], { kernel_shape: [2, 3], storage_order: 1 }),
  of("SAME_UPPER", [1, 2, 8, 9], { kernel_shape: [3, 4], auto_pad: "SAME_UPPER", strides: [3, 2] }),
  of("no batch", [0, 2, 5, 5], { kernel_shape: [3, 3] }),
  {
    name: "f32 NaN, the first of a window",
    attributes: { kernel_shape: [2, 2] },
    inputs: { X: { dtype: "f32", dims: [1, 1, 3, 3], data: [1, 2, Number.NaN, 4, 9, Number.NaN, 7, 8, 6] } },
  },
];
