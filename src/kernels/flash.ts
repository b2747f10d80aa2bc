// Softmax over keys that are met tile by tile (flash attention: Dao et al. 2022): what has been summed up so far, the next tile, and how two parts
// become one (flash decoding: Dao et al. 2023).
import type { AnyIndex, AnyTile } from "../tile/index.js";
import { full, lowest, maximum, where, zeros } from "../tile/index.js";

/** weighted sum of values, largest score, sum of weights */
export type Flash = readonly [AnyTile, AnyTile, AnyTile];

/** Before all keys. A finite largest score keeps rows that see no key finite; their sum is 0. */
export const flashStart = (e: AnyIndex, ...rows: readonly AnyIndex[]): Flash => [
  zeros("f32", ...rows, e),
  full("f32", lowest("f32"), ...rows),
  zeros("f32", ...rows),
];

/** The keys `t`: scores are powers of two, and `weigh` sums up values by their weights. */
export function flashStep(
  [o, m, l]: Flash,
  t: AnyIndex,
  seen: AnyTile,
  scores: AnyTile,
  weigh: (p: AnyTile) => AnyTile,
): Flash {
  const x: AnyTile = where(seen, scores, lowest("f32")).named("x");
  const m2: AnyTile = maximum(m, x.max(t)).named("m2");
  const c = m.sub(m2).exp2().named("c");
  const p: AnyTile = where(seen, x.sub(m2).exp2(), 0).named("p");
  return [weigh(p).add(o.mul(c)).named("o2"), m2, p.sum(t).add(l.mul(c))];
}

/** Two parts of the keys as one. */
export function flashMerge([o, m, l]: Flash, [o2, m2, l2]: Flash): Flash {
  const most: AnyTile = maximum(m, m2);
  const [a, b] = [m.sub(most).exp2(), m2.sub(most).exp2()];
  return [o.mul(a).add(o2.mul(b)), most, l.mul(a).add(l2.mul(b))];
}

/** What the values weigh in all; 0 for a query that saw no key. */
export const flashEnd = ([o, , l]: Flash): AnyTile => where(l.gt(0), o.div(l), 0);
