// What the language refuses while a kernel is recorded, word for word, and what it means where a naive version differs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dtypes } from "../../src/ir/dtypes.js";
import { interpretKernel } from "../../src/ir/evaluate/kernel.js";
import { Poly } from "../../src/ir/poly.js";
import { print } from "../../src/ir/print.js";
import type { NodeOf } from "../../src/ir/tile.js";
import { nodesOf } from "../../src/ir/walk.js";
import type { AnyTile, Dtype, SegmentIndex, Signature } from "../../src/tile/index.js";
import {
  bool,
  cells,
  dimOf,
  dot,
  f16,
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
  tensor,
  u8,
  where,
  whole,
  zeros,
} from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";

const signature = { X: f32("M K"), H: f16("M K"), I: i32("M"), B: bool("M"), U: u8("M"), V: f32("M"), Y: f32("M N") };
// biome-ignore lint/suspicious/noExplicitAny: these bodies are wrong on purpose
type Wrong = (env: any, m: any, n: any, k: any) => void;
/** what a body does with the number of a segment */
const segmented = (use: (seg: AnyTile) => unknown): unknown =>
  // biome-ignore lint/suspicious/noExplicitAny: see Wrong
  kernel(signature, (e: any) =>
    grid(e.M.segments(e.I), e.N.tile(), (m, n) => {
      use((m as SegmentIndex).seg);
      e.Y.at(m, n).set(0);
    }),
  );
