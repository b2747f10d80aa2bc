// A short sum begins with what is added to it, which is an operation less for each register; one that is needed by itself, or is long, does not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { printFunc } from "../../src/lower/cpu/loop-print.js";
import { deriveSchedule } from "../../src/schedule/derive.js";
import { dot, f32, grid } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import { compile, instantiate } from "./harness.js";

const [R, C] = [5, 19];
/** P rows of a window, weighed and added up; `apart`: the sum is an output of its own as well */
const windows = (P: number, apart: boolean) =>
  kernel(
    { X: f32("T C"), F: f32("P C"), B: f32("R C"), S: f32("R C"), Y: f32("R C") },
    ({ X, F, B, S, Y, R: rows, C: channels, P: taps }) =>
      grid(rows.tile(), channels.tile(), (r, c) => {
        const p = taps.all();
        const sum = dot(X.at(r.add(p), c), F.at(p, c), p);
        Y.at(r, c).set(sum.add(B.at(r, c)));
        S.at(r, c).set(apart ? sum : B.at(r, c));
      }),
    { name: "windows", statics: { P } },
  ).ir;

/** is anything added behind the loops of the sum? */
const isAdded = (text: string): boolean => /f32x4\.add/.test(text);

for (const [P, apart, added] of [
  [3, false, false],
  [64, false, false],
  [3, true, true],
  [65, false, true],
] as const)
  test(`a sum of ${P} terms${apart ? ", needed by itself too," : ""} ${added ? "is added to" : "begins with"} the other operand`, () => {
    const ir = windows(P, apart);
    const dims = { R, C, T: R + P - 1 };
    const schedule = deriveSchedule(ir, { dimHints: s => dims[s.name as keyof typeof dims] });
    const made = compile(ir, schedule);
    assert.equal(
      made.lowered.phases.some(p => isAdded(printFunc(p.func))),
      added,
    );
    const random = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898 + n));
    const [X, F, B] = [random(dims.T * C), random(P * C), random(R * C)];
    const instance = instantiate(made, ir, dims, { X, F, B }, schedule);
    instance.run();
    instance.checkGuards();
    const [Y, S] = [instance.read("Y"), instance.read("S")];
    for (let i = 0; i < R * C; i++) {
      const [r, c] = [Math.floor(i / C), i % C];
      let sum = 0;
      for (let p = 0; p < P; p++) sum += X[(r + p) * C + c]! * F[p * C + c]!;
      assert.ok(Math.abs(Number(Y[i]) - (sum + B[i]!)) < 1e-5, `Y ${i}: ${Y[i]}, not ${sum + B[i]!}`);
      assert.ok(Math.abs(Number(S[i]) - (apart ? sum : B[i]!)) < 1e-5, `S ${i}: ${S[i]}`);
    }
  });
