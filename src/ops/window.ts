// Geometry of sliding windows: convolutions and pooling. Sizes of outputs and paddings as polynomials, indices of taps.

import type { Dims } from "../graph/graph.js";
import { ceilDiv, opaque, Poly } from "../ir/poly.js";
import type { AnyIndex, AnyTile } from "../tile/index.js";
import { dimOf } from "../tile/index.js";
import { larger, smaller } from "./bounds.js";
import { printDims, refuse } from "./checks.js";
import type { AttributeSpec, NodeInfo } from "./operator.js";
import { requireAtMost } from "./required-sizes.js";

/** One spatial axis of a window that slides over an input. */
export interface WindowAxis {
  readonly input: Poly;
  /** taps of the window */
  readonly taps: Poly;
  readonly stride: number;
  readonly dilation: number;
  readonly begin: Poly;
  readonly end: Poly;
  readonly output: Poly;
  /** no window reaches beyond the end padding (ceil_mode lets the last one) */
  readonly whole: boolean;
}

export const windowAttributes = {
  auto_pad: { type: "string", default: "NOTSET" },
  kernel_shape: { type: "ints" },
  strides: { type: "ints" },
  dilations: { type: "ints" },
  pads: { type: "ints" },
} as const satisfies Readonly<Record<string, AttributeSpec>>;

/** The span of a window: its taps and the gaps between them. */
const span = (taps: Poly, dilation: number): Poly => taps.sub(1).mul(dilation).add(1);

/** An attribute with one entry a spatial axis. */
export function perAxis(op: string, node: NodeInfo, name: string, count: number, otherwise: number): readonly number[] {
  const given = node.attributes[name] as readonly number[] | undefined;
  if (given === undefined || given.length === 0) return new Array<number>(count).fill(otherwise);
  if (given.length === count) return given;
  const axes = `${count} spatial ax${count === 1 ? "is" : "es"}`;
  refuse("operator-attribute", op, node, `${name} has ${given.length} entries for ${axes}; give ${count}`);
}

/** pads as [begin, end] of each spatial axis. */
export function padsOf(op: string, node: NodeInfo, count: number): readonly (readonly [number, number])[] {
  const pads = (node.attributes.pads as readonly number[] | undefined) ?? [];
  if (pads.length !== 0 && pads.length !== 2 * count)
    refuse(
      "operator-attribute",
      op,
      node,
      `pads has ${pads.length} entries; give ${2 * count}, all begins before all ends`,
    );
  return Array.from({ length: count }, (_, j) => [pads[j] ?? 0, pads[j + count] ?? 0] as const);
}

/** Steps of 0 and backwards make no windows. */
export function requireSteps(
  op: string,
  node: NodeInfo,
  { stride, dilation }: { readonly stride: number; readonly dilation: number },
  j: number,
): void {
  if (!(stride > 0 && dilation > 0))
    refuse(
      "operator-attribute",
      op,
      node,
      `stride ${stride} and dilation ${dilation} of axis ${j} must be at least 1; use 1 or more`,
    );
}

/** The windows of a node over the spatial dims of its input. */
export function windowAxes(op: string, node: NodeInfo, input: Dims, taps: Dims): readonly WindowAxis[] {
  const count = input.length;
  const strides = perAxis(op, node, "strides", count, 1);
  const dilations = perAxis(op, node, "dilations", count, 1);
  const pads = padsOf(op, node, count);
  const auto = node.attributes.auto_pad as string;
  const ceil = node.attributes.ceil_mode === 1;
  return input.map((size, j) => {
    const axis = { input: size, taps: taps[j]!, stride: strides[j]!, dilation: dilations[j]! };
    requireSteps(op, node, axis, j);
    const window = auto.startsWith("SAME")
      ? sameWindow(axis, auto === "SAME_LOWER")
      : paddedWindow(axis, auto === "VALID" ? [0, 0] : pads[j]!, ceil);
    requireAtMost(op, node, 0, window.output, tooLarge(window, j));
    return window;
  });
}

type Sizes = Pick<WindowAxis, "input" | "taps" | "stride" | "dilation">;

/** SAME: ⌈input / stride⌉ windows; what they reach beyond the input is split evenly, an odd rest goes to the end (UPPER) or the begin. */
function sameWindow(axis: Sizes, lower: boolean): WindowAxis {
  const output = ceilDiv(axis.input, axis.stride);
  const reach = output.sub(1).mul(axis.stride).add(span(axis.taps, axis.dilation));
  const total = larger(reach.sub(axis.input), 0);
  const half = opaque("div", lower ? total.add(1) : total, Poly.int(2));
  return { ...axis, begin: half, end: total.sub(half), output, whole: true };
}

/** Explicit pads; `ceil` admits a last window that is partly outside, but not one that starts beyond input and begin padding. */
function paddedWindow(axis: Sizes, [begin, end]: readonly [number, number], ceil: boolean): WindowAxis {
  const reach = span(axis.taps, axis.dilation);
  const room = axis.input.add(begin + end).sub(reach);
  const stride = Poly.int(axis.stride);
  // by steps of 1 there is no part of a window, only one that lies in the end padding alone
  const whole = !ceil || (axis.stride === 1 && reach.isConst && end < reach.constant);
  // the start of window o is o·stride; it must be below input + begin
  const output = whole
    ? opaque("div", room, stride).add(1)
    : smaller(ceilDiv(room, stride).add(1), ceilDiv(axis.input.add(begin), stride));
  return { ...axis, begin: Poly.int(begin), end: Poly.int(end), output, whole };
}

function tooLarge(w: WindowAxis, j: number): string {
  const size = `${w.taps.print()} taps (dilation ${w.dilation})`;
  return `the window of ${size} is larger than spatial axis ${j} with ${w.input.print()} elements and its pads; use more padding or a smaller window`;
}

/** Where tap p of window o lies in the input; outside of it lies the padding. */
export function tapIndex(o: AnyTile, p: AnyTile | 0, { stride, dilation, begin }: WindowAxis): AnyTile {
  const start = scale(o, stride);
  return shift(p === 0 ? start : start.add(scale(p, dilation)), begin);
}
/** The first tap of window o. */
export const windowStart = (o: AnyTile, { stride, begin }: WindowAxis): AnyTile => shift(scale(o, stride), begin);

const scale = (i: AnyTile, by: number): AnyTile => (by === 1 ? i : i.mul(by));
const shift = (i: AnyTile, by: Poly): AnyTile => (by.isZero ? i : i.sub(polyTile(by)));
/** A polynomial over dims as an index tile. */
export const polyTile = (p: Poly): AnyTile | number => (p.isConst ? p.constant : dimOf("pad", p).size);

/** A fresh index over the taps of each axis. */
export const tapIndices = (axes: readonly WindowAxis[]): readonly AnyIndex[] =>
  axes.map((a, j) => dimOf(`p${j}`, a.taps).all());

/** The windows of a pooling node, whose size is an attribute. */
export function poolWindows(op: string, node: NodeInfo): readonly WindowAxis[] {
  const X = node.dims.X!;
  if (X.length < 3)
    refuse("shape", op, node, `X of ${printDims(X)} is not batch×channels×space; it needs at least 3 dims`);
  const taps = perAxis(op, node, "kernel_shape", X.length - 2, 1);
  return windowAxes(op, node, X.slice(2), taps.map(Poly.int));
}
