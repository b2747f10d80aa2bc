// Reads and writes in every manner: borders with fills along rows and lanes, pieces, reversed and divided indices, materialised tiles,
// scatters, run-time strides, permuted and blocked layouts; against the interpreter, at sizes around a vector.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TensorArgument } from "../../src/ir/evaluate/kernel.js";
import { interpretKernel } from "../../src/ir/evaluate/kernel.js";
import { Poly, Sym } from "../../src/ir/poly.js";
import type { Kernel, Layout } from "../../src/ir/tile.js";
import { deriveSchedule } from "../../src/schedule/derive.js";
import type { Schedule } from "../../src/schedule/schedule.js";
import { f32, f64, grid, i32, inPlace, materialize, u8, where } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import type { Data } from "./harness.js";
import { defaultSchedule, runOnce } from "./harness.js";

type Dims = Readonly<Record<string, number>>;
const floats = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898) * 3);

/** the interpreter knows no layouts: it sees the same kernel with dense tensors */
function agree(
  k: Kernel,
  dims: Dims,
  inputs: Readonly<Record<string, Data>>,
  schedules: readonly Schedule[],
  dense: Kernel = k,
): void {
  const args: Record<string, TensorArgument> = {};
  for (const t of dense.tensors) {
    const shape = t.dims.map(d => d.evaluate(s => dims[s.name]!));
    const count = shape.reduce((p, n) => p * n, 1);
    const empty = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u8: Uint8Array }[t.dtype as "f32"]!;
    args[t.name] = { dtype: t.dtype, dims: shape, data: (inputs[t.name]?.slice() as Float32Array) ?? new empty(count) };
  }
  interpretKernel(dense, args);
  for (const schedule of schedules) {
    const got = runOnce(k, schedule, dims, inputs);
    for (const t of k.tensors) {
      if (t.role === "input") continue;
      const want = args[t.name]!.data as Float32Array;
      for (let i = 0; i < want.length; i++)
        assert.ok(
          Math.abs(Number(got[t.name]![i]) - want[i]!) <= 1e-5 * (1 + Math.abs(want[i]!)),
          `${JSON.stringify(dims)} ${t.name}[${i}]: ${got[t.name]![i]} ≠ ${want[i]}`,
        );
    }
  }
}
const schedulesOf = (k: Kernel): Schedule[] => [
  defaultSchedule,
  deriveSchedule(k),
  deriveSchedule(k, { dimHints: () => 7 }),
];
const small = [1, 2, 3, 4, 5, 7, 8, 9, 13];

const elementwise: Readonly<Record<string, () => Kernel>> = {
  "borders with a fill": () =>
    kernel({ X: f32("I J"), Y: f32("I J") }, ({ X, Y, I, J }) =>
      grid(I.tile(), J.tile(), (i, j) => {
        Y.at(i, j).set(
          X.fill(7)
            .at(i.sub(1), j.add(2))
            .add(X.at(i.add(1), j.sub(1))),
        );
      }),
    ).ir,
  "a fill of f64 and of bytes": () =>
    kernel({ X: f64("I J"), B: u8("I J"), Y: f64("I J"), C: u8("I J") }, ({ X, B, Y, C, I, J }) =>
      grid(I.tile(), J.tile(), (i, j) => {
        Y.at(i, j).set(X.fill(-0.5).at(i, j.sub(2)));
        C.at(i, j).set(B.fill(9).at(i.sub(1), j.add(1)));
      }),
    ).ir,
  "pieces side by side": () =>
    kernel({ X: f32("I J"), B: f32("I J"), Y: f32("I J") }, ({ X, B, Y, I, J }) =>
      grid(I.tile(), J.tile(), (i, j) => {
        Y.at(i, j).set(where(j.lt(3), X.at(i, j), B.at(i, j.sub(3))));
      }),
    ).ir,
  "reversed and halved indices": () =>
    kernel({ X: f32("I J"), Y: f32("I J"), Z: f32("I J") }, ({ X, Y, Z, I, J }) =>
      grid(I.tile(), J.tile(), (i, j) => {
        Y.at(i, j).set(X.at(i, J.size.sub(1).sub(j)));
        Z.at(i, j).set(X.at(i.idiv(2), j.idiv(2)).add(X.at(i, j.imod(2).mul(0))));
      }),
    ).ir,
  "a materialised tile under shifted indices": () =>
    kernel({ X: f32("I J"), Y: f32("I J") }, ({ X, Y, I, J }) =>
      grid(I.tile(), J.tile(), (i, j) => {
        const m = materialize(X.at(i, j).exp().named("m"), i, j).fill(-1);
        Y.at(i, j).set(m.at(i, j.add(1)).add(m.at(i.sub(1), j)));
      }),
    ).ir,
  "indices as values": () =>
    kernel({ X: f32("I J"), Y: f32("I J") }, ({ X, Y, I, J }) =>
      grid(I.tile(), J.tile(), (i, j) => {
        Y.at(i, j).set(
          X.at(i, j)
            .add(i.mul(10).add(j.imod(3)).cast("f32"))
            .sub(j.mul(J.size).cast("f32")),
        );
      }),
    ).ir,
  "no grid at all": () =>
    kernel({ X: f32("I J"), Y: f32("") }, ({ X, Y, I, J }) => {
      const i = I.all();
      const j = J.all();
      grid(() => Y.at().set(X.at(i, j).sum(i, j)));
    }).ir,
};
for (const [name, make] of Object.entries(elementwise))
  test(name, () => {
    const k = make();
    const schedules = schedulesOf(k);
    for (const I of [1, 3])
      for (const J of small) {
        const inputs: Record<string, Data> = { X: floats(I * J), B: floats(I * J).map(x => x + 1) };
        if (k.tensors.some(t => t.dtype === "f64")) {
          inputs.X = Float64Array.from(floats(I * J));
          inputs.B = Uint8Array.from({ length: I * J }, (_, i) => i);
        }
        agree(k, { I, J }, inputs, schedules);
      }
  });

