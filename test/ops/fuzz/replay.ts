// `node dist/test/ops/fuzz/replay.js [--seed S] [--count N] [--peer] Conv [17]`: draws of an operator, or one of them, on all targets.
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import type { OperatorModule } from "../../../src/ops/operator.js";
import { operatorModules } from "../modules.js";
import { peer } from "../peer.js";
import { targetsUnderTest } from "../subjects.js";
import type { PeerAccount } from "./check-draws.js";
import { checkOnPeer, checkOnTarget, drawMany } from "./check-draws.js";
import type { ModelFinding, ModelPeerAccount } from "./check-models.js";
import { checkModelOnPeer, checkModels, drawModels, isDrawnAsModel, runsOf } from "./check-models.js";
import { contentsOf, contentsOfFiles, printContents } from "./contents.js";
import { keyOf } from "./draw.js";
import type { Finding } from "./draws.js";
import { PeerClient } from "./peer-client.js";
import { print, printCase } from "./print.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "200" },
    target: { type: "string", default: "" },
    threads: { type: "boolean", default: false },
    brief: { type: "boolean", default: false },
  },
});
const number = Number(positionals.at(-1));
const names = Number.isNaN(number) ? positionals : positionals.slice(0, -1);
const wanted = names.length > 0 ? new RegExp(`^(${names.join("|")})$`) : /./;
const [first, count] = Number.isNaN(number) ? [0, Number(values.count)] : [number, 1];
const under = targetsUnderTest.filter(
  t =>
    (values.target !== "" || !t.compilesSlowly) &&
    (values.threads || t.threads === 1) &&
    t.target.name.includes(values.target),
);
const client = existsSync(peer) ? new PeerClient() : undefined;
let failures = 0;

for (const module of operatorModules.filter(m => isDrawnAsModel(m) && wanted.test(keyOf(m)))) {
  const drawn = drawModels(module, Number(values.seed), first, count);
  const findings: ModelFinding[] = [];
  for (const target of under) findings.push(...(await checkModels(drawn, target)));
  const account: ModelPeerAccount = { compared: 0, refused: [], findings: [], departed: 0 };
  if (client) for (const d of drawn) await checkModelOnPeer(client, d, account);
  findings.push(...account.findings);
  failures += findings.length;
  console.log(headline(module, `${runsOf(drawn)} draws (${drawn.length} files)`, findings, account));
  console.log(`  holding ${printContents(contentsOfFiles(drawn))}`);
  printFindings(findings, ({ draw }) => print(draw));
  if (!values.brief && account.refused[0]) console.log(`  refused: ${account.refused[0].slice(0, 300)}`);
}
for (const module of operatorModules.filter(m => m.reference && !isDrawnAsModel(m) && wanted.test(keyOf(m)))) {
  const drawings = await drawMany(module, Number(values.seed), first, count);
  const findings: Finding[] = [...drawings.findings];
  for (const target of under) findings.push(...(await checkOnTarget(target, drawings.draws)).findings);
  const account: PeerAccount = { compared: 0, refused: [], findings: [], departed: 0, saturated: [] };
  if (client) await checkOnPeer(client, drawings.draws, account);
  findings.push(...account.findings);
  failures += findings.length;
  const runs = drawings.draws.reduce((n, d) => n + 1 + d.others.length, 0);
  const made = `${runs} draws (${drawings.draws.length} models, ${drawings.empty} empty)`;
  console.log(headline(module, made, findings, account));
  console.log(`  holding ${printContents(contentsOf(drawings.draws))}`);
  printFindings(findings, ({ drawn }) => printCase(drawn));
  const ended = account.refused.find(r => r.includes("ends the process"));
  if (ended) console.log(`  onnxruntime: ${ended}`);
  for (const s of account.saturated) console.log(`  onnxruntime saturates: ${s}`);
  if (!values.brief && account.refused[0]) console.log(`  refused: ${account.refused[0].slice(0, 300)}`);
}
client?.close();
process.exitCode = failures > 0 ? 1 : 0;

function headline(
  module: OperatorModule,
  made: string,
  findings: readonly unknown[],
  { compared, refused, departed }: Pick<PeerAccount, "compared" | "refused" | "departed">,
): string {
  const peerPart = `${compared} compared, ${refused.length} refused, ${departed} departures`;
  return `${keyOf(module)}: ${made}, ${findings.length} findings; onnxruntime-node: ${peerPart}`;
}

function printFindings<F extends { readonly label: string; readonly problem: string }>(
  findings: readonly F[],
  source: (finding: F) => string,
): void {
  const shown = new Set<string>();
  for (const f of findings) {
    if (values.brief && (shown.has(f.label) || shown.size >= 3)) continue;
    shown.add(f.label);
    console.log(`  ${f.label}: ${f.problem.slice(0, 600)}`);
    console.log(`    ${source(f).slice(0, values.brief ? 600 : 4000)}`);
  }
}
