// The interpreter on kernels of every dtype, against plain loops.
import assert from "node:assert/strict";
import { test } from "node:test";
import { interpretKernel } from "../../src/ir/evaluate/kernel.js";
import { verify } from "../../src/ir/verify.js";
import { arraysOf, difference, typedCases, valuesOf } from "../kernels/typed-cases.js";

for (const c of typedCases)
  test(c.name, () => {
    const kernel = c.kernel();
    verify(kernel);
    for (const blockElements of [1, 1 << 18]) {
      const args = arraysOf(c, kernel);
      interpretKernel(kernel, args, { blockElements });
      assert.equal(difference(c, valuesOf(args[c.output]!)), undefined);
    }
  });
