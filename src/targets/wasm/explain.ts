// The stages inside the wasm target as text: loops with their schedules, and code. Compiles, but starts no worker and reads no weights.
import type { KernelProgram } from "../../graph/program.js";
import { printFunc } from "../../lower/cpu/loop-print.js";
import type { CompileOptions } from "../../runtime/target.js";
import type { Schedule } from "../../schedule/schedule.js";
import { CompiledProgram } from "../cpu/compiled-program.js";
import { countTypes, disassemble } from "./disassemble.js";
import { emitFunctions } from "./emit.js";
import type { KernelCode } from "../cpu/kernel-library.js";
import { KernelLibrary } from "../cpu/kernel-library.js";
import { engine } from "./machine-engine.js";

type Options = Pick<CompileOptions, "schedules" | "engineFlags">;

function codesOf(program: KernelProgram, options: Options): readonly KernelCode[] {
  const library = new KernelLibrary(
    engine(options.engineFlags),
    options.schedules as Readonly<Record<string, Partial<Schedule>>> | undefined,
  );
  new CompiledProgram(program, library);
  return library.codes;
}

/** Loop IR of every distinct kernel, each after its schedule. */
export function explainLoops(program: KernelProgram, options: Options): string {
  return codesOf(program, options)
    .map(({ representative, schedule, lowered }) => {
      const phases = lowered.phases.map(phase => printFunc(phase.func)).join("\n");
      return `kernel ${representative.name}\nschedule ${JSON.stringify(schedule)}\n${phases}`;
    })
    .join("\n");
}

/** Instructions of every function of the module but the driver's, with its size in bytes. */
export function explainCode(program: KernelProgram, options: Options): string {
  const funcs = codesOf(program, options).flatMap(({ lowered }) => lowered.phases.map(phase => phase.func));
  const { functions } = emitFunctions(funcs, engine(options.engineFlags));
  return functions
    .map(({ name, params, code }, index) => {
      const bytes = code(position => position);
      return `func ${index} ${name}, parameters ${countTypes(params)}, ${bytes.length} bytes\n${indent(disassemble(bytes))}\n`;
    })
    .join("\n");
}

const indent = (text: string): string => text.replace(/^/gm, "  ");
