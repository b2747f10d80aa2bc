// Mixtures of experts of azulejo/kernels: gate, dispatch and combination against plain JavaScript, and a whole layer against a naive one.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as kernels from "../../src/kernels/index.js";
import type { TensorArgument } from "../../src/tile/index.js";
import { any, type Case, f32, type Get, i32, judgeCases, reader, sum } from "./library-cases.js";

interface Gate extends kernels.GateOptions {
  readonly T: number;
  readonly G: number;
  readonly E: number;
  readonly K: number;
  readonly bias?: TensorArgument;
}
/** for each token: experts and weights, best first */
function gate(x: Get, { T, G, E, K, bias, ...options }: Gate): (readonly (readonly [number, number])[])[] {
  const extra = bias ? reader(bias) : () => 0;
  return Array.from({ length: T }, (_, t) => {
    const all = Array.from({ length: G * E }, (_, n) => ({
      n,
      g: Math.floor(n / E),
      x: x(t, Math.floor(n / E), n % E),
    }));
    const total = sum(G * E, i => Math.exp(all[i]!.x));
    const rated = all.map(({ n, g, x }) => {
      const score = options.scores === "sigmoid" ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / total;
      return { n, g, score, rank: score + extra(g, n % E) };
    });
    const worth = (g: number): number => {
      const best = rated
        .filter(e => e.g === g)
        .map(e => e.rank)
        .sort((a, b) => b - a);
      return best[0]! + (best[1] ?? 0);
    };
    const groups = Array.from({ length: G }, (_, g) => g).sort((a, b) => worth(b) - worth(a));
    const open = options.topGroups === undefined ? groups : groups.slice(0, options.topGroups);
    const chosen = rated
      .filter(e => open.includes(e.g))
      .sort((a, b) => b.rank - a.rank || a.n - b.n)
      .slice(0, K);
    const weight = options.normalize === false ? 1 : sum(K, k => chosen[k]!.score);
    return chosen.map(e => [e.n, (e.score / weight) * (options.scale ?? 1)] as const);
  });
}
function gateCase(options: Gate): Case {
  const { T, G, E, K, bias, ...gateOptions } = options;
  const X = f32([T, G, E], 3);
  const want = gate(reader(X), options);
  const Bias = bias ?? { dtype: "f32" as const, dims: [G, E], data: new Float32Array(G * E) };
  return {
    name: `moeGate, ${K} of ${G} × ${E} experts, ${JSON.stringify(gateOptions)}`,
    kernel: any(() => kernels.moeGate(gateOptions)),
    tensors: { X, Bias },
    dims: { K },
    want: {
      Expert: [[T, K], (t, k) => want[t]![k]![0]],
      Weight: [[T, K], (t, k) => want[t]![k]![1]],
    },
  };
}
function dispatchCase(T: number, K: number, E: number, expertOf: (t: number, k: number) => number): Case {
  const pairs = Array.from({ length: T * K }, (_, n) => ({ n, e: expertOf(Math.floor(n / K), n % K) }));
  const sorted = [...pairs].sort((a, b) => a.e - b.e || a.n - b.n);
  return {
    name: `moeDispatch of ${T} tokens to ${K} of ${E} experts`,
    kernel: any(kernels.moeDispatch),
    tensors: { Expert: { dtype: "i32", dims: [T, K], data: Int32Array.from(pairs, p => p.e) } },
    dims: { B: E + 1, M: T * K },
    want: {
      Rows: [[T * K], m => Math.floor(sorted[m]!.n / K)],
      Offsets: [[E + 1], e => pairs.filter(p => p.e < e).length],
      Slot: [[T, K], (t, k) => sorted.findIndex(p => p.n === t * K + k)],
    },
  };
}
function combineCase(): Case {
  const [X, Weight] = [f32([6, 11]), f32([3, 2], 1)];
  const Slot: TensorArgument = { dtype: "i32", dims: [3, 2], data: Int32Array.of(4, 0, 1, 5, 2, 3) };
  const [x, weight, slot] = [X, Weight, Slot].map(reader) as [Get, Get, Get];
  return {
    name: "moeCombine",
    kernel: any(kernels.moeCombine),
    tensors: { X, Slot, Weight },
    want: { Y: [[3, 11], (t, n) => sum(2, k => weight(t, k) * x(slot(t, k), n))] },
  };
}

judgeCases([
  gateCase({ T: 5, G: 1, E: 13, K: 3 }),
  gateCase({ T: 3, G: 1, E: 6, K: 6, normalize: false, scale: 2.5 }),
  gateCase({ T: 4, G: 4, E: 5, K: 3, scores: "sigmoid", topGroups: 2, bias: f32([4, 5], 5) }),
  gateCase({ T: 3, G: 7, E: 1, K: 2, scores: "sigmoid", topGroups: 3 }),
  dispatchCase(9, 3, 5, (t, k) => (t * 2 + k * 3) % 4),
  dispatchCase(4, 1, 6, () => 3),
  dispatchCase(0, 2, 3, () => 0),
  combineCase(),
]);

test("a whole layer of experts equals a naive one: gate, dispatch, two grouped products, combination", async () => {
  const [T, D, F, E, K] = [17, 12, 20, 6, 2];
  const [X, Router, Up, Down] = [f32([T, D]), f32([D, E], 1), f32([E, D, F], 2), f32([E, F, D], 3)];
  const zeros = (dims: readonly number[]): TensorArgument => ({
    dtype: "f32",
    dims,
    data: new Float32Array(dims.reduce((a, b) => a * b)),
  });
  const logits = (await kernels.linear().run({ X, W: Router, b: zeros([E]) })).Y;
  const chosen = await kernels
    .moeGate()
    .run({ X: { ...logits, dims: [T, 1, E] }, Bias: zeros([1, E]) }, { dims: { K } });
  const { Rows, Offsets, Slot } = await kernels
    .moeDispatch()
    .run({ Expert: chosen.Expert }, { dims: { B: E + 1, M: T * K } });
  const hidden = await kernels.groupedLinear({ epilogue: kernels.silu }).run({ X, Rows, W: Up, Offsets });
  const inOrder = i32(...Array.from({ length: T * K }, (_, m) => m));
  const out = await kernels.groupedLinear().run({ X: hidden.Y, Rows: inOrder, W: Down, Offsets });
  const { Y } = await kernels.moeCombine().run({ X: out.Y, Slot, Weight: chosen.Weight });

  const [x, router, up, down, y] = [X, Router, Up, Down, Y].map(reader) as [Get, Get, Get, Get, Get];
  const wanted = gate((t, _, e) => sum(D, d => x(t, d) * router(d, e)), { T, G: 1, E, K });
  const silu = (v: number): number => v / (1 + Math.exp(-v));
  for (let t = 0; t < T; t++) {
    const inner = wanted[t]!.map(([e]) =>
      Array.from({ length: F }, (_, f) => silu(sum(D, d => x(t, d) * up(e, d, f)))),
    );
    for (let d = 0; d < D; d++) {
      const want = sum(K, k => wanted[t]![k]![1] * sum(F, f => inner[k]![f]! * down(wanted[t]![k]![0], f, d)));
      assert.ok(Math.abs(y(t, d) - want) <= 1e-4 * (1 + Math.abs(want)), `token ${t}, ${d}: ${y(t, d)}, want ${want}`);
    }
  }
});
