// Random kernels for properties: a list of instructions makes a kernel whatever the numbers in it, so that cases shrink well.
import * as fc from "fast-check";
import type { AnyIndex, AnyTile, DimValue, Dtype } from "../../src/tile/index.js";
import {
  dot,
  f32,
  fold,
  full,
  grid,
  i32,
  literal,
  lowest,
  materialize,
  reduce,
  scan,
  u8,
  where,
  zeros,
} from "../../src/tile/index.js";
import type { TileKernel } from "../../src/tile/tile-kernel.js";
import { kernel } from "../../src/tile/tile-kernel.js";

export interface Instruction {
  readonly op: number;
  readonly a: number;
  readonly b: number;
  readonly n: number;
}
export const programs: fc.Arbitrary<readonly Instruction[]> = fc.array(
  fc.record({ op: fc.nat(35), a: fc.nat(30), b: fc.nat(30), n: fc.integer({ min: -3, max: 3 }) }),
  { minLength: 1, maxLength: 14 },
);

type Pool = AnyTile[];
interface Scene {
  readonly pool: Pool;
  readonly outer: readonly AnyIndex[];
  readonly inner: AnyIndex;
  /** how many values at the start of the pool are read, not computed */
  readonly exact: number;
  /** reads X at shifted indices; outside it is `fill` */
  readonly read: (i: AnyTile, k: AnyTile, fill: number) => AnyTile;
}
const asFloat = (t: AnyTile): AnyTile => (t.dtype === "f32" ? t : t.cast("f32"));
const asInteger = (t: AnyTile): AnyTile =>
  t.dtype === "i32" ? t : asFloat(t).maximum(-1000).minimum(1000).cast("i32");
/** keeps values where results of different orders of summation stay close */
const bounded = (t: AnyTile): AnyTile => t.maximum(-8).minimum(8);

function step(s: Scene, { op, a, b, n }: Instruction): AnyTile {
  const pick = (k: number): AnyTile => s.pool[k % s.pool.length]!;
  const [x, y] = [asFloat(pick(a)), asFloat(pick(b))];
  // what jumps gets values that are exact: a rounding error before it would make results incomparable
  const exact = s.pool.slice(0, s.exact);
  const [u, v] = [asFloat(exact[a % exact.length]!), asFloat(exact[b % exact.length]!)];
  const [i] = s.outer as [AnyIndex];
  const actions: (() => AnyTile)[] = [
    () => x.add(y),
    () => x.sub(y),
    () => bounded(x).mul(bounded(y)),
    () => x.maximum(y),
    () => x.minimum(n),
    () => bounded(x).div(y.abs().add(1)),
    () => x.neg(),
    () => x.abs().add(0.5).sqrt(),
    () => u.mul(0.5).floor().add(y),
    () => bounded(x).exp2(),
    () => x.tanh(),
    () => where(u.lt(v), x, n),
    () => where(u.ge(n), y, x).named(`w${n + 3}`),
    () => asInteger(u).and(asInteger(v)).xor(n),
    () => asInteger(u).shl(Math.abs(n)),
    () => asInteger(u).mod(Math.abs(n) + 1),
    () => x.sum(s.inner as never),
    () => x.max(s.inner as never),
    () => dot(bounded(x), bounded(y), s.inner as never),
    () => s.read(i.add(n), s.inner, n),
    () => s.read(i.mul(2).add(n), s.inner.idiv(2), 0),
    () =>
      materialize(x, ...s.outer, s.inner)
        .fill(n)
        .at(i.add(n), ...s.outer.slice(1), s.inner),
    () => u.cast("i32").cast("u8"),
    () => u.add(literal("f32", n)).cast("f16").cast("f32").add(y),
    () => x.erf().add(bounded(y).sin()),
    () => bounded(x).sigmoid().sub(bounded(y).cos()),
    () => x.abs().add(0.5).log(),
    () => x.abs().add(0.25).log2().add(bounded(y).exp()),
    () => bounded(x).abs().add(0.25).pow(bounded(y)),
    () => asInteger(u).cast("i64").mul(BigInt(n)).add(asInteger(v).cast("i64")).cast("f32"),
    () => x.cast("f64").mul(1.5).sub(y.cast("f64")).cast("f32"),
    () => where(u.gt(0).and(v.lt(1)).or(u.eq(v).not()), x, y),
    () => x.min(s.inner as never),
    () =>
      asInteger(u)
        .idiv(Math.abs(n) + 1)
        .rem(7)
        .cast("i16"),
    () => bounded(u).cast("bf16").cast("f32").mul(0.5),
    () => u.trunc().add(v.round()).sub(u.ceil()),
  ];
  return actions[op % actions.length]!();
}

