// A BERT encoder of two layers with random weights, as optimum exports it: sizes read from the input, masks of large negative numbers.
import { elementType, int, value } from "../frontends/onnx-model.js";
import type { Precision } from "./model-builder.js";
import { ModelBuilder } from "./model-builder.js";

const hidden = 32;
const heads = 2;
const headSize = hidden / heads;
const between = 64;
const layers = 2;
const positions = 64;
const lowest = { f32: -3.4028234663852886e38, f16: -65504 };

/** token ids → last_hidden_state [batch, tokens, 32] */
export function bert(precision: Precision, vocabulary: number): Uint8Array {
  const b = new ModelBuilder(precision);
  const batch = b.extent("input_ids", 0);
  const tokens = b.extent("input_ids", 1);
  const places = b.add("Range", [b.int(0), b.add("Squeeze", [tokens]), b.int(1)]);
  const parts = [
    b.embedding("input_ids", "word_embeddings", vocabulary, hidden),
    b.embedding("token_type_ids", "token_type_embeddings", 2, hidden),
    b.embedding(b.add("Unsqueeze", [places, b.ints(0)]), "position_embeddings", positions, hidden),
  ];
  let x = b.layerNorm(
    parts.reduce((sum, part) => b.add("Add", [sum, part])),
    "embeddings.LayerNorm",
    hidden,
  );
  const visible = b.toReal(b.add("Unsqueeze", ["attention_mask", b.ints(1, 2)]));
  const mask = b.add("Mul", [b.add("Sub", [b.scalar(1), visible]), b.scalar(lowest[b.real])]);
  for (let layer = 0; layer < layers; layer++) {
    const name = `layer.${layer}`;
    const perHead = (part: string): string =>
      b.reshape(b.linear(x, `${name}.${part}`, hidden, hidden), batch, tokens, heads, headSize);
    const query = b.transpose(perHead("query"), 0, 2, 1, 3);
    const key = b.transpose(perHead("key"), 0, 2, 3, 1);
    const scores = b.add("Div", [b.add("MatMul", [query, key]), b.scalar(Math.sqrt(headSize))]);
    const weights = b.add("Softmax", [b.add("Add", [scores, mask])], [int("axis", -1)]);
    const mixed = b.add("MatMul", [weights, b.transpose(perHead("value"), 0, 2, 1, 3)]);
    const joined = b.reshape(b.transpose(mixed, 0, 2, 1, 3), batch, tokens, hidden);
    const attended = b.add("Add", [b.linear(joined, `${name}.output`, hidden, hidden), x]);
    x = b.layerNorm(attended, `${name}.attention.LayerNorm`, hidden);
    const wide = gelu(b, b.linear(x, `${name}.intermediate`, hidden, between));
    x = b.layerNorm(b.add("Add", [b.linear(wide, `${name}.down`, between, hidden), x]), `${name}.LayerNorm`, hidden);
  }
  b.output(b.toFloat(x), "last_hidden_state");
  const names = ["input_ids", "attention_mask", "token_type_ids"];
  return b.model(
    names.map(name => value(name, elementType.i64, ["batch_size", "sequence_length"])),
    [value("last_hidden_state", elementType.f32, ["batch_size", "sequence_length", hidden])],
  );
}

/** x · (1 + erf(x / √2)) / 2 */
export function gelu(b: ModelBuilder, x: string): string {
  const erf = b.add("Erf", [b.add("Div", [x, b.scalar(Math.SQRT2)])]);
  return b.add("Mul", [b.add("Mul", [x, b.add("Add", [erf, b.scalar(1)])]), b.scalar(0.5)]);
}
