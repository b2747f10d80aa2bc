// `node dist/test/ops/fuzz/replay.js [--seed S] [--count N] [--peer] Conv [17]`: draws of an operator, or one of them, on all targets.
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { operatorModules } from "../modules.js";
import { peer } from "../peer.js";
import { targetsUnderTest } from "../subjects.js";
import type { PeerAccount } from "./check-draws.js";
import { checkOnPeer, checkOnTarget, drawMany } from "./check-draws.js";
import { keyOf } from "./draw.js";
import type { Finding } from "./draws.js";
import { PeerClient } from "./peer-client.js";
import { printCase } from "./print.js";

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
  t => !t.compilesSlowly && (values.threads || t.threads === 1) && t.target.name.includes(values.target),
);
const client = existsSync(peer) ? new PeerClient() : undefined;
let failures = 0;

for (const module of operatorModules.filter(m => m.reference && wanted.test(keyOf(m)))) {
  const drawings = await drawMany(module, Number(values.seed), first, count);
  const findings: Finding[] = [...drawings.findings];
  for (const target of under) findings.push(...(await checkOnTarget(target, drawings.draws)).findings);
  const account: PeerAccount = { compared: 0, refused: [], findings: [], departed: 0 };
  if (client) await checkOnPeer(client, drawings.draws, account);
  findings.push(...account.findings);
  failures += findings.length;
  const runs = drawings.draws.reduce((n, d) => n + 1 + d.others.length, 0);
  console.log(
    `${keyOf(module)}: ${runs} draws (${drawings.draws.length} models, ${drawings.empty} empty), ${findings.length} findings; onnxruntime-node: ${account.compared} compared, ${account.refused.length} refused, ${account.departed} departures`,
  );
  const shown = new Set<string>();
  for (const f of findings) {
    if (values.brief && (shown.has(f.label) || shown.size >= 3)) continue;
    shown.add(f.label);
    console.log(`  ${f.label}: ${f.problem.slice(0, 600)}`);
    console.log(`    ${printCase(f.drawn).slice(0, values.brief ? 600 : 4000)}`);
  }
  const ended = account.refused.find(r => r.includes("ends the process"));
  if (ended) console.log(`  onnxruntime: ${ended}`);
  if (!values.brief && account.refused[0]) console.log(`  refused: ${account.refused[0].slice(0, 300)}`);
}
client?.close();
process.exitCode = failures > 0 ? 1 : 0;
