// Tensors that a kernel reads and writes: all values of a block are there before one of them is written, on every target, whatever else
// reads what is overwritten. Judged by loops in float64.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dot, f32, fold, grid, inPlace, kernel } from "../../src/author/index.js";
import { AzulejoError } from "../../src/support/errors.js";
import { nativeProblem } from "../../src/targets/c/native-problem.js";
import { gpuState } from "../../src/targets/webgpu/target.js";
import type { TensorArgument } from "../../src/tile/index.js";

const [M, N, K, T] = [13, 70, 9, 5];
const filled = (seed: number, ...dims: number[]): TensorArgument & { data: Float32Array } => ({
  dtype: "f32",
  dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(seed + i * 1.7)),
});
const X = filled(1, M, N);
const A = filled(2, M, K);
const B = filled(3, K, N);
const rows = filled(4, M);
const H = filled(5, T, N);
const table = (m: number, n: number, f: (i: number, j: number) => number): number[] =>
  Array.from({ length: m * n }, (_, at) => f(Math.floor(at / n), at % n));
const sum = (n: number, f: (i: number) => number): number =>
  Array.from({ length: n }, (_, i) => f(i)).reduce((a, b) => a + b, 0);
const product = (i: number, j: number): number => sum(K, k => A.data[i * K + k]! * B.data[k * N + j]!);

interface Case {
  readonly kernel: { run(t: Record<string, TensorArgument>, o: object): Promise<Record<string, TensorArgument>> };
  readonly tensors: Readonly<Record<string, TensorArgument>>;
  readonly want: Readonly<Record<string, readonly number[]>>;
  /** on a GPU invocations write whole rows as they go, and it says so */
  readonly refusedByGpu?: true;
}
const cases: Readonly<Record<string, () => Case>> = {
  "the softmax of a row over the row": () => ({
    kernel: kernel({ X: inPlace(f32("M N")) }, ({ X, M, N }) =>
      grid(M.tile(), m => {
        const n = N.all();
        const e = X.at(m, n).sub(X.at(m, n).max(n)).exp();
        X.at(m, n).set(e.div(e.sum(n)));
      }),
    ) as never,
    tensors: { X },
    want: {
      X: table(M, N, (i, j) => Math.exp(X.data[i * N + j]!) / sum(N, n => Math.exp(X.data[i * N + n]!))),
    },
  }),
  "a step of an optimiser, which reads its moments again": () => ({
    kernel: kernel({ G: f32("M N"), V: inPlace(f32("M N")), W: inPlace(f32("M N")) }, ({ G, V, W, M, N }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        V.at(m, n).set(V.at(m, n).mul(0.5).add(G.at(m, n)));
        W.at(m, n).set(W.at(m, n).sub(V.at(m, n).mul(0.25)));
      }),
    ) as never,
    tensors: { G: filled(6, M, N), V: X, W: filled(7, M, N) },
    want: { W: table(M, N, (i, j) => filled(7, M, N).data[i * N + j]! - 0.25 * X.data[i * N + j]!) },
  }),
  "what the epilogue of a product reads": () => ({
    kernel: kernel({ A: f32("M K"), B: f32("K N"), X: inPlace(f32("M N")), Z: f32("M N") }, ({ A, B, X, Z, M, N, K }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const k = K.all();
        X.at(m, n).set(X.at(m, n).mul(0.5));
        Z.at(m, n).set(dot(A.at(m, k), B.at(k, n), k).add(X.at(m, n)));
      }),
    ) as never,
    tensors: { A, B, X },
    want: {
      X: [...X.data].map(x => x / 2),
      Z: table(M, N, (i, j) => product(i, j) + X.data[i * N + j]!),
    },
  }),
  "a number for each row, which a product adds": () => ({
    kernel: kernel({ A: f32("M K"), B: f32("K N"), R: inPlace(f32("M")), Z: f32("M N") }, ({ A, B, R, Z, M, N, K }) =>
      grid(M.tile(), m => {
        const [k, n] = [K.all(), N.all()];
        R.at(m).set(R.at(m).mul(0.5));
        Z.at(m, n).set(dot(A.at(m, k), B.at(k, n), k).add(R.at(m)));
      }),
    ) as never,
    tensors: { A, B, R: rows },
    want: { R: [...rows.data].map(x => x / 2), Z: table(M, N, (i, j) => product(i, j) + rows.data[i]!) },
    refusedByGpu: true,
  }),
  "rows that are scaled, and their sums": () => ({
    kernel: kernel({ X: inPlace(f32("M N")), S: f32("M") }, ({ X, S, M, N }) =>
      grid(M.tile(), m => {
        const n = N.all();
        X.at(m, n).set(X.at(m, n).mul(2));
        S.at(m).set(X.at(m, n).sum(n));
      }),
    ) as never,
    tensors: { X },
    want: { X: [...X.data].map(x => 2 * x), S: table(M, 1, i => sum(N, n => X.data[i * N + n]!)) },
    refusedByGpu: true,
  }),
  "a recurrence through memory": () => {
    const want = [...H.data];
    for (let t = 1; t < T; t++) for (let n = 0; n < N; n++) want[t * N + n]! += 0.5 * want[(t - 1) * N + n]!;
    return {
      kernel: kernel({ H: inPlace(f32("T N")) }, ({ H, T, N }) => {
        const n = N.all();
        fold(T.steps(), [], t => {
          H.at(t, n).set(H.at(t, n).add(H.at(t.sub(1), n).mul(0.5)));
          return [];
        });
      }) as never,
      tensors: { H },
      want: { H: want },
    };
  },
};
function close(got: TensorArgument, want: readonly number[]): void {
  assert.equal(got.data.length, want.length);
  for (const [i, w] of want.entries())
    assert.ok(Math.abs(Number(got.data[i]) - w) <= 4e-6 * (1 + Math.abs(w)), `${i}: ${got.data[i]}, ${w}`);
}

for (const target of ["interpreter", "wasm", "native", "webgpu"] as const)
  for (const [name, make] of Object.entries(cases))
    test(`${target}: ${name}`, async t => {
      const problem =
        target === "native" ? await nativeProblem() : target === "webgpu" ? (await gpuState()).problem : undefined;
      if (problem) return t.skip(problem);
      const { kernel: k, tensors, want, refusedByGpu } = make();
      const copies = Object.entries(tensors).map(([n, x]) => [n, { ...x, data: x.data.slice() }] as const);
      const run = k.run(Object.fromEntries(copies), { target, threads: 1 });
      if (target === "webgpu" && refusedByGpu) return assert.rejects(run, { code: "target" });
      const got = await run;
      for (const [output, values] of Object.entries(want)) close(got[output]!, values);
    });

test("two tensors that each need what the other had, in loops of their own", async () => {
  const k = kernel({ X: inPlace(f32("M N")), R: inPlace(f32("M")) }, ({ X, R, M, N }) =>
    grid(M.tile(), m => {
      const n = N.all();
      R.at(m).set(X.at(m, n).sum(n));
      X.at(m, n).set(X.at(m, n).mul(R.at(m)));
    }),
  );
  await assert.rejects(
    k.run({ X, R: rows }, { target: "wasm", threads: 1 }),
    (e: unknown) => e instanceof AzulejoError && e.code === "kernel" && /a kernel of its own/.test(e.message),
  );
});