/** the message of the error that a body throws, without the position, which must be in this file */
function messageOf(body: Wrong): string {
  try {
    // biome-ignore lint/suspicious/noExplicitAny: see Wrong
    kernel(signature, (env: any) => grid(env.M.tile(), env.N.tile(), (m, n) => body(env, m, n, env.K.all())));
  } catch (error) {
    const { message } = error as Error;
    const m = /^kernel "kernel": (.*) \(.*language\.test\.js:\d+\)$/s.exec(message);
    assert.ok(m, `no kernel or position in: ${message}`);
    return m[1]!;
  }
  throw new Error("the kernel was accepted");
}
const mistakes: readonly (readonly [string, Wrong, string])[] = [
  [
    "a scan along an absent axis",
    (e, m, n, k) => scan(e.X.at(m, k), n, "sum"),
    'scan goes along "n", which the tile does not have; hand it an index of the tile',
  ],
  [
    "a reduction by a function along an absent axis",
    (e, m, n, k) => reduce(e.X.at(m, k), a => a, 0, n),
    'reduce goes along "n", which the tile does not have; hand it an index of the tile',
  ],
  [
    "a scan by an unknown word",
    (e, m, _, k) => scan(e.X.at(m, k), k, "summ" as "sum"),
    'scan joins by "summ"; use one of sum, prod, max, min, or a function of two tiles',
  ],
  [
    "a reduction by a word",
    (e, m, _, k) => reduce(e.X.at(m, k), "sum" as never, 0, k),
    'reduce joins by "sum"; hand it a function of two tiles',
  ],
  [
    "a write joined by an unknown word",
    (e, m) => e.V.at(m).accumulate(1, "maximum"),
    '"V" is joined by "maximum"; use one of add, mul, min, max, last',
  ],
  [
    "a fold over an index",
    (_, __, ___, k) => fold(k, [zeros("f32")] as const, (_, s) => s as never),
    "fold walks ranges; hand it .tile() of a dim, or .steps()",
  ],
  [
    "a grid over a dim",
    e => kernel(signature, (f: typeof e) => grid(f.M, f.N.tile(), (m, n) => f.Y.at(m, n).set(0))),
    "grid walks ranges; hand it .tile() of a dim, or .segments()",
  ],
  [
    "debug in a merge",
    e =>
      fold(e.K.tile(), [zeros("f32")] as const, (_, s) => s as never, {
        merge: ([a], [b]) => [a.add(b).debug("joined")] as never,
      }),
    'debug("joined") is called inside of a merge; show what fold() gives',
  ],
  [
    "writes in steps that may be left out",
    (e, m) =>
      fold(
        e.K.steps(),
        [zeros("f32")] as const,
        (_: unknown, [s]: readonly AnyTile[]) => {
          e.V.at(m).set(s);
          return [s] as never;
        },
        { when: ([s]) => s.lt(1) },
      ),
    "a fold with `when` writes to a tensor; carry the value in its state and write it after the fold",
  ],
  [
    "a sum joined with a materialised tile",
    (e, m, _, k) => materialize(e.X.at(m, k).named("x"), m, k).at(m, k).accumulate(1),
    '"x" is a materialised tile, a value; accumulate into a tensor of the signature',
  ],
  [
    "operators",
    (e, m, _, k) => e.X.at(m, k) + 1,
    '"X.at(…)" is a tile, not a JavaScript number; use methods (.add, .mul, .lt, …) and where(condition, a, b) instead of operators and if',
  ],
  [
    "comparison",
    (e, m, _, k) => e.X.at(m, k) < 1,
    '"X.at(…)" is a tile, not a JavaScript number; use methods (.add, .mul, .lt, …) and where(condition, a, b) instead of operators and if',
  ],
  [
    "Math",
    (e, m, _, k) => Math.max(e.X.at(m, k).named("x"), 1),
    '"x" is a tile, not a JavaScript number; use methods (.add, .mul, .lt, …) and where(condition, a, b) instead of operators and if',
  ],
  [
    "text",
    e => `${e.M.size}`,
    '"M" is a tile, not a JavaScript number; use methods (.add, .mul, .lt, …) and where(condition, a, b) instead of operators and if',
  ],
  [
    "mixed dtypes",
    (e, m, _, k) => e.X.at(m, k).add(e.H.at(m, k).named("h")),
    'add of f32 and f16 ("h"): dtypes do not mix by themselves; cast one of them',
  ],
  [
    "mixed dot",
    (e, m, _, k) => dot(e.X.at(m, k), e.H.at(m, k).named("h"), k),
    'dot of f32 and f16 ("h"): dtypes do not mix by themselves; cast one of them',
  ],
  [
    "index in a float",
    (e, m, _, k) => e.X.at(m, k).mul(m),
    'mul of f32 and i32 ("m"): dtypes do not mix by themselves; cast one of them',
  ],
  [
    "fraction beside integers",
    (e, m) => e.I.at(m).add(0.5),
    "0.5 is not an integer and stands beside a tile of i32; cast the tile to a float dtype first",
  ],
  [
    "literal out of range",
    (e, m) => e.U.at(m).add(300),
    "300 does not fit u8 (0 … 255); cast the tile to a wider dtype",
  ],
  [
    "bool beside floats",
    (e, m) => e.V.at(m).mul(true),
    "true stands beside a tile of f32; use a number or cast the tile to bool",
  ],
  [
    "nothing beside floats",
    (e, m) => e.V.at(m).mul(undefined as never),
    "undefined stands beside a tile of f32 and is no number; use a number or a tile",
  ],
  [
    "null beside integers",
    (e, m) => e.I.at(m).add(null as never),
    "null stands beside a tile of i32 and is no number; use a number or a tile",
  ],
  [
    "text beside floats",
    (e, m) => e.V.at(m).add("2" as never),
    "2 stands beside a tile of f32 and is no number; use a number or a tile",
  ],
  ["number beside bool", (e, m) => e.B.at(m).and(2), "2 is not a bool; use true or false"],
  [
    "arithmetic on bool",
    (e, m) => e.B.at(m).named("b").add(true),
    'add is for numbers, and "b" is bool; cast it first',
  ],
  [
    "bits of floats",
    (e, m) => e.V.at(m).named("v").and(1),
    'and is for integers and bool, and "v" is f32; cast it first',
  ],
  ["shift of floats", (e, m) => e.V.at(m).named("v").shl(1), 'shl is for integers, and "v" is f32; cast it first'],
  ["root of integers", (e, m) => e.I.at(m).named("i").sqrt(), 'sqrt is for floats, and "i" is i32; cast it first'],
  ["function of integers", (e, m) => e.I.at(m).named("i").exp(), 'exp is for floats, and "i" is i32; cast it first'],
  [
    "floor division of floats",
    (e, m) => e.V.at(m).named("v").idiv(2),
    'idiv is for integers, and "v" is f32; use .div(…).floor()',
  ],
  ["division of an index by 0", (_, m) => m.idiv(0), '"m" is divided by zero; use a divisor above 0'],
  [
    "condition",
    (e, m) => where(e.I.at(m) as never, 1, e.V.at(m)),
    "the condition of where is i32; compare it with something (.ne(0)) to get a bool",
  ],
  [
    "literals in where",
    (e, m) => where(e.B.at(m), 1, 2),
    "where has two literals and so no dtype; write one of them as literal(dtype, value)",
  ],
  [
    "bitcast",
    (e, m) => e.V.at(m).named("v").bitcast("i64"),
    'bitcast of "v" from f32 to i64 changes the size; choose a dtype of 32 bits or use cast',
  ],
  ["rank", (e, m) => e.X.at(m), '"X" has 2 dims and is indexed with 1; give one index a dim'],
  ["float index", (e, m) => e.V.at(e.V.at(m)), 'index 0 of "V" is a tile of f32; cast it to i32'],
  ["fraction as index", e => e.V.at(0.5), 'index 0 of "V" is 0.5; use an integer'],
  [
    "forgotten reduction",
    (e, m, n, k) => e.Y.at(m, n).set(e.X.at(m, k)),
    'the value written to "Y" has the axis "k" that the indices lack; reduce over it or index with it',
  ],
  [
    "dtype of a store",
    (e, m, n) => e.Y.at(m, n).set(e.H.at(m, 0).named("h")),
    '"Y" holds f32, and "h" is f16; add .cast("f32")',
  ],
  [
    "store to a view",
    (e, m) => materialize(e.V.at(m).named("v"), m).at(m).set(1),
    '"v" is a materialised tile, a value; write to a tensor of the signature',
  ],
  [
    "view without an axis",
    (e, m, _, k) => materialize(e.X.at(m, k).named("x"), m),
    'materialize of "x" leaves out its axis "k"; name every axis of the tile',
  ],
  [
    "reduction over a tile",
    (e, m, _, k) => e.X.at(m, k).sum(k.add(0)),
    "sum reduces over indices; hand it what .all() or grid gave, not a computed tile",
  ],
  [
    // as NumPy means it, over everything: here it would be the tile itself
    "reduction over no index",
    (e, m, _, k) => e.X.at(m, k).sum(),
    "sum names no index to reduce over; hand it what .all() or grid gave, such as x.sum(c)",
  ],
  [
    "reduction over the grid",
    (e, m) => e.V.at(m).sum(m),
    'sum over "m", an axis of the grid, whose blocks run apart; reduce over .all() or fold over .tile()',
  ],
  [
    "maximum of bool",
    (e, m) => e.B.at(m).named("b").max(m),
    'max is for numbers, and "b" is bool; cast it to u8 first',
  ],
  [
    "reduction over a point",
    (e, m) => fold(e.K.steps(), [zeros("f32", m)] as const, k => [e.X.at(m, k).sum(k) as never]),
    'sum over "k", which is a point of a fold over .steps(); add the values up in the state of the fold',
  ],
  [
    "state gains an axis",
    (e, m, n) =>
      fold(e.K.tile(), [zeros("f32", m)] as const, (k, [s]) => [
        s.add(e.Y.at(m, n)).add(e.X.at(m, k).sum(k as never)) as never,
      ]),
    'state 0 of fold gets the axis "n" that its initial value lacks; reduce over it or start with it',
  ],
  [
    "state changes dtype",
    (e, m) => fold(e.K.tile(), [zeros("f32", m)] as const, (_, [s]) => [s.cast("f16") as never]),
    "state 0 of fold starts as f32 and becomes f16; cast one of them",
  ],
  [
    "state is lost",
    (e, m) => fold(e.K.tile(), [zeros("f32", m)] as const, () => [] as never),
    "fold starts with 1 values and its step returns 0; return one for each",
  ],
  [
    "a write in cells",
    (e, m, n) => cells(m, n, (m, n) => (e.Y.at(m, n).set(0), literal("f32", 0))),
    'cells write to "Y"; give the value back, and write what cells() gives',
  ],
  [
    "a materialised tile in cells",
    (e, m) => cells(m, m => materialize(e.V.at(m).named("v"), e.M.all()).at(0) as never),
    '"v" is materialised inside of cells; materialise before them',
  ],
  [
    "a reduction over cells",
    (e, m, n) => cells(m, n, m => e.Y.at(m, n).sum(n)),
    'sum over "n", along which cells are apart; reduce what the cells give',
  ],
  [
    "tiles in cells",
    (e, m) => cells(m, m => fold(e.K.tile(), [e.V.at(m)], (_, s) => s as never)[0] as never),
    "a fold in cells goes over .steps(), without `until`: a cell has no tiles",
  ],
  [
    "a tile as the state of cells",
    (e, m, _, k) => cells(m, m => fold(e.K.steps(), [e.X.at(m, k)], (_, s) => s as never)[0] as never),
    'state 0 of a fold in cells has the axis "k"; it must be one value for each cell',
  ],
  [
    "cells in cells",
    (_, m, n) => cells(m, () => cells(n, n => n) as never),
    "cells is called inside of cells; give the outer ones all indices",
  ],
  [
    "cells of nothing",
    () => cells(() => literal("f32", 0)),
    "cells has no index to run over; hand it those of grid or of .all()",
  ],
  [
    "cells of values",
    (e, m) => cells(e.V.at(m).named("v"), v => v as never),
    'cells run over indices, and "v" is a value; read it inside of them',
  ],
  [
    "a sum over segments",
    () => segmented(seg => seg.sum(seg as never)),
    'sum over "m.seg", the number of a segment, which is one in each block; reduce over .all()',
  ],
  [
    "segments of two dims",
    e => kernel(signature, (f: typeof e) => grid(f.M.segments(f.I), f.N.segments(f.I), (m, n) => f.Y.at(m, n).set(0))),
    'grid walks "m" and "n" in segments; one of them at most, walk the other with .tile()',
  ],
  [
    "segments in a fold",
    e => fold(e.K.segments(e.I), [zeros("f32")] as const, (_, s) => s as never),
    'fold walks "k" in segments, which grid alone does; use .tile() or .steps()',
  ],
  [
    "segments bounded by a value",
    (e, m) => e.M.segments(materialize(e.I.at(m).named("i"), m)),
    'segments of "M" are bounded by "i", a materialised tile; bounds are a tensor of the signature',
  ],
  [
    "grid in grid",
    e => grid(e.M.tile(), () => {}),
    "grid is called twice in one kernel; make two kernels, or one grid over both ranges",
  ],
];
for (const [name, body, message] of mistakes)
  test(`refused: ${name}`, () => {
    assert.equal(messageOf(body), message);
  });

