// Random programs for single elements, compiled, against the interpreter to the last bit: states of several dtypes, loops in loops, conditions
// of single elements and of all, gathers, inner sums, more than one result. Numbers stay whole and small, so that no order of sums shows.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { newArray } from "../../src/ir/arrays.js";
import { interpretKernel } from "../../src/ir/evaluate/kernel.js";
import { print } from "../../src/ir/print.js";
import type { Kernel } from "../../src/ir/tile.js";
import { deriveSchedule } from "../../src/schedule/derive.js";
import type { Schedule } from "../../src/schedule/schedule.js";
import type { AnyTile } from "../../src/tile/index.js";
import { cells, f32, fold, grid, i32, literal, tensor } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import type { Data } from "./harness.js";
import { defaultSchedule, runOnce } from "./harness.js";

const dtypes = ["f32", "i32", "i64", "f64", "i8", "bool"] as const;
type StateDtype = (typeof dtypes)[number];
const words = ["state", "step", "row", "column", "read", "gather", "sum"] as const;

interface Term {
  readonly word: (typeof words)[number];
  readonly slot: number;
  readonly op: "add" | "sub" | "maximum" | "minimum";
}
interface Program {
  readonly states: readonly StateDtype[];
  readonly terms: readonly Term[];
  readonly when: "never" | "each" | "all";
  readonly limit: number;
  readonly inner: boolean;
  readonly columns: "grid" | "all";
}
const term: fc.Arbitrary<Term> = fc.record({
  word: fc.constantFrom(...words),
  slot: fc.nat(2),
  op: fc.constantFrom("add", "sub", "maximum", "minimum"),
});
const program: fc.Arbitrary<Program> = fc.record({
  states: fc.array(fc.constantFrom(...dtypes), { minLength: 1, maxLength: 3 }),
  terms: fc.array(term, { minLength: 3, maxLength: 3 }),
  when: fc.constantFrom("never", "each", "all"),
  limit: fc.integer({ min: -3, max: 9 }),
  inner: fc.boolean(),
  columns: fc.constantFrom("grid", "all"),
});

const wrapped = (x: AnyTile): AnyTile => x.cast("i32").and(15);

function kernelOf(p: Program): Kernel {
  const outputs = Object.fromEntries(p.states.map((dtype, i) => [`Y${i}`, tensor(dtype, "R C")]));
  // biome-ignore lint/suspicious/noExplicitAny: the dtypes are drawn
  const body = (env: any): void => {
    const { X, Z, R, C, S, K } = env;
    const program = (r: AnyTile, c: AnyTile): AnyTile[] => {
      const loop = (start: readonly AnyTile[], deep: boolean): readonly AnyTile[] =>
        fold(
          S.steps(),
          start,
          (step, states) => {
            const k = K.all();
            const operand = ({ word, slot }: Term): AnyTile => {
              const state = wrapped(states[slot % states.length]!);
              if (word === "state") return state;
              if (word === "step") return step;
              if (word === "row") return r;
              if (word === "column") return c;
              if (word === "read") return X.at(r, c);
              // sixteen elements, and an index of four bits
              return word === "gather" ? Z.at(state) : Z.at(k).add(state.cast("f32")).sum(k);
            };
            const next = states.map((s, i): AnyTile => {
              const t = p.terms[i]!;
              return wrapped(wrapped(s)[t.op](operand(t).cast("i32") as never)).cast(p.states[i]!);
            });
            return (deep ? loop(next, false) : next) as never;
          },
          p.when === "never"
            ? {}
            : { when: ([s]) => (p.when === "each" ? wrapped(s!) : X.at(0, 0).cast("i32")).lt(p.limit) as never },
        ) as readonly AnyTile[];
      return [
        ...loop(
          p.states.map(d => literal(d, d === "bool" ? false : d === "i64" ? 1n : 1)),
          p.inner,
        ),
      ];
    };
    const store = (r: AnyTile, c: AnyTile): void => {
      const results = cells(r, c, program as never) as unknown as readonly AnyTile[];
      results.forEach((y, i) => env[`Y${i}`].at(r, c).set(y));
    };
    if (p.columns === "grid") grid(R.tile(), C.tile(), store);
    else grid(R.tile(), (r: AnyTile) => store(r, C.all()));
  };
  const signature = { X: f32("R C"), Z: f32("K"), Steps: i32("S"), ...outputs };
  return kernel(signature, body as never, { name: "cells" }).ir;
}

const schedules: readonly ((k: Kernel) => Schedule)[] = [
  k => deriveSchedule(k),
  () => defaultSchedule,
  k => ({ ...deriveSchedule(k), block: Object.fromEntries(k.grid.map(a => [a.name, 3])) }),
  k => ({ ...defaultSchedule, stage: { Y0: { lane: k.grid.at(-1)!.name, vectors: 2, rows: { r: [2] } } } }),
];

const runs = process.env.AZULEJO_SWEEP === "all" ? 1500 : 120;
test("random cells give the interpreter's results", () => {
  fc.assert(
    fc.property(program, fc.constantFrom(1, 3, 4, 9, 19), fc.constantFrom(0, 1, 4), fc.nat(3), (p, C, S, which) => {
      const dims: Record<string, number> = { R: 3, C, S, K: 16 };
      const k = kernelOf(p);
      const data = Object.fromEntries(
        k.tensors.map((t): [string, Data] => {
          const size = t.dims.reduce((n, d) => n * d.evaluate(s => dims[s.name]!), 1);
          const array = newArray(t.dtype, size) as Data;
          if (t.dtype === "f32") (array as Float32Array).forEach((_, i) => ((array as Float32Array)[i] = (i * 7) % 16));
          return [t.name, array];
        }),
      );
      const args = Object.fromEntries(
        k.tensors.map(t => [
          t.name,
          {
            dtype: t.dtype,
            dims: t.dims.map(d => d.evaluate(s => dims[s.name]!)),
            data: data[t.name]!.slice() as never,
          },
        ]),
      );
      interpretKernel(k, args);
      const got = runOnce(k, schedules[which]!(k), dims, data);
      for (const t of k.tensors)
        if (t.role === "output")
          assert.deepEqual([...got[t.name]!], [...args[t.name]!.data], `${t.name} of\n${print(k)}`);
    }),
    { numRuns: runs, includeErrorInReport: true },
  );
});
