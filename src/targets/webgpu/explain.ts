// What this target makes of a program, as text. Nothing is compiled.
import type { KernelProgram } from "../../graph/program.js";
import { gpuProgram, kernelsOf } from "./steps.js";

/** The default of the specification: a device may bind more. */
const STORAGE_BUFFERS = 8;

export function explainCode(program: KernelProgram): string {
  const { steps } = gpuProgram(program, { storageBuffers: STORAGE_BUFFERS, onUnsupported: "host", tiles: true });
  const seen = new Set<string>();
  return kernelsOf(steps)
    .map(s => {
      const head = `// ${s.step.kernel.name}: ${s.step.nodes.join(", ")}\n`;
      if (s.kind === "host") return `${head}// on the host: ${s.reason}\n`;
      return s.dispatches
        .map(d => {
          if (seen.has(d.code)) return `${head}// the same shader as before\n`;
          seen.add(d.code);
          return `${head}${d.code}\n`;
        })
        .join("\n");
    })
    .join("\n");
}
