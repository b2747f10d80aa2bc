// Index arithmetic on polynomials: an index handed to an operator's body as a polynomial, and back. What stays a polynomial
// costs nothing when it composes with the producer's indices.
import type { PolyLike } from "../ir/poly.js";
import { Poly } from "../ir/poly.js";
import { gathered } from "../ir/tile.js";
import type { AnyTile } from "../tile/index.js";
import { dimOf } from "../tile/index.js";

/** The polynomial of an index: an axis, an affine map of axes, or a gathered value. */
export const polyOfIndex = (i: AnyTile | number): Poly => (typeof i === "number" ? Poly.int(i) : gathered(i.node));

/** A polynomial over axes, dims and gathered values as an i32 index. */
export const indexTile = (p: PolyLike): AnyTile => dimOf("index", Poly.of(p)).size;
