// What verify refuses, word for word, and what it leaves to the sizes of a call.
import assert from "node:assert/strict";
import { test } from "node:test";
import { boundOf } from "../../src/ir/bounds.js";
import { classify } from "../../src/ir/index-kind.js";
import { parse } from "../../src/ir/parse.js";
import { opaque, Poly, Sym } from "../../src/ir/poly.js";
import type { Kernel } from "../../src/ir/tile.js";
import { gathered, newAxis } from "../../src/ir/tile.js";
import { verify } from "../../src/ir/verify.js";
import { nodesOf } from "../../src/ir/walk.js";
import { f32, grid, i32 } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";

const text = (body: string, tensors = "input X: f32[M, N] output Y: f32[M, N]"): string =>
  `kernel k(M, N) { ${tensors} grid m: M, n: N axis a: M, b: N ${body} }`;
const refused: readonly (readonly [string, string, string])[] = [
  [
    "a product of indices",
    text("store Y[m, n] = X[m*n, n]"),
    'index 0 of "X" is m*n, a product of indices or a division by one; use sums, multiples, div and mod by sizes, or read the index from a tensor',
  ],
  [
    "division by an index",
    text("store Y[m, n] = X[div(m, n), n]"),
    'index 0 of "X" is (m div n), a product of indices or a division by one; use sums, multiples, div and mod by sizes, or read the index from a tensor',
  ],
  [
    "a float index",
    text("x = X[m, n] store Y[m, n] = X[@x, n]"),
    'index 0 of "X" is read from "x", which is f32; cast it to i32',
  ],
  ["rank of a read", text("store Y[m, n] = X[m]"), '"X" has 2 dims and is indexed with 1; give one index a dim'],
  [
    "rank of a write",
    text("store Y[m] = X[m, n]"),
    '"Y" has 2 dims and is written with 1 indices; give one index a dim',
  ],
  [
    "mixed dtypes",
    text("store Y[m, n] = add(X[m, n], cast(X[m, n], f16))"),
    '"add0": add of f32 and f16: dtypes do not mix by themselves; cast one of them',
  ],
  [
    "a domain",
    text("store Y[m, n] = and(X[m, n], X[m, n])"),
    '"and0": and is for integers and bool, not f32; cast first',
  ],
  [
    "a condition",
    text("store Y[m, n] = select(X[m, n], X[m, n], 0)"),
    '"select0": the condition of select is f32; compare it with something',
  ],
  [
    "a bitcast",
    text("store Y[m, n] = cast(bitcast(X[m, n], i64), f32)"),
    '"bitcast0": bitcast from f32 to i64 changes the size; use cast',
  ],
  [
    "an unknown function",
    text("store Y[m, n] = gamma(X[m, n])"),
    '"gamma0" calls "gamma", which is no function; use one of exp, exp2, log, log2, tanh, erf, sin, cos, sigmoid, pow',
  ],
  ["operands of a function", text("store Y[m, n] = pow(X[m, n])"), '"pow0": pow takes 2 operands, not 1'],
  [
    "a function of integers",
    text("store Y[m, n] = cast(exp([m]), f32)"),
    '"exp0": exp of i32 gives i32; functions take and give one float dtype',
  ],
  [
    "dtype of an accumulator",
    text("store Y[m, n] = cast(sum(X[m, b]) over b as i32, f32)"),
    '"sum0" reduces f32 in i32; cast the operand first',
  ],
  [
    "a forgotten reduction",
    text("store Y[m, n] = X[m, b]"),
    '"load0" has the axis "b" that the indices of "Y" lack; reduce over it or index with it',
  ],
  ["dtype of a write", text("store Y[m, n] = [m]"), '"Y" holds f32, and "index" is i32; cast it'],
  [
    "a reduction over the grid",
    text("store Y[m, n] = sum(X[m, n]) over n as f32"),
    '"sum0" reduces over "n", an axis of the grid, whose blocks run apart; reduce over .all() or fold over .tile()',
  ],
  [
    "a reduction over a point",
    text(
      "fold t: N steps (s) from (f32 0) { x = sum(X[0, t]) over t as f32 yield add(s, x) } into (r) store Y[m, n] = r",
    ),
    '"x" reduces over "t", which is a point of a fold over .steps(); add the values up in the state of the fold',
  ],
  [
    "a merge that knows the state of a step",
    text(
      "fold t: N steps (s) from (X[m, n]) { yield add(s, X[m, t]) } merge (a) with (b) { yield add(a, s) } into (r) store Y[m, n] = r",
    ),
    '"s" belongs to the steps of the fold over "t" with a merge; a merge knows the states of two parts alone',
  ],
  [
    "a merge that knows an index",
    text(
      "fold t: N steps (s) from (X[m, n]) { yield add(s, X[m, t]) } merge (a) with (b) { yield add(a, X[m, t]) } into (r) store Y[m, n] = r",
    ),
    '"load2" belongs to the steps of the fold over "t" with a merge; a merge knows the states of two parts alone',
  ],
  [
    "a part's state outside of its merge",
    text(
      "fold t: N steps (s) from (X[m, n]) { yield add(s, X[m, t]) } merge (a) with (b) { yield add(a, b) } into (r) store Y[m, n] = add(r, a)",
    ),
    '"a" is the state of a part, which only the merge of its fold knows; use the fold\'s state',
  ],
  [
    "a fold with a merge that writes",
    text(
      "fold t: N steps (s) from (f32 0) { store Y[m, t] = X[m, t] yield s } merge (a) with (b) { yield add(a, b) } into (_)",
    ),
    'the fold over "t" with a merge writes to "Y", and its parts come in no order; write after the fold',
  ],
  [
    "the dtype of a merge",
    text("fold t: N (s) from (f32 0) { yield s } merge (a) with (b) { yield cast(a, i32) } into (r) store Y[m, n] = r"),
    'state 0 of the fold over "t" starts as f32 and becomes i32; cast one of them',
  ],
  [
    "a write by every block",
    text("store Y[m, 0] = X[m, 0]"),
    'every index of "n" writes the same elements of "Y"; index with "n", or write after its loop',
  ],
  [
    "a write in every step",
    text("fold t: N steps (s) from (f32 0) { store Y[m, n] = X[m, t] yield s } into (_)"),
    'every index of "t" writes the same elements of "Y"; index with "t", or write after its loop',
  ],
  [
    "a state outside of its fold",
    text("fold t: N steps (s) from (f32 0) { yield add(s, X[m, t]) } into (_) store Y[m, n] = s"),
    '"s" belongs to the fold over "t" and is used outside of it; carry it in the fold\'s state',
  ],
  [
    "an index outside of its fold",
    text("fold t: N (s) from (f32 0) { yield s } into (_) x = X[m, t] store Y[m, n] = sum(x) over t as f32"),
    '"x" belongs to the fold over "t" and is used outside of it; carry it in the fold\'s state',
  ],
  [
    "dtype of a state",
    text("fold t: N (s) from (f32 0) { yield i32 0 } into (r) store Y[m, n] = r"),
    'state 0 of the fold over "t" starts as f32 and becomes i32; cast one of them',
  ],
  [
    "axes of a state",
    text("fold t: N (s) from (f32 0) { yield X[m, 0] } into (r) store Y[m, n] = r"),
    'state 0 of the fold over "t" gets the axis "m" that its initial value lacks; reduce over it or start with it',
  ],
  [
    "until",
    text("fold t: N until a (s) from (f32 0) { yield s } into (r) store Y[m, n] = r"),
    'the fold over "t" ends with "a", which is no axis of the grid; use an index that grid gave',
  ],
  [
    "cells in tiles",
    text("fold t: N cells (s) from (X[m, n]) { yield s } into (r) store Y[m, n] = r"),
    'the fold of cells over "t" walks tiles; use steps, and no `until`',
  ],
  [
    "cells without a state",
    text("fold t: N steps cells () from () { yield } into () store Y[m, n] = 0"),
    'the fold of cells over "t" has no state; start with one value at least',
  ],
  [
    "cells that write",
    text("fold t: N steps cells (s) from (X[m, n]) { store Y[m, t] = s yield s } into (r)"),
    'the fold of cells over "t" writes to "Y"; write after it',
  ],
  [
    "a fold in cells",
    text(
      "fold t: N steps cells (s) from (X[m, n]) { fold u: N (a) from (s) { yield a } into (b) yield b } into (r) store Y[m, n] = r",
    ),
    'the fold of cells over "t" holds the fold over "u", which is none of cells; make it one',
  ],
  [
    "states of cells with different axes",
    text("fold t: N steps cells (s, x) from (X[m, n], f32 0) { yield s, x } into (r, _) store Y[m, n] = r"),
    'the states of the fold of cells over "t" start with different axes; give all of them those of the cells',
  ],
  [
    "a view in cells",
    text(
      "fold t: N steps cells (s) from (X[m, n]) { a = add(s, 1) view v of a over m, n yield v[m, n] } into (r) store Y[m, n] = r",
    ),
    '"v" is materialised inside of cells; materialise before them',
  ],
  [
    "an output that nothing writes",
    text("store Y[m, n] = X[m, n]", "input X: f32[M, N] output Y: f32[M, N] output Z: f32[M]"),
    '"Z" is an output and nothing writes it; add "Z.at(…).set(…)" or remove it',
  ],
  [
    "a written input",
    text("store Y[m, n] = X[m, n]", "input X: f32[M, N] input Y: f32[M, N]"),
    '"Y" is an input and is written; make it an output or inout',
  ],
  [
    "a condition of a write",
    text("store Y[m, n] = X[m, n] when X[m, n]", "input X: f32[M, N] inout Y: f32[M, N]"),
    'the condition "load0" of a write to "Y" is f32; compare it with something',
  ],
  [
    "a write of a part of an output",
    text("store Y[m, n] = X[m, n] when lt(X[m, n], 1)"),
    '"Y" is an output, and a write of a part of it, or into what is there, needs its content; make it inout',
  ],
  [
    "an axis that a condition has and the place lacks",
    text("store Y[m, n] = X[m, n] when lt(X[m, b], 1)", "input X: f32[M, N] inout Y: f32[M, N]"),
    '"lt0" has the axis "b" that the indices of "Y" lack; reduce over it or index with it',
  ],
  [
    "blocks that meet",
    text("store Y[0, n] add X[m, n]", "input X: f32[M, N] inout Y: f32[M, N]"),
    'blocks of "m" may meet in an element of "Y"; index with "m" itself, or walk it with .all()',
  ],
  [
    "a sum of bools",
    text("store Y[m, n] add lt(X[m, n], 1)", "input X: f32[M, N] inout Y: bool[M, N]"),
    '"Y" is joined by add, which is for numbers, not bool; use "last"',
  ],
  [
    "two writes, one of them joining",
    text("store Y[m, n] max X[m, n] store Y[m, n] = X[m, n]", "input X: f32[M, N] inout Y: f32[M, N]"),
    '"Y" is written twice, once by max, and writes come in no order; use two kernels',
  ],
  [
    "a read of what is joined",
    text("store Y[m, n] mul Y[m, n]", "inout Y: f32[M, N]"),
    '"Y" is read in the kernel that writes it by mul; use two kernels',
  ],
  [
    "joining in tiles of a fold",
    text(
      "fold t: N (s) from (f32 0) { store Y[m, n] add X[m, t] yield s } into (_)",
      "input X: f32[M, N] inout Y: f32[M, N]",
    ),
    '"Y" is written by add in a fold over tiles of "t", whose size must not count; fold over .steps()',
  ],
  [
    "a race",
    text("store X[m, n] = X[n, m]", "inout X: f32[M, N]"),
    '"X" is read where other blocks of "m" may write it; read and write it in two kernels',
  ],
  ...(
    [
      ["mirrored", "store X[m, a] = X[m, N - 1 - a]"],
      ["its neighbour", "store X[m, a] = X[m, a - 1]"],
      ["one place of all", "store X[m, a] = X[m, 0]"],
      ["a row times a matrix", "store X[m, a] = sum(mul(X[m, b], W[m, a])) over b as f32"],
      ["another write's", "store X[m, a] = W[m, a] store Y[m, b] = X[m, b + 1]"],
      ["an earlier place, along a tile", "fold t: N (s) from (f32 0) { store X[m, t] = X[m, t - 1] yield s } into (_)"],
    ] as const
  ).map(([name, body]): (typeof refused)[number] => [
    `a read within a block: ${name}`,
    `kernel k(M, N) { input W: f32[M, N] inout X: f32[M, N] inout Y: f32[M, N] grid m: M axis a: N, b: N ${body} }`,
    '"X" is read at other places than it is written, and elements are written in no order; write into a tensor of its own, or read it in another kernel',
  ]),
  ...(
    [
      [
        "an unknown dtype of bounds",
        "i64[B]",
        "",
        "",
        'the segments of "m" are bounded by "O", i64 with 1 dims; it must be i32 with one',
      ],
      [
        "bounds with two dims",
        "i32[B, 1]",
        "",
        "",
        'the segments of "m" are bounded by "O", i32 with 2 dims; it must be i32 with one',
      ],
      [
        "bounds that the kernel writes",
        "i32[B]",
        "axis b: B store O[b] = 1",
        "inout",
        'the segments of "m" are bounded by "O", which the kernel writes; bounds must stand before it runs',
      ],
      [
        "a sum over the number of a segment",
        "i32[B]",
        "x = sum(X[s]) over s as f32",
        "",
        '"x" reduces over "s", the number of a segment, which is one in each block; reduce over .all()',
      ],
      [
        "a view across segments",
        "i32[B]",
        "view v of X[m] over m x = v[m + 1]",
        "",
        '"v" is read along "m" across segments; read it at "m" itself, or make it in another kernel',
      ],
    ] as const
  ).map(
    ([name, bounds, body, role, message]) =>
      [
        name,
        `kernel k(M, B) { input X: f32[M] ${role || "input"} O: ${bounds} output Y: f32[M] grid m: M segments O at s ${body} store Y[m] = ${body.includes("x =") ? "x" : "X[m]"} }`,
        message,
      ] as const,
  ),
  [
    "a write at the number of a segment",
    "kernel k(M, B) { input O: i32[B] output Y: f32[B] grid m: M segments O at s store Y[s] = 0 }",
    'every index of "m" writes the same elements of "Y"; index with "m", or write after its loop',
  ],
  [
    "a view without an axis",
    text("view v of X[m, n] over m  store Y[m, n] = v[a]"),
    'the view "v" leaves out the axis "n" of "load0"; name every axis',
  ],
];
for (const [name, source, message] of refused)
  test(`refused: ${name}`, () => {
    assert.throws(() => verify(parse(source)), { code: "kernel", message: `kernel "k": ${message}` });
  });

