// The targets by name, and which of them this host has: the one place where concrete targets are chosen.
import type { IntegerProducts, WideProducts } from "../graph/passes/index.js";
import type { LoadOptions } from "../runtime/api.js";
import type { Target } from "../runtime/target.js";
import { AzulejoError } from "../support/errors.js";
import type { WasmTargetOptions } from "../targets/wasm/target.js";
import { wasmTarget } from "../targets/wasm/target.js";

export const targetNames = ["wasm", "native", "cpu", "webgpu", "interpreter"] as const;

/** load() has decided on "cpu" before; for others: it is the native target where koffi and a C compiler are there, else WebAssembly; the report says which. */
export async function targetOf(
  options: Pick<LoadOptions, "target" | "onUnsupported" | "gpuDevice" | "sanitize">,
  takeWorker?: WasmTargetOptions["takeWorker"],
): Promise<Target> {
  const name = options.target ?? "wasm";
  switch (name) {
    case "wasm":
      return wasmTarget({ takeWorker });
    case "native":
      return native();
    case "cpu":
      return (await import("../targets/c/native-problem.js").then(m => m.nativeProblem())) === undefined
        ? native()
        : wasmTarget();
    case "webgpu":
      // loaded where it is used: a page that runs WebAssembly does not carry it
      return (await import("../targets/webgpu/target.js")).webgpuTarget({
        onUnsupported: options.onUnsupported,
        device: options.gpuDevice,
      });
    case "interpreter":
      return (await import("../targets/interpreter/target.js")).interpreter({ sanitize: options.sanitize ?? false });
    default: {
      const known = targetNames.map(n => `"${n}"`).join(", ");
      throw new AzulejoError("option", `target: "${String(name)}" is not one of ${known}; choose one of them`);
    }
  }
}

/** What multiplies 8-bit integers fastest on a target. */
export async function integerProductsOf({ target }: Pick<LoadOptions, "target">): Promise<IntegerProducts> {
  if (target === "webgpu") return (await import("../targets/webgpu/target.js")).integerProducts();
  if (target !== "native" && target !== "cpu") return "pairs";
  return (await import("../targets/c/native-problem.js")).integerProducts();
}

/** Where products of 16-bit floats go by f32: shaders convert as they fill their tiles, and the interpreter runs what is there. */
export function wideProductsOf({ target = "wasm" }: Pick<LoadOptions, "target">): WideProducts | undefined {
  if (target === "webgpu" || target === "interpreter") return undefined;
  return target === "wasm" ? "always" : "of many rows";
}

/** Loaded when it is asked for: pages cannot have it. */
const native = async (): Promise<Target> => (await import("../targets/c/target.js")).nativeTarget();
