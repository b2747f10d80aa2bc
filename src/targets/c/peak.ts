// The peak of multiply-adds of the processor, as the system's C compiler makes it.
import type { CompileOptions } from "../../runtime/target.js";
import { Peak, peakFunction } from "../cpu/peak.js";
import { NativeMachine } from "./machine.js";
import { nativeCompiler } from "./native-problem.js";
import { sourcesOf } from "./sources.js";
import { loadCode } from "./target.js";

export async function nativePeak(options: Pick<CompileOptions, "threads" | "signal">): Promise<Peak> {
  const compiler = await nativeCompiler();
  const { library } = await loadCode(
    compiler,
    sourcesOf([peakFunction(compiler.lanes)], 1, compiler.vectorRegisters),
    "-O2",
    options,
  );
  const machine = new NativeMachine(library, { threads: options.threads, compileTimeMs: 0, entries: ["peak"] });
  return Peak.of(machine, compiler.lanes);
}
