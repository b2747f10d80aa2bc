// Positions that an integer tensor holds: what Gather and its kin read with.
import type { Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { where } from "../tile/index.js";
import { larger, smaller } from "./bounds.js";
import { indexTile } from "./index-tiles.js";
import { numberOf, polyOf } from "./known-values.js";
import type { Operand } from "./operator.js";

/**
 * The element of `indices` at `index` as a position in a dim of `size`, where negative ones count from the end. A single known position
 * is a constant; a tensor of known positions that are not negative needs no test of the sign.
 */
export function readPosition(indices: Operand, index: readonly (AnyTile | number)[], size: Poly): AnyTile {
  const known = indices.known?.data;
  const single = known?.length === 1 ? polyOf(known[0]) : undefined;
  if (single) {
    const fromEnd = larger(smaller(single.mul(-1), 1), 0);
    return indexTile(single.add(size.mul(fromEnd)));
  }
  const position = indices.at(...index).cast("i32");
  if (known?.every(x => (numberOf(x) ?? -1) >= 0)) return position;
  return where(position.lt(0), position.add(indexTile(size)), position);
}
