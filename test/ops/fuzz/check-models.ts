// Draws of whole files before their judges: what load() makes of them on a target, and what onnxruntime-node gives.
import type { LoadOptions } from "../../../src/index.js";
import { load } from "../../../src/index.js";
import type { OperatorModule } from "../../../src/ops/operator.js";
import type { HostValue } from "../../../src/runtime/host-value.js";
import { isTensor } from "../../../src/runtime/host-value.js";
import { AzulejoError } from "../../../src/support/errors.js";
import { toTensorData } from "../../../src/testing/difference.js";
import { onnxModel } from "../../frontends/onnx-model.js";
import { hostDifference } from "../host-values.js";
import type { PeerTensor } from "../peer.js";
import { fromPeer, ortType } from "../peer.js";
import type { TargetUnderTest } from "../subjects.js";
import { onnxTolerance } from "../tensors.js";
import type { PeerAccount } from "./check-draws.js";
import { keyOf } from "./draw.js";
import { modelDraws } from "./models/index.js";
import type { ModelDraw, Values } from "./models/model-draw.js";
import { exactly } from "./models/model-draw.js";
import type { PeerClient } from "./peer-client.js";
import { Random } from "./random.js";

/** A draw of a whole file under the number that replay takes. */
export interface DrawnModel {
  readonly label: string;
  readonly draw: ModelDraw;
}
export interface ModelFinding {
  readonly label: string;
  readonly draw: ModelDraw;
  readonly problem: string;
}
/** so often is drawn anew where a draw makes no sense */
const tries = 20;

export const isDrawnAsModel = (module: OperatorModule): boolean => modelDraws[keyOf(module)] !== undefined;

/** Draws with `count` runs in all; the numbers are those from `first` on. */
export function drawModels(module: OperatorModule, seed: number, first: number, count: number): DrawnModel[] {
  const key = keyOf(module);
  const out: DrawnModel[] = [];
  let runs = 0;
  for (let number = first; runs < count && number < first + count; number++) {
    const label = `${key} ${number}`;
    let draw: ModelDraw | undefined;
    for (let attempt = 0; attempt < tries && !draw; attempt++)
      draw = modelDraws[key]!(new Random(`${seed} ${label} ${attempt}`));
    if (!draw) continue;
    out.push({ label, draw });
    runs += draw.runs.length;
  }
  return out;
}

export const runsOf = (files: readonly DrawnModel[]): number => files.reduce((n, f) => n + f.draw.runs.length, 0);

/** On a target that load() knows by its name. */
export async function checkModels(
  files: readonly DrawnModel[],
  { target, threads }: TargetUnderTest,
): Promise<ModelFinding[]> {
  const findings: ModelFinding[] = [];
  const options = { target: target.name as NonNullable<LoadOptions["target"]>, threads };
  for (const file of files) findings.push(...(await checkModel(file, options)));
  return findings;
}

/** One loaded model for all runs of a draw. */
async function checkModel(
  { label, draw }: DrawnModel,
  options: Pick<LoadOptions, "target" | "threads">,
): Promise<readonly ModelFinding[]> {
  const problems: string[] = [];
  try {
    const model = await load(onnxModel(draw.model), { ...options, engineFlags: "never", cache: false });
    try {
      for (const { inputs, outputs } of draw.runs) {
        const problem = difference(draw, await model.run<Values>(inputs), outputs);
        if (problem) problems.push(problem);
      }
    } finally {
      model.dispose();
    }
  } catch (e) {
    problems.push(e instanceof AzulejoError ? `${e.code}: ${e.message}` : `no code: ${String((e as Error).stack)}`);
  }
  return problems.map(problem => ({ label, draw, problem: `on ${String(options.target)}: ${problem}` }));
}

function difference({ closeness = exactly }: ModelDraw, got: Values, want: Values): string | undefined {
  for (const [name, value] of Object.entries(want)) {
    const problem = hostDifference(got[name], value, closeness);
    if (problem) return `${name} ${problem}`;
  }
  return undefined;
}

/** undefined: onnxruntime-node takes tensors alone */
function peerInputs(inputs: Values): readonly PeerTensor[] | undefined {
  const entries = Object.entries(inputs);
  if (!entries.every(([, v]) => isTensor(v))) return undefined;
  return entries.map(([name, v]) => {
    const t = v as Exclude<HostValue, undefined> & PeerTensor & { readonly dtype: string };
    const type = t.dtype === "string" ? "string" : ortType(t.dtype as never);
    return { name, type, dims: t.dims, data: t.data };
  });
}
const peerValue = (t: Omit<PeerTensor, "name">): HostValue =>
  t.type === "string" ? { dtype: "string", dims: t.dims, data: t.data as string[] } : toTensorData(fromPeer(t));

export interface ModelPeerAccount extends Omit<PeerAccount, "findings" | "saturated"> {
  readonly findings: ModelFinding[];
}
export async function checkModelOnPeer(
  client: PeerClient,
  { label, draw }: DrawnModel,
  into: ModelPeerAccount,
): Promise<void> {
  const model = onnxModel(draw.model);
  const outputs = Object.fromEntries((draw.model.outputs ?? []).map(o => [o.name!, undefined]));
  for (const run of draw.runs) {
    const inputs = peerInputs(run.inputs);
    const answer = inputs
      ? await client.run({ model, inputs, outputs })
      : { error: "its JavaScript takes tensors alone" };
    if ("error" in answer) {
      into.refused.push(`${label}: ${answer.error}`);
      continue;
    }
    into.compared++;
    const got = Object.fromEntries(answer.outputs.map(o => [o.name, peerValue(o)]));
    // its kernels round on their way otherwise
    const loose = { ...draw, ...(draw.closeness ? { closeness: looser(draw) } : {}) };
    const problem = difference(loose, got, run.outputs);
    if (!problem) continue;
    if (draw.departure) into.departed++;
    else into.findings.push({ label, draw, problem: `onnxruntime-node differs from the judge: ${problem}` });
  }
}
const looser = ({ closeness = exactly }: ModelDraw) => ({
  rtol: Math.max(closeness.rtol, onnxTolerance.rtol),
  atol: Math.max(closeness.atol, onnxTolerance.atol * 100),
});