test("refused outside of a kernel", () => {
  const stripped = (f: () => void): string => {
    try {
      f();
    } catch (error) {
      return (error as Error).message.replace(/ \(.*\)$/, "");
    }
    return "";
  };
  const d = dimOf("N", Poly.int(4));
  assert.equal(
    stripped(() => grid(d.tile(), () => {})),
    "grid is called outside of a kernel; move it into the body that kernel() got",
  );
  assert.equal(
    stripped(() => fold(d.tile(), [], () => [])),
    "fold is called outside of a kernel; move it into the body that kernel() got",
  );
  assert.equal(
    stripped(() => cells(() => literal("f32", 0))),
    "cells is called outside of a kernel; move it into the body that kernel() got",
  );
});
test("a signature is checked", () => {
  const refuse = (s: Signature, message: string, options = {}): void => {
    assert.throws(
      () => kernel(s, () => {}, options),
      (e: Error) => e.message.replace(/ \([^()]*\)$/, "") === message || assert.fail(e.message) === undefined,
    );
  };
  refuse({ X: f32("M-1") }, '"M-1" in the dims of "X" is neither a name nor a number; write for example f32("M 4")');
  refuse({ M: f32("M") }, '"M" names both a tensor and a dim; rename one of them');
  const whole = "use a whole number from 0 on";
  refuse({ X: f32("M") }, `the static dim "M" is 1.5; ${whole}`, { statics: { M: 1.5 } });
  refuse({ X: f32("M") }, `the static dim "P" is -1; ${whole}`, { statics: { P: -1 } });
});

