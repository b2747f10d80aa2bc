// Where the time of a model goes, from what its steps report.
import { AzulejoError } from "../support/errors.js";
import { now } from "./platform.js";
import type { StepTime } from "./target.js";

/** How long a kernel took, in milliseconds. */
export interface KernelTime {
  readonly kernel: string;
  /** nodes of the graph that it computes */
  readonly nodes: readonly string[];
  readonly where: StepTime["where"];
  /** how often it ran in the last pass */
  readonly calls: number;
  /** milliseconds of all its calls together, one number a pass */
  readonly timesMs: readonly number[];
}
/** Times are milliseconds. */
export interface Profile<Outputs = unknown> {
  readonly outputs: Outputs;
  /** whole passes as the caller waits for them; timing makes them longer than other runs */
  readonly passesMs: readonly number[];
  /** in the order of their first calls */
  readonly kernels: readonly KernelTime[];
  /** of the last pass, in the order in which steps ran */
  readonly timeline: readonly StepTime[];
}

/** @throws AzulejoError target where nothing is timed; option */
export async function profile<Outputs>(
  run: (onStep: (step: StepTime) => void) => Promise<Outputs>,
  passes: number,
): Promise<Profile<Outputs>> {
  if (!Number.isSafeInteger(passes) || passes < 1)
    throw new AzulejoError("option", `passes: ${String(passes)} is no whole number from 1 on; leave it out for 1`);
  const passesMs: number[] = [];
  const timelines: StepTime[][] = [];
  let outputs: Outputs;
  for (let pass = 0; pass < passes; pass++) {
    const steps: StepTime[] = [];
    const start = now();
    outputs = await run(step => steps.push(step));
    passesMs.push(now() - start);
    timelines.push(steps);
  }
  const timeline = timelines.at(-1)!;
  if (timeline.length === 0)
    throw new AzulejoError(
      "target",
      'This target times no steps, or the model has none; profile with { target: "wasm" }, "native" or "webgpu"',
    );
  return { outputs: outputs!, passesMs, timeline, kernels: kernelTimes(timelines) };
}

function kernelTimes(timelines: readonly (readonly StepTime[])[]): readonly KernelTime[] {
  const byKey = new Map<string, KernelTime & { calls: number; readonly timesMs: number[] }>();
  timelines.forEach((steps, pass) => {
    for (const { kernel, nodes, where, timeMs } of steps) {
      const key = JSON.stringify([kernel, nodes, where]);
      const known = byKey.get(key) ?? { kernel, nodes, where, calls: 0, timesMs: timelines.map(() => 0) };
      byKey.set(key, known);
      known.timesMs[pass]! += timeMs;
      if (pass === timelines.length - 1) known.calls++;
    }
  });
  return [...byKey.values()];
}
