// The stages inside the wasm target as text: loops with their schedules, and code. Compiles, but starts no worker and reads no weights.
import type { KernelProgram } from "../../graph/program.js";
import type { CompileOptions } from "../../runtime/target.js";
import { printLoops, printLoopsOf, type StepCodes, stepCodesOf } from "../cpu/explain.js";
import type { KernelCode } from "../cpu/kernel-library.js";
import { countTypes, disassemble } from "./disassemble.js";
import { emitFunctions } from "./emit.js";
import { engine } from "./machine-engine.js";

type Options = Pick<CompileOptions, "schedules" | "tuning" | "engineFlags">;

/** The kernels of a program as this target lowers them. */
export const explainSteps = (program: KernelProgram, options: Options): StepCodes =>
  stepCodesOf(program, { code: "wasm", features: engine(options.engineFlags) }, options);
/** The distinct ones. */
export const explainCodes = (program: KernelProgram, options: Options): readonly KernelCode[] =>
  explainSteps(program, options).codes;

export { printLoops, printLoopsOf };

/** Instructions of every function of the module but the driver's, with its size in bytes. */
export function printCode(codes: readonly KernelCode[], { engineFlags }: Options): string {
  const funcs = codes.flatMap(({ lowered }) => lowered.phases.map(phase => phase.func));
  const { functions } = emitFunctions(funcs, engine(engineFlags));
  return functions
    .map(({ name, params, code }, index) => {
      const bytes = code(position => position);
      return `func ${index} ${name}, parameters ${countTypes(params)}, ${bytes.length} bytes\n${indent(disassemble(bytes))}\n`;
    })
    .join("\n");
}

const indent = (text: string): string => text.replace(/^/gm, "  ");
