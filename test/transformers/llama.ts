// A Llama decoder of two layers with random weights and a cache of keys and values. In two forms, as models are published: of
// standard operators (optimum: fp32, q8), and of onnxruntime's own (GroupQueryAttention, MatMulNBits: fp16, q4, q4f16).
import { elementType, float, int, ints, value } from "../frontends/onnx-model.js";
import type { Precision } from "./model-builder.js";
import { ModelBuilder, microsoft } from "./model-builder.js";

export const llamaSizes = { hidden: 64, heads: 4, kvHeads: 2, between: 128, layers: 2, positions: 128 } as const;
const { hidden, heads, kvHeads, between, layers, positions } = llamaSizes;
const headSize = hidden / heads;
const epsilon = 1e-5;

interface Cache {
  readonly key: string;
  readonly value: string;
}
/** One layer's attention: of normalised activations, before the output projection, with what is kept of keys and values. */
type Attention = (x: string, layer: string, past: Cache) => { mixed: string; present: Cache };

/** input_ids, attention_mask, position_ids and past_key_values → logits [batch, tokens, vocabulary] and present */
export function llama(precision: Precision, vocabulary: number): Uint8Array {
  const b = new ModelBuilder(precision);
  const standard = precision === "fp32" || precision === "q8";
  const attention = standard ? standardAttention(b) : groupQueryAttention(b);
  const norm = (x: string, name: string): string =>
    standard ? rmsNorm(b, x, name) : b.add("SimplifiedLayerNormalization", [x, scale(b, name)], normalisation);
  let x = b.embedding("input_ids", "embed_tokens", vocabulary, hidden);
  for (let layer = 0; layer < layers; layer++) {
    const name = `layers.${layer}`;
    const past = { key: `past_key_values.${layer}.key`, value: `past_key_values.${layer}.value` };
    const { mixed, present } = attention(norm(x, `${name}.input_layernorm`), name, past);
    b.output(present.key, `present.${layer}.key`);
    b.output(present.value, `present.${layer}.value`);
    const attended = b.linear(mixed, `${name}.o_proj`, hidden, hidden, false);
    const [normal, sum] = standard
      ? addThenNorm(b, x, attended, `${name}.post_attention_layernorm`)
      : skipNorm(b, x, attended, `${name}.post_attention_layernorm`);
    const gate = b.linear(normal, `${name}.gate_proj`, hidden, between, false);
    const open = b.add("Mul", [gate, b.add("Sigmoid", [gate])]);
    const wide = b.add("Mul", [open, b.linear(normal, `${name}.up_proj`, hidden, between, false)]);
    x = b.add("Add", [sum, b.linear(wide, `${name}.down_proj`, between, hidden, false)]);
  }
  b.output(b.toFloat(b.linear(norm(x, "norm"), "lm_head", hidden, vocabulary, false)), "logits");
  return b.model(...signature(b, vocabulary));
}

function signature(b: ModelBuilder, vocabulary: number): Parameters<ModelBuilder["model"]> {
  const ids = (name: string, length: string) => value(name, elementType.i64, ["batch_size", length]);
  const cache = (name: string, length: string) =>
    Array.from({ length: layers }, (_, layer) =>
      ["key", "value"].map(part =>
        value(`${name}.${layer}.${part}`, elementType[b.real], ["batch_size", kvHeads, length, headSize]),
      ),
    ).flat();
  const inputs = [
    ids("input_ids", "sequence_length"),
    ids("attention_mask", "total_sequence_length"),
    ...(b.precision === "fp32" || b.precision === "q8" ? [ids("position_ids", "sequence_length")] : []),
    ...cache("past_key_values", "past_sequence_length"),
  ];
  const logits = value("logits", elementType.f32, ["batch_size", "sequence_length", vocabulary]);
  return [inputs, [logits, ...cache("present", "total_sequence_length")]];
}

const normalisation = [int("axis", -1), float("epsilon", epsilon), int("stash_type", 1)];
const scale = (b: ModelBuilder, name: string): string => b.weight(`${name}.weight`, [hidden], 0.2, 1);

function rmsNorm(b: ModelBuilder, x: string, name: string): string {
  const squares = b.add("Pow", [x, b.scalar(2)]);
  const mean = b.add("Add", [
    b.add("ReduceMean", [squares], [ints("axes", [-1]), int("keepdims", 1)]),
    b.scalar(epsilon),
  ]);
  const inverse = b.add("Reciprocal", [b.add("Sqrt", [mean])]);
  return b.add("Mul", [scale(b, name), b.add("Mul", [x, inverse])]);
}

function addThenNorm(b: ModelBuilder, x: string, more: string, name: string): [string, string] {
  const sum = b.add("Add", [x, more]);
  return [rmsNorm(b, sum, name), sum];
}
function skipNorm(b: ModelBuilder, x: string, more: string, name: string): [string, string] {
  const inputs = [x, more, scale(b, name)];
  const attributes = [float("epsilon", epsilon)];
  const outputs = ["normal", "", "", "sum"];
  const [normal, , , sum] = b.addMany("SkipSimplifiedLayerNormalization", inputs, outputs, attributes, microsoft);
  return [normal!, sum!];
}

