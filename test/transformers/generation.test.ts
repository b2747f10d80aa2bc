// Generation with a cache of keys and values, without transformers.js: token after token gives what all tokens at once give, and a model
// is compiled once for all lengths, the empty past included.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load, Tensor } from "azulejo";
import { floatFromBits } from "../../src/ir/float-bits.js";
import { countCompilations } from "../compilations.js";
import { llama, llamaSizes } from "./llama.js";
import type { Precision } from "./model-builder.js";

const vocabulary = 50;
const tokens = [7, 3, 41, 12, 12, 30, 5, 48];
const { kvHeads, layers, hidden, heads } = llamaSizes;

type Outputs = Readonly<Record<string, Tensor>>;
const whole = (list: readonly number[]): Tensor =>
  new Tensor("i64", BigInt64Array.from(list, BigInt), [1, list.length]);

/** undefined: nothing is past */
function cacheOf(before: Outputs | undefined, half: boolean): Record<string, Tensor> {
  const dims = [1, kvHeads, 0, hidden / heads];
  const empty = half ? new Tensor("f16", new Uint16Array(), dims) : new Tensor("f32", new Float32Array(), dims);
  const names = Array.from({ length: layers }, (_, layer) => [`${layer}.key`, `${layer}.value`]).flat();
  return Object.fromEntries(names.map(name => [`past_key_values.${name}`, before?.[`present.${name}`] ?? empty]));
}

/** Logits of each piece, then the keys of the last layer, when the tokens come in pieces of these lengths. */
async function generated(precision: Precision, pieces: readonly number[]): Promise<Tensor[]> {
  const model = await load(llama(precision, vocabulary), { threads: 1 });
  const half = precision === "fp16" || precision === "q4f16";
  let past = 0;
  let before: Outputs | undefined;
  const logits: Tensor[] = [];
  try {
    for (const length of pieces) {
      const ids = tokens.slice(past, past + length);
      const inputs = {
        input_ids: whole(ids),
        attention_mask: whole(new Array(past + length).fill(1)),
        position_ids: whole(ids.map((_, i) => past + i)),
        ...cacheOf(before, half),
      };
      const names = model.inputs.map(({ name }) => name);
      const outputs = await model.run(
        Object.fromEntries(names.map(name => [name, inputs[name as keyof typeof inputs]])),
      );
      before = outputs;
      logits.push(outputs.logits!);
      past += length;
      assert.deepEqual(outputs["present.0.key"]!.dims, [1, kvHeads, past, hidden / heads]);
    }
    const keys = before!["present.1.key"]!;
    return [...logits, keys];
  } finally {
    model.dispose();
  }
}

const numbers = (t: Tensor): number[] =>
  t.dtype === "f16"
    ? Array.from(t.data as Uint16Array, bits => floatFromBits("f16", bits))
    : Array.from(t.data, Number);

/** |step − whole| ≤ this · largest. q8 quantises activations by the range of what is computed at once: other pieces, other numbers. */
const allowed: Readonly<Record<Precision, number | undefined>> = {
  fp32: 1e-6,
  q4: 1e-6,
  fp16: 4e-3,
  q4f16: 4e-3,
  q8: undefined,
};
const compiled = countCompilations();
for (const precision of Object.keys(allowed) as Precision[])
  test(`${precision}: a prompt and single tokens give what all tokens give, by one program`, async () => {
    const before = compiled();
    const steps = await generated(precision, [3, 1, 1, 1, 1, 1]);
    assert.equal(compiled() - before, 1);
    const [logits, keys] = (await generated(precision, [tokens.length])).map(numbers);
    const relative = allowed[precision];
    if (relative === undefined) return;
    const stepLogits = steps.slice(0, -1).flatMap(numbers);
    for (const [got, want] of [
      [stepLogits, logits!],
      [numbers(steps.at(-1)!), keys!],
    ] as const) {
      const largest = want.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      assert.equal(got.length, want.length);
      got.forEach((x, i) =>
        assert.ok(Math.abs(x - want[i]!) <= relative * largest, `element ${i}: ${x} and ${want[i]}, of ${largest}`),
      );
    }
  });
