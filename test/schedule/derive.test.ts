// What the cost model decides for the kernels that it was made for, and how it says so. Decisions are tested where they matter for
// speed by an order of magnitude; figures are the benchmark's business.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Poly, Sym } from "../../src/ir/poly.js";
import type { Kernel } from "../../src/ir/tile.js";
import { integerLinear, integerLinear4 } from "../../src/kernels/integers.js";
import { quantizedLinear } from "../../src/kernels/products.js";
import { operator } from "../../src/ops/lstm.js";
import { deriveSchedule } from "../../src/schedule/derive.js";
import { explainSchedule } from "../../src/schedule/explain.js";
import type { MachineProfile, ScheduleFeatures } from "../../src/schedule/machine-profile.js";
import { avx2Profile, avx512Profile } from "../../src/schedule/machine-profile.js";
import { memoryAhead } from "../../src/schedule/memory-ahead.js";
import type { Schedule } from "../../src/schedule/schedule.js";
import { constant, dot, f32, fold, grid, i8, i32, u8 } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import * as kernels from "../kernels/stage1.js";

function derived(
  k: Kernel,
  sizes: Readonly<Record<string, number>>,
  features?: ScheduleFeatures,
  profile?: MachineProfile,
): Schedule {
  for (const t of k.tensors) if (["W", "F", "R"].includes(t.name)) Object.assign(t, { constant: true });
  return deriveSchedule(k, {
    dimHints: s => sizes[s.name],
    ...(features ? { features } : {}),
    ...(profile ? { profile, ahead: memoryAhead } : {}),
  });
}

test("a matrix product: 6 × 8 tiles, weights in panels of 8 columns", () => {
  const s = derived(kernels.linear().ir, { M: 1024, N: 1024, K: 1024 });
  assert.equal(
    explainSchedule(s),
    [
      "blocks: n by 64; m by 24",
      "blocks in turn: m",
      "packed at load: W [d1/8][d0][8]",
      "stage Y: lane n × 2; rows m by 6/2/1; order m; tail mask",
      "unroll 4, partial sums 4, pointers 10",
      "",
    ].join("\n"),
  );
});

test("an engine that keeps all operands in registers gets smaller tiles and no unrolling", () => {
  const s = derived(kernels.linear().ir, { M: 1024, N: 1024, K: 1024 }, { relaxedSimd: true, tileProfile: "node20" });
  const { rows, vectors } = s.stage.Y!;
  assert.ok(rows!.m![0]! * vectors! + rows!.m![0]! + vectors! <= 15);
  assert.equal(s.unroll, 1);
});

test("one row: as many columns as the pipelines want", () => {
  const s = derived(kernels.linear().ir, { M: 1, N: 1024, K: 1024 });
  assert.equal(s.stage.Y!.vectors, 8);
});

test("a batch that is mostly 1 leaves the image to threads, and rows to a matrix product", () => {
  const guessed = (k: Kernel, batch: string, sizes: Readonly<Record<string, number>>): Schedule =>
    deriveSchedule(k, { dimHints: s => sizes[s.name], dimGuesses: s => (s.name === batch ? 1 : undefined) });
  const conv = guessed(kernels.conv(1, 1).ir, "B", { H: 8, W: 32, U: 8, V: 32, C: 48, K: 48, P: 1, Q: 3 });
  assert.ok(Object.keys(conv.stage.Y!.rows!).join() === "u.v" && conv.block["u.v"]! < 8 * 32, JSON.stringify(conv));
  const product = guessed(kernels.linear().ir, "M", { N: 1024, K: 1024 });
  assert.deepEqual(product.stage.Y!.rows, { m: [6, 2, 1] });
  assert.ok(product.block.m! >= 4);
});

