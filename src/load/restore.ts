// Kept executables back to life, by target. Only WebAssembly's is loaded with the library: pages have no other.
import type { CompileOptions, Executable, SavedExecutable } from "../runtime/target.js";
import { restore as restoreWasm } from "../targets/wasm/executable.js";
import type { KeptTarget } from "./model-store.js";

/** Undefined: a part that lies elsewhere is gone, and it has to be compiled. */
export async function restoreExecutable(
  target: KeptTarget,
  saved: SavedExecutable,
  options: CompileOptions,
): Promise<Executable | undefined> {
  if (target === "wasm") return restoreWasm(saved, options);
  const native = await import("../targets/c/executable.js");
  return native.restore(saved, options);
}