/** Rotary angles from the positions, keys and values repeated for the heads that share them, a mask that also says what is past. */
function standardAttention(b: ModelBuilder): Attention {
  const batch = b.extent("input_ids", 0);
  const tokens = b.extent("input_ids", 1);
  const past = b.extent("past_key_values.0.key", 2);
  const total = b.add("Add", [past, tokens]);
  const mask = causalMask(b, past, total);
  const angles = rotaryAngles(b);
  const rotated = (x: string): string => {
    const half = (from: number, to: number): string =>
      b.add("Slice", [x, b.ints(from), b.ints(to), b.ints(3), b.ints(1)]);
    const turned = b.add(
      "Concat",
      [b.add("Neg", [half(headSize / 2, headSize)]), half(0, headSize / 2)],
      [int("axis", -1)],
    );
    return b.add("Add", [b.add("Mul", [x, angles.cos]), b.add("Mul", [turned, angles.sin])]);
  };
  return (x, layer, cache) => {
    const perHead = (part: string, count: number): string => {
      const all = b.linear(x, `${layer}.${part}`, hidden, count * headSize, false);
      return b.transpose(b.reshape(all, batch, tokens, count, headSize), 0, 2, 1, 3);
    };
    const query = rotated(perHead("q_proj", heads));
    const key = b.add("Concat", [cache.key, rotated(perHead("k_proj", kvHeads))], [int("axis", 2)]);
    const values = b.add("Concat", [cache.value, perHead("v_proj", kvHeads)], [int("axis", 2)]);
    const shared = (kept: string): string => {
      const dims = [batch, b.ints(kvHeads), b.ints(heads / kvHeads), total, b.ints(headSize)];
      const wide = b.add("Expand", [b.add("Unsqueeze", [kept, b.ints(2)]), b.add("Concat", dims, [int("axis", 0)])]);
      return b.reshape(wide, batch, heads, total, headSize);
    };
    const scores = b.add("MatMul", [query, b.transpose(shared(key), 0, 1, 3, 2)]);
    const masked = b.add("Add", [b.add("Div", [scores, b.scalar(Math.sqrt(headSize))]), mask]);
    const weights = b.add("Softmax", [masked], [int("axis", -1)]);
    const mixed = b.transpose(b.add("MatMul", [weights, shared(values)]), 0, 2, 1, 3);
    return { mixed: b.reshape(mixed, batch, tokens, hidden), present: { key, value: values } };
  };
}

/** [batch, 1, tokens, total]: 0 where a token may look, else the lowest float */
function causalMask(b: ModelBuilder, past: string, total: string): string {
  const scalar = (x: string): string => b.add("Squeeze", [x]);
  const range = (from: string, to: string): string => b.add("Range", [from, to, b.int(1)]);
  const columns = b.add("Unsqueeze", [range(b.int(0), scalar(total)), b.ints(0)]);
  const rows = b.add("Unsqueeze", [range(scalar(past), scalar(total)), b.ints(1)]);
  const reachable = b.add("LessOrEqual", [columns, rows]);
  const visible = b.add("Cast", ["attention_mask"], [int("to", elementType.bool)]);
  const both = b.add("And", [
    b.add("Unsqueeze", [reachable, b.ints(0, 1)]),
    b.add("Unsqueeze", [visible, b.ints(1, 2)]),
  ]);
  return b.add("Where", [both, b.scalar(0), b.scalar(-3.4028234663852886e38)]);
}

function rotaryAngles(b: ModelBuilder): { cos: string; sin: string } {
  const frequencies = b.table("inv_freq", [1, headSize / 2], Float32Array.from(inverseFrequencies));
  const positions = b.toReal(b.add("Unsqueeze", ["position_ids", b.ints(2)]));
  const angles = b.add("MatMul", [positions, frequencies]);
  const twice = b.add("Unsqueeze", [b.add("Concat", [angles, angles], [int("axis", -1)]), b.ints(1)]);
  return { cos: b.add("Cos", [twice]), sin: b.add("Sin", [twice]) };
}
const inverseFrequencies = Array.from({ length: headSize / 2 }, (_, i) => 10000 ** ((-2 * i) / headSize));

/** onnxruntime's operator with the rotation inside; lengths from the mask */
function groupQueryAttention(b: ModelBuilder): Attention {
  const angles = Array.from({ length: positions }, (_, p) => inverseFrequencies.map(f => p * f)).flat();
  const table = (name: string, of: (x: number) => number): string =>
    b.table(name, [positions, headSize / 2], Float32Array.from(angles, of));
  const cos = table("cos_cache", Math.cos);
  const sin = table("sin_cache", Math.sin);
  const to32 = (x: string): string => b.add("Cast", [x], [int("to", elementType.i32)]);
  const counted = b.add("ReduceSum", ["attention_mask", b.ints(1)], [int("keepdims", 1)]);
  const lengths = to32(b.add("Sub", [counted, b.ints(1)]));
  const total = to32(b.add("Gather", [b.add("Shape", ["attention_mask"]), b.int(1)], [int("axis", 0)]));
  const attributes = [int("num_heads", heads), int("kv_num_heads", kvHeads), int("do_rotary", 1)];
  return (x, layer, cache) => {
    const part = (name: string, count: number): string =>
      b.linear(x, `${layer}.${name}`, hidden, count * headSize, false);
    const inputs = [part("q_proj", heads), part("k_proj", kvHeads), part("v_proj", kvHeads)];
    const [mixed, key, values] = b.addMany(
      "GroupQueryAttention",
      [...inputs, cache.key, cache.value, lengths, total, cos, sin],
      ["mixed", "key", "value"],
      attributes,
      microsoft,
    );
    return { mixed: mixed!, present: { key: key!, value: values! } };
  };
}