test("every node knows the user's line", () => {
  const k = kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) =>
    grid(N.tile(), i => {
      const e = X.at(i).exp();
      Y.at(i).set(e.add(1));
    }),
  ).ir;
  const lines = new Map<string, string | undefined>(nodesOf(k).map(n => [n.kind === "map" ? n.op : n.kind, n.source]));
  for (const kind of ["load", "call", "add"]) assert.match(lines.get(kind)!, /language\.test\.js:\d+$/);
  const line = (kind: string): number => Number(/:(\d+)$/.exec(lines.get(kind)!)![1]);
  assert.equal(line("call"), line("load"));
  assert.equal(line("add"), line("call") + 1);
  assert.match(k.stores[0]!.source!, new RegExp(`:${line("add")}$`));
});

test("axes are told apart by identity, not by name", () => {
  const k = kernel({ X: f32("N"), Y: f32("N N") }, ({ X, Y, N }) => {
    const a = N.all("i");
    const b = N.all("i");
    Y.at(a, b).set(X.at(a).mul(X.at(b)) as never);
  }).ir;
  const args = { X: vector(2, 3), Y: matrix(2, 2) };
  interpretKernel(k, args);
  assert.deepEqual([...args.Y.data], [4, 6, 6, 9]);
  assert.match(print(k), /axis i: N, i_2: N/);
});
const vector = (...x: number[]) => ({ dtype: "f32" as const, dims: [x.length], data: Float32Array.from(x) });
const matrix = (m: number, n: number) => ({ dtype: "f32" as const, dims: [m, n], data: new Float32Array(m * n) });

