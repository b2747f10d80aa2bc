// The parts of the command line that need no networks.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Settings } from "../../examples/ocr/node/arguments.js";
import { parseArguments, usage } from "../../examples/ocr/node/arguments.js";
import type { Screen } from "../../examples/ocr/node/narrator.js";
import { Narrator } from "../../examples/ocr/node/narrator.js";
import { UsageError } from "../../examples/ocr/node/user-error.js";

test("without arguments, the shipped picture is read", () => {
  const settings = parseArguments([]) as Settings;
  assert.match(settings.picture, /examples.images.tea-house\.jpg$/);
  const { picture, threads, ...rest } = settings;
  assert.deepEqual(rest, { output: "ocr-result.png", json: false, longSide: 960 });
  assert.ok(threads >= 1 && threads <= 8);
});

test("every option is understood, long and short, and described", () => {
  const expected = { picture: "a.jpg", output: "b.webp", json: true, threads: 3, longSide: 1280 };
  const long = ["a.jpg", "--output", "b.webp", "--json", "--threads", "3", "--size", "1280"];
  assert.deepEqual(parseArguments(long), expected);
  assert.deepEqual(parseArguments(["-o", "b.webp", "-j", "-t", "3", "-s", "1280", "a.jpg"]), expected);
  assert.equal(parseArguments(["a.jpg", "--help"]), "help");
  for (const option of ["--output", "--json", "--threads", "--size", "--help"])
    assert.ok(usage.includes(option), option);
});

const wrong: readonly (readonly [readonly string[], string])[] = [
  [["a.jpg", "b.jpg"], "One picture at a time, please: a.jpg, b.jpg"],
  [["--threads", "0"], '--threads takes a whole number from 1 to 64, not "0"'],
  [["--threads", "two"], '--threads takes a whole number from 1 to 64, not "two"'],
  [["--size", "1e9"], '--size takes a whole number from 32 to 4096, not "1e9"'],
  [["--colour"], "Unknown option '--colour'; see --help"],
  [["--output"], "Option '-o, --output <value>' argument missing; see --help"],
  [["--output", "a.doc"], '--output "a.doc" must end in .png, .jpg or .webp'],
  [["a.jpg", "--output", "./a.jpg"], '--output "./a.jpg" would overwrite the picture itself'],
];
for (const [args, message] of wrong) {
  test(`refuses ${args.join(" ")}`, () => assert.throws(() => parseArguments(args), new UsageError(message)));
}

function screen(isTTY: boolean): Screen & { text: string } {
  return {
    isTTY,
    text: "",
    write(text) {
      this.text += text;
    },
  };
}

test("on a terminal, progress is one line that is wiped at the end", () => {
  const terminal = screen(true);
  const narrator = new Narrator(terminal);
  narrator.say("detection: compile", 0.5);
  narrator.say("detection: compile", 0.5);
  narrator.say("direction");
  narrator.done();
  narrator.done();
  const half = `${"█".repeat(10)}${"░".repeat(10)} detection: compile`;
  assert.equal(terminal.text, `\r\x1b[K${half}\r\x1b[Kdirection\r\x1b[K`);
});

test("elsewhere, each step is a line", () => {
  const file = screen(false);
  const narrator = new Narrator(file);
  for (const fraction of [0, 0.4, 1]) narrator.say("detection: compile", fraction);
  narrator.say("direction");
  narrator.done();
  assert.equal(file.text, "detection: compile\ndirection\n");
});
