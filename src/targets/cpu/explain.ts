// The stages that all CPU targets have, as text: loops with their schedules. Compiles, but starts no thread and reads no weights.
import type { KernelProgram, Step } from "../../graph/program.js";
import { printFunc } from "../../lower/cpu/loop-print.js";
import type { CompileOptions } from "../../runtime/target.js";
import { CompiledProgram } from "./compiled-program.js";
import { type KernelCode, KernelLibrary, type MachineModel } from "./kernel-library.js";

export interface StepCodes {
  /** of every distinct kernel */
  readonly codes: readonly KernelCode[];
  readonly codeOf: (step: Step) => KernelCode | undefined;
}

/** The code of every kernel of a program; steps with kernels of one structure share it. */
export function stepCodesOf(
  program: KernelProgram,
  machine: MachineModel,
  options: Pick<CompileOptions, "schedules" | "tuning">,
): StepCodes {
  const library = new KernelLibrary(machine, options);
  const compiled = new CompiledProgram(program, library);
  return { codes: library.codes, codeOf: step => compiled.kernels.get(step)?.bound.code };
}

/** Loop IR of one kernel. */
export const printLoopsOf = ({ lowered }: KernelCode): string =>
  lowered.phases.map(phase => printFunc(phase.func)).join("\n");

/** Loop IR of every distinct kernel, each after its schedule. */
export const printLoops = (codes: readonly KernelCode[]): string =>
  codes
    .map(code => {
      const { representative, schedule } = code;
      return `kernel ${representative.name}\nschedule ${JSON.stringify(schedule)}\n${printLoopsOf(code)}`;
    })
    .join("\n");
