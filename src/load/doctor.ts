// doctor(): what this host has to run models on, as data. Nothing is compiled and nothing changes.
import { type CacheContent, cacheContent } from "../runtime/cache-folder.js";
import { findCompiler } from "../targets/c/compiler.js";
import { nativeProblem } from "../targets/c/native-problem.js";
import { engine } from "../targets/wasm/machine-engine.js";
import { canShareMemory, coreCount, validateWasm } from "../runtime/platform.js";
import { hostPlatform, memoryBytes, processorName } from "../runtime/native-host.js";

/** The machine that this runs on, its targets, and its cache of compiled models. */
export interface HostReport {
  /** "linux-x64" and the like; "browser" where there is no Node */
  readonly platform: string;
  readonly processor: string | undefined;
  readonly cores: number;
  readonly memoryBytes: { readonly total: number; readonly free: number } | undefined;
  readonly targets: readonly TargetState[];
  /** kept models and libraries of the native target */
  readonly cache: CacheContent | undefined;
}
/** Whether a target works here, and why not. */
export interface TargetState {
  readonly name: "wasm" | "native" | "webgpu" | "interpreter";
  /** why it can't be used, and what to install; undefined: it can */
  readonly problem: string | undefined;
  /** vectors, threads, compiler: one fact each */
  readonly facts: readonly string[];
}

export async function doctor(): Promise<HostReport> {
  const platform = hostPlatform();
  return {
    platform: platform ?? "browser",
    processor: platform && processorName(),
    cores: coreCount(),
    memoryBytes: platform ? memoryBytes() : undefined,
    targets: await targetStates(),
    cache: platform ? await cacheContent() : undefined,
  };
}

export const targetStates = async (): Promise<readonly TargetState[]> => [
  wasmState(),
  await nativeState(),
  { name: "webgpu", ...(await (await import("../targets/webgpu/target.js")).gpuState()) },
  { name: "interpreter", problem: undefined, facts: ["1 thread, slow"] },
];

/** the smallest module */
const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
function wasmState(): TargetState {
  if (!validateWasm(EMPTY_MODULE)) return { name: "wasm", problem: "This host has no WebAssembly", facts: [] };
  const byFlag = engine("auto").relaxedSimd ? "fused multiply-add by an engine flag" : "no fused multiply-add";
  const fma = engine("never").relaxedSimd ? "fused multiply-add" : byFlag;
  const threads = canShareMemory() ? `up to ${coreCount()} threads` : "1 thread: memory can't be shared here";
  return { name: "wasm", problem: undefined, facts: ["128-bit vectors", fma, threads] };
}

async function nativeState(): Promise<TargetState> {
  const problem = await nativeProblem();
  if (problem !== undefined) return { name: "native", problem, facts: [] };
  const { version, lanes, hasFma, features } = await findCompiler();
  const fma = hasFma ? "fused multiply-add" : "no fused multiply-add";
  const facts = [version, `${lanes * 32}-bit vectors`, fma, `up to ${coreCount()} threads`, features.join(" ")];
  return { name: "native", problem: undefined, facts };
}
