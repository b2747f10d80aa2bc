// Random draws of every operator: its reference judges the targets, onnxruntime-node the reference. A failure names its draw, which
// `node dist/test/ops/fuzz/replay.js` repeats; AZULEJO_SEED draws others. Full sweeps make 200 draws an operator.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import type { OperatorModule } from "../../../src/ops/operator.js";
import { isInTurn } from "../../rotation.js";
import { fullSweep } from "../large-cases.js";
import { operatorModules } from "../modules.js";
import { peer } from "../peer.js";
import { nameOf, targetsUnderTest } from "../subjects.js";
import type { PeerAccount } from "./check-draws.js";
import { checkOnPeer, checkOnTarget, drawMany } from "./check-draws.js";
import type { ModelFinding, ModelPeerAccount } from "./check-models.js";
import { checkModelOnPeer, checkModels, drawModels, isDrawnAsModel, runsOf } from "./check-models.js";
import { keyOf } from "./draw.js";
import type { Drawn, Finding } from "./draws.js";
import { families } from "./families/index.js";
import { modelDraws } from "./models/index.js";
import { notDrawn } from "./not-drawn.js";
import { PeerClient } from "./peer-client.js";
import { print, printCase } from "./print.js";

const noPeer = "onnxruntime-node is not here; npm install --ignore-scripts --prefix bench/peers";
const seed = Number(process.env.AZULEJO_SEED ?? 1);
const count = fullSweep ? 200 : 2;

const drawable = operatorModules.filter(m => m.reference && m.cases && !isDrawnAsModel(m));
/** the draws of an operator are the same each day, and one operator in four has its turn */
const isDue = (_: OperatorModule, at: number): boolean => isInTurn(at, 4);

/** Each operator with its draws, made once for all judges. */
const drawings = (async () => {
  const draws: Drawn[] = [];
  const findings: Finding[] = [];
  const withoutDraws: string[] = [];
  for (const module of drawable.filter(isDue)) {
    const made = await drawMany(module, seed, 0, count);
    draws.push(...made.draws);
    findings.push(...made.findings);
    if (made.draws.length === 0) withoutDraws.push(keyOf(module));
  }
  return { draws, findings, withoutDraws };
})();

/** Whole files, where values are text, containers or graphs, or data decide sizes. */
const files = operatorModules
  .filter(isDrawnAsModel)
  .filter(isDue)
  .flatMap(m => drawModels(m, seed, 0, count));

const describe = ({ label, problem, drawn }: Finding): string =>
  `${label}: ${problem}\n  node dist/test/ops/fuzz/replay.js --seed ${seed} ${label}\n  ${printCase(drawn).slice(0, 1500)}`;

const describeFile = ({ label, problem, draw }: ModelFinding): string =>
  `${label}: ${problem}\n  node dist/test/ops/fuzz/replay.js --seed ${seed} ${label}\n  ${print(draw).slice(0, 1500)}`;

test("every operator has draws, or a reason why not", async () => {
  const keys = new Set(operatorModules.map(keyOf));
  const isSilent = (m: OperatorModule): boolean => !drawable.includes(m) && !isDrawnAsModel(m);
  const silent = operatorModules.filter(m => isSilent(m) && notDrawn[keyOf(m)] === undefined).map(keyOf);
  assert.deepEqual(silent, [], "operators without reference, cases or reason");
  assert.deepEqual(
    [...Object.keys(notDrawn), ...Object.keys(families), ...Object.keys(modelDraws)].filter(k => !keys.has(k)),
    [],
    "names of no operator",
  );
  assert.deepEqual((await drawings).withoutDraws, [], "operators that refuse all draws");
});

test("what operators refuse, they refuse with a code", async () => {
  assert.deepEqual((await drawings).findings.map(describe), []);
});

for (const under of targetsUnderTest.filter(t => !t.compilesSlowly))
  test(`draws of all operators on ${nameOf(under)} agree with their references`, async t => {
    // the interpreter walks the same kernels, and threads share their code: both wait for full sweeps
    if (!fullSweep && (under.slow || under.threads > 1)) return t.skip("waits for full sweeps");
    const { draws } = await drawings;
    const { compared, outside, findings } = await checkOnTarget(under, draws);
    t.diagnostic(`${compared} draws compared, ${outside} read outside a tensor; seed ${seed}`);
    assert.ok(compared > draws.length / 2);
    assert.deepEqual(findings.map(describe), []);
  });

for (const under of targetsUnderTest.filter(t => !t.compilesSlowly))
  test(`draws of whole files on ${nameOf(under)} agree with their judges`, async t => {
    if (!fullSweep && (under.slow || under.threads > 1)) return t.skip("waits for full sweeps");
    const findings = await checkModels(files, under);
    t.diagnostic(`${runsOf(files)} runs of ${files.length} files compared; seed ${seed}`);
    assert.deepEqual(findings.map(describeFile), []);
  });

test("draws of whole files in onnxruntime-node agree with their judges", async t => {
  if (!existsSync(peer)) return t.skip(noPeer);
  const account: ModelPeerAccount = { compared: 0, refused: [], findings: [], departed: 0 };
  const client = new PeerClient();
  try {
    for (const file of files) await checkModelOnPeer(client, file, account);
  } finally {
    client.close();
  }
  t.diagnostic(
    `${account.compared} runs compared, ${account.refused.length} refused, ${account.departed} differ for known reasons`,
  );
  assert.ok(account.compared > runsOf(files) / 2);
  assert.deepEqual(account.findings.map(describeFile), []);
});

test("draws of all operators in onnxruntime-node agree with their references", async t => {
  if (!existsSync(peer)) return t.skip(noPeer);
  const { draws } = await drawings;
  const account: PeerAccount = { compared: 0, refused: [], findings: [], departed: 0, saturated: [] };
  const client = new PeerClient();
  try {
    await checkOnPeer(client, draws, account);
  } finally {
    client.close();
  }
  t.diagnostic(
    `${account.compared} draws compared, ${account.refused.length} refused, ${account.departed} differ for known reasons`,
  );
  if (account.saturated.length > 0)
    t.diagnostic(`${account.saturated.length} differ because onnxruntime-node saturates sums of u8 times i8 here:`);
  for (const s of account.saturated) t.diagnostic(`  ${s}`);
  assert.deepEqual(account.findings.map(describe), []);
});
