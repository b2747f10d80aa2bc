// An encoder and a decoder with random weights, as optimum merges them: one decoder file with two branches, for the first token and for
// those that come with a cache. One layer; the encoder has no attention, because nothing here depends on what it computes.
import type { ValueInit } from "../frontends/onnx-model.js";
import { elementType, int, value } from "../frontends/onnx-model.js";
import { gelu } from "./bert.js";
import { ModelBuilder } from "./model-builder.js";

export const seq2seqSizes = { hidden: 32, heads: 2 } as const;
const { hidden, heads } = seq2seqSizes;
const headSize = hidden / heads;

const ids = (name: string, length: string): ValueInit => value(name, elementType.i64, ["batch_size", length]);
const states = (name: string): ValueInit =>
  value(name, elementType.f32, ["batch_size", "encoder_sequence_length", hidden]);

/** input_ids, attention_mask → last_hidden_state */
export function encoder(vocabulary: number): Uint8Array {
  const b = new ModelBuilder("fp32");
  const x = b.layerNorm(b.embedding("input_ids", "embed_tokens", vocabulary, hidden), "layer_norm", hidden);
  const seen = b.toReal(b.add("Unsqueeze", ["attention_mask", b.ints(2)]));
  b.output(b.add("Mul", [b.add("Add", [x, b.linear(x, "dense", hidden, hidden)]), seen]), "last_hidden_state");
  const length = "encoder_sequence_length";
  return b.model([ids("input_ids", length), ids("attention_mask", length)], [states("last_hidden_state")]);
}

const parts = ["decoder.key", "decoder.value", "encoder.key", "encoder.value"];

/** input_ids, encoder_hidden_states, encoder_attention_mask, past_key_values.0, use_cache_branch → logits, present.0 */
export function mergedDecoder(vocabulary: number): Uint8Array {
  const b = new ModelBuilder("fp32");
  const branches = [
    b.branch("then_branch", () => decoded(b, vocabulary, true)),
    b.branch("else_branch", () => decoded(b, vocabulary, false)),
  ];
  const outputs = b.addMany("If", ["use_cache_branch"], ["logits", ...parts], branches);
  const names = ["logits", ...parts.map(part => `present.0.${part}`)];
  for (const [i, name] of names.entries()) b.output(outputs[i]!, name);
  const cache = (name: string, place: "past" | "present"): ValueInit[] =>
    parts.map(part => {
      const length =
        part.startsWith("encoder") && place === "present"
          ? "encoder_sequence_length_out"
          : `${place}_${part.split(".")[0]}_length`;
      return value(`${name}.0.${part}`, elementType.f32, ["batch_size", heads, length, headSize]);
    });
  return b.model(
    [
      ids("encoder_attention_mask", "encoder_sequence_length"),
      ids("input_ids", "decoder_sequence_length"),
      states("encoder_hidden_states"),
      ...cache("past_key_values", "past"),
      value("use_cache_branch", elementType.bool, [1]),
    ],
    [
      value("logits", elementType.f32, ["batch_size", "decoder_sequence_length", vocabulary]),
      ...cache("present", "present"),
    ],
  );
}

/** logits, then keys and values of the decoder and of the encoder */
function decoded(b: ModelBuilder, vocabulary: number, cached: boolean): string[] {
  const past = (part: string): string => `past_key_values.0.${part}`;
  const perHead = (x: string, name: string): string =>
    b.transpose(
      b.reshape(b.linear(x, name, hidden, hidden, false), b.extent(x, 0), b.extent(x, 1), heads, headSize),
      0,
      2,
      1,
      3,
    );
  const attended = (query: string, key: string, values: string, mask?: string): string => {
    const scores = b.add("MatMul", [query, b.transpose(key, 0, 1, 3, 2)]);
    const scaled = b.add("Div", [scores, b.scalar(Math.sqrt(headSize))]);
    const weights = b.add("Softmax", [mask ? b.add("Add", [scaled, mask]) : scaled], [int("axis", -1)]);
    const mixed = b.transpose(b.add("MatMul", [weights, values]), 0, 2, 1, 3);
    return b.reshape(mixed, b.extent("input_ids", 0), b.extent("input_ids", 1), hidden);
  };
  const x = b.embedding("input_ids", "embed_tokens", vocabulary, hidden);
  // generation begins with one token: no mask is needed among those of the decoder
  const own = ["key", "value"].map(part => {
    const fresh = perHead(x, `self.${part}`);
    return cached ? b.add("Concat", [past(`decoder.${part}`), fresh], [int("axis", 2)]) : fresh;
  }) as [string, string];
  const given = ["key", "value"].map(part =>
    cached ? b.add("Identity", [past(`encoder.${part}`)]) : perHead("encoder_hidden_states", `cross.${part}`),
  ) as [string, string];
  const self = b.add("Add", [x, b.linear(attended(perHead(x, "self.query"), ...own), "self.out", hidden, hidden)]);
  const seen = b.toReal(b.add("Unsqueeze", ["encoder_attention_mask", b.ints(1, 2)]));
  const mask = b.add("Mul", [b.add("Sub", [b.scalar(1), seen]), b.scalar(-1e9)]);
  const crossed = attended(perHead(self, "cross.query"), ...given, mask);
  const cross = b.layerNorm(b.add("Add", [self, b.linear(crossed, "cross.out", hidden, hidden)]), "norm", hidden);
  const wide = b.add("Add", [cross, gelu(b, b.linear(cross, "dense", hidden, hidden))]);
  return [b.linear(wide, "lm_head", hidden, vocabulary, false), ...own, ...given];
}
