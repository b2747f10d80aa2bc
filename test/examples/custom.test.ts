// The examples that extend the compiler, run as a user would, and what they claim checked against plain arithmetic.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AzulejoError, load, Tensor } from "azulejo";
import { main as customOperator } from "../../examples/custom-operator/main.js";
import { swooshModel } from "../../examples/custom-operator/model.js";
import { swoosh } from "../../examples/custom-operator/swoosh.js";
import { main as customPass } from "../../examples/custom-pass/main.js";

const SIZE = 5;

/** The model by hand: 3×3 convolution with zero borders, Swoosh, shift by channel. */
function expected(image: Float32Array, slope: number, linear = 0.08): number[] {
  const out: number[] = [];
  for (let k = 0; k < 8; k++)
    for (let y = 0; y < SIZE; y++)
      for (let x = 0; x < SIZE; x++) {
        let sum = 0;
        for (let c = 0; c < 3; c++)
          for (let p = 0; p < 3; p++)
            for (let q = 0; q < 3; q++) {
              const [v, u] = [y + p - 1, x + q - 1];
              if (v < 0 || u < 0 || v >= SIZE || u >= SIZE) continue;
              sum += image[(c * SIZE + v) * SIZE + u]! * Math.fround(Math.sin(((k * 3 + c) * 3 + p) * 3 + q));
            }
        out.push(sum * (1 / (1 + Math.exp(-slope * sum)) - linear) + k / 10);
      }
  return out;
}
const image = Float32Array.from({ length: 3 * SIZE * SIZE }, (_, i) => Math.cos(i));

for (const target of ["wasm", "interpreter"] as const)
  test(`an unknown operator runs on ${target} once fifteen lines define it, fused with its neighbours`, async () => {
    const model = await load(swooshModel(1.5), { operators: [swoosh], target, threads: 1 });
    try {
      const { result } = await model.run({ image: new Tensor("f32", image, [1, 3, SIZE, SIZE]) });
      const want = expected(image, 1.5);
      assert.deepEqual(result!.dims, [1, 8, SIZE, SIZE]);
      want.forEach((w, i) =>
        assert.ok(Math.abs(Number(result!.data[i]) - w) < 1e-5 * (1 + Math.abs(w)), `element ${i}`),
      );
      assert.ok(model.report().kernels.some(k => k.nodes.join() === "convolution,activation,shifted"));
    } finally {
      model.dispose();
    }
  });

test("without it, the error names operator, node and remedy", async () => {
  await assert.rejects(load(swooshModel(1.5)), (e: unknown) => {
    assert.ok(e instanceof AzulejoError);
    assert.equal(e.code, "operator-unknown");
    assert.equal(
      e.message,
      'Swoosh "activation": there is no operator "Swoosh" in the domain "com.example"; pass one to load(model, { operators: [...] })',
    );
    return true;
  });
});

test("the custom operator example prints the error, the result and one kernel", async () => {
  const lines: string[] = [];
  await customOperator(line => lines.push(line));
  assert.match(lines[0]!, /^without the operator: \[operator-unknown\]/);
  assert.match(lines.at(-1)!, /convolution \+ activation \+ shifted$/);
});

test("the custom pass example removes, replaces and reorders passes, and edits a kernel as text", async () => {
  const lines: string[] = [];
  await customPass(line => lines.push(line));
  const passes = lines[0]!.replace("passes: ", "").split(", ");
  assert.equal(passes[0], "soften-swoosh");
  assert.ok(!passes.includes("fold-padding") && passes.includes("share-common (mine)"));
  assert.ok(passes.indexOf("simplify") < passes.indexOf("fold-constants"));
  assert.match(lines[1]!, /^kernel /);
  assert.match(
    lines.at(-1)!,
    /^result\[0\]: -?\d+\.\d+ as built, -?\d+\.\d+ with our pass, -?\d+\.\d+ with the edited kernel$/,
  );
});

test("an edited kernel computes what its text says", async () => {
  const model = await load(swooshModel(1.5), {
    operators: [swoosh],
    editKernels: text => text.replace("0.08", "0.5"),
    threads: 1,
  });
  try {
    const { result } = await model.run({ image: new Tensor("f32", image, [1, 3, SIZE, SIZE]) });
    expected(image, 1.5, 0.5).forEach((w, i) =>
      assert.ok(Math.abs(Number(result!.data[i]) - w) < 1e-5 * (1 + Math.abs(w)), `element ${i}`),
    );
  } finally {
    model.dispose();
  }
});

test("an edited kernel that lacks a tensor is refused", async () => {
  const withoutShift = (text: string): string => text.replace(/^ {2}input B.*\n/m, "");
  await assert.rejects(
    load(swooshModel(1.5), { operators: [swoosh], editKernels: withoutShift }),
    (e: unknown) => e instanceof AzulejoError && (e.code === "kernel" || e.code === "parse"),
  );
});
