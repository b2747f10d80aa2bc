// What this target makes of a program, as text. Nothing is compiled.
import type { KernelProgram, Step } from "../../graph/program.js";
import { explainCounts } from "../../lower/gpu/explain-counts.js";
import type { GpuLimits } from "../../lower/gpu/lower.js";
import type { GpuDevice } from "../../runtime/gpu.js";
import { featuresText, limitsHere } from "./device.js";
import { pinnedChoice } from "./pins.js";
import { gpuProgram, kernelsOf } from "./steps.js";

/** Of a device of the user's, of the adapter that is here, else what every device has; tiles, though adapters of software go without: that of a GPU is to be seen. */
export async function limitsShown(device?: object): Promise<{ readonly limits: GpuLimits; readonly text: string }> {
  const { limits, name } = await limitsHere(device as GpuDevice | undefined);
  const shown = { ...limits, tiles: true };
  const without = limits.tiles || name === "any device" ? "" : "; runs on this one go without tiles";
  return { limits: shown, text: `// for ${name}: ${featuresText(shown)}${without}\n` };
}
type Schedules = Readonly<Record<string, object>>;
const stepsOf = (program: KernelProgram, limits: GpuLimits, schedules: Schedules): ReturnType<typeof kernelsOf> =>
  kernelsOf(
    gpuProgram(program, { limits, onUnsupported: "host", choiceOf: step => pinnedChoice(step, schedules) }).steps,
  );

/** The shaders of each kernel, or why it is computed on the host. */
export function explainSteps(
  program: KernelProgram,
  limits: GpuLimits,
  schedules: Schedules = {},
): ReadonlyMap<Step, string> {
  return new Map(
    stepsOf(program, limits, schedules).map(s => [
      s.step,
      s.kind === "host"
        ? `// on the host: ${s.reason}\n`
        : s.dispatches.map(d => `${explainCounts(d)}\n${d.code}`).join("\n"),
    ]),
  );
}

export async function explainCode(
  program: KernelProgram,
  { gpuDevice, schedules = {} }: { readonly gpuDevice?: object; readonly schedules?: Schedules } = {},
): Promise<string> {
  const { limits, text } = await limitsShown(gpuDevice);
  const seen = new Set<string>();
  const shaders = stepsOf(program, limits, schedules)
    .map(s => {
      const head = `// ${s.step.kernel.name}: ${s.step.nodes.join(", ")}\n`;
      if (s.kind === "host") return `${head}// on the host: ${s.reason}\n`;
      return s.dispatches
        .map(d => {
          if (seen.has(d.code)) return `${head}// the same shader as before\n`;
          seen.add(d.code);
          return `${head}${explainCounts(d)}\n${d.code}\n`;
        })
        .join("\n");
    })
    .join("\n");
  return `${text}${shaders}`;
}
