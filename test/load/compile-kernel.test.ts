// compileKernel(): kernels of the language on their own, on both targets.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compileKernel, Tensor } from "../../src/index.js";
import { constant, dot, f32, grid, inPlace } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import { argumentsFor, cases } from "../kernels/cases.js";

const targets = ["interpreter", "wasm"] as const;
/** f32 sums in other orders, and functions with errors of a few units in the last place */
const TOLERANCE = 2e-5;

for (const target of targets)
  for (const name of ["linear", "conv stride 2 pad 1", "softmax", "causal attention", "lstm"])
    test(`${name} on ${target}`, async () => {
      const c = cases.find(x => x.name === name)!;
      const k = c.kernel();
      const sizes = c.sizes[0]!;
      const beside = k.dims.filter(d => d.name === "U" || d.name === "V");
      const dims = Object.fromEntries(beside.map(d => [d.name, sizes[d.name]!]));
      const model = await compileKernel(k, { target, threads: 1, dims });
      try {
        const { [c.output]: _, ...inputs } = argumentsFor(k, sizes);
        const out = await model.run(inputs);
        const want = c.want(Object.fromEntries(Object.entries(inputs).map(([n, a]) => [n, a.data])), sizes);
        want.forEach((w, i) => {
          const got = Number(out[c.output]!.data[i]);
          assert.ok(Math.abs(got - w) <= TOLERANCE * (1 + Math.abs(w)), `element ${i}: got ${got}, want ${w}`);
        });
      } finally {
        model.dispose();
      }
    });

const f32Tensor = (dims: number[], ...data: number[]): Tensor => new Tensor("f32", Float32Array.from(data), dims);
const withWeights = kernel(
  { X: f32("M K"), W: constant(f32("K N")), Y: f32("M N") },
  ({ X, W, Y, M, N, K }) =>
    grid(M.tile(), N.tile(), (m, n) => {
      const k = K.all();
      Y.at(m, n).set(dot(X.at(m, k), W.at(k, n), k));
    }),
  { name: "weights" },
);
for (const target of targets) {
  test(`weights are handed in once, on ${target}`, async () => {
    const W = f32Tensor([2, 3], 1, 2, 3, 4, 5, 6);
    const model = await compileKernel(withWeights, { target, threads: 1, constants: { W } });
    assert.deepEqual(model.inputs, [{ name: "X", dtype: "f32", dims: ["M", 2] }]);
    const { Y } = await model.run({ X: f32Tensor([1, 2], 10, 1) });
    assert.deepEqual([...(Y!.data as Float32Array)], [14, 25, 36]);
    model.dispose();
  });
  test(`what changes in place is an input and an output, on ${target}`, async () => {
    const k = kernel({ X: inPlace(f32("N")) }, ({ X }) => X.at(1).set(9), { name: "second" });
    const model = await compileKernel(k, { target, threads: 1 });
    const X = f32Tensor([3], 1, 2, 3);
    const out = await model.run({ X });
    assert.deepEqual([...(out.X!.data as Float32Array)], [1, 9, 3]);
    assert.deepEqual([...(X.data as Float32Array)], [1, 2, 3]);
    await assert.rejects(
      model.run({ X: f32Tensor([1], 1) }),
      /"X" is written along dim 0 up to 1, which must be below its size/,
    );
    model.dispose();
  });
}
test("what is missing is said before anything is compiled", async () => {
  await assert.rejects(compileKernel(withWeights), {
    code: "input",
    message: 'kernel "weights": constant "W" is missing; hand it in with constants: { W: … }',
  });
  await assert.rejects(compileKernel(cases.find(c => c.name === "conv stride 2 pad 1")!.kernel()), {
    code: "kernel",
    message: 'kernel "conv": the size U does not follow from the inputs; fix it with dims: { U: … }',
  });
});

for (const threads of [1, 2])
  test(`a profile waits for the runs before it, and runs after it wait for the profile: ${threads} threads`, async () => {
    const model = await compileKernel(withWeights, { constants: { W: f32Tensor([2, 1], 3, 4) }, threads });
    try {
      const inputs = [1, 2, 3, 4].map(x => ({ X: f32Tensor([1, 2], x, 2) }));
      const [a, b, c, d] = await Promise.all([
        model.run(inputs[0]!),
        model.profile(inputs[1]!),
        model.run(inputs[2]!),
        model.profile(inputs[3]!, { passes: 2 }),
      ]);
      const sums = [a, b.outputs, c, d.outputs].map(outputs => [...outputs.Y!.data]);
      assert.deepEqual(sums, [[11], [14], [17], [20]]);
      const signal = AbortSignal.abort("enough");
      await assert.rejects(model.profile(inputs[0]!, { signal }), { code: "aborted", cause: "enough" });
    } finally {
      model.dispose();
    }
  });

test("a profile on wasm gives the outputs of a run, with as many steps", async () => {
  const model = await compileKernel(withWeights, { constants: { W: f32Tensor([2, 1], 3, 4) }, threads: 1 });
  try {
    const inputs = { X: f32Tensor([1, 2], 1, 2) };
    const { outputs, timeline } = await model.profile(inputs, { passes: 2 });
    assert.deepEqual(outputs.Y!.data, (await model.run(inputs)).Y!.data);
    assert.equal(timeline.length, 1);
  } finally {
    model.dispose();
  }
});
