// Writes that join what is there, scans, cells and segments, compiled, against plain loops; random joining ones against the interpreter, to the last bit.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { interpretKernel } from "../../src/ir/evaluate/kernel.js";
import { print } from "../../src/ir/print.js";
import type { Kernel } from "../../src/ir/tile.js";
import { printFunc } from "../../src/lower/cpu/loop-print.js";
import { lower } from "../../src/lower/cpu/lower.js";
import { deriveSchedule } from "../../src/schedule/derive.js";
import type { Schedule } from "../../src/schedule/schedule.js";
import type { AnyTile, Combine } from "../../src/tile/index.js";
import { dot, f32, fold, grid, i32, inPlace, literal, where, zeros } from "../../src/tile/index.js";
import type { TileKernel } from "../../src/tile/tile-kernel.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import { cellCases, mandelbrot } from "../kernels/cells.js";
import { joiningCases } from "../kernels/joining.js";
import { scanCases, scanRows, stepsTo } from "../kernels/scans.js";
import { segmentCases } from "../kernels/segments.js";
import { arraysOf, difference, valuesOf } from "../kernels/typed-cases.js";
import type { Data } from "./harness.js";
import { defaultSchedule, runOnce } from "./harness.js";

const schedules: readonly (readonly [string, (k: Kernel) => Schedule])[] = [
  ["the derived schedule", k => deriveSchedule(k)],
  ["small blocks", k => ({ ...deriveSchedule(k), block: Object.fromEntries(k.grid.map(a => [a.name, 2])) })],
  ["the plain schedule", () => defaultSchedule],
];
for (const c of [...joiningCases, ...scanCases, ...cellCases, ...segmentCases])
  for (const [name, scheduleOf] of schedules)
    test(`${c.name} with ${name}`, () => {
      const k = c.kernel();
      const args = arraysOf(c, k);
      const sizes: Record<string, number> = {};
      for (const t of k.tensors)
        t.dims.forEach((d, i) => {
          const dim = k.dims.find(x => x.size.equals(d));
          if (dim) sizes[dim.name] = args[t.name]!.dims[i]!;
        });
      const data = Object.fromEntries(Object.entries(args).map(([n, a]) => [n, a.data as Data]));
      const got = runOnce(k, scheduleOf(k), sizes, data)[c.output]!;
      const { dtype, dims } = args[c.output]!;
      assert.equal(difference(c, valuesOf({ dtype, dims, data: got })), undefined);
    });

test("cells side by side are lanes, and a loop ends when all of the register tile have left it", () => {
  const k = mandelbrot().ir;
  const [phase] = lower(k, { ...deriveSchedule(k), stage: { Count: { lane: "w", vectors: 2 } } }).phases;
  const text = printFunc(phase!.func);
  const loops = [...text.matchAll(/for s\.\d+ \+ 1 <= 40/g)];
  // two vectors at once, one, and what is left element by element
  assert.equal(loops.length, 3);
  assert.match(text, /if i32\.eqz\(v128\.any_true\(v128\.or\(v\.\d+, v\.\d+\)\)\)\n +s\.\d+ = 40\n/);
  // states are registers: nothing is stored but the counts
  assert.deepEqual(
    [...text.matchAll(/(v128|i32)\[[^\]]*\] = /g)].map(m => m[1]),
    ["v128", "v128", "v128", "i32"],
  );
});
test("a step of a scan writes one element of the scanned row", () => {
  const { stages } = lower(scanRows("sum", "f32").ir, defaultSchedule);
  assert.deepEqual(stages, [
    "add0 at first: lane r × 2",
    "select0 at first: loops r; lane n × 2",
    "add0 + select0 at n_step: lane r × 2",
    "Y: loops r; lane n × 2",
  ]);
});
test("a step that changes nothing is left out whole", () => {
  const [phase] = lower(stepsTo().ir, defaultSchedule).phases;
  const loop = phase!.func.body.find(s => s.kind === "for");
  assert.ok(loop?.kind === "for");
  const [inner, ...more] = loop.body.filter(s => s.kind !== "set");
  assert.equal(more.length, 0);
  assert.deepEqual(inner?.kind === "if" && inner.yes.map(s => s.kind), [
    "set",
    "set",
    "set",
    "set",
    "set",
    "store",
    "store",
  ]);
});

