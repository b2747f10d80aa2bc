// The interpreter against naive loops on the kernels of the first stage, whatever the size of folds' and grid's blocks.
import assert from "node:assert/strict";
import { test } from "node:test";
import { interpretKernel } from "../../src/ir/evaluate/kernel.js";
import { argumentsFor, cases } from "../kernels/cases.js";

/** f32 outputs of float64 arithmetic: one rounding of the result, and exp2 against exp in attention */
const TOLERANCE = 2e-7;

for (const c of cases)
  for (const sizes of c.sizes)
    for (const foldTile of [1, 3, undefined])
      for (const blockElements of [1, 100, 1 << 18])
        test(`${c.name} ${JSON.stringify(sizes)} fold tile ${foldTile ?? "all"} blocks of ${blockElements}`, () => {
          const kernel = c.kernel();
          const args = argumentsFor(kernel, sizes);
          interpretKernel(kernel, args, { blockElements, ...(foldTile ? { foldTile } : {}) });
          const want = c.want(Object.fromEntries(Object.entries(args).map(([name, a]) => [name, a.data])), sizes);
          const got = args[c.output]!.data;
          assert.equal(got.length, want.length);
          got.forEach((x, i) => {
            assert.ok(
              Math.abs(x - want[i]!) <= TOLERANCE * (1 + Math.abs(want[i]!)),
              `element ${i}: got ${x}, want ${want[i]}`,
            );
          });
        });
