// Places between the elements of a tensor, computed in the data: what GridSample, DeformConv and RoiAlign read around.
// An index that is read from data must be inside, so what lies outside is read at the border and then weighed with 0.
import type { Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { dimOf, literal, where } from "../tile/index.js";

/** One neighbour of a place along a dim: its index, which is inside, and its weight; absent: 1. */
export interface Neighbour {
  readonly index: AnyTile;
  readonly weight: AnyTile | undefined;
}

const sizeOf = (size: Poly, dtype: AnyTile["dtype"]): AnyTile => dimOf("size", size).size.cast(dtype);

/** A float index as one inside of the dim. */
export const clampedIndex = (i: AnyTile, size: Poly): AnyTile =>
  i.maximum(0).minimum(sizeOf(size, i.dtype).sub(1)).cast("i32");

const inside = (i: AnyTile, size: Poly): AnyTile => i.ge(0).and(i.lt(sizeOf(size, i.dtype)));

/** A neighbour at a float index: outside of the dim it weighs nothing. */
export function neighbourOrZero(i: AnyTile, size: Poly, weight: AnyTile | undefined): Neighbour {
  const own = weight ?? literal(i.dtype, 1);
  return { index: clampedIndex(i, size), weight: where(inside(i, size), own, 0) };
}

/** The two neighbours of a place, weighed by distance; what lies outside is 0. */
export function linearNeighbours(x: AnyTile, size: Poly): readonly Neighbour[] {
  const low = x.floor();
  const above = x.sub(low);
  return [neighbourOrZero(low, size, above.neg().add(1)), neighbourOrZero(low.add(1), size, above)];
}

/** Σ of the products of weights and elements over all combinations of neighbours, a list a dim. */
export function weighted(
  neighbours: readonly (readonly Neighbour[])[],
  read: (index: readonly AnyTile[]) => AnyTile,
  index: readonly AnyTile[] = [],
): AnyTile {
  const [first, ...rest] = neighbours;
  if (!first) return read(index);
  const terms = first.map(n => {
    const inner = weighted(rest, read, [...index, n.index]);
    return n.weight ? inner.mul(n.weight) : inner;
  });
  return terms.reduce((a, b) => a.add(b));
}
