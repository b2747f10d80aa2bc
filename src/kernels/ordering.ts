// Rows in order. Numbers are compared by keys: integers without sign in their order, in which NaN is the largest number and −0 equals 0.
import { kernel } from "../author/kernel.js";
import type { Tile } from "../tile/index.js";
import { cells, f32, fold, full, grid, i32, literal, materialize, minimum, where } from "../tile/index.js";

const MOST = 2 ** 32 - 1;
/** steps that halve or double whatever 32 bits can count */
const BITS = 31;

/** grows with x; positive floats rise with their bits, negative ones fall */
function keyOf<A extends string>(x: Tile<A, "f32">): Tile<A, "u32"> {
  const bits = x.add(0).bitcast("u32");
  const ordered = where(bits.ge(2 ** 31), bits.not(), bits.xor(2 ** 31));
  return where(x.ne(x), MOST, ordered);
}

/** Values, Indices [R, K]: the K largest elements of each row of X [R, C], from the largest down, of equal ones the first; K ≤ C. Each costs a walk along the row. */
export const topK = () =>
  kernel(
    { X: f32("R C"), Values: f32("R K"), Indices: i32("R K") },
    ({ X, Values, Indices, R, C, K }) =>
      grid(R.tile(), r => {
        const c = C.all();
        const key = keyOf(X.at(r, c));
        fold(K.steps(), [full("u32", MOST, r), full("i32", -1, r)] as const, (k, [last, at]) => {
          const isLeft = key.lt(last).or(key.eq(last).and(c.gt(at)));
          const best = where(isLeft, key, 0).max(c);
          const first = where(isLeft.and(key.eq(best)), c, C.size.sub(1)).min(c);
          Values.at(r, k).set(X.at(r, first));
          Indices.at(r, k).set(first);
          return [best, first] as const;
        });
      }),
    { name: "topK" },
  );

/**
 * Y [R, C]: each row of X [R, C] from the smallest element up, and Order [R, C], where they were; equal ones keep their order, NaN comes last. Runs of 1, 2, 4, … are merged: each
 * place of a merged run finds by halving how many elements before it are of the left run (merge path: Odeh et al. 2012).
 */
export const sortRows = () =>
  kernel(
    { X: f32("R C"), Y: f32("R C"), Order: i32("R C") },
    ({ X, Y, Order, R, C, PASSES, HALVINGS }) =>
      grid(R.tile(), r => {
        const c = C.all();
        const keys = materialize(keyOf(X.at(r, c)), r, c);
        const start = [full("i32", 0, r, c).add(c), literal("i32", 1)] as const;
        const merged = ([order, width]: readonly [Tile<"r" | "c", "i32">, Tile<never, "i32">]) => {
          const places = materialize(order, r, c);
          const sorted = materialize(keys.at(r, places.at(r, c)), r, c);
          const from = cells(r, c, (r, c) => {
            const begin = c.sub(c.imod(width.mul(2)));
            const middle = minimum(begin.add(width), C.size);
            const end = minimum(middle.add(width), C.size);
            const place = c.sub(begin);
            const inside = (i: Tile<never, "i32">) => minimum(i, C.size.sub(1)).maximum(0);
            // the first number of elements of the left run behind which the right run is smaller
            const [left] = fold(
              HALVINGS.steps(),
              [place.sub(end.sub(middle)).maximum(0), minimum(place, middle.sub(begin))] as const,
              (_, [low, high]) => {
                const half = low.add(high).shr(1);
                const mine = sorted.at(r, inside(begin.add(half)));
                const other = sorted.at(r, inside(middle.add(place).sub(half).sub(1)));
                const goesLeft = mine.le(other);
                return [where(goesLeft, half.add(1), low), where(goesLeft, high, half)] as const;
              },
              { when: ([low, high]) => low.lt(high) },
            );
            const right = middle.add(place).sub(left);
            const ownLeft = sorted.at(r, inside(begin.add(left))).le(sorted.at(r, inside(right)));
            const takesLeft = begin.add(left).lt(middle).and(right.ge(end).or(ownLeft));
            return inside(where(takesLeft, begin.add(left), right));
          });
          return [places.at(r, from), width.shl(1)] as const;
        };
        const [order] = fold(PASSES.steps(), start, (_, state) => merged(state), {
          when: ([, width]) => width.lt(C.size),
        });
        Order.at(r, c).set(order);
        Y.at(r, c).set(X.at(r, order));
      }),
    { name: "sortRows", statics: { PASSES: BITS, HALVINGS: BITS } },
  );