test("sums and products name their accumulator, extremes keep their dtype", () => {
  for (const dtype of Object.keys(dtypes) as Dtype[]) {
    const k = kernel({ X: tensor(dtype, "N"), Y: f32("") }, ({ X, Y, N }) => {
      const i = N.all();
      const x: AnyTile = X.at(i);
      assert.equal(x.sum(i as never).dtype, dtypes[dtype].accumulator);
      assert.equal(dot(x, x, i as never).dtype, dtypes[dtype].accumulator);
      if (dtype !== "bool") assert.equal(x.max(i as never).dtype, dtype);
      assert.equal(x.sum(i as never, { acc: "f64" } as never).dtype, "f64");
      Y.at().set(0);
    });
    assert.equal(k.ir.tensors.length, 2);
  }
});

test("a literal adopts the tile's dtype: i64 keeps all bits", () => {
  const k = kernel({ X: tensor("i64", "N"), Y: tensor("i64", "N") }, ({ X, Y, N }) =>
    grid(N.tile(), i => Y.at(i).set(X.at(i).add(9007199254740993n))),
  ).ir;
  const args = {
    X: { dtype: "i64" as const, dims: [1], data: BigInt64Array.of(1n) },
    Y: { dtype: "i64" as const, dims: [1], data: new BigInt64Array(1) },
  };
  interpretKernel(k, args);
  assert.equal(args.Y.data[0], 9007199254740994n);
});

test("a literal beside a narrow float is the nearest that it holds", () => {
  const stored = (dtype: "f16" | "bf16", x: number): number | bigint => {
    const { stores } = kernel({ X: tensor(dtype, "N"), Y: tensor(dtype, "N") }, ({ X, Y, N }) =>
      grid(N.tile(), i => Y.at(i).set(X.at(i).add(x))),
    ).ir;
    const [, literal] = (stores[0]!.value as NodeOf<"map">).args;
    return (literal as NodeOf<"full">).value;
  };
  assert.equal(stored("f16", 0.8131563663482666), 0.81298828125);
  assert.equal(stored("bf16", 0.8131563663482666), 0.8125);
  assert.equal(stored("f16", 65536), Number.POSITIVE_INFINITY);
  assert.equal(stored("bf16", Number.NEGATIVE_INFINITY), Number.NEGATIVE_INFINITY);
});

test("a state has the axes of its initial value, whatever the step returns", () => {
  const k = kernel({ X: f32("T"), Y: f32("M N") }, ({ X, Y, T, M, N }) =>
    grid(M.tile(), N.tile(), (m, n) => {
      // the step's value varies over nothing, and its point t is no axis of the state
      const [s] = fold(T.steps(), [full("f32", 100, m, n)] as const, t => [X.at(t)]);
      Y.at(m, n).set(s);
    }),
  ).ir;
  const args = { X: vector(1, 2, 3), Y: matrix(2, 2) };
  interpretKernel(k, args);
  assert.deepEqual([...args.Y.data], [3, 3, 3, 3]);
  const empty = { X: vector(), Y: matrix(2, 2) };
  interpretKernel(k, empty);
  assert.deepEqual([...empty.Y.data], [100, 100, 100, 100]);
});

test("a state that is read under other indices is the old one", () => {
  const k = kernel({ X: f32("N"), S: i32("T"), Y: f32("N") }, ({ X, S, Y, T, N }) => {
    const n = N.all();
    const [h] = fold(T.steps(), [X.at(n)] as const, (t, [s]) => [
      materialize(s, n).at(N.size.sub(1).sub(n)).add(S.at(t).cast("f32")),
    ]);
    Y.at(n).set(h);
  }).ir;
  for (const T of [1, 2]) {
    const args = {
      X: vector(1, 2, 3),
      S: { dtype: "i32" as const, dims: [T], data: new Int32Array(T).fill(10) },
      Y: vector(0, 0, 0),
    };
    interpretKernel(k, args);
    // overwriting in place would mirror one half onto the other
    assert.deepEqual([...args.Y.data], T === 1 ? [13, 12, 11] : [21, 22, 23]);
  }
});

