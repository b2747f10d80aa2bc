// The reference and the cases of LinearAttention.
import type { Dtype } from "../ir/dtypes.js";
import { floats } from "./elementwise-references.js";
import type { Attributes, OperatorCase, Reference, ReferenceTensor } from "./operator.js";
import { elements, tabulate } from "./reference-tensors.js";

type Matrix = number[][];

export const linearAttentionReference: Reference = (inputs, attributes) => {
  const { q_num_heads: heads, kv_num_heads: groups, scale = 0 } = attributes;
  const { query, key, value, past_state, decay, beta, erase_gate } = inputs;
  const [B, T] = query!.dims as [number, number];
  const [keys, values] = [query!.dims[2]! / heads, value!.dims[2]! / groups];
  const factor = scale || 1 / Math.sqrt(keys);
  const row = (t: ReferenceTensor, b: number, s: number, head: number, size: number): number[] => {
    const read = elements(t);
    return Array.from({ length: size }, (_, i) => Number(read([b, s, head * size + i])));
  };
  const past = past_state && elements(past_state);
  const states: Matrix[][] = Array.from({ length: B }, (_, b) =>
    Array.from({ length: groups }, (_, h) =>
      Array.from({ length: keys }, (_, d) =>
        Array.from({ length: values }, (_, m) => Number(past?.([b, h, d, m]) ?? 0)),
      ),
    ),
  );
  const out = new Float64Array(B * T * heads * values);
  for (let b = 0; b < B; b++)
    for (let h = 0; h < groups; h++)
      for (let t = 0; t < T; t++) {
        const S = states[b]![h]!;
        const k = row(key!, b, t, h, keys);
        const v = row(value!, b, t, h, values);
        if (decay) {
          const own = decay.dims[2] === groups ? row(decay, b, t, h, 1) : row(decay, b, t, h, keys);
          S.forEach((line, d) =>
            S.splice(
              d,
              1,
              line.map(x => x * Math.exp(own[d % own.length]!)),
            ),
          );
        }
        if (beta) {
          const rate = Number(elements(beta)([b, t, beta.dims[2] === groups ? h : 0]));
          const erased = erase_gate ? row(erase_gate, b, t, h, keys).map((e, d) => e * k[d]!) : k;
          v.forEach((x, m) => {
            v[m] = rate * (x - erased.reduce((sum, e, d) => sum + e * S[d]![m]!, 0));
          });
        }
        S.forEach((line, d) =>
          S.splice(
            d,
            1,
            line.map((x, m) => x + k[d]! * v[m]!),
          ),
        );
        for (let g = 0; g < heads / groups; g++) {
          const head = h * (heads / groups) + g;
          const q = row(query!, b, t, head, keys);
          for (let m = 0; m < values; m++)
            out[((b * T + t) * heads + head) * values + m] = factor * q.reduce((sum, x, d) => sum + x * S[d]![m]!, 0);
        }
      }
  return {
    output: { dtype: query!.dtype, dims: [B, T, heads * values], data: out },
    present_state: tabulate(
      past_state?.dtype ?? query!.dtype,
      [B, groups, keys, values],
      ([b, h, d, m]) => states[b!]![h!]![d!]![m!]!,
    ),
  };
};

const of = (
  name: string,
  [heads, groups, T]: readonly [number, number, number],
  extra: Readonly<Record<string, number>>,
  attributes: Attributes = {},
  dtype: Dtype = "f32",
): OperatorCase => {
  const tensor = (dims: readonly number[], range: readonly [number, number]) => ({ dtype, dims, range });
  const more = Object.entries(extra).map(([input, last]) => [
    input,
    tensor([2, T, last], input === "decay" ? [-1, 0] : [0, 1]),
  ]);
  return {
    name: `${dtype} ${name}`,
    attributes: { q_num_heads: heads, kv_num_heads: groups, ...attributes },
    outputCount: 2,
    inputs: {
      query: tensor([2, T, heads * 4], [-1, 1]),
      key: tensor([2, T, groups * 4], [-0.5, 0.5]),
      value: tensor([2, T, groups * 6], [-1, 1]),
      ...(attributes.scale ? { past_state: tensor([2, groups, 4, 6], [-1, 1]) } : {}),
      ...Object.fromEntries(more),
    },
  };
};
export const linearAttentionCases = (): readonly OperatorCase[] => [
  ...floats.map(d => of("linear", [2, 2, 7], {}, { update_rule: "linear" }, d)),
  of("gated by key", [3, 3, 5], { decay: 12 }, { update_rule: "gated" }),
  of("gated by head, past", [4, 2, 5], { decay: 2 }, { update_rule: "gated", scale: 0.3 }),
  of("delta", [4, 2, 5], { beta: 2 }, { update_rule: "delta" }),
  of("gated delta, one beta, erased, past", [4, 2, 5], { decay: 8, beta: 1, erase_gate: 8 }, { scale: 0.7 }),
  of("one step", [6, 2, 1], { decay: 8, beta: 2 }),
];
