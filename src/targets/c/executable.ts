// A library in its machine as an executable: compiled now, or by another process that kept the program. Nothing here compiles kernels.
import { cacheFolder } from "../../runtime/cache-folder.js";
import { joinPath } from "../../runtime/native-host.js";
import { now, throwIfAborted } from "../../runtime/platform.js";
import type { CompileOptions, Executable, SavedExecutable } from "../../runtime/target.js";
import { ProgramExecutable } from "../cpu/executable.js";
import type { LinkedProgram } from "../cpu/linked-program.js";
import { ResidentProgram } from "../cpu/resident-program.js";
import { bytesOfPart, constantsPart, memoryPart, restoreConstants } from "../cpu/saved-constants.js";
import type { SavedProgram } from "../cpu/saved-program.js";
import { restoreProgram, saveProgram } from "../cpu/saved-program.js";
import type { Library } from "./library.js";
import { isIntact } from "./code-cache.js";
import { loadLibrary } from "./library.js";
import { NativeMachine } from "./machine.js";

/** What is known of the code beside its file. */
export interface NativeCode {
  /** of the file in the cache's folder */
  readonly fileName: string;
  /** names of the kernels, by their number */
  readonly entries: readonly string[];
  readonly functions: number;
  /** of C text */
  readonly codeBytes: number;
  /** "gcc 12.2.0, 512-bit vectors" */
  readonly compiler: string;
}
interface Parts {
  readonly program: LinkedProgram;
  readonly machine: NativeMachine;
  readonly resident: ResidentProgram;
  readonly code: NativeCode;
  /** was the library there before? */
  readonly hit: boolean;
  /** why it is there no more */
  readonly gone?: string | undefined;
  readonly timesMs: Readonly<Record<string, number>>;
}
export function nativeExecutable(parts: Parts): Executable {
  const { program, machine, resident, code, hit, gone, timesMs } = parts;
  const report = {
    target: "native",
    threads: machine.threads,
    codeBytes: code.codeBytes,
    functions: code.functions,
    kernels: program.kernels,
    constantBytes: program.constantBytes,
    flags: [],
    notes: [`${code.compiler}; ${gone ?? `code ${hit ? "from" : "into"} ${pathOf(code)}`}`],
    timesMs,
  };
  return new ProgramExecutable({ program, machine, resident, report, save: () => saved(parts) });
}
const pathOf = ({ fileName }: NativeCode): string => joinPath(cacheFolder(), fileName);

// ---- kept between processes

interface Head {
  readonly code: NativeCode;
  readonly program: SavedProgram;
}
/** Vector constants, and weights as they are packed; the code stays in its own file. */
function saved({ program, machine, resident, code }: Parts): SavedExecutable {
  const head: Head = { code, program: saveProgram(program) };
  return { head, parts: [memoryPart(program.pools), constantsPart(machine, resident)] };
}

/** The executable that was saved; memory and threads are new. Undefined: its library is gone, or koffi is. */
export async function restore(saved: SavedExecutable, options: CompileOptions): Promise<Executable | undefined> {
  const { code, program: kept } = saved.head as Head;
  const [pools, constants] = saved.parts;
  const start = now();
  const library = (await isIntact(pathOf(code))) ? loaded(pathOf(code)) : undefined;
  if (!library) return undefined;
  const { threads } = options;
  const opened = now();
  const machine = new NativeMachine(library, { threads, compileTimeMs: opened - start, entries: code.entries });
  try {
    const program = restoreProgram(kept, await bytesOfPart(pools!));
    const resident = await ResidentProgram.create(program, machine);
    throwIfAborted(options.signal, "Loading the model");
    const read = now();
    await restoreConstants(constants!, machine, resident);
    options.onProgress?.({ phase: "weights", fraction: 1 });
    const timesMs = { library: opened - start, read: read - opened, weights: now() - read };
    return nativeExecutable({ program, machine, resident, code, hit: true, timesMs });
  } catch (e) {
    machine.dispose();
    throw e;
  }
}
/** A file that can't be loaded is made anew by whoever compiles. */
function loaded(path: string): Library | undefined {
  try {
    return loadLibrary(path);
  } catch {
    return undefined;
  }
}
