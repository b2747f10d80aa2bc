// Models whose runs are over at once, run after run: what else waits for the event loop gets its turn between them.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { HostValue } from "../../src/index.js";
import { load, Tensor, TextTensor } from "../../src/index.js";
import { azulejoUntil } from "../cli/azulejo.js";
import { elementType, node, onnxModel, value } from "../frontends/onnx-model.js";

const small = (dtype: number, op: string): Uint8Array =>
  onnxModel({ inputs: [value("x", dtype, [2])], outputs: [value("y", dtype)], nodes: [node(op, ["x"], ["y"])] });
const numbers = small(elementType.f32, "Neg");
const x = new Tensor("f32", Float32Array.of(1, 2), [2]);
/** more than anybody waits for */
const RUNS = 100_000;
/** some hundred milliseconds */
const QUEUED = 10_000;

const subjects: readonly (readonly [name: string, bytes: Uint8Array, target: "wasm" | "interpreter", x: HostValue])[] =
  [
    ["WebAssembly", numbers, "wasm", x],
    ["the interpreter", numbers, "interpreter", x],
    ["host steps", small(elementType.string, "StringNormalizer"), "wasm", new TextTensor(["a", "b"])],
  ];
for (const [name, bytes, target, given] of subjects) {
  test(`${name}: a signal that an event fires ends a row of runs`, async () => {
    const model = await load(bytes, { target, threads: 1 });
    const controller = new AbortController();
    setImmediate(() => controller.abort());
    const runs = async (): Promise<void> => {
      for (let i = 0; i < RUNS; i++) await model.run({ x: given }, { signal: controller.signal });
    };
    await assert.rejects(runs(), { code: "aborted" });
    model.dispose();
  });

  test(`${name}: events are heard while runs wait in a queue`, async () => {
    const model = await load(bytes, { target, threads: 1 });
    let heard = false;
    let unheard = 0;
    setImmediate(() => {
      heard = true;
    });
    const run = async (): Promise<void> => {
      await model.run({ x: given });
      if (!heard) unheard++;
    };
    const runs = Array.from({ length: QUEUED }, run);
    await Promise.all(runs);
    assert.ok(unheard < QUEUED);
    model.dispose();
  });
}

test("azulejo bench of a small model ends with the signal of Ctrl-C", async () => {
  const folder = await mkdtemp(join(tmpdir(), "azulejo-event-loop-"));
  try {
    const path = join(folder, "small.onnx");
    await writeFile(path, numbers);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    const { status, err } = await azulejoUntil(controller.signal, "bench", path, "--runs", String(RUNS));
    assert.equal(err, "azulejo: stopped by Ctrl-C\n(aborted: see docs/errors/aborted.md)\n");
    assert.equal(status, 130);
  } finally {
    await rm(folder, { recursive: true });
  }
});