test("a scatter writes its rows and nothing else", () => {
  const k = kernel({ X: f32("N J"), rows: i32("N"), Y: inPlace(f32("I J")) }, ({ X, rows, Y, N, J }) =>
    grid(N.tile(), J.tile(), (n, j) => {
      Y.at(rows.at(n), j).set(X.at(n, j));
    }),
  ).ir;
  for (const J of small) {
    const inputs = { X: floats(3 * J), rows: Int32Array.from([4, 0, 2]), Y: floats(5 * J).map(x => x - 9) };
    agree(k, { N: 3, I: 5, J }, inputs, schedulesOf(k));
  }
});

const gathers: Readonly<Record<string, () => Kernel>> = {
  "rows are read": () =>
    kernel({ X: f32("R J"), at: i32("N"), Y: f32("N J") }, ({ X, at, Y, N, J }) =>
      grid(N.tile(), J.tile(), (n, j) => Y.at(n, j).set(X.at(at.at(n), j))),
    ).ir,
  "elements are read": () =>
    kernel({ X: f32("J R"), at: i32("N"), Y: f32("J N") }, ({ X, at, Y, N, J }) =>
      grid(J.tile(), N.tile(), (j, n) => Y.at(j, n).set(X.at(j, at.at(n)))),
    ).ir,
  "a window is read": () =>
    kernel({ X: f32("R"), at: i32("N"), Y: f32("N W") }, ({ X, at, Y, N, W }) =>
      grid(N.tile(), W.tile(), (n, w) => Y.at(n, w).set(X.at(at.at(n).add(w)))),
    ).ir,
  "a materialised tile is read": () =>
    kernel({ X: f32("R"), at: i32("N"), Y: f32("N") }, ({ X, at, Y, R, N }) =>
      grid(() => {
        const [r, n] = [R.all(), N.all()];
        Y.at(n).set(materialize(X.at(r).exp(), r).at(at.at(n)));
      }),
    ).ir,
  "rows are summed": () =>
    kernel({ X: f32("R J"), at: i32("N"), Y: f32("J") }, ({ X, at, Y, N, J }) =>
      grid(J.tile(), j => {
        const n = N.all();
        Y.at(j).set(X.at(at.at(n), j).sum(n));
      }),
    ).ir,
  "rows are written": () =>
    kernel({ X: f32("N J"), at: i32("N"), Z: inPlace(f32("R J")) }, ({ X, at, Z, N, J }) =>
      grid(N.tile(), J.tile(), (n, j) => Z.at(at.at(n), j).set(X.at(n, j))),
    ).ir,
  "elements are written": () =>
    kernel({ X: f32("J N"), at: i32("N"), Z: inPlace(f32("J R")) }, ({ X, at, Z, N, J }) =>
      grid(J.tile(), N.tile(), (j, n) => Z.at(j, at.at(n)).set(X.at(j, n))),
    ).ir,
  "elements are added": () =>
    kernel({ X: f32("N"), at: i32("N"), Z: inPlace(f32("R")) }, ({ X, at, Z, N }) =>
      grid(() => {
        const n = N.all();
        Z.at(at.at(n)).accumulate(X.at(n));
      }),
    ).ir,
};
for (const [name, make] of Object.entries(gathers))
  test(`a gathered index outside of the tensor is an error: ${name}`, () => {
    const k = make();
    const [R, N, J, W] = [11, 9, 3, 5];
    const dims: Dims = { R, N, J, W };
    // each row once, and windows that end with the tensor
    const inside = [0, 4, 2, 6, 1, 3, 5, 8, 7].map(x => (name === "a window is read" ? Math.min(x, R - W) : x));
    const inputs = (at: readonly number[]): Record<string, Data> => {
      const sizes = k.tensors.map(
        t => [t.name, t.dims.reduce((p, d) => p * d.evaluate(s => dims[s.name]!), 1)] as const,
      );
      return { ...Object.fromEntries(sizes.map(([t, size]) => [t, floats(size)])), at: Int32Array.from(at) };
    };
    agree(k, dims, inputs(inside), schedulesOf(k));
    for (const place of [0, 6, 8])
      for (const outside of [-1, R, 2 ** 31 - 1, -(2 ** 31)]) {
        const bad = inputs(inside.with(place, outside));
        for (const schedule of schedulesOf(k))
          assert.throws(() => runOnce(k, schedule, dims, bad), /unreachable/, `${outside} at ${place}`);
      }
  });

