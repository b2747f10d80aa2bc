// Label files and the ranking of classes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { classOutput, parseLabels, topGuesses } from "../../src/cli/labels.js";
import { Tensor } from "../../src/runtime/api.js";

const scores = (...values: number[]) => new Tensor("f32", Float32Array.from(values), [1, values.length]);

test("labels come one a line, as JSON by position or by index, or as a Python dictionary", () => {
  assert.deepEqual(parseLabels("cat\ndog, hound\r\n"), ["cat", "dog, hound"]);
  assert.deepEqual(parseLabels('["cat", "dog"]'), ["cat", "dog"]);
  assert.deepEqual(parseLabels('{"0": ["n01", "cat"], "1": ["n02", "dog"]}'), ["cat", "dog"]);
  assert.deepEqual(parseLabels(`{0: 'cat',\n 1: "jack-o'-lantern", 2: 'jack-o\\'-lantern'}`), [
    "cat",
    "jack-o'-lantern",
    "jack-o'-lantern",
  ]);
  assert.deepEqual(parseLabels("{braces} are\nlabels too"), ["{braces} are", "labels too"]);
  assert.deepEqual(parseLabels(" \n"), []);
});

test("logits go through softmax, probabilities don't", () => {
  const logits = topGuesses(scores(0, Math.log(3), 0), ["a", "b", "c"], 2);
  assert.deepEqual(
    logits.map(({ index, label, probability }) => [index, label, probability.toFixed(4)]),
    [
      [1, "b", "0.6000"],
      [0, "a", "0.2000"],
    ],
  );
  const [best] = topGuesses(scores(0.25, 0.75), undefined, 1);
  assert.deepEqual(best, { index: 1, label: undefined, probability: 0.75 });
});

test("half-precision scores are read as numbers, not as bits", () => {
  const [best] = topGuesses(new Tensor("f16", Uint16Array.of(0x3400, 0x3a00), [2]), undefined, 1);
  assert.deepEqual(best, { index: 1, label: undefined, probability: 0.75 });
});

test("the output with one score per label is ranked, else the largest one", () => {
  const outputs = { features: scores(1, 2, 3, 4, 5), scores: scores(1, 2) };
  assert.equal(classOutput(outputs, ["a", "b"]), outputs.scores);
  assert.equal(classOutput(outputs, undefined), outputs.features);
});

test("labels that don't fit are refused with both numbers", () => {
  assert.throws(() => classOutput({ scores: scores(1, 2, 3) }, ["a", "b"]), {
    code: "input",
    message: `output "scores" has 3 scores but there are 2 labels; give a label file with one line for each score`,
  });
  assert.throws(() => classOutput({ boxes: new Tensor("i64", BigInt64Array.of(1n), [1]) }, undefined), {
    code: "input",
    message: "the model has no output of floating-point scores to rank; run it without --labels and --top",
  });
});