interface Form {
  readonly combine: Combine;
  /** where the axis that the value has and Y lacks comes from: nowhere, a whole axis, or the steps of a fold */
  readonly extra: "none" | "axis" | "steps";
  readonly column: "bare" | "gathered" | "shifted";
  readonly masked: boolean;
  readonly reduced: boolean;
}
const forms: fc.Arbitrary<Form> = fc.record({
  combine: fc.constantFrom("add" as const, "mul" as const, "min" as const, "max" as const, "last" as const),
  extra: fc.constantFrom("none" as const, "axis" as const, "steps" as const),
  column: fc.constantFrom("bare" as const, "gathered" as const, "shifted" as const),
  masked: fc.boolean(),
  reduced: fc.boolean(),
});

/** Y[I[n], column of c], joined with what X, W and perhaps a third axis give */
function joining(f: Form): TileKernel {
  const signature = { X: f32("N C"), W: f32("K"), I: i32("N"), J: i32("C"), Y: inPlace(f32("R C")) };
  return kernel(
    signature,
    ({ X, W, I, J, Y, N, C, K }) => {
      const body = (c: AnyTile): void => {
        const [n, r] = [N.all(), K.all("r")];
        const column = f.column === "bare" ? c : f.column === "gathered" ? J.at(c) : c.add(1).imod(C.size);
        const x: AnyTile = X.at(n, c);
        const y = f.reduced
          ? x.add(
              X.at(n, r.imod(C.size))
                .mul(W.at(r))
                .sum(r as never),
            )
          : x;
        const write = (w: AnyTile): void => {
          const value = f.combine === "mul" ? where(y.lt(w), literal("f32", 2), 0.5) : y.add(w);
          Y.at(I.at(n), column).accumulate(value as never, f.combine, f.masked ? { when: y.gt(w.neg()) } : {});
        };
        if (f.extra === "none") write(W.at(0));
        else if (f.extra === "axis") write(W.at(K.all()));
        else
          fold(K.steps(), [zeros("f32") as AnyTile] as const, (t, [s]) => {
            write(W.at(t).add(s!));
            return [s!.add(1)];
          });
      };
      if (f.column === "bare") grid(C.tile(), body);
      else body(C.all());
    },
    { name: "joining" },
  ) as unknown as TileKernel;
}

test("random joining writes give the interpreter's bits, whatever the schedule", () => {
  const size = fc.integer({ min: 0, max: 9 });
  const sizesOf = fc.record({ N: size, C: size, K: fc.integer({ min: 1, max: 5 }), R: fc.integer({ min: 1, max: 5 }) });
  fc.assert(
    fc.property(forms, sizesOf, fc.nat(1000), (form, sizes, seed) => {
      const recorded = joining(form);
      const k = recorded.ir;
      let state = seed + 1;
      const next = (lo: number, hi: number): number => {
        state = (state * 16807) % 2147483647;
        return lo + Math.floor((state / 2147483647) * (hi - lo + 1));
      };
      // quarters: sums of a few of them are exact, so that their order inside of a value does not count
      const quarters = (n: number) => Float32Array.from({ length: n }, () => next(-8, 8) / 4);
      const { N, C, K, R } = sizes;
      const data = {
        X: quarters(N * C),
        W: quarters(K),
        I: Int32Array.from({ length: N }, () => next(0, R - 1)),
        J: Int32Array.from({ length: C }, () => next(0, C - 1)),
        Y: quarters(R * C),
      };
      const dims = { X: [N, C], W: [K], I: [N], J: [C], Y: [R, C] };
      const copies = () =>
        Object.fromEntries(
          k.tensors.map(t => {
            const name = t.name as keyof typeof data;
            return [name, { dtype: t.dtype, dims: dims[name], data: data[name].slice() }] as const;
          }),
        );
      const args = copies();
      interpretKernel(k, args, { blockElements: 1 + (seed % 40) });
      assert.deepEqual(recorded.eager(copies()).Y!.data, args.Y!.data, `eagerly in\n${print(k)}`);
      for (const [name, scheduleOf] of schedules)
        assert.deepEqual(runOnce(k, scheduleOf(k), sizes, data).Y, args.Y!.data, `with ${name} in\n${print(k)}`);
    }),
    { numRuns: 60 },
  );
});