test("8-bit factors are made wide where they are read, not in scratch", () => {
  const product = kernel({ A: u8("M K"), W: i8("K N"), zero: u8(""), Y: i32("M N") }, ({ A, W, zero, Y, M, K, N }) =>
    grid(M.tile(), N.tile(), (m, n) => {
      const k = K.all();
      const a = A.at(m, k).cast("i32").sub(zero.at().cast("i32"));
      Y.at(m, n).set(dot(a, W.at(k, n).cast("i32"), k, { acc: "i32" }));
    }),
  );
  const s = derived(product.ir, { M: 128, K: 512, N: 512 });
  assert.deepEqual(s.place, {});
  assert.equal(s.stage.Y!.lane, "n");
});

test("constant weights of a recurrent cell, of which lanes walk a gate, have the gates innermost", () => {
  const [S, N, I, H] = ["S", "N", "I", "H"].map(name => Poly.sym(new Sym(name))) as [Poly, Poly, Poly, Poly];
  const [lstm] = operator.kernels!({
    ...{ name: "lstm", opset: 22, known: {}, outputCount: 1, wanted: ["Y"], present: ["X", "W", "R"] },
    attributes: { direction: "forward", layout: 0, input_forget: 0 },
    dtypes: { X: "f32", W: "f32", R: "f32" },
    dims: { X: [S, N, I], W: [Poly.int(1), H.mul(4), I], R: [Poly.int(1), H.mul(4), H] },
    outputs: { Y: [S, Poly.int(1), N, H] },
    constants: new Set(["W", "R"]),
  });
  const gatesInside = { order: [0, 2, 1] };
  assert.deepEqual(derived(lstm!, { S: 1, N: 1, I: 128, H: 128 }).layouts, { W: gatesInside, R: gatesInside });
});

test("a convolution to few channels: lanes along the input's channels, a tile of pixels and outputs, weights packed along", () => {
  const sizes = { B: 1, H: 192, W: 192, U: 192, V: 192, C: 32, P: 3, Q: 3 };
  const three = derived(kernels.conv(1, 1).ir, { ...sizes, K: 3 });
  assert.equal(three.stage.Y!.lane, "c");
  assert.deepEqual(three.stage.Y!.order!.slice(-2), ["k", "u.v"]);
  assert.ok(three.stage.Y!.rows!["u.v"]![0]! * three.stage.Y!.rows!.k![0]! >= 8, JSON.stringify(three.stage));
  assert.deepEqual(three.layouts.F, { order: [3, 0, 1, 2] });
  assert.deepEqual(three.split, []);
  // as many channels as a vector has lanes go across them
  assert.equal(derived(kernels.conv(1, 1).ir, { ...sizes, K: 8 }).stage.Y!.lane, "k");
});

test("a convolution walks its pixels as one, through a table of row pointers", () => {
  const s = derived(kernels.conv(1, 1).ir, { B: 1, H: 56, W: 56, U: 56, V: 56, C: 64, K: 64, P: 3, Q: 3 });
  assert.deepEqual(s.fuse, [["u", "v", "u.v"]]);
  assert.deepEqual(s.pointers, ["X"]);
  assert.deepEqual(s.layouts.F, { order: [3, 0, 1, 2], block: { dim: 3, size: 8 } });
  assert.equal(s.stage.Y!.lane, "k");
});

test("a thin stem walks taps and channels as one run, its borders apart", () => {
  const s = derived(kernels.conv(2, 3).ir, { B: 1, H: 224, W: 224, U: 112, V: 112, C: 3, K: 64, P: 7, Q: 7 });
  assert.deepEqual(s.fuse, [["q", "c", "q.c"]]);
  assert.deepEqual(s.split, ["u", "v"]);
});

