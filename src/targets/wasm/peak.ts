// The peak of multiply-adds in WebAssembly, on this engine.
import { canShareMemory } from "../../runtime/platform.js";
import type { CompileOptions } from "../../runtime/target.js";
import { Peak, peakFunction } from "../cpu/peak.js";
import { emitFunctions } from "./emit.js";
import { machineOptions } from "./executable.js";
import { createMachine } from "./machine.js";
import { engine } from "./machine-engine.js";
import { assembleModule } from "./module.js";

const LANES = 4;

export async function wasmPeak(options: Pick<CompileOptions, "threads" | "engineFlags">): Promise<Peak> {
  const shared = canShareMemory();
  const { functions, entries } = emitFunctions([peakFunction(LANES)], engine(options.engineFlags));
  const module = assembleModule({ functions, entries, shared });
  return Peak.of(await createMachine(machineOptions(module, { ...options, shared })), LANES);
}
