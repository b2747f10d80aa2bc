// Draws of an operator before their judges: the reference judges the targets, onnxruntime-node the reference.
import type { OperatorCase, OperatorModule } from "../../../src/ops/operator.js";
import { AzulejoError } from "../../../src/support/errors.js";
import type { CaseGraph } from "../../../src/testing/case-graph.js";
import { graphOfCase } from "../../../src/testing/case-graph.js";
import { fromPeer, outputsOf, peerInputsOf, peerModelOf, peerVersions } from "../peer.js";
import { maySaturate } from "../peer-saturation.js";
import type { TargetUnderTest } from "../subjects.js";
import { nameOf } from "../subjects.js";
import { looser, problemOf } from "./compare.js";
import { departureOf } from "./departures.js";
import { keyOf } from "./draw.js";
import type { Drawn, Finding } from "./draws.js";
import { drawNumber, registry, staysInside } from "./draws.js";
import type { PeerClient } from "./peer-client.js";
import type { Open } from "./planted.js";
import { openInPeer } from "./planted.js";
import type { RunOutcome } from "./run-draws.js";
import { isPrecondition, prepareDraws, runDraws } from "./run-draws.js";

export interface Drawings {
  readonly draws: readonly Drawn[];
  readonly findings: readonly Finding[];
  /** numbers of which nothing came */
  readonly empty: number;
}

/** `count` draws and their resizings; the numbers are those from `first` on. */
export async function drawMany(module: OperatorModule, seed: number, first: number, count: number): Promise<Drawings> {
  const draws: Drawn[] = [];
  const findings: Finding[] = [];
  let [empty, made] = [0, 0];
  for (let number = first; made < count && number < first + count; number++) {
    const drawn = await drawNumber(module, seed, number);
    if (!drawn) empty++;
    else if ("problem" in drawn) findings.push(drawn);
    else {
      draws.push(drawn);
      made += 1 + drawn.others.length;
    }
    // an operator whose draws are refused throughout says so once
    if (empty >= 5 && made === 0) break;
  }
  return { draws, findings, empty };
}

export interface Checked {
  readonly compared: number;
  /** draws of which an index lies outside of its tensor */
  readonly outside: number;
  readonly findings: readonly Finding[];
}

/** What targets make of draws, held against the references. */
export async function checkOnTarget(under: TargetUnderTest, draws: readonly Drawn[]): Promise<Checked> {
  const { jobs, failed } = await prepareDraws(draws);
  const outcomes = await runDraws(under, jobs);
  // kernels know more of dims than operators: what they refuse with a word for the user is refused
  const findings: Finding[] = [...failed].flatMap(([d, e]) => (isRefusal(e) ? [] : [finding(d, d.drawn, under, e)]));
  const apart: Drawn[] = [];
  let [compared, outside] = [0, 0];
  for (const [drawn, results] of outcomes)
    results.forEach((outcome, run) => {
      const { expected, drawn: which } = run === 0 ? drawn : drawn.others[run - 1]!;
      const open = run === 0 ? drawn.open : undefined;
      if (run === 0 && isRefusal(outcome)) return;
      if (run > 0 && isPrecondition(outcome)) {
        const inNumbers = graphOfCase(drawn.module, which, registry, false);
        apart.push({ ...drawn, drawn: which, symbolic: false, expected: inNumbers, others: [] });
        return;
      }
      // indices of a draw that is made of cases may lie outside once sizes have changed; families keep them inside
      if (outcome instanceof AzulejoError && outcome.code === "bounds" && !staysInside(drawn.module)) {
        outside++;
        return;
      }
      compared++;
      const problem = outcomeProblem(drawn.module, expected, outcome, open);
      if (problem) findings.push(finding(drawn, which, under, problem));
    });
  if (apart.length === 0) return { compared, outside, findings };
  const rest = await checkOnTarget(under, apart);
  return {
    compared: compared + rest.compared,
    outside: outside + rest.outside,
    findings: [...findings, ...rest.findings],
  };
}

const isRefusal = (e: unknown): boolean =>
  e instanceof AzulejoError && /^(shape|operator-unsupported|operator-attribute)$/.test(e.code);

function outcomeProblem(
  module: OperatorModule,
  expected: CaseGraph,
  outcome: RunOutcome,
  open: Open | undefined,
): string | undefined {
  if (!(outcome instanceof Error)) return problemOf(module, expected, outcome, open);
  return outcome instanceof AzulejoError ? `${outcome.code}: ${outcome.message}` : `no code: ${outcome.stack}`;
}

const finding = (
  { label, symbolic, drawn: own }: Drawn,
  drawn: OperatorCase,
  under: TargetUnderTest,
  problem: unknown,
): Finding => {
  const dims = symbolic ? (drawn === own ? ", dims as symbols" : ", other dims for the symbols") : "";
  return { label, drawn, problem: `on ${nameOf(under)}${dims}: ${String(problem)}` };
};

export interface PeerAccount {
  compared: number;
  /** what onnxruntime-node does not take */
  readonly refused: string[];
  readonly findings: Finding[];
  /** what differs for a known reason */
  departed: number;
  /** what differs and multiplies u8 by i8, on a processor on which the peer saturates such sums */
  readonly saturated: string[];
}

const hasPeer = ({ operator: { domain } }: OperatorModule): boolean => !domain || domain in peerVersions;

/** newest opset that onnxruntime-node 1.30 knows */
const newestOfPeer = 25;

export async function checkOnPeer(client: PeerClient, draws: readonly Drawn[], into: PeerAccount): Promise<void> {
  for (const { module, drawn: own, label, others, open: ownOpen } of draws)
    for (const drawn of [own, ...others.slice(0, 1).map(o => o.drawn)]) {
      const open = drawn === own && ownOpen ? openInPeer(module, ownOpen) : undefined;
      if (!hasPeer(module)) continue;
      const opset = drawn.opset ?? Math.min(newestOfPeer, Math.max(21, module.doc.opsets[0]));
      // what versions differ in, the reference is asked for
      const expected = judgedFor(module, drawn, module.operator.domain ? undefined : opset);
      if (!expected) continue;
      const answer = await client.run({
        model: await peerModelOf(module, expected, module.operator.domain ? 21 : opset),
        inputs: await peerInputsOf(expected),
        outputs: outputsOf(module, expected),
      });
      if ("error" in answer) {
        into.refused.push(`${label}: ${answer.error}`);
        continue;
      }
      const got = expected.graph.outputs.map(v => fromPeer(answer.outputs.find(o => o.name === v.name)!));
      into.compared++;
      const problem = problemOf({ tolerance: looser(module.tolerance) }, expected, got, open);
      if (!problem) continue;
      const departure = departureOf(keyOf(module), drawn);
      const { within } = departure ?? {};
      if (departure && !(within && problemOf({ tolerance: within }, expected, got, open))) into.departed++;
      else if ((await client.saturates()) && (await maySaturate(module, expected)))
        into.saturated.push(`${label}: ${problem}`);
      else into.findings.push({ label, drawn, problem: `onnxruntime-node differs from the reference: ${problem}` });
    }
}

function judgedFor(module: OperatorModule, drawn: OperatorCase, opset: number | undefined): CaseGraph | undefined {
  try {
    return graphOfCase(module, opset === undefined ? drawn : { ...drawn, opset }, registry, false);
  } catch {
    return undefined;
  }
}
