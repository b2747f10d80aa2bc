// SqueezeNet 1.1 as a static quantiser writes it: in integer arithmetic throughout, and close to the network of floats.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { load, Tensor } from "../../src/index.js";
import { dataPath } from "../graph/models.js";
import { randomNumbers } from "./inventory.js";
import { quantizedModel } from "./quantize.js";

const dims = [1, 3, 224, 224];
const picture = (seed: number) => ({ data: new Tensor("f32", randomNumbers(3 * 224 * 224, 4, seed), dims) });
const cosine = (a: Float32Array, b: Float32Array): number => {
  const product = (x: Float32Array, y: Float32Array): number => x.reduce((sum, v, i) => sum + v * y[i]!, 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
};

test("a quantised SqueezeNet computes with integers, and nearly what the network of floats does", async t => {
  const path = dataPath("squeezenet1.1/squeezenet1.1.onnx");
  if (!path) return t.skip("the model is not on this machine");
  const bytes = await readFile(path);
  const quantized = await quantizedModel(bytes, [picture(1), picture(2)]);
  const results: Float32Array[] = [];
  for (const model of [bytes, quantized]) {
    const loaded = await load(model, { threads: 2 });
    const [out] = Object.values(await loaded.run(picture(3)));
    results.push(out!.data as Float32Array);
    if (model === quantized) {
      const names = loaded.report().kernels.map(k => k.name);
      assert.equal(names.filter(n => n.startsWith("PairedConv")).length, 26, "every convolution multiplies integers");
      assert.equal(names.filter(n => n === "Paired").length, 0, "words are read where halves were written");
    }
    loaded.dispose();
  }
  assert.ok(cosine(results[0]!, results[1]!) > 0.99, `cosine ${cosine(results[0]!, results[1]!)}`);
});
