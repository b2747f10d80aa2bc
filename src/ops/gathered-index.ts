// Positions that an integer tensor holds: what Gather, Scatter and their kin read and write with.
import { isInside } from "../ir/bounds.js";
import type { Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { where } from "../tile/index.js";
import { larger, smaller } from "./bounds.js";
import { indexTile } from "./index-tiles.js";
import { numberOf, polyOf } from "./known-values.js";
import type { KernelContext, Operand } from "./operator.js";

/** Negative positions in a dim of `size` count from the end. The dtype is kept: narrowed, a wrong position could become a right one. */
export function fromStart(position: AnyTile, size: Poly): AnyTile {
  return where(position.lt(0), position.add(indexTile(size).cast(position.dtype)), position);
}

/**
 * The element of `indices` at `index` as a position in a dim of `size`, where negative ones count from the end. A single known position
 * is a constant, unless only the kernel can find it outside; a tensor of known positions that are not negative needs no test of the sign.
 */
export function readPosition(
  { assumeInside }: KernelContext,
  indices: Operand,
  index: readonly (AnyTile | number)[],
  size: Poly,
): AnyTile {
  const known = indices.known?.data;
  const single = known?.length === 1 ? polyOf(known[0]) : undefined;
  if (single) {
    const fromEnd = larger(smaller(single.mul(-1), 1), 0);
    const position = single.add(size.mul(fromEnd));
    if (isInside(position, size) || assumeInside?.(position, size, "error")) return indexTile(position);
  }
  const position = indices.at(...index);
  // the choice makes a literal one of the positions that kernels check
  if (single) return fromStart(position, size);
  return known?.every(x => (numberOf(x) ?? -1) >= 0) ? position : fromStart(position, size);
}