test("a node that lies about its axes is found, with the user's line", () => {
  const make = (): Kernel =>
    kernel(
      { X: f32("M N"), Y: f32("M N") },
      ({ X, Y, M, N }) => grid(M.tile(), N.tile(), (m, n) => Y.at(m, n).set(X.at(m, n).mul(2))),
      {
        name: "k",
      },
    ).ir;
  const message = (k: Kernel): string => {
    try {
      verify(k);
    } catch (e) {
      return (e as Error).message.replace(/\/[^()]*\/(verify\.test\.js:)\d+/, "$1");
    }
    return "";
  };
  const [less, more] = [make(), make()];
  const mul = (k: Kernel) => nodesOf(k).find(n => n.name === "mul0") as unknown as { axes: unknown[] };
  mul(less).axes = [less.grid[0]];
  assert.equal(
    message(less),
    'kernel "k": "mul0" varies over "n" and does not say so; add it to the node\'s axes (verify.test.js:)',
  );
  mul(more).axes = [...more.grid, newAxis("z", Poly.int(3))];
  assert.equal(
    message(more),
    'kernel "k": "mul0" claims the axis "z" and does not vary over it; remove it from the node\'s axes (verify.test.js:)',
  );
});

const conditions = (k: Kernel): string[] => verify(k).conditions.map(c => c.message);
test("writes that extents prove inside need no condition", () => {
  for (const index of ["m, n", "M - 1 - m, n", "m, N - n - 1"])
    assert.deepEqual(conditions(parse(text(`store Y[${index}] = X[m, n]`))), []);
  const flat = "input X: f32[M, N] output Y: f32[M*N]";
  assert.deepEqual(conditions(parse(text("store Y[m*N + n] = X[m, n]", flat))), []);
  const split = "input X: f32[M, N] output Y: f32[M, 4, N]";
  assert.deepEqual(
    conditions(
      parse("kernel k(M) { input X: f32[4*M] output Y: f32[M, 4] grid i: 4*M store Y[div(i, 4), mod(i, 4)] = X[i] }"),
    ),
    [],
  );
  assert.deepEqual(conditions(parse(text("store Y[m, mod(n, 4), n] = X[m, n]", split))), []);
});
test("writes that sizes decide come back as conditions", () => {
  assert.deepEqual(conditions(parse(text("store Y[m + 2, n - 1] = X[m, n]"))), [
    'kernel "k": "Y" is written along dim 0 up to 1 + M, which must be below its size M',
    'kernel "k": "Y" is written along dim 1 from -1, which must not be negative',
  ]);
  // whether m · (N − 4) rises or falls, and which of two is smaller, sizes decide too
  assert.deepEqual(conditions(parse(text("store Y[m*N - 4*m, n] = X[m, n]"))), [
    'kernel "k": "Y" is written along dim 0 from min(-4*max(-1 + M, 0) + N*max(-1 + M, 0), 0), which must not be negative',
    'kernel "k": "Y" is written along dim 0 up to max(-4*max(-1 + M, 0) + N*max(-1 + M, 0), 0), which must be below its size M',
  ]);
  assert.deepEqual(conditions(parse(text("store Y[min(m - 5, N), n] = X[m, n]"))), [
    'kernel "k": "Y" is written along dim 0 from min(-5, N), which must not be negative',
    'kernel "k": "Y" is written along dim 0 up to min(-6 + M, N), which must be below its size M',
  ]);
  const k = kernel({ X: f32("A"), Y: f32("B") }, ({ X, Y, A }) => grid(A.tile(), i => Y.at(i.mul(2)).set(X.at(i))), {
    name: "spread",
  }).ir;
  const [c] = verify(k).conditions;
  const [A, B] = k.dims.map(d => [...d.size.syms][0]!);
  const holds = (a: number, b: number): boolean => {
    const at = (p: Poly): number => p.evaluate((s: Sym) => (s === A ? a : s === B ? b : Number.NaN));
    return c!.relation === "lt" ? at(c!.left) < at(c!.right) : at(c!.left) <= at(c!.right);
  };
  assert.deepEqual([holds(3, 5), holds(3, 4)], [true, false]);
});
test("segments have a bound, and writes by their number stay inside where sizes say so", () => {
  const k = kernel({ X: f32("M"), O: i32("B"), Y: f32("M G") }, ({ X, O, Y, M }) =>
    grid(M.segments(O), m => Y.at(m, m.seg).set(X.at(m))),
  );
  assert.deepEqual(conditions(k.ir), [
    'kernel "kernel": "O" is empty, and segments have one bound more than there are of them',
    'kernel "kernel": "Y" is written along dim 1 up to -2 + B, which must be below its size G',
  ]);
});
test("gathered writes are checked by whoever runs the kernel", () => {
  const k = kernel({ X: f32("A"), I: i32("A"), Y: f32("B") }, ({ X, I, Y, A }) =>
    grid(A.tile(), i => Y.at(I.at(i)).set(X.at(i))),
  ).ir;
  assert.deepEqual(conditions(k), []);
});

test("indices are affine, quasi-affine or gathers", () => {
  const [n, d] = [Poly.sym(new Sym("n")), Poly.sym(new Sym("d"))];
  const i = Poly.sym(newAxis("i", n).sym);
  const j = Poly.sym(newAxis("j", n).sym);
  assert.equal(classify(i.mul(2).add(j.mul(d)).sub(1)), "affine");
  assert.equal(classify(opaque("div", i, d).add(opaque("mod", i, d))), "quasi-affine");
  assert.equal(classify(opaque("min", i, j)), "quasi-affine");
  assert.equal(classify(i.mul(j)), undefined);
  assert.equal(classify(opaque("mod", d, i)), undefined);
  assert.equal(classify(i.mul(opaque("div", j, d))), undefined);
  const row = nodesOf(
    parse("kernel k(N) { input I: i32[N] output Y: i32[N] grid i: N x = I[i] store Y[i] = add(x, 1) }"),
  )[0]!;
  assert.equal(classify(gathered(row).add(i)), "gather");
  assert.equal(boundOf(opaque("mod", i, d), "high")!.equals(d.sub(1)), true);
});