test("windows that overlap share rows of the image, their borders apart", () => {
  const sizes = { B: 1, H: 56, W: 56, U: 56, V: 56, C: 144 };
  // vectors of 8 come with half as many registers
  for (const [profile, pixels] of [
    [avx2Profile, 2],
    [avx512Profile, 4],
  ] as const) {
    const s = derived(kernels.depthwise(1, 1).ir, sizes, undefined, profile);
    assert.deepEqual(s.stage.Y!.rows, { v: [pixels, 1], u: [3, 1] });
    assert.deepEqual([s.stage.Y!.vectors, s.stage.Y!.order, s.split], [1, ["b", "u", "v"], ["v"]]);
  }
  const narrow = derived(kernels.depthwise(1, 1).ir, sizes);
  assert.deepEqual([narrow.stage.Y!.rows, narrow.stage.Y!.vectors, narrow.split], [{ v: [2, 1], u: [2, 1] }, 2, ["v"]]);
  // neighbours of 3 × 3 by steps of 2 share a column, of 5 × 5 four
  const half = { ...sizes, U: 28, V: 28 };
  assert.deepEqual(derived(kernels.depthwise(2, 1).ir, half).stage.Y!.rows, { v: [1], u: [2, 1] });
  const halved = derived(kernels.depthwise(2, 1).ir, half, undefined, avx2Profile);
  assert.deepEqual(halved.stage.Y!.rows, { v: [1], u: [3, 1] });
  const wide = derived(kernels.depthwise(1, 2, 5).ir, sizes);
  assert.deepEqual([wide.stage.Y!.rows, wide.split], [{ v: [4, 2, 1] }, []]);
  // Node 20's V8 reads all operands of a tile before it multiplies
  const old = derived(kernels.depthwise(1, 1).ir, sizes, { relaxedSimd: true, tileProfile: "node20" });
  assert.deepEqual(old.stage.Y!.rows, { v: [6, 2, 1] });
  // three columns and rows are no tile of four, and windows 3 pixels apart share nothing
  const small = derived(kernels.depthwise(1, 1).ir, { ...sizes, U: 3, V: 3 }, undefined, avx512Profile);
  assert.deepEqual(small.stage.Y!.rows, { v: [3, 2, 1] });
  const apart = derived(kernels.depthwise(3, 0).ir, { ...sizes, U: 18, V: 18 }, undefined, avx512Profile);
  assert.deepEqual(Object.keys(apart.stage.Y!.rows!), ["v"]);
});

test("softmax keeps its exponentials for the row", () => {
  const s = derived(kernels.softmax().ir, { R: 128, C: 1000 });
  assert.deepEqual(Object.values(s.place), [{ at: "row" }]);
  assert.equal(s.stage.Y!.lane, "c");
});

test("of two softmaxes in a row both rows of exponentials are kept, and nothing cheap made of them", () => {
  const twice = kernel({ X: f32("R C"), Y: f32("R C") }, ({ X, Y, R, C }) =>
    grid(R.tile(), r => {
      const c = C.all();
      const x = X.at(r, c);
      const inner = x.sub(x.max(c)).exp();
      const y = inner.mul(inner.sum(c).reciprocal());
      const outer = y.sub(y.max(c)).exp();
      Y.at(r, c).set(outer.mul(outer.sum(c).reciprocal()));
    }),
  );
  const s = derived(twice.ir, { R: 128, C: 1000 });
  assert.deepEqual(Object.keys(s.place).sort(), ["exp0", "exp1"]);
  assert.ok(Object.values(s.place).every(p => p.at === "row"));
});

test("rows of exponentials ask for the next row, cheap ones and those of WebAssembly do not", () => {
  const softmax = derived(kernels.softmax().ir, { R: 128, C: 1000 }, undefined, avx512Profile);
  assert.deepEqual(Object.values(softmax.ahead ?? {}), ["r"]);
  assert.match(explainSchedule(softmax), /^asked for ahead: the next r while sum\S* is computed$/m);
  assert.equal(derived(kernels.softmax().ir, { R: 128, C: 1000 }).ahead, undefined);
  const layerNorm = derived(kernels.layerNorm().ir, { R: 128, C: 768 }, undefined, avx512Profile);
  assert.equal(layerNorm.ahead, undefined);
});

