// Sums that take an operation less for each register: short ones begin with what is added to them, squares and other products are added as they are
// made. Not where a part is needed by itself, or is the same in every turn.
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

const [M, N] = [3, 37];
/** sums of squares of what rows have beside a number of their own; `apart`: the squares are an output as well */
const deviations = (apart: boolean) =>
  kernel(
    { X: f32("M N"), a: f32("M"), b: f32("M"), Q: f32("M N"), S: f32("M") },
    ({ X, a, b, Q, S, M: rows, N: columns }) =>
      grid(rows.tile(), m => {
        const n = columns.all();
        const d = X.at(m, n).sub(a.at(m).mul(b.at(m)));
        const squares = d.mul(d);
        S.at(m).set(squares.sum(n));
        Q.at(m, n).set(apart ? squares : d);
      }),
    { name: "deviations" },
  ).ir;

for (const apart of [false, true])
  test(`squares ${apart ? "that are needed by themselves are multiplied, then added" : "are added as they are made"}; a product of two numbers of the row is made once`, () => {
    const ir = deviations(apart);
    const schedule = deriveSchedule(ir, { dimHints: s => (s.name === "M" ? M : N) });
    const made = compile(ir, schedule);
    const text = made.lowered.phases.map(p => printFunc(p.func)).join("\n");
    assert.equal(/acc\.\d+ = f32x4\.madd/.test(text), !apart);
    assert.match(text, /f32x4\.sub/);
    assert.doesNotMatch(text, /f32x4\.nmadd/);
    const random = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898 + n));
    const [X, a, b] = [random(M * N), random(M), Float32Array.of(2, -1, 0.5)];
    const instance = instantiate(made, ir, { M, N }, { X, a, b }, schedule);
    instance.run();
    instance.checkGuards();
    const S = instance.read("S");
    for (let m = 0; m < M; m++) {
      const row = [...X.subarray(m * N, (m + 1) * N)].map(x => x - a[m]! * b[m]!);
      const want = row.reduce((sum, d) => sum + d * d, 0);
      assert.ok(Math.abs(Number(S[m]) - want) < 1e-4, `S ${m}: ${S[m]}, not ${want}`);
    }
  });
