// What the engine can do and how modules are compiled for it: relaxed SIMD, the tile profile for schedules, V8's flags.
// In Node a run starts at full speed because TurboFan compiles everything before; browsers grant no flags and tier up while running.
import type { EngineFlag, WasmModule } from "../../runtime/platform.js";
import {
  compileWasm,
  nodeV8Version,
  now,
  validateWasm,
  withEngineFlags,
  withEngineFlagsSync,
} from "../../runtime/platform.js";
import { RefusedCode } from "../../runtime/refused-code.js";
import { AzulejoError } from "../../support/errors.js";
import { Bytes, functionType, MODULE_HEADER, SECTION, section, unsigned, vector } from "./assembler.js";

export type EngineFlags = "auto" | "never";

export interface Engine {
  /** f32x4.relaxed_madd and its kin may be emitted */
  readonly relaxedSimd: boolean;
  /** V8 11 (Node 20) collapses on tall register tiles and unrolled reductions; later engines do not */
  readonly tileProfile: "node20" | "v8-modern";
}

/** V8 11.3 has relaxed SIMD behind a flag; from 11.4 it is always on and newer versions no longer know the flag. */
const RELAXED_SIMD: EngineFlag = { name: "experimental-wasm-relaxed-simd", value: true };
/** No first tier, and everything at once: 160 ms for 605 KB in Node 20, 60 ms in Node 24, then full speed at the first call. */
const OPTIMISED_AT_ONCE: readonly EngineFlag[] = [
  { name: "liftoff", value: false },
  { name: "wasm-lazy-compilation", value: false },
];
/** Versions whose flags are known to mean this; an unknown flag would print an error. */
const KNOWN_V8 = { from: 11, below: 15 };

const knownV8 = (): number | undefined => {
  const version = nodeV8Version();
  return version !== undefined && version >= KNOWN_V8.from && version < KNOWN_V8.below ? version : undefined;
};

function relaxedSimdFlags(): readonly EngineFlag[] {
  const version = knownV8();
  return version !== undefined && version < 11.4 ? [RELAXED_SIMD] : [];
}

/** (v128, v128, v128) → v128 with one f32x4.relaxed_madd */
function relaxedProbe(): Uint8Array {
  const body = [0x00, 0x20, 0, 0x20, 1, 0x20, 2, 0xfd, 0x85, 0x02, 0x0b];
  const type = functionType({ params: ["v128", "v128", "v128"], results: ["v128"] });
  return new Bytes()
    .append(MODULE_HEADER)
    .append(section(SECTION.type, new Bytes().code(vector([type]))).toUint8Array())
    .append(section(SECTION.function, new Bytes().code(vector([unsigned(0)]))).toUint8Array())
    .append(section(SECTION.code, new Bytes().code(vector([[body.length, ...body]]))).toUint8Array())
    .toUint8Array();
}

/** What code may be emitted for modules that are compiled under the same `flags`. */
export function engine(flags: EngineFlags): Engine {
  const probe = relaxedProbe();
  const relaxedSimd =
    validateWasm(probe) || (flags === "auto" && withEngineFlagsSync(relaxedSimdFlags(), () => validateWasm(probe)));
  const version = nodeV8Version();
  return { relaxedSimd, tileProfile: version !== undefined && version < 12 ? "node20" : "v8-modern" };
}

export interface Compiled {
  readonly module: WasmModule;
  /** engine flags that were set meanwhile */
  readonly flags: readonly string[];
  readonly timeMs: number;
}

/** `short`: optimising takes longer than hundreds of runs, so that the engine's own tiers do better */
export async function compileModule(bytes: Uint8Array, flags: EngineFlags, short = false): Promise<Compiled> {
  const start = now();
  const tiers = short ? [] : OPTIMISED_AT_ONCE;
  const wanted = flags === "auto" && knownV8() !== undefined ? [...tiers, ...relaxedSimdFlags()] : [];
  for (let attempt = 1; ; attempt++) {
    try {
      const { value: module, applied } = await withEngineFlags(wanted, () => compileWasm(bytes));
      return { module, flags: applied, timeMs: now() - start };
    } catch (error) {
      if (error instanceof AzulejoError) throw error;
      // another thread of the process may have restored the flag just now
      if (attempt < MOST_ATTEMPTS && wanted.length > tiers.length) continue;
      const reason = error instanceof Error ? error.message : String(error);
      throw refused(reason, error);
    }
  }
}
const MOST_ATTEMPTS = 10;

function refused(reason: string, cause: unknown): AzulejoError {
  if (/content.security.policy/i.test(reason))
    return new AzulejoError(
      "target",
      "The page's Content-Security-Policy refuses to compile WebAssembly; it must allow \"script-src 'wasm-unsafe-eval'\"",
      { cause },
    );
  return new RefusedCode(`The engine refuses the compiled module: ${reason}`, { cause });
}
