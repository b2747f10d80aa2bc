// Intrinsics: the code of a target stands for the meaning, everywhere else the meaning is computed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { f32, grid, type IntrinsicCode, intrinsic, kernel } from "../../src/author/index.js";
import { type AzulejoError, compileKernel } from "../../src/index.js";
import { canonicalKey } from "../../src/ir/canonical.js";
import { parse } from "../../src/ir/parse.js";
import { print } from "../../src/ir/print.js";
import { leastLimits, lowerForGpu, separateMemories } from "../../src/lower/gpu/lower.js";
import { namingIntrinsics, RefusedCode } from "../../src/runtime/refused-code.js";
import { isInTurn } from "../rotation.js";
import { nativeProblem } from "../../src/targets/c/native-problem.js";
import { gpuState } from "../../src/targets/webgpu/target.js";
import { nullGpu } from "../webgpu/null-gpu.js";
import { clip6, withIntrinsics } from "../kernels/intrinsics.js";

const [M, N] = [3, 21];
const numbers = (n: number, f: (i: number) => number): number[] => Array.from({ length: n }, (_, i) => f(i));
const tensors = () => ({
  X: { dtype: "f32", dims: [M, N], data: Float32Array.from(numbers(M * N, i => Math.sin(i) * 9)) } as const,
  A: { dtype: "u32", dims: [M, N], data: Uint32Array.from(numbers(M * N, i => i * 0x9e3779b9)) } as const,
  I: { dtype: "i32", dims: [N], data: Int32Array.from(numbers(N, i => (i * 7) % N)) } as const,
  D: { dtype: "f64", dims: [M], data: Float64Array.from([1, -3.25, 1e300]) } as const,
});
const outputs = ["Y", "Z", "B", "E"] as const;

for (const target of ["interpreter", "wasm", "native"] as const)
  test(`intrinsics on ${target} give their meaning`, async t => {
    const problem = target === "native" && (await nativeProblem());
    if (problem) return t.skip(problem);
    const k = withIntrinsics();
    const want = k.eager(tensors());
    const schedules = [{}, { stage: { Y: { lane: "none" }, B: { lane: "none" } } }, { parts: { t: 3 } }];
    // a C compiler takes more time than all else
    for (const schedule of schedules.filter((_, i) => target !== "native" || isInTurn(i, schedules.length))) {
      const pinned = k.with(schedule);
      const got = await pinned.run(tensors(), { target, threads: 1 });
      for (const name of outputs)
        numbers(want[name].data.length, i => {
          const [x, y] = [Number(got[name].data[i]), Number(want[name].data[i])];
          assert.ok(Math.abs(x - y) <= 2e-6 * Math.abs(y), `${name} at ${i} is ${x}, not ${y}`);
          return 0;
        });
      pinned.dispose();
    }
  });
const narrow = kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) =>
  grid(N.tile(), n => {
    Y.at(n).set(clip6({ x: X.at(n) }));
  }),
);
test("intrinsics on webgpu give their meaning", async t => {
  const { problem } = await gpuState();
  if (problem) return t.skip(problem);
  const X = { dtype: "f32", dims: [5], data: Float32Array.of(-1, 0.5, 7, 6, 1e30) } as const;
  const { Y } = await narrow.run({ X }, { target: "webgpu" });
  assert.deepEqual([...Y.data], [0, 0.5, 6, 6, 6]);
});

test("a target's code is in what it compiles, and the meaning is not", async t => {
  const { loops } = await narrow.explain({ dims: { N: 64 }, target: "wasm" });
  assert.match(
    lowerForGpu(narrow.ir, separateMemories(narrow.ir), leastLimits).dispatches[0]!.code,
    /clamp\(\(\w+\), 0\.0, 6\.0\)/,
  );
  assert.match(loops, /f32x4\.min\(f32x4\.max\(/);
  assert.doesNotMatch(loops, /f32x4\.pmin|bitselect/);
  const problem = await nativeProblem();
  if (problem) return t.diagnostic(problem);
  const { code } = await narrow.explain({ dims: { N: 64 }, target: "native" });
  assert.match(code, /f32_min\(f32_max\(\(\(f32\)\w+\), 0\.0f\), 6\.0f\)/);
});

test("intrinsics as text, with their code", () => {
  const text = print(narrow.ir);
  assert.match(text, /^ {2}intrinsic clip6\(x\) wasm ".*" c "f32_min\(.*\)" wgsl "clamp\(\{x\}, 0\.0, 6\.0\)"$/m);
  assert.match(text, /clip60 = clip6\(load0\) means min0/);
  for (const k of [narrow.ir, withIntrinsics().ir]) {
    assert.equal(print(parse(print(k))), print(k));
    assert.equal(canonicalKey(parse(print(k))), canonicalKey(k));
  }
  const other = parse(print(narrow.ir).replace("6.0f", "7.0f"));
  assert.notEqual(canonicalKey(other), canonicalKey(narrow.ir), "kernels with other code share nothing");
});

test("an eager run computes the meaning, in which breakpoints stop", () => {
  let seen: unknown;
  const twice = intrinsic(
    { x: "f32" },
    ({ x }) => {
      seen = x.peek()?.data[0];
      return x.add(x);
    },
    { name: "twice", c: "2.0f * {x}" },
  );
  const k = kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) =>
    grid(N.tile(), n => {
      Y.at(n).set(twice({ x: X.at(n) }));
    }),
  );
  const { Y } = k.eager({ X: { dtype: "f32", dims: [1], data: Float32Array.of(4) } });
  assert.deepEqual([seen, Y.data[0]], [4, 8]);
});