test("few rows of a product stay together and ask for the next panel of weights, many and those of WebAssembly do not", () => {
  const linear = (M: number, profile?: MachineProfile): Schedule =>
    derived(kernels.linear().ir, { M, N: 2048, K: 512 }, undefined, profile);
  const few = linear(49, avx512Profile);
  // 64 columns are 128 KiB; of 128 bytes a step, 49 rows ask for 3 each
  assert.deepEqual(few.block, { n: 64 });
  assert.deepEqual(Object.values(few.panelsAhead ?? {}), [3]);
  assert.match(
    explainSchedule(few),
    /^asked for ahead: the next panel of dot\S*, by each row 3 B for each step of the depth$/m,
  );
  assert.equal(linear(1024, avx512Profile).panelsAhead, undefined);
  assert.equal(linear(1, avx512Profile).panelsAhead, undefined);
  assert.equal(linear(49).panelsAhead, undefined);
  assert.ok("m" in linear(49).block);
});

test("weights that a fold walks step by step lie in panels as wide as a turn, and natively the next step is asked for", () => {
  const fourBits = (M: number, profile?: MachineProfile): Schedule =>
    derived(integerLinear4().ir, { M, G: 128, N: 4096 }, undefined, profile);
  const panel = (size: number) => ({ order: [2, 0, 1], block: { dim: 2, size } });
  const scales = (size: number) => ({ order: [1, 0], block: { dim: 1, size } });
  const native = fourBits(1, avx512Profile);
  assert.deepEqual(native.layouts, { V: panel(128), Scale: scales(128) });
  assert.deepEqual(native.block, { n: 128 });
  assert.deepEqual(native.stepsAhead, { V: "g", Scale: "g" });
  assert.match(explainSchedule(native), /^asked for ahead: the next g of V; the next g of Scale$/m);
  // words stay in registers, two numbers are made of each, so that four vectors are a turn; a panel has two lines of memory, a block four
  const wasm = fourBits(1);
  assert.deepEqual(wasm.layouts, { V: panel(32), Scale: scales(32) });
  assert.deepEqual(wasm.block, { n: 64 });
  assert.equal(wasm.stepsAhead, undefined);
  // for few rows, what they are multiplied by is made for each register tile; for more, it is kept
  assert.deepEqual(fourBits(16).place, {});
  assert.equal(Object.values(fourBits(32).place)[0]?.at, "region");
  assert.deepEqual(fourBits(32).layouts, { V: panel(32), Scale: scales(32) });
  // few enough to stay in the cache
  assert.deepEqual(derived(integerLinear4().ir, { M: 1, G: 8, N: 256 }).layouts, {});
});

test("weights that are made floats lie in lanes as they are read, and are made once for all rows of a block", () => {
  const weights = (M: number, profile?: MachineProfile): Schedule =>
    derived(quantizedLinear({ bits: 8, group: 32 }).ir, { M, K: 2048, N: 2048, G: 64 }, undefined, profile);
  for (const profile of [undefined, avx512Profile])
    for (const M of [17, 64, 512]) {
      const { stage, block, place } = weights(M, profile);
      assert.deepEqual([stage.Y?.lane, stage.mul0?.lane, place.mul0?.at], ["n", "n", "region"], `${M} rows`);
      assert.deepEqual(Object.keys(block), ["n"], `${M} rows`);
    }
  // for few rows they are made again for each register tile
  assert.deepEqual(weights(16).place, {});
  // both operands are made of bytes: the larger one is not made again
  const bytes = derived(integerLinear().ir, { M: 64, P: 1024, N: 2048 });
  assert.deepEqual([bytes.stage.or0?.lane, bytes.stage.or1?.lane], ["p", "n"]);
  assert.deepEqual(Object.keys(bytes.block), ["n"]);
});

test("constants that an operand is computed from are packed where they lie across the lane", () => {
  const product = kernel(
    { X: f32("M K"), W: constant(i8("N K")), S: constant(f32("N")), Y: f32("M N") },
    ({ X, W, S, Y, M, N, K }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const k = K.all();
        Y.at(m, n).set(dot(X.at(m, k), W.at(n, k).cast("f32").mul(S.at(n)), k));
      }),
  );
  for (const M of [1, 4]) {
    const { stage, layouts } = derived(product.ir, { M, K: 512, N: 512 }, undefined, avx512Profile);
    const size = 16 * (stage.Y?.vectors ?? 1);
    assert.deepEqual([stage.Y?.lane, layouts], ["n", { W: { order: [0, 1], block: { dim: 0, size } } }], `${M} rows`);
  }
});