test("where a write is not wanted its index does not matter", () => {
  const k = kernel({ X: f32("N"), at: i32("N"), Z: inPlace(f32("R")) }, ({ X, at, Z, N, R }) =>
    grid(N.tile(), n => Z.at(at.at(n)).set(X.at(n), { when: at.at(n).lt(R.size) })),
  ).ir;
  const at = Int32Array.from([2, 99, 0, 4, 5, 2 ** 31 - 1, 6, 1, 3]);
  const inputs = { X: floats(9), at, Z: floats(7) };
  agree(k, { N: 9, R: 7 }, inputs, schedulesOf(k));
  for (const schedule of schedulesOf(k))
    assert.throws(() => runOnce(k, schedule, { N: 9, R: 7 }, { ...inputs, at: at.with(4, -1) }), /unreachable/);
});

/** the same kernel with layouts on its tensors */
function laidOut(k: Kernel, layouts: Readonly<Record<string, Layout>>): void {
  for (const t of k.tensors) if (layouts[t.name]) Object.assign(t, { layout: layouts[t.name] });
}
const copy = () =>
  kernel({ X: f32("I J"), Y: f32("I J") }, ({ X, Y, I, J }) =>
    grid(I.tile(), J.tile(), (i, j) => {
      Y.at(i, j).set(X.at(i, j).mul(2));
    }),
  ).ir;
const layouts: Readonly<Record<string, () => Readonly<Record<string, Layout>>>> = {
  "rows of a larger buffer": () => ({ X: { order: [0, 1], strides: [Poly.sym(new Sym("stride")), Poly.int(1)] } }),
  "written into a larger buffer": () => ({ Y: { order: [0, 1], strides: [Poly.sym(new Sym("stride")), Poly.int(1)] } }),
  "every second element": () => ({ X: { order: [0, 1], strides: [Poly.sym(new Sym("stride")), Poly.int(2)] } }),
  "columns outside": () => ({ X: { order: [1, 0] } }),
  "packed by 8 columns": () => ({ Y: { order: [1, 0], block: { dim: 1, size: 8 } } }),
  "read from panels of 4 rows": () => ({ X: { order: [0, 1], block: { dim: 0, size: 4 } } }),
};
for (const [name, make] of Object.entries(layouts))
  test(`layout: ${name}`, () => {
    const k = copy();
    laidOut(k, make());
    for (const I of [1, 3, 6])
      for (const J of small) agree(k, { I, J, stride: 2 * J + 3 }, { X: floats(I * J) }, schedulesOf(k), copy());
  });
