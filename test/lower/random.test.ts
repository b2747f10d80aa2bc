// Random kernels, compiled with the derived schedule and with none, against the interpreter.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { interpretKernel } from "../../src/ir/evaluate/kernel.js";
import { print } from "../../src/ir/print.js";
import { deriveSchedule } from "../../src/schedule/derive.js";
import { foldForms, programs, randomArguments, randomKernel } from "../kernels/random.js";
import { defaultSchedule, runOnce } from "./harness.js";

/** tails of vectors of 4 and 8, and several row pieces */
const size = fc.integer({ min: 1, max: 20 });
/** sums of up to 20 products of functions with errors of a few units in the last place */
const TOLERANCE = 1e-4;

for (const [name, scheduleOf] of [
  ["the derived schedule", deriveSchedule],
  ["the plain schedule", () => defaultSchedule],
] as const)
  test(`random kernels with ${name} give the interpreter's results`, () => {
    fc.assert(
      fc.property(
        programs,
        foldForms,
        fc.record({ M: size, N: size, K: size }),
        fc.nat(1000),
        (program, form, sizes, seed) => {
          const k = randomKernel(program, form).ir;
          const want = randomArguments(sizes, seed);
          const { X, W, I, B } = randomArguments(sizes, seed);
          interpretKernel(k, want);
          const got = runOnce(k, scheduleOf(k), sizes, { X: X.data, W: W.data, I: I.data, B: B.data });
          want.Y.data.forEach((w, i) => {
            const g = got.Y![i] as number;
            assert.ok(
              Object.is(g, w) || Math.abs(g - w) <= TOLERANCE * (1 + Math.abs(w)),
              `element ${i} is ${g} and should be ${w} in\n${print(k)}`,
            );
          });
          assert.deepEqual(got.Z, want.Z.data);
        },
      ),
      { numRuns: 40 },
    );
  });
