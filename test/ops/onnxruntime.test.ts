// References of operators that ONNX does not specify, against the runtime that does: onnxruntime-node, where bench/peers is installed.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import type { OperatorModule, ReferenceTensor } from "../../src/ops/operator.js";
import { exact } from "../../src/ops/reference-tensors.js";
import type { CaseGraph } from "../../src/testing/case-graph.js";
import { graphOfCase } from "../../src/testing/case-graph.js";
import { closenessOf, difference } from "../../src/testing/difference.js";
import { fullRegistry } from "./full-registry.js";
import { failureOf, gapOf } from "./known-gaps.js";
import { operatorModules } from "./modules.js";
import type { Ort } from "./peer.js";
import { peer, peerVersions, runOnPeer, runPeerModel } from "./peer.js";
import { isSaturated, maySaturate, saturationProbe } from "./peer-saturation.js";

const registry = fullRegistry();

/** What onnxruntime-node says where its CPU provider has no kernel for these types. */
const lacking = /Kernel not found|Type 'tensor.*is invalid|Could not find an implementation/;

/** Cases that end the peer's process (1.30): it reads an absent input. */
const crashing: ReadonlySet<string> = new Set(["ConvTransposeWithDynamicPads, no pads, no bias"]);

interface Account {
  passed: number;
  gaps: number;
  readonly failures: string[];
  /** cases that the peer does not take: it is stricter with ranks, or has no kernel for the dtype */
  readonly refused: string[];
  /** cases that differ and multiply u8 by i8, on a processor on which the peer saturates such sums */
  readonly saturated: string[];
}

async function account(ort: Ort, saturates: boolean, module: OperatorModule, all: Account): Promise<void> {
  const { name } = module.operator;
  const refusals: string[] = [];
  let answered = 0;
  for (const testCase of module.cases?.() ?? []) {
    const expected = graphOfCase(module, testCase, registry, false);
    const label = `${name}, ${testCase.name}`;
    if (crashing.has(label)) {
      refusals.push(`${label}: ends the process`);
      continue;
    }
    const got = await runOnPeer(ort, module, 21, expected).catch((e: Error) => e);
    if (got instanceof Error) {
      refusals.push(`${label}: ${got.message}`);
      continue;
    }
    answered++;
    const gap = gapOf("onnxruntime-node", label, "references");
    const problem = problemOf(module, expected, got);
    if (problem && !gap && saturates && (await maySaturate(module, expected))) {
      all.saturated.push(`${label}: ${problem}`);
      continue;
    }
    const failure = failureOf(gap, label, problem);
    if (failure) all.failures.push(failure);
    else if (gap) all.gaps++;
    else all.passed++;
  }
  all.refused.push(...refusals);
  // an operator of which nothing runs, though it is there, is one that this test asks for in a wrong way
  if (answered === 0 && !refusals.some(r => lacking.test(r))) all.failures.push(...refusals);
}

test("references of com.microsoft and ai.onnx.ml give what onnxruntime-node gives", async t => {
  if (!existsSync(peer))
    return t.skip("onnxruntime-node is not here; npm install --ignore-scripts --prefix bench/peers");
  const ort = createRequire(import.meta.url)(peer) as Ort;
  const { model, inputs, outputs } = saturationProbe;
  const saturates = isSaturated((await runPeerModel(ort, model, inputs, outputs)).Y!.data);
  const all: Account = { passed: 0, gaps: 0, failures: [], refused: [], saturated: [] };
  const only = process.env.AZULEJO_OPERATOR;
  for (const module of operatorModules) {
    const { domain, name } = module.operator;
    if (domain && domain in peerVersions && (!only || name === only)) await account(ort, saturates, module, all);
  }
  t.diagnostic(
    `${all.passed} passed, ${all.gaps} known gaps, ${all.refused.length} cases that onnxruntime-node refuses`,
  );
  if (saturates)
    t.diagnostic(
      `sums of u8 times i8 saturate in onnxruntime-node here; ${all.saturated.length} cases differ by that:`,
    );
  for (const s of all.saturated) t.diagnostic(`  ${s}`);
  if (process.env.AZULEJO_SKIPS) for (const r of all.refused) t.diagnostic(`  ${r}`);
  assert.deepEqual(all.failures, []);
});

function problemOf(module: OperatorModule, { want, scales }: CaseGraph, got: readonly ReferenceTensor[]) {
  for (const [i, w] of want.entries()) {
    const { relative, absolute } = module.tolerance ?? exact;
    // another implementation has errors of its own
    const loose = { relative: 4 * relative + 16, absolute: 4 * absolute + 16 };
    const problem = difference(got[i]!, w, closenessOf(loose, w.dtype, scales[i]!));
    if (problem) return `output ${i}: ${problem}`;
  }
  return undefined;
}
