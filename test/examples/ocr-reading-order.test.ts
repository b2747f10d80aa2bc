import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Quad } from "../../examples/ocr/pipeline/geometry.js";
import { inReadingOrder } from "../../examples/ocr/pipeline/reading-order.js";

interface Word {
  readonly word: string;
  readonly quad: Quad;
}

/** a box for a word, seen by a camera that is turned */
function word(text: string, left: number, top: number, width: number, height: number, degrees = 0): Word {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const at = (x: number, y: number) => ({ x: x * cos - y * sin, y: x * sin + y * cos });
  const [right, bottom] = [left + width, top + height];
  return { word: text, quad: [at(left, top), at(right, top), at(right, bottom), at(left, bottom)] };
}

const order = (words: readonly Word[]) =>
  inReadingOrder(words, w => w.quad)
    .map(w => w.word)
    .join(" ");

const page = (degrees: number) => [
  word("title", 200, 0, 300, 60, degrees),
  word("tea", 0, 100, 80, 30, degrees),
  word("green", 150, 104, 120, 26, degrees),
  word("12", 600, 96, 40, 34, degrees),
  word("cake", 0, 150, 90, 30, degrees),
  word("8", 600, 148, 20, 30, degrees),
  word("thanks", 100, 220, 300, 20, degrees),
];
const read = "title tea green 12 cake 8 thanks";

test("lines from the top, in each from the left, whatever the order found and the angle of the camera", () => {
  for (const degrees of [0, 8, -8, 30, 90, 180, -120]) {
    fc.assert(
      fc.property(fc.shuffledSubarray(page(degrees), { minLength: 7 }), words => assert.equal(order(words), read)),
      { numRuns: 20 },
    );
  }
});

test("under perspective, where lines of a page are not parallel, far ends of a line stay together", () => {
  const fan = (x: number, y: number) => ({ x, y: y + (x * (y - 200)) / 2000 });
  const words = page(0).map(({ word, quad }) => ({ word, quad: quad.map(p => fan(p.x, p.y)) as unknown as Quad }));
  assert.equal(order(words), read);
});

test("under strong perspective the ends of distant lines are not mixed up", () => {
  const fan = (x: number, y: number) => ({ x, y: y + (x * (y - 210)) / 2500 }); // from -0.08 to 0.08 down the page
  const rows = [0, 1, 2, 3, 4, 5, 6, 7].flatMap(i => [
    word(`${i}`, 0, i * 60, 200, 24),
    word(`${i}'`, 600, i * 60, 200, 24),
  ]);
  const words = rows.map(({ word, quad }) => ({ word, quad: quad.map(p => fan(p.x, p.y)) as unknown as Quad }));
  assert.equal(order([...words].reverse()), "0 0' 1 1' 2 2' 3 3' 4 4' 5 5' 6 6' 7 7'");
});

test("short boxes, whose angle is known badly, follow the long ones around them", () => {
  const words = [3, 21].flatMap(degrees => [
    page(degrees).map(({ word, quad: [a, b, c, d] }, i): Word => {
      const short = Math.hypot(b.x - a.x, b.y - a.y) < 100;
      const wrong = short ? (i % 2 === 0 ? 4 : -4) : 0; // the right edge lifted or lowered by up to 6°
      return { word, quad: [a, { x: b.x, y: b.y + wrong }, { x: c.x, y: c.y + wrong }, d] };
    }),
  ]);
  for (const boxes of words) assert.equal(order(boxes), read);
});

test("text that stands on its head or runs down is a line of its own", () => {
  const [left, right] = [word("left", 0, 0, 200, 30), word("right", 500, 0, 200, 30)];
  const turned = word("turned", -300, -10 - 30, 60, 30, 180); // at (240..300, 10..40), upside down
  assert.equal(order([turned, right, left]), "left right turned");
});

test("nothing and one thing", () => {
  assert.equal(order([]), "");
  assert.equal(order([word("one", 5, 5, 10, 10)]), "one");
});
