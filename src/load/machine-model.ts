// What schedules of a CPU target are made for on this machine.
import type { MachineModel } from "../targets/cpu/kernel-library.js";
import { engine } from "../targets/wasm/machine-engine.js";
import type { CompileOptions } from "../runtime/target.js";

export async function machineModelOf(
  target: "wasm" | "native",
  { engineFlags }: Pick<CompileOptions, "engineFlags">,
): Promise<MachineModel> {
  if (target === "wasm") return { code: "wasm", features: engine(engineFlags) };
  const [{ machineModel }, { nativeCompiler }] = await Promise.all([
    import("../targets/c/target.js"),
    import("../targets/c/native-problem.js"),
  ]);
  return machineModel(await nativeCompiler());
}
