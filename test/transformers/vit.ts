// A vision transformer of two layers with random weights: patches by convolution, a class token, a label from its last state.
import { elementType, int, value } from "../frontends/onnx-model.js";
import { gelu } from "./bert.js";
import type { Precision } from "./model-builder.js";
import { ModelBuilder } from "./model-builder.js";

const hidden = 32;
const heads = 2;
const headSize = hidden / heads;
const layers = 2;
export const imageSize = 32;
const patch = 8;
const patches = (imageSize / patch) ** 2;

/** pixel_values [batch, 3, 32, 32] → logits [batch, labels] */
export function vit(precision: Precision, labels: number): Uint8Array {
  const b = new ModelBuilder(precision, "u8");
  const batch = b.extent("pixel_values", 0);
  const grid = b.patches(b.toReal("pixel_values"), "patch_embeddings", [hidden, 3, patch]);
  const rows = b.transpose(b.reshape(grid, batch, hidden, -1), 0, 2, 1);
  const classToken = b.add("Expand", [
    b.weight("cls_token", [1, 1, hidden], 1),
    b.add("Concat", [batch, b.ints(1), b.ints(hidden)], [int("axis", 0)]),
  ]);
  const all = b.add("Concat", [classToken, rows], [int("axis", 1)]);
  let x = b.add("Add", [all, b.weight("position_embeddings", [1, patches + 1, hidden], 1)]);
  for (let layer = 0; layer < layers; layer++) {
    const name = `layer.${layer}`;
    const normal = b.layerNorm(x, `${name}.layernorm_before`, hidden);
    const perHead = (part: string): string =>
      b.reshape(b.linear(normal, `${name}.${part}`, hidden, hidden), batch, -1, heads, headSize);
    const query = b.add("Mul", [b.transpose(perHead("query"), 0, 2, 1, 3), b.scalar(headSize ** -0.25)]);
    const key = b.add("Mul", [b.transpose(perHead("key"), 0, 2, 3, 1), b.scalar(headSize ** -0.25)]);
    const weights = b.add("Softmax", [b.add("MatMul", [query, key])], [int("axis", -1)]);
    const mixed = b.add("MatMul", [weights, b.transpose(perHead("value"), 0, 2, 1, 3)]);
    const joined = b.reshape(b.transpose(mixed, 0, 2, 1, 3), batch, -1, hidden);
    x = b.add("Add", [b.linear(joined, `${name}.output`, hidden, hidden), x]);
    const wide = gelu(b, b.linear(b.layerNorm(x, `${name}.layernorm_after`, hidden), `${name}.up`, hidden, 2 * hidden));
    x = b.add("Add", [b.linear(wide, `${name}.down`, 2 * hidden, hidden), x]);
  }
  const first = b.add("Gather", [b.layerNorm(x, "layernorm", hidden), b.int(0)], [int("axis", 1)]);
  b.output(b.toFloat(b.linear(first, "classifier", hidden, labels)), "logits");
  return b.model(
    [value("pixel_values", elementType.f32, ["batch_size", "num_channels", "height", "width"])],
    [value("logits", elementType.f32, ["batch_size", labels])],
  );
}
