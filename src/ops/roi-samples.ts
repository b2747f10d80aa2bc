// Where RoiAlign takes its samples along one axis of a region: bins of equal length, samples evenly spread in each.
import { Poly } from "../ir/poly.js";
import type { AnyIndex, AnyTile } from "../tile/index.js";
import { dimOf, literal } from "../tile/index.js";
import { computeDtype, wide } from "./accumulate.js";
import type { AttributeSpec, Attributes, Operand } from "./operator.js";

export const roiAttributes = {
  /** 0: rows, 1: columns */
  axis: { type: "int", default: 0 },
  bins: { type: "int", required: true },
  scale: { type: "float", default: 1 },
  /** 0.5 where coordinates mean centres of pixels; 0: regions are at least 1 long */
  offset: { type: "float", default: 0 },
  /** in a bin; 0: as many as elements, rounded up */
  samples: { type: "int", default: 0 },
} as const satisfies Readonly<Record<string, AttributeSpec>>;

/** The bins of a region along one axis. */
export interface Bin {
  readonly start: AnyTile;
  readonly length: AnyTile;
  /** a float; where no number is given, ⌈length⌉ */
  readonly samples: AnyTile;
}

export function binOf(rois: Operand, r: AnyTile, { axis, bins, scale, offset, samples }: Attributes): Bin {
  const edge = (k: number): AnyTile => wide(rois.at(r, k), rois.dtype).mul(scale).sub(offset);
  const start = edge(1 - axis);
  const span = edge(3 - axis).sub(start);
  const length = (offset === 0 ? span.maximum(1) : span).div(bins);
  return { start, length, samples: samples > 0 ? literal(computeDtype(rois.dtype), samples) : length.ceil() };
}

/**
 * The samples of bin p that may lie inside of the image: an index over them, their places, and whether they count. Samples stand at
 * least half an element apart unless there is one alone, so no more than twice as many as elements lie inside: the first of them is found.
 */
export function samplesOf(
  bin: Bin,
  p: AnyTile,
  size: Poly,
  { samples }: Attributes,
): { readonly index: AnyIndex; readonly place: AnyTile; readonly counts: AnyTile } {
  const { start, length, samples: count } = bin;
  const { dtype } = start;
  const begin = start.add(p.cast(dtype).mul(length));
  const step = length.div(count.maximum(1));
  const index = dimOf("samples", samples > 0 ? Poly.int(samples) : size.mul(2).add(5)).all("s");
  const own = index.cast(dtype);
  if (samples > 0) return { index, place: begin.add(own.add(0.5).mul(step)), counts: own.ge(0) };
  const first = begin.neg().sub(1).div(step.maximum(0.25)).floor().sub(1).maximum(0);
  const s = own.add(first);
  return { index, place: begin.add(s.add(0.5).mul(step)), counts: s.lt(count) };
}
