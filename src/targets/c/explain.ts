// The stages inside the native target as text: loops for this processor's vectors, and C. Asks the compiler what the processor has,
// and compiles nothing.
import type { KernelProgram } from "../../graph/program.js";
import type { CompileOptions } from "../../runtime/target.js";
import type { StepCodes } from "../cpu/explain.js";
import { printLoops, printLoopsOf, stepCodesOf } from "../cpu/explain.js";
import type { KernelCode } from "../cpu/kernel-library.js";
import { emitKernel } from "./emit.js";
import { nativeCompiler } from "./native-problem.js";
import { machineModel } from "./target.js";

type Options = Pick<CompileOptions, "schedules" | "tuning">;

/** The kernels of a program as this target lowers them. */
export const explainSteps = async (program: KernelProgram, options: Options): Promise<StepCodes> =>
  stepCodesOf(program, machineModel(await nativeCompiler()), options);
/** The distinct ones. */
export const explainCodes = async (program: KernelProgram, options: Options): Promise<readonly KernelCode[]> =>
  (await explainSteps(program, options)).codes;

export { printLoops, printLoopsOf };

/** The functions of every kernel; the operations that they call are those of loop IR (prelude.ts). */
export async function printCode(codes: readonly KernelCode[]): Promise<string> {
  const { vectorRegisters } = await nativeCompiler();
  const funcs = codes.flatMap(({ lowered }) => lowered.phases.map(phase => phase.func));
  return funcs.map((f, i) => `${emitKernel(f, i, vectorRegisters).text}\n`).join("\n");
}
