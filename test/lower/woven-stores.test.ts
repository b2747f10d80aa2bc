// What is written between the lanes of its neighbours (channels shuffled between groups, parts of complex numbers): vectors woven into whole ones, and the ends
// of rows, in wasm and in native code of every width, exact.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Poly } from "../../src/ir/poly.js";
import { printFunc } from "../../src/lower/cpu/loop-print.js";
import { deriveSchedule } from "../../src/schedule/derive.js";
import type { Schedule } from "../../src/schedule/schedule.js";
import { dimOf, f32, grid } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import { eachWidth } from "../native/each-width.js";
import { scheduledKernels } from "../native/scheduled-kernels.js";
import type { Runnable } from "./harness.js";
import { compile, instantiate } from "./harness.js";

const R = 3;
/** groups that are woven, and one that is not; rows of whole vectors, with an end, and too short for one */
const cases = [2, 3, 4].flatMap(G => [64, 37, 3].map(N => ({ G, N, ir: interleaved(G) })));
function interleaved(G: number) {
  return kernel(
    { X: f32(`R ${G} N`), Y: f32(`R N ${G}`) },
    ({ X, Y, R: rows, N }) =>
      grid(rows.tile(), N.tile(), dimOf("g", Poly.int(G)).tile(), (r, n, g) =>
        Y.at(r, n, g).set(X.at(r, g, n) as never),
      ),
    { name: `interleaved_${G}` },
  ).ir;
}

type Case = (typeof cases)[number];
const hints =
  ({ N }: Case) =>
  (s: { readonly name: string }): number =>
    s.name === "N" ? N : R;

function check(made: Runnable, { G, N, ir }: Case, schedule: Schedule): void {
  const X = Float32Array.from({ length: R * G * N }, (_, i) => i + 1);
  const instance = instantiate(made, ir, { R, N }, { X }, schedule);
  instance.run();
  instance.checkGuards();
  const want = Float32Array.from(X, (_, i) => {
    const [r, n, g] = [Math.floor(i / (N * G)), Math.floor(i / G) % N, i % G];
    return X[(r * G + g) * N + n]!;
  });
  assert.deepEqual([...instance.read("Y")], [...want], `${G} × ${N}`);
}

test("interleaved rows are exact in WebAssembly", () => {
  for (const c of cases) {
    const schedule = deriveSchedule(c.ir, { dimHints: hints(c) });
    check(compile(c.ir, schedule), c, schedule);
  }
});

eachWidth(
  how => `interleaved rows in native code with ${how} are exact`,
  async compiler => {
    const sized = cases.map(c => ({ ...c, hints: hints(c) }));
    for (const made of await scheduledKernels(sized, compiler)) {
      if (made.N === 64 && compiler.lanes > 4)
        assert.equal(
          made.lowered.phases.some(p => /shuffle/.test(printFunc(p.func))),
          made.G !== 3,
          `${made.G} groups`,
        );
      check(made, made, made.schedule);
    }
  },
);
