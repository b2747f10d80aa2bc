// The stages that all CPU targets have, as text: loops with their schedules. Compiles, but starts no thread and reads no weights.
import type { KernelProgram } from "../../graph/program.js";
import { printFunc } from "../../lower/cpu/loop-print.js";
import type { CompileOptions } from "../../runtime/target.js";
import type { Schedule } from "../../schedule/schedule.js";
import { CompiledProgram } from "./compiled-program.js";
import { type KernelCode, KernelLibrary, type MachineModel } from "./kernel-library.js";

/** Every distinct kernel of a program with its code. */
export function codesOf(
  program: KernelProgram,
  machine: MachineModel,
  schedules: CompileOptions["schedules"],
): readonly KernelCode[] {
  const library = new KernelLibrary(machine, schedules as Readonly<Record<string, Partial<Schedule>>> | undefined);
  new CompiledProgram(program, library);
  return library.codes;
}

/** Loop IR of every distinct kernel, each after its schedule. */
export const printLoops = (codes: readonly KernelCode[]): string =>
  codes
    .map(({ representative, schedule, lowered }) => {
      const phases = lowered.phases.map(phase => printFunc(phase.func)).join("\n");
      return `kernel ${representative.name}\nschedule ${JSON.stringify(schedule)}\n${phases}`;
    })
    .join("\n");