/** What a random kernel adds to its value: nothing, or the result of a fold of some form. */
export type FoldForm =
  | "none"
  | "tiles"
  | "steps"
  | "vector state"
  | "nested"
  | "running maximum"
  | "scan"
  | "scan of a scan"
  | "reduce"
  | "collected"
  | "started by a fold"
  | "guarded"
  | "masked";
export const foldForms: fc.Arbitrary<FoldForm> = fc.constantFrom(
  "scan",
  "scan of a scan",
  "reduce",
  "collected",
  "started by a fold",
  "guarded",
  "masked",
  "none",
  "tiles",
  "steps",
  "vector state",
  "nested",
  "running maximum",
);
interface Loop {
  readonly K: DimValue;
  readonly m: AnyIndex;
  readonly n: AnyIndex;
  readonly x: (m: AnyTile, k: AnyTile) => AnyTile;
  readonly w: (k: AnyTile, n: AnyTile) => AnyTile;
}
const folds: Record<Exclude<FoldForm, "none">, (l: Loop) => AnyTile> = {
  // sums up to each index, weighed and summed again
  scan: ({ K, m, n, x, w }) => {
    const k: AnyIndex = K.all("j");
    const sums = scan(x(m, k).mul(0.25), k as never, "sum", { exclusive: true }) as AnyTile;
    return dot(sums, w(k, n), k as never);
  },
  // the second reads the first under other indices
  "scan of a scan": ({ K, m, n, x, w }) => {
    const k: AnyIndex = K.all("j");
    const most = scan(x(m, k), k as never, "max", { reverse: true }) as AnyTile;
    const turned = materialize(most, m, k as never).at(m, K.size.sub(1).sub(k));
    const decayed = scan(turned.add(w(k, n)), k as never, (so, next) => so.mul(0.5).add(next as never), { start: 1 });
    return (decayed as AnyTile).max(k as never);
  },
  reduce: ({ K, m, n, x, w }) => {
    const k: AnyIndex = K.all("j");
    const last = reduce(x(m, k).mul(w(k, n)) as AnyTile, (so, next) => so.mul(-0.5).add(next as never), 2, k as never);
    return last as AnyTile;
  },
  // what is positive, one after another: a step writes where a state says, or nowhere
  collected: ({ K, m, n, x, w }) => {
    const k: AnyIndex = K.all("j");
    const start = [zeros("i32", m) as AnyTile, x(m, k)] as const;
    const [, out] = fold(K.steps("t"), start, (t, [count, out]) => {
      const isTaken = x(m, t).gt(0);
      const place = where(isTaken, count, -1);
      return [count.add(isTaken.cast("i32")), where(k.eq(place as never), x(m, t).add(1), out)];
    });
    return dot(out, w(k, n), k as never);
  },
  // the second starts with what the first and a materialised tile give
  "started by a fold": ({ K, m, n, x, w }) => {
    const [k, j]: AnyIndex[] = [K.all("j"), K.all("i")];
    const [first] = fold(K.steps("t"), [zeros("f32", m) as AnyTile] as const, (t, [s]) => [s.mul(0.5).add(x(m, t))]);
    const last = materialize(first.add(x(m, k!)), m, k!)
      .at(m, K.size.sub(1).sub(j!))
      .max(j as never) as AnyTile;
    return fold(K.steps("r"), [last.add(w(literal("i32", 0), n))] as const, (r, [s]) => [s.mul(0.5).add(w(r, n))])[0];
  },
  // stops adding once the sum is above 1: whole steps are left out
  guarded: ({ K, m, x, w }) => {
    const start = [zeros("f32") as AnyTile, zeros("f32", m) as AnyTile] as const;
    const [total, rows] = fold(
      K.steps("t"),
      start,
      (t, [s, r]) => [s.add(w(t, literal("i32", 0)).abs()), r.add(x(m, t))],
      { when: ([s]) => s.lt(1) },
    );
    return rows.add(total);
  },
  // the same with a limit of each row: elements are left out
  masked: ({ K, m, n, x, w }) =>
    fold(K.steps("t"), [zeros("f32", m, n) as AnyTile] as const, (t, [s]) => [s.add(x(m, t).abs()).add(w(t, n))], {
      when: ([s]) => s.lt(2),
    })[0],
  tiles: ({ K, m, n, x, w }) =>
    fold(K.tile("t"), [zeros("f32", m, n)] as const, (t, [s]) => [s.add(dot(x(m, t), w(t, n), t))])[0],
  // two states that depend on each other, one of them a maximum
  steps: ({ K, m, n, x, w }) => {
    const start = [zeros("f32", m, n) as AnyTile, full("f32", -3, m, n) as AnyTile] as const;
    const [s, c] = fold(K.steps("t"), start, (t, [s, c]) => [
      s
        .mul(0.5)
        .add(x(m, t).mul(w(t, n)))
        .minimum(c.add(4)),
      c.maximum(s),
    ]);
    return s.add(c);
  },
  // a state that is read under other indices: reversed, and contracted
  "vector state": ({ K, m, x, w }) => {
    const j: AnyIndex = K.all("j");
    const i: AnyIndex = K.all("i");
    const [h] = fold(K.steps("t"), [x(m, j)] as const, (t, [h]) => {
      const old = materialize(h, m, j);
      const reversed = old.at(m, K.size.sub(1).sub(j));
      return [
        reversed
          .mul(0.5)
          .add(dot(old.at(m, i), x(m, i), i).mul(0.125))
          .add(w(t, literal("i32", 0)))
          .tanh(),
      ];
    });
    return h.sum(j as never);
  },
  nested: ({ K, m, n, x, w }) =>
    fold(K.steps("t"), [zeros("f32", m, n) as AnyTile] as const, (t, [s]) => {
      const [inner] = fold(K.tile("r"), [zeros("f32", m, n) as AnyTile] as const, (r, [a]) => [
        a.add(dot(x(m, r), w(r, n), r).mul(0.0625)),
      ]);
      return [s.mul(0.5).add(inner).add(x(m, t))];
    })[0],
  "running maximum": ({ K, m, n, x, w }) => {
    const start = [
      full("f32", lowest("f32"), m) as AnyTile,
      zeros("f32", m) as AnyTile,
      zeros("f32", m, n) as AnyTile,
    ] as const;
    const [, l, o] = fold(K.tile("t"), start, (t, [most, l, o]) => {
      const next = most.maximum(x(m, t).max(t));
      const [c, p] = [most.sub(next).exp(), x(m, t).sub(next).exp()];
      return [next, l.mul(c).add(p.sum(t)), o.mul(c).add(dot(p, w(t, n), t))];
    });
    return o.div(l);
  },
};