/** rows of a product, scattered: what a mixture of experts does with its results */
const scatteredProduct = (combine: Combine) =>
  kernel(
    { X: f32("M K"), W: f32("K N"), To: i32("M"), Y: inPlace(f32("R N")) },
    ({ X, W, To, Y, M, N, K }) =>
      grid(N.tile(), n => {
        const [m, k] = [M.all(), K.all()];
        Y.at(To.at(m), n).accumulate(dot(X.at(m, k), W.at(k, n), k), combine);
      }),
    { name: "scatteredProduct" },
  );
test("a scattered product has the register tile of a plain one, and is written in place", () => {
  const k = scatteredProduct("add").ir;
  const { stages, scratchBytes, sharedBytes } = lower(k, deriveSchedule(k, { dimHints: () => 64 }));
  assert.deepEqual(stages, ["Y: loops m by 6/2/1; lane n × 2"]);
  assert.deepEqual([scratchBytes.print(), sharedBytes.print()], ["0", "0"]);
});
test("writes that meet keep their order in register tiles and lanes, to the last bit", () => {
  const stage = (lane: string, vectors: number, rows: readonly number[]): Schedule => ({
    ...defaultSchedule,
    stage: { Y: { lane, vectors, rows: { m: rows } } },
  });
  const pins = [stage("n", 2, [6, 4, 2, 1]), stage("n", 1, [3, 1]), stage("m", 1, [1]), stage("none", 1, [5, 1])];
  for (const combine of ["add", "last", "max"] as const) {
    const k = scatteredProduct(combine).ir;
    for (const [M, N] of [
      [23, 19],
      [7, 8],
      [1, 3],
    ] as const) {
      const [K, R] = [3, 4];
      // sums near 10⁸ round at every addition, so that each order has bits of its own
      const data = {
        X: Float32Array.from({ length: M * K }, (_, i) => ((i * 7) % 5) - 1),
        W: Float32Array.from({ length: K * N }, (_, i) => ((i * 3) % 7) + 1),
        To: Int32Array.from({ length: M }, (_, i) => (i * i) % R),
        Y: new Float32Array(R * N).fill(1e8),
      };
      const dims = { X: [M, K], W: [K, N], To: [M], Y: [R, N] };
      const args = Object.fromEntries(
        k.tensors.map(t => {
          const name = t.name as keyof typeof data;
          return [name, { dtype: t.dtype, dims: dims[name], data: data[name].slice() }] as const;
        }),
      );
      interpretKernel(k, args);
      for (const schedule of [...pins, deriveSchedule(k)])
        assert.deepEqual(runOnce(k, schedule, { M, N, K, R }, data).Y, args.Y!.data, JSON.stringify(schedule.stage));
    }
  }
});
test("a gathered operand of a product is read from its source, whichever operand it is", () => {
  const gathered = kernel(
    { X: f32("T K"), Rows: i32("M"), W: f32("V N"), Ids: i32("K"), Y: f32("M N") },
    ({ X, Rows, W, Ids, Y, M, N, K }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const k = K.all();
        Y.at(m, n).set(dot(X.at(Rows.at(m), k), W.at(Ids.at(k), n), k));
      }),
  ).ir;
  const schedule = deriveSchedule(gathered, { dimHints: () => 64 });
  const { stages, scratchBytes, sharedBytes, phases } = lower(gathered, schedule);
  assert.deepEqual(stages, ["Y: loops m by 6/2/1; lane n × 2"]);
  assert.deepEqual([scratchBytes.print(), sharedBytes.print(), phases.length], ["0", "0", 1]);
});