test("until only skips work: results are those of the whole range", () => {
  const k = kernel({ X: f32("N"), Y: f32("M") }, ({ X, Y, M, N }) =>
    grid(M.tile(), m => {
      const [s] = fold(N.tile(), [zeros("f32", m)] as const, (n, [t]) => [t.add(where(m.ge(n), X.at(n), 0).sum(n))], {
        until: m,
      });
      Y.at(m).set(s);
    }),
  ).ir;
  for (const foldTile of [1, 3, 100]) {
    const args = { X: vector(1, 2, 3, 4, 5), Y: vector(0, 0, 0, 0, 0) };
    interpretKernel(k, args, { foldTile });
    assert.deepEqual([...args.Y.data], [1, 3, 6, 10, 15]);
  }
});

test("a running maximum that starts at the lowest number survives rows that are masked throughout", () => {
  const make = (start: number) =>
    kernel({ X: f32("M N"), Y: f32("M") }, ({ X, Y, M, N }) =>
      grid(M.tile(), m => {
        const [, l] = fold(N.tile(), [full("f32", start, m), zeros("f32", m)] as const, (n, [max, sum]) => {
          const x = where(m.gt(n), X.at(m, n), start);
          const most = max.maximum(x.max(n));
          return [most, sum.mul(max.sub(most).exp()).add(x.sub(most).exp().sum(n))] as const;
        });
        Y.at(m).set(l);
      }),
    ).ir;
  const run = (start: number): number[] => {
    const args = { X: { dtype: "f32" as const, dims: [2, 3], data: new Float32Array(6) }, Y: vector(9, 9) };
    interpretKernel(make(start), args, { foldTile: 1 });
    return [...args.Y.data];
  };
  // row 0 sees nothing: all its keys weigh alike instead of being NaN; row 1 sees one key
  assert.deepEqual(run(lowest("f32")), [3, 1]);
  assert.ok(Number.isNaN(run(Number.NEGATIVE_INFINITY)[0]));
});

test("whole() finds the axis of a bare index over the same dim, and makes a fresh one otherwise", () => {
  kernel({ X: f32("M N"), Y: f32("M N") }, ({ X, Y, M, N }) =>
    grid(M.tile(), N.tile(), (m, n) => {
      assert.equal(whole(m, M).axis, m.axis);
      assert.equal(whole(m.add(0), M).axis, m.axis);
      assert.notEqual(whole(m, N).axis, m.axis);
      assert.notEqual(whole(m.add(1), M).axis, m.axis);
      assert.notEqual(whole(3, M).axis, m.axis);
      Y.at(m, n).set(X.at(m, n));
    }),
  );
});

test("sizes are checked at call with tensor, dim and both sizes", () => {
  const k = kernel(
    { X: f32("M K"), W: f32("K 4"), Y: f32("M 4") },
    ({ X, W, Y, M, K }) =>
      grid(M.tile(), m => {
        const k = K.all();
        const n = dimOf("N", Poly.int(4)).all("n");
        Y.at(m, n).set(dot(X.at(m, k), W.at(k, n), k as never) as never);
      }),
    { name: "mm" },
  ).ir;
  const refuse = (args: Parameters<typeof interpretKernel>[1], message: string): void =>
    assert.throws(() => interpretKernel(k, args), { code: "input", message });
  const [X, W, Y] = [matrix(2, 3), matrix(3, 4), matrix(2, 4)];
  interpretKernel(k, { X, W, Y });
  refuse({ X, W: matrix(5, 4), Y }, 'kernel "mm": dim K is 3 in "X" and 5 in "W"; hand in tensors whose sizes agree');
  refuse({ X, W: matrix(3, 5), Y }, 'kernel "mm": dim 1 of "W" is 5 and must be 4; hand in tensors whose sizes agree');
  refuse({ X, W }, 'kernel "mm": tensor "Y" is missing; hand in one of f32 with 2 dims');
  refuse({ X: vector(1), W, Y }, 'kernel "mm": tensor "X" has 1 dims and must have 2; reshape it first');
  refuse({ X: { ...X, dtype: "f64" }, W, Y }, 'kernel "mm": tensor "X" is f64 and must be f32; convert it first');
  refuse(
    { X: { ...X, data: new Float64Array(6) }, W, Y },
    'kernel "mm": tensor "X" of f32 is held in a Float64Array; use a Float32Array',
  );
  refuse(
    { X: { ...X, data: new Float32Array(5) }, W, Y },
    'kernel "mm": tensor "X" has 5 elements and dims [2, 3]; make them agree',
  );
});
