// How TopK finds its elements in a row, in two ways. Elements are compared by keys: unsigned integers in their order, in which a NaN is
// the largest number and −0 equals 0. Of equal ones the first comes first.
import type { Dtype } from "../ir/dtypes.js";
import { bytesOf, dtypes } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import type { AnyIndex, AnyTile } from "../tile/index.js";
import { dimOf, fold, full, literal, materialize, where, zeros } from "../tile/index.js";
import { indexTile } from "./index-tiles.js";

/** A row, of many that the grid walks. */
export interface Row {
  readonly size: Poly;
  /** how many are wanted */
  readonly count: Poly;
  /** axes of the grid: each of their elements is a row */
  readonly rows: readonly AnyIndex[];
  readonly largest: boolean;
  readonly read: (n: AnyTile) => AnyTile;
  /** the element that was at n goes to place k */
  readonly write: (k: AnyTile, x: AnyTile, n: AnyTile) => void;
}
/** How many are found one by one in rows that are long, or of which nobody knows how long they are, */
const FEW = 16;
/** and how many in rows that are not: 8 of 512 in 512 rows take 8.9 ms in WebAssembly one by one, and 3.8 by a threshold; 3 take 3.3. */
const FEW_OF_SHORT = 2;
/** The walk of a threshold goes step by step: on a GPU, one after the other. */
const SHORT = 1024;

/** Which way is taken for `count` elements of a row. */
export const selectFor = (count: Poly, size: Poly): ((row: Row) => void) => {
  const few = size.isConst && size.constant <= SHORT ? FEW_OF_SHORT : FEW;
  return count.isConst && count.constant <= few ? oneByOne : byThreshold;
};

type Key = "u32" | "u64";
const keyDtype = (dtype: Dtype): Key => (bytesOf(dtype) === 8 ? "u64" : "u32");
const highest = (key: Key): bigint => (key === "u64" ? 2n ** 64n : 2n ** 32n) - 1n;
const topBit = (key: Key): bigint => (key === "u64" ? 2n ** 63n : 2n ** 31n);

/** An unsigned integer that is larger where the element is, or, where not `largest`, smaller. */
export function sortKey(x: AnyTile, largest: boolean): AnyTile {
  const dtype = x.dtype as Dtype;
  const key = keyDtype(dtype);
  const { kind } = dtypes[dtype];
  const sign = topBit(key);
  let ordered: AnyTile = x;
  if (kind === "float") {
    const bits: AnyTile = x
      .cast(key === "u64" ? "f64" : "f32")
      .add(0)
      .bitcast(key);
    // a NaN of either sign is above all; negative floats fall as their bits rise
    const flipped = where(bits.ge(sign), bits.not(), bits.xor(sign));
    ordered = where(x.ne(x), highest(key), flipped);
  } else if (kind === "signed")
    ordered = x
      .cast(key === "u64" ? "i64" : "i32")
      .bitcast(key)
      .xor(sign);
  else ordered = x.cast(key);
  return largest ? ordered : ordered.not();
}

/** Each step takes the first of what lies behind the one before, in two passes over the row. */
function oneByOne({ size, count, rows, largest, read, write }: Row): void {
  const n = dimOf("N", size).all();
  const keys = sortKey(read(n), largest);
  const key = keys.dtype as Key;
  const start: AnyTile[] = [full(key, highest(key), ...rows), full("i32", -1, ...rows)];
  fold(dimOf("K", count).steps(), start, (k, [last, at]) => {
    const isLeft = keys.lt(last!).or(keys.eq(last!).and(n.gt(at!)));
    const next: AnyTile = where(isLeft, keys, literal(key, 0)).max(n);
    const first: AnyTile = where(isLeft.and(keys.eq(next)), n, indexTile(size.sub(1))).min(n);
    write(k, read(first), first);
    return [next, first];
  });
}

/**
 * The smallest key that belongs to them is found bit by bit, each bit by counting; a walk along the row collects what is above it, and
 * as many that equal it as are missing; how many of the collected ones come before each is its place.
 */
function byThreshold({ size, count, rows, largest, read, write }: Row): void {
  const n = dimOf("N", size).all();
  const wanted = indexTile(count);
  const keys = sortKey(read(n), largest);
  const key = keys.dtype as Key;
  const bits = dimOf("bits", Poly.int(bytesOf(key) * 8));
  const first: AnyTile[] = [full(key, 0, ...rows), full(key, topBit(key), ...rows)];
  const [threshold] = fold(bits.steps(), first, (_, [so, bit]) => {
    const higher = so!.or(bit!);
    const reached: AnyTile = keys.ge(higher).cast("i32").sum(n);
    return [where(reached.ge(wanted), higher, so!), bit!.shr(1)];
  });
  // of those that equal it
  const missing: AnyTile = wanted.sub(keys.gt(threshold!).cast("i32").sum(n) as AnyTile);
  const k = dimOf("K", count).all();
  const start = [zeros("i32", ...rows) as AnyTile, missing, zeros("i32", ...rows, k) as AnyTile];
  const [, , chosen] = fold(dimOf("N", size).steps(), start, (t, [taken, left, chosen]) => {
    const own = sortKey(read(t), largest);
    const isEqual = own.eq(threshold!).and(left!.gt(0));
    const isTaken = own.gt(threshold!).or(isEqual);
    // outside of the list where nothing is taken
    const place = where(isTaken, taken!, -1);
    return [taken!.add(isTaken.cast("i32")), left!.sub(isEqual.cast("i32")), where(k.eq(place), t, chosen!)];
  });
  const view = materialize(sortKey(read(chosen!), largest), ...rows, k);
  const [own, j] = [view.at(...rows, k) as AnyTile, dimOf("K", count).all("j")];
  const other: AnyTile = view.at(...rows, j);
  const before = other.gt(own).or(other.eq(own).and(j.lt(k)));
  const places = before.cast("i32").sum(j as never) as AnyTile;
  // counted in lanes, which writes of i64 have not
  const place = materialize(places, ...rows, k).at(...rows, k) as AnyTile;
  write(place, read(chosen!), chosen!);
}
