import assert from "node:assert/strict";
import { test } from "node:test";
import { alphabetOf, decode } from "../../examples/ocr/pipeline/ctc.js";

const alphabet = alphabetOf("a\nb\n字\n");

/** rows of probabilities in which class `best` has `p`, the others share the rest */
function steps(...rows: readonly (readonly [best: number, p: number])[]): Float32Array {
  const classes = alphabet.length;
  return Float32Array.from(
    rows.flatMap(([best, p]) => alphabet.map((_, i) => (i === best ? p : (1 - p) / (classes - 1)))),
  );
}

test("the alphabet is blank, the dictionary, space", () => {
  assert.deepEqual(alphabet, ["", "a", "b", "字", " "]);
  assert.deepEqual(alphabetOf("a\r\nb"), ["", "a", "b", " "]);
  assert.deepEqual(alphabetOf(" \nx\n"), ["", " ", "x", " "]); // only the last line may be empty
});

test("repeats merge, blanks vanish, and a blank between equal symbols keeps both", () => {
  const read = (...classes: number[]) =>
    decode(steps(...classes.map(c => [c, 0.9] as const)), classes.length, alphabet).text;
  assert.equal(read(0, 1, 1, 0, 0, 2, 3, 3, 3), "ab字");
  assert.equal(read(1, 1, 0, 1, 4, 2), "aa b");
  assert.equal(read(1, 2, 1, 2), "abab");
});

test("confidence is the mean over the symbols kept, at the step where each begins", () => {
  const decoded = decode(steps([1, 0.8], [1, 0.99], [0, 0.9], [3, 0.6]), 4, alphabet);
  assert.equal(decoded.text, "a字");
  assert.ok(Math.abs(decoded.confidence - 0.7) < 1e-6);
});

test("nothing but blanks, no steps, and no numbers give no text and no confidence", () => {
  assert.deepEqual(decode(steps([0, 1], [0, 1]), 2, alphabet), { text: "", confidence: 0 });
  assert.deepEqual(decode(new Float32Array(0), 0, alphabet), { text: "", confidence: 0 });
  assert.deepEqual(decode(new Float32Array(10).fill(Number.NaN), 2, alphabet), { text: "", confidence: 0 });
});