test("what is wrong with an intrinsic is said where it is used", async () => {
  const using = (f: typeof clip6) =>
    kernel(
      { X: f32("N"), Y: f32("N") },
      ({ X, Y, N }) =>
        grid(N.tile(), n => {
          Y.at(n).set(f({ x: X.at(n) }).cast("f32"));
        }),
      { name: "k" },
    );
  const message = (text: string) => (e: Error) => e.message.startsWith(`kernel "k": ${text}`) || assert.fail(e.message);
  assert.throws(
    () => using(intrinsic({ x: "f32" }, ({ x }) => x.neg(), { name: "f", c: "-{y}" })),
    message("the C of f names in braces what is none of its parameters; use x ("),
  );
  assert.throws(
    () => using(intrinsic({ x: "f32" }, ({ x }) => x.cast("f16").cast("f32").cast("bool") as never, { name: "f" })),
    message('"f0": an intrinsic takes and gives f32, f64, i32, u32, i64, u64, not bool; cast it ('),
  );
  assert.throws(
    () => using(clip6.bind(undefined, { x: { dtype: "i32" } } as never) as never),
    message('operand "x" of clip6 is i32; it must be a tile of f32 ('),
  );
  const run = (f: typeof clip6) => using(f).run({ X: { dtype: "f32", dims: [1], data: new Float32Array(1) } });
  const wasm = (code: never) => intrinsic({ x: "f32" }, ({ x }) => x.neg(), { name: "f", wasm: { vector: code } });
  await assert.rejects(
    run(wasm(["f32x4.negate", "x"] as never)),
    message(
      'the WebAssembly of intrinsic "f": "f32x4.negate" is no instruction that the compiler has a word for; give it as bytes',
    ),
  );
  await assert.rejects(
    run(wasm(["f32x4.add", "x"] as never)),
    message('the WebAssembly of intrinsic "f": f32x4.add takes 2 operands, not 1'),
  );
  await assert.rejects(
    run(wasm("y" as never)),
    message('the WebAssembly of intrinsic "f": "y" is none of its parameters; use x'),
  );
});

/** kept for as long as its devices: Dawn ends the process where it is collected before them */
const gpu = nullGpu();

/** code that only who compiles it can refuse */
const refusedCode: readonly (readonly ["wasm" | "native" | "webgpu", IntrinsicCode, RegExp])[] = [
  [
    "wasm",
    { wasm: { vector: { bytes: [0xfd, 0xb8, 1], of: ["x"], gives: "v128" } } },
    /not enough arguments on the stack/,
  ],
  ["native", { c: "({x} * " }, /failed on generated code: .*error: expected expression/],
  ["native", { c: "no_such_function({x})" }, /no_such_function/],
  ["webgpu", { wgsl: "no_such_function({x})" }, /no_such_function/],
];
for (const [target, code, words] of refusedCode)
  test(`${JSON.stringify(code)} is refused with the words of who compiles it, and the line of the intrinsic`, async t => {
    const adapter = target === "webgpu" ? await gpu?.requestAdapter() : undefined;
    const gpuDevice = await adapter?.requestDevice({ requiredLimits: {}, requiredFeatures: [] });
    const problem =
      target === "native"
        ? await nativeProblem()
        : target === "webgpu" && !gpuDevice && "the package webgpu is not installed";
    if (problem) return t.skip(problem);
    const twice = intrinsic({ x: "f32" }, ({ x }) => x.mul(2), { name: "twice", ...code });
    const k = kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) =>
      grid(N.tile(), n => {
        Y.at(n).set(twice({ x: X.at(n) }));
      }),
    );
    await assert.rejects(
      compileKernel(k, { target, threads: 1, ...(gpuDevice ? { gpuDevice } : {}) } as object),
      error => {
        const { code, message } = error as AzulejoError;
        assert.match(
          message,
          /^Correct the code of intrinsic "twice" \(.*intrinsics\.test\.js:\d+\), which is in what was refused: /,
        );
        assert.match(message, words);
        return code === "kernel";
      },
    );
  });
test("code without intrinsics is refused as a bug", () => {
  const plain = kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) => grid(N.tile(), n => Y.at(n).set(X.at(n))));
  const error = new RefusedCode("The engine refuses it");
  assert.equal(error.message, "The engine refuses it; this is a bug in Azulejo, please report it");
  assert.equal(namingIntrinsics(error, [plain.ir], "c"), error);
  assert.equal((namingIntrinsics(error, [plain.ir, narrow.ir], "c") as AzulejoError).code, "kernel");
});
