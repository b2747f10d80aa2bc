// What this target makes of a program, as text. Nothing is compiled.
import type { KernelProgram, Step } from "../../graph/program.js";
import { explainCounts } from "../../lower/gpu/explain-counts.js";
import { leastLimits } from "../../lower/gpu/lower.js";
import { gpuProgram, kernelsOf } from "./steps.js";

const options = { limits: { ...leastLimits, tiles: true, workgroupBytes: 32768 }, onUnsupported: "host" } as const;

const stepsOf = (program: KernelProgram): ReturnType<typeof kernelsOf> => kernelsOf(gpuProgram(program, options).steps);

/** The shaders of each kernel, or why it is computed on the host. */
export function explainSteps(program: KernelProgram): ReadonlyMap<Step, string> {
  return new Map(
    stepsOf(program).map(s => [
      s.step,
      s.kind === "host"
        ? `// on the host: ${s.reason}\n`
        : s.dispatches.map(d => `${explainCounts(d)}\n${d.code}`).join("\n"),
    ]),
  );
}

export function explainCode(program: KernelProgram): string {
  const seen = new Set<string>();
  return stepsOf(program)
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
}
