// What the library says of its options, as the command line passes it on: `--target wasm` instead of `{ target: "wasm" }`.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { inWordsOfTheCommandLine } from "../../src/cli/option-words.js";
import { elementType, node, onnxModel, value } from "../frontends/onnx-model.js";
import { azulejo } from "./azulejo.js";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "azulejo-words-"));
});
after(() => rm(folder, { recursive: true }));

const said: readonly (readonly [library: string, here: string])[] = [
  ['needs koffi; run npm install koffi or use { target: "wasm" }', "needs koffi; run npm install koffi or use --target wasm"],
  ["This host has no workers; use { threads: 1 } here", "This host has no workers; use --threads 1 here"],
  ['target: "native" needs a C compiler', "--target native needs a C compiler"],
  ['stage: "loops" is of CPU targets; with target: "webgpu" choose "code"', '--stage loops is of CPU targets; with --target webgpu choose "code"'],
  ["fix the dims with the option dims", "fix the dims with --dims"],
  ["does not follow from the inputs; fix it with dims: { U: … }", "does not follow from the inputs; fix it with --dims U=…"],
  ["depends on its input dims (sizes); fix them with dims", "depends on its input dims (sizes); fix them with --dims"],
  ["leaves no file to write to; name one with knowledge, or unset it", "leaves no file to write to; name one with --knowledge, or unset it"],
  ["remove its line, or leave the base out with { tuning: false }", "remove its line, or leave the base out with AZULEJO_TUNING=off"],
  ["threads: 100 is not a whole number from 1 to 64; leave it out", "--threads 100 is not a whole number from 1 to 64; leave it out"],
  ['Option dims: the model has no dim named "foo"', '--dims: the model has no dim named "foo"'],
  // words of the domain stay
  ['Input "x" has dims [1, 2], and the model takes [1]; give 1 dims', 'Input "x" has dims [1, 2], and the model takes [1]; give 1 dims'],
]; // biome-ignore format: a table

test("remedies name options of the command line", () => {
  for (const [library, here] of said) assert.equal(inWordsOfTheCommandLine(library), here);
});

test("what a command prints of an operator that is missing names --operators, as text and as JSON", async () => {
  const file = join(folder, "swoosh.onnx");
  await writeFile(
    file,
    onnxModel({
      inputs: [value("x", elementType.f32, [2])],
      outputs: [value("y", elementType.f32)],
      nodes: [{ ...node("Swoosh", ["x"], ["y"]), domain: "com.example" }],
    }),
  );
  const remedy = "name a file that exports it with --operators";
  for (const command of ["explain", "doctor"]) {
    const { status, out, err } = await azulejo(command, file);
    assert.equal(status, 1);
    assert.ok(`${out}${err}`.includes(remedy), `${out}${err}`);
    assert.ok(!`${out}${err}`.includes("load(model"));
  }
  const { out } = await azulejo("explain", file, "--json");
  assert.ok(JSON.parse(out).error.message.endsWith(remedy));
});
