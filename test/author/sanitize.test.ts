// sanitize: true of a kernel's run and of a model: what results hide becomes an error, and what is right gives its result.
import assert from "node:assert/strict";
import { test } from "node:test";
import { f32, fold, grid, i32, kernel, zeros } from "../../src/author/index.js";
import { load, type Operator, Tensor } from "../../src/index.js";
import { attention } from "../../src/kernels/index.js";
import { nativeProblem } from "../../src/targets/c/native-problem.js";
import { elementType, node, onnxModel, value } from "../frontends/onnx-model.js";

const floats = (...data: number[]) => ({ dtype: "f32", dims: [data.length], data: Float32Array.from(data) }) as const;

const roots = kernel(
  { X: f32("N"), Y: f32("N") },
  ({ X, Y, N }) =>
    grid(N.tile(), n => {
      Y.at(n).set(X.at(n).sqrt().mul(2));
    }),
  { name: "roots" },
);
for (const target of ["wasm", "native"] as const)
  test(`a watched run on ${target} gives the result, or what is wrong with it`, async t => {
    const problem = target === "native" && (await nativeProblem());
    if (problem) return t.skip(problem);
    const options = { target, sanitize: true, threads: 1 };
    const X = floats(4, 9);
    assert.deepEqual([...(await roots.run({ X }, options)).Y.data], [4, 6]);
    await assert.rejects(roots.run({ X: floats(4, -1) }, options), {
      code: "sanitize",
      message:
        /^kernel "roots": not-finite: "Y" is NaN at element 1, of finite inputs: it begins with "sqrt0" \(sqrt\) \(.*sanitize\.test\.js:\d+\)$/,
    });
    // what is not finite already is the caller's
    await roots.run({ X: floats(4, Number.NaN) }, options);
    // without the option nothing is said
    await roots.run({ X: floats(-1) }, { target, threads: 1 });
    await assert.rejects(roots.run({ X, Y: X }, options), {
      code: "sanitize",
      message: /"Y", which is written, shares/,
    });
  });
test("several findings are one error, and a kernel that can't be run is not run", async () => {
  const k = kernel(
    { X: f32("N"), I: i32("N"), Y: f32("N"), Z: f32("") },
    ({ X, I, Y, Z, N }) =>
      grid(() => {
        const n = N.all();
        Y.at(n).set(X.at(I.at(n).mul(2_000_000_000)));
        const [most] = fold(N.tile("t"), [zeros("f32")], (t, [s]) => [s.maximum(X.at(t).abs().sum(t))]);
        Z.at().set(most);
      }),
    { name: "k" },
  );
  const X = floats(1, 2);
  const run = (...I: number[]) =>
    k.run({ X, I: { dtype: "i32", dims: [2], data: Int32Array.from(I) } }, { sanitize: true });
  await assert.rejects(run(0, 0), {
    code: "sanitize",
    message: /^kernel "k": fold-tile: "Z" hangs on [^;]*; the whole[^;]*$/,
  });
  await assert.rejects(run(0, 2), {
    code: "sanitize",
    message: /overflow: .*; kernel "k": bounds: "X" is read at -294967296/,
  });
});
test("an index outside: compiled code names the kernel and the remedy, which names the line", async () => {
  const k = kernel(
    { X: f32("M"), I: i32("N"), Y: f32("N") },
    ({ X, I, Y, N }) =>
      grid(N.tile(), n => {
        Y.at(n).set(X.at(I.at(n)));
      }),
    { name: "pick" },
  );
  const tensors = { X: floats(1, 2), I: { dtype: "i32", dims: [1], data: Int32Array.of(2) } } as const;
  await assert.rejects(k.run(tensors, { threads: 1 }), {
    code: "bounds",
    message: /^Kernel "pick" stopped at an index outside its tensor; .* or take { target: "interpreter" }, which names/,
  });
  const named = /"X" is read at 2 along dim 0, which has 2 indices; .* \(.*sanitize\.test\.js:\d+\)$/;
  await assert.rejects(k.run(tensors, { target: "interpreter" }), { code: "bounds", message: named });
  await assert.rejects(k.run(tensors, { sanitize: true }), { code: "sanitize", message: named });
});
test("attention is sound", async () => {
  const Q = {
    dtype: "f32",
    dims: [1, 2, 5, 4],
    data: Float32Array.from({ length: 40 }, (_, i) => Math.sin(i)),
  } as const;
  const Length = { dtype: "i32", dims: [1], data: Int32Array.of(4) } as const;
  const k = attention({ causal: true });
  await k.run({ Q, K: Q, V: Q, Length }, { sanitize: true });
  k.dispose();
});

const { f32: element } = elementType;
const bytes = onnxModel({
  domains: { "com.example": 1 },
  inputs: [value("x", element, ["n"])],
  outputs: [value("y", element)],
  nodes: [{ ...node("Root", ["x"], ["y"], [], "here"), domain: "com.example" }],
});
const root: Operator = {
  name: "Root",
  domain: "com.example",
  inputs: ["X"],
  outputs: ["Y"],
  shape: ({ dims }) => ({ Y: dims.X! }),
  at: ({ inputs }) => ({ Y: i => inputs.X!.at(i!).sqrt().mul(2) }),
};
test("a watched model tells the line of its operator, and works afterwards", async () => {
  const model = await load(bytes, { operators: [root], sanitize: true });
  const run = async (...data: number[]) => {
    const { y } = await model.run({ x: new Tensor("f32", Float32Array.from(data), [data.length]) });
    return [...(y!.data as Float32Array)];
  };
  assert.equal(model.report().target, "interpreter");
  assert.deepEqual(await run(4, 9), [4, 6]);
  await assert.rejects(run(1, -1), {
    code: "sanitize",
    message:
      /^kernel "Root": not-finite: "Y" is NaN at element 1, of finite inputs: it begins with .* \(sqrt\) \(.*sanitize\.test\.js:\d+\)$/,
  });
  assert.deepEqual(await run(1), [2]);
  model.dispose();
  await assert.rejects(load(bytes, { operators: [root], sanitize: true, target: "wasm" }), {
    code: "option",
    message: 'sanitize: true runs on the interpreter, and target is "wasm"; leave the target out',
  });
});
