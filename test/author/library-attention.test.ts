// Attention of azulejo/kernels against loops in float64.
import * as kernels from "../../src/kernels/index.js";
import type { TensorArgument } from "../../src/tile/index.js";
import { any, type Case, f32, type Get, i32, judgeCases, reader, sum } from "./library-cases.js";

function attentionCase(
  options: kernels.AttentionOptions & { readonly cached?: boolean },
  score: (x: number, distance: number) => number = x => x,
): Case {
  const [B, S, T, D, E] = [2, 5, 11, 6, 7];
  const { causal = false, window = Infinity, group = 1 } = options;
  const H = 2 * group;
  const [Q, K, V] = [f32([B, H, S, D]), f32([B, 2, T, D], 1), f32([B, 2, T, E], 2)];
  // the second row of the batch has no keys
  const lengths = [9, 0];
  const past = options.cached ? [4, 2] : [0, 0];
  const [q, k, v] = [Q, K, V].map(reader) as [Get, Get, Get];
  const weight = (b: number, h: number, s: number, t: number): number => {
    const distance = past[b]! + s - t;
    if (t >= lengths[b]! || (causal && distance < 0) || distance >= window) return 0;
    const x = sum(D, d => q(b, h, s, d) * k(b, Math.floor(h / group), t, d)) / Math.sqrt(D);
    return Math.exp(score(x, distance));
  };
  return {
    name: `${options.cached ? "cachedAttention" : "attention"} ${JSON.stringify(options)}${options.score ? " with a score function" : ""}`,
    kernel: any(() => (options.cached ? kernels.cachedAttention(options) : kernels.attention(options))),
    tensors: { Q, K, V, Length: i32(...lengths), ...(options.cached ? { Past: i32(...past) } : {}) },
    want: {
      O: [
        [B, H, S, E],
        (b, h, s, e) => {
          const all = sum(T, t => weight(b, h, s, t));
          return all === 0 ? 0 : sum(T, t => weight(b, h, s, t) * v(b, Math.floor(h / group), t, e)) / all;
        },
      ],
    },
  };
}
/** attention over keys that Table finds, of lengths and pasts that fill no page */
function pagedCase(options: kernels.AttentionOptions): Case {
  const [B, S, D, E, P, U, G] = [2, 2, 6, 5, 7, 3, 2];
  const H = G * (options.group ?? 1);
  const [Q, K, V] = [f32([B, H, S, D]), f32([P, U, G, D], 1), f32([P, U, G, E], 2)];
  const table = [5, 2, 0, 6, 1, 4, -1, 99];
  const [lengths, past] = [
    [11, 4],
    [9, 2],
  ] as const;
  const [q, k, v] = [Q, K, V].map(reader) as [Get, Get, Get];
  const page = (b: number, t: number): number => table[b * 4 + Math.floor(t / U)]!;
  const weight = (b: number, h: number, s: number, t: number): number => {
    const distance = past[b]! + s - t;
    if ((options.causal && distance < 0) || distance >= (options.window ?? Infinity)) return 0;
    const g = Math.floor(h / (options.group ?? 1));
    return Math.exp(sum(D, d => q(b, h, s, d) * k(page(b, t), t % U, g, d)) / Math.sqrt(D));
  };
  const mean = (b: number, h: number, s: number, e: number): number => {
    const n = lengths[b]!;
    const g = Math.floor(h / (options.group ?? 1));
    return sum(n, t => weight(b, h, s, t) * v(page(b, t), t % U, g, e)) / sum(n, t => weight(b, h, s, t));
  };
  return {
    name: `pagedAttention ${JSON.stringify(options)}`,
    kernel: any(() => kernels.pagedAttention(options)),
    tensors: {
      ...{ Q, K, V, Length: i32(...lengths), Past: i32(...past) },
      Table: { dtype: "i32", dims: [2, 4], data: Int32Array.from(table) },
    },
    want: { O: [[B, H, S, E], mean] },
  };
}
function latentCase(S: number, T: number): Case {
  const [B, H, R, D, scale] = [2, 3, 9, 4, 0.3];
  const [Q, P, Cache, Turned] = [f32([B, H, S, R]), f32([B, H, S, D], 1), f32([B, T, R], 2), f32([B, T, D], 3)];
  const [q, p, c, r] = [Q, P, Cache, Turned].map(reader) as [Get, Get, Get, Get];
  const lengths = [T, T - 2];
  const weight = (b: number, h: number, s: number, t: number): number => {
    const latent = sum(R, i => q(b, h, s, i) * c(b, t, i));
    return Math.exp((latent + sum(D, d => p(b, h, s, d) * r(b, t, d))) * scale);
  };
  const seen = (b: number, s: number): number => lengths[b]! - S + s + 1;
  return {
    name: `latentAttention of ${S} queries and ${T} keys`,
    kernel: any(() => kernels.latentAttention({ scale })),
    tensors: { Q, P, Cache, Turned, Length: i32(...lengths) },
    want: {
      O: [
        [B, H, S, R],
        (b, h, s, e) =>
          sum(seen(b, s), t => weight(b, h, s, t) * c(b, t, e)) / sum(seen(b, s), t => weight(b, h, s, t)),
      ],
    },
  };
}
function rotaryCase(): Case {
  const [X, Cos, Sin] = [f32([2, 3, 4, 2, 5]), f32([9, 5], 1), f32([9, 5], 2)];
  const Position: TensorArgument = { dtype: "i32", dims: [2, 4], data: Int32Array.of(0, 1, 2, 3, 5, 6, 7, 8) };
  const [x, cos, sin, position] = [X, Cos, Sin, Position].map(reader) as [Get, Get, Get, Get];
  return {
    name: "rotary",
    kernel: any(kernels.rotary),
    tensors: { X, Position, Cos, Sin },
    want: {
      Y: [
        [2, 3, 4, 2, 5],
        (b, h, s, half, d) => {
          const p = position(b, s);
          const turned = x(b, h, s, 1 - half, d) * sin(p, d);
          return x(b, h, s, half, d) * cos(p, d) + (half ? turned : -turned);
        },
      ],
    },
  };
}

const softCap: kernels.Score = (score, distance) => score.div(2).tanh().mul(2).sub(distance.mul(0.1));
judgeCases([
  attentionCase({}),
  attentionCase({ causal: true, group: 3 }),
  attentionCase({ causal: true, window: 3 }),
  attentionCase({ causal: true, cached: true }),
  attentionCase({ causal: true, cached: true, window: 3, group: 2 }),
  attentionCase({ causal: true, score: softCap }, (x, distance) => Math.tanh(x / 2) * 2 - distance * 0.1),
  pagedCase({ causal: true, group: 2 }),
  pagedCase({}),
  pagedCase({ causal: true, window: 4 }),
  latentCase(1, 13),
  latentCase(3, 40),
  rotaryCase(),
]);