test("rows by the rows of another matrix copy it in panels, as it lies in a graph too", () => {
  const pairs = () =>
    kernel({ X: f32("M K"), Z: f32("N K"), Y: f32("M N") }, ({ X, Z, Y, M, N, K }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const k = K.all();
        Y.at(m, n).set(dot(X.at(m, k), Z.at(n, k), k));
      }),
    ).ir;
  const [rows, columns] = ["M", "N"];
  /** the lane, and whether Z is copied */
  const decided = (
    sizes: Readonly<Record<string, number>>,
    twins: readonly string[] = [],
    profile?: MachineProfile,
  ): unknown[] => {
    const k = pairs();
    const symbols = k.dims.flatMap(d => [...d.size.syms]);
    const first = symbols.find(s => s.name === twins[0]);
    for (const t of k.tensors) Object.assign(t, { layout: { order: [0, 1] } });
    const { stage, place } = deriveSchedule(k, {
      dimHints: s => sizes[s.name],
      dimTwins: s => (first && twins.includes(s.name) ? first : s),
      ...(profile ? { profile } : {}),
    });
    return [stage.Y?.lane, place.Z?.at];
  };
  assert.deepEqual(decided({ M: 128, N: 256, K: 64 }), ["n", "root"]);
  assert.deepEqual(decided({ M: 1, N: 256, K: 64 }), ["k", undefined], "one row reads each element once");
  assert.deepEqual(decided({ N: 256, K: 64 }), ["k", undefined], "unknown rows may be one");
  assert.deepEqual(decided({ K: 64 }), ["k", undefined]);
  assert.deepEqual(decided({ K: 64 }, [rows!, columns!]), ["n", "root"], "as many rows as columns");
  for (const profile of [avx2Profile, avx512Profile])
    assert.deepEqual(decided({ K: 64 }, [], profile), ["k", undefined], "the wider the vector, the dearer to gather");
});

test("attention keeps scores and weights for the block and copies K into panels", () => {
  const s = derived(kernels.attention().ir, { B: 1, H: 12, G: 12, S: 512, T: 512, D: 64, E: 64 });
  assert.deepEqual(s.place.x, { at: "region" });
  assert.deepEqual(s.place.p, { at: "region" });
  // keys of one head lie together, in panels of 8
  assert.deepEqual(s.place.K?.layout, { order: [0, 1, 2, 3], block: { dim: 2, size: 8 } });
  // the weights p read the row's largest score, which is walked for once
  assert.deepEqual(s.place.m2, { at: "region" });
  assert.equal(s.block.h, 1);
});

test("an elementwise kernel over memory that all tensors walk alike is one long loop, cut for threads", () => {
  const k = kernel({ X: f32("A B C"), Y: f32("A B C") }, ({ X, Y, A, B, C }) =>
    grid(A.tile(), B.tile(), C.tile(), (a, b, c) => {
      Y.at(a, b, c).set(X.at(a, b, c).relu());
    }),
  ).ir;
  const s = derived(k, { A: 64, B: 56, C: 56 });
  assert.deepEqual(s.fuse, [
    ["b", "c", "b.c"],
    ["a", "b.c", "a.b.c"],
  ]);
  assert.ok(s.block["a.b.c"]! < 64 * 56 * 56);
});

test("small kernels are one block", () => {
  assert.deepEqual(derived(kernels.linear().ir, { M: 4, N: 8, K: 16 }).block, {});
});
test("steps of a fold count as work: a small image of long programs is cut for threads", () => {
  const k = kernel(
    { X: f32("H W"), Y: f32("H W") },
    ({ X, Y, H, W, S }) =>
      grid(H.tile(), W.tile(), (h, w) => {
        const [y] = fold(S.steps(), [X.at(h, w)], (_, [z]) => [z.mul(z).sub(1)]);
        Y.at(h, w).set(y);
      }),
    { statics: { S: 1000 } },
  ).ir;
  assert.ok(derived(k, { H: 16, W: 64 }).block.h! < 16);
});
