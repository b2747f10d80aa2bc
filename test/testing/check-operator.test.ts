// checkOperator(): passes where body and reference agree, and tells each run in which they don't.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CheckedOperator } from "../../src/testing/index.js";
import { checkOperator } from "../../src/testing/index.js";

const square: CheckedOperator = {
  operator: {
    name: "Square",
    domain: "com.example",
    inputs: ["X"],
    outputs: ["Y"],
    shape: ({ dims }) => ({ Y: dims.X! }),
    at: ({ inputs }) => ({
      Y: (...i) => {
        const x = inputs.X!.at(...i);
        return x.mul(x);
      },
    }),
  },
  reference: ({ X }) => ({ Y: { ...X!, data: Array.from(X!.data as ArrayLike<number>, x => x * x) } }),
  cases: () => [
    { name: "some", inputs: { X: { dtype: "f32", dims: [3, 5], data: Array.from({ length: 15 }, (_, i) => i) } } },
    { name: "none", inputs: { X: { dtype: "f32", dims: [0] } } },
  ],
};
const targets = ["wasm", "interpreter"] as const;

test("an operator that agrees with its reference passes, without a tolerance where results are exact", async () => {
  await checkOperator(square, { targets });
});

test("each run that departs is told: case, target, dims, output, element and both numbers", async () => {
  const wrong: CheckedOperator = {
    ...square,
    reference: ({ X }) => ({
      Y: { ...X!, data: Array.from(X!.data as ArrayLike<number>, x => (x === 4 ? 17 : x * x)) },
    }),
  };
  await assert.rejects(checkOperator(wrong, { targets: ["interpreter"] }), {
    code: "mismatch",
    message: [
      'Operator "Square" departs from its reference in 2 runs; correct the one that is wrong:',
      '  some, on interpreter, dims in numbers: output "Y": element 4 is 16, not 17',
      '  some, on interpreter, dims as symbols: output "Y": element 4 is 16, not 17',
    ].join("\n"),
  });
  await checkOperator({ ...wrong, tolerance: { relative: 2 ** 23 / 10, absolute: 0 } }, { targets: ["interpreter"] });
});

test("an error of the operator is a departure like others", async () => {
  const refusing = { ...square, operator: { ...square.operator, inputs: ["X", "B"] } };
  await assert.rejects(checkOperator(refusing, { targets: ["interpreter"] }), {
    code: "mismatch",
    message: /some, on interpreter, dims in numbers: Square "some": input B is missing; Square takes X, B: /,
  });
});

test("what can't be checked is refused", async () => {
  const message =
    "checkOperator() takes the exports of an operator's file: operator, reference and cases; export all three";
  await assert.rejects(checkOperator({ operator: square.operator } as CheckedOperator), { code: "option", message });
  await assert.rejects(checkOperator({ ...square, cases: () => [] }), {
    code: "option",
    message: 'operator "Square" has no cases; give at least one',
  });
});
