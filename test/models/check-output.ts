// Results held against what is kept of a reference output.
import assert from "node:assert/strict";
import type { OutputReference } from "./references.js";

/** `relative`: |got − want| ≤ relative · largest |want| */
export function checkOutput(have: OutputReference, want: OutputReference, name: string, relative: number): void {
  assert.deepEqual(have.dims, want.dims, `${name}: dims`);
  const allowed = relative * want.largest;
  want.sample.forEach((w, i) => {
    const difference = Math.abs(have.sample[i]! - w);
    assert.ok(
      difference <= allowed,
      `${name}: sample ${i} is ${have.sample[i]}, onnxruntime has ${w}; ${allowed} is allowed`,
    );
  });
  const count = want.dims.reduce((a, b) => a * b, 1);
  assert.ok(
    Math.abs(have.sum - want.sum) <= allowed * count,
    `${name}: sum is ${have.sum}, onnxruntime has ${want.sum}`,
  );
}