/** Y and Z are functions of X, W and I over a grid of M × N with an inner axis K. */
export function randomKernel(program: readonly Instruction[], form: FoldForm = "tiles"): TileKernel {
  const signature = { X: f32("M K"), W: f32("K N"), I: i32("M"), B: u8("N"), Y: f32("M N"), Z: i32("N M") };
  return kernel(
    signature,
    ({ X, W, I, B, Y, Z, M, N, K }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const k: AnyIndex = K.all();
        const outer: AnyIndex[] = [m, n];
        const start: Pool = [X.at(m, k), W.at(k, n), I.at(m), B.at(n), m, k];
        const scene: Scene = {
          pool: start,
          exact: start.length,
          outer,
          inner: k,
          read: (i, j, f) => X.fill(f).at(i, j),
        };
        for (const instruction of program) scene.pool.push(step(scene, instruction));
        let y = asFloat(scene.pool.at(-1)!);
        if (form !== "none") {
          const loop: Loop = { K, m, n, x: (i, j) => X.at(i, j), w: (i, j) => W.at(i, j) };
          y = y.add(folds[form](loop));
        }
        if (y.node.axes.includes(k.axis)) y = y.sum(k as never);
        Y.at(m, n).set(y as never);
        Z.at(n, m).set(asInteger(I.at(m).add(B.at(n).cast("i32"))) as never);
      }),
    { name: "random" },
  ) as unknown as TileKernel;
}
export const randomSizes: fc.Arbitrary<Record<string, number>> = fc.record({
  M: fc.integer({ min: 1, max: 7 }),
  N: fc.integer({ min: 1, max: 7 }),
  K: fc.integer({ min: 1, max: 9 }),
});
/** Arguments of a random kernel: multiples of ¼, so that arithmetic on them stays exact for a while. */
export function randomArguments(sizes: Record<string, number>, seed: number) {
  let state = (seed % 2147483646) + 1;
  const next = (lo: number, hi: number): number => {
    state = (state * 16807) % 2147483647;
    return lo + (state / 2147483647) * (hi - lo);
  };
  const [M, N, K] = [sizes.M!, sizes.N!, sizes.K!];
  const make = <T>(dtype: Dtype, dims: number[], data: (length: number) => T) => ({
    dtype,
    dims,
    data: data(dims.reduce((p, n) => p * n, 1)),
  });
  return {
    X: make("f32", [M, K], length => Float32Array.from({ length }, () => Math.round(next(-8, 8)) / 4)),
    W: make("f32", [K, N], length => Float32Array.from({ length }, () => Math.round(next(-8, 8)) / 4)),
    I: make("i32", [M], length => Int32Array.from({ length }, () => next(-5, 6))),
    B: make("u8", [N], length => Uint8Array.from({ length }, () => next(0, 256))),
    Y: make("f32", [M, N], length => new Float32Array(length).fill(Number.NaN)),
    Z: make("i32", [N, M], length => new Int32Array(length)),
  };
}
