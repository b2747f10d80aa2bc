// The target "native": a whole model as a shared library that the system's C compiler makes.
import type { KernelProgram } from "../../graph/program.js";
import { kernelsOf } from "../../graph/program.js";
import { limitBytes } from "../../runtime/cache-folder.js";
import { joinPath, processorIdentity, sha256 } from "../../runtime/native-host.js";
import { coreCount, now, throwIfAborted } from "../../runtime/platform.js";
import { namingIntrinsics } from "../../runtime/refused-code.js";
import type { CompileOptions, Executable, Target } from "../../runtime/target.js";
import type { MachineProfile } from "../../schedule/machine-profile.js";
import { avx2Profile, avx512Profile, genericProfile } from "../../schedule/machine-profile.js";
import { askAhead } from "../../lower/cpu/ahead.js";
import { memoryAhead } from "../../schedule/memory-ahead.js";
import type { Lanes } from "../../schedule/schedule.js";
import { CompiledProgram } from "../cpu/compiled-program.js";
import type { MachineModel } from "../cpu/kernel-library.js";
import { KernelLibrary } from "../cpu/kernel-library.js";
import { link } from "../cpu/link.js";
import { ResidentProgram } from "../cpu/resident-program.js";
import { loadWeights } from "../cpu/weights.js";
import { cachedFile, forget, inTemporaryFolder, UnusableFolder } from "./code-cache.js";
import type { Compiler } from "./compiler.js";
import { compileLibrary, compileObject } from "./compiler.js";
import { nativeExecutable } from "./executable.js";
import type { Library } from "./library.js";
import { loadLibrary } from "./library.js";
import { NativeMachine } from "./machine.js";
import { nativeCompiler } from "./native-problem.js";
import { runtime } from "./runtime.js";
import type { Sources } from "./sources.js";
import { sourcesOf } from "./sources.js";

export interface NativeTargetOptions {
  /** how hard the compiler tries: tests trade speed of code for speed of compiling */
  readonly optimize?: "-O1" | "-O2" | "-O3";
}

export function nativeTarget(targetOptions: NativeTargetOptions = {}): Target {
  return { name: "native", compile: (program, options) => compile(program, options, targetOptions.optimize ?? "-O2") };
}

const profiles: Readonly<Record<Lanes, MachineProfile>> = { 4: genericProfile, 8: avx2Profile, 16: avx512Profile };

/** What schedules are made for. */
export const machineModel = ({ lanes, hasFma }: Compiler): MachineModel => ({
  code: "c",
  features: { relaxedSimd: hasFma, tileProfile: "v8-modern" },
  profile: profiles[lanes],
  ahead: memoryAhead,
  ask: askAhead,
});

async function compile(source: KernelProgram, options: CompileOptions, optimize: string): Promise<Executable> {
  const compiler = await nativeCompiler();
  throwIfAborted(options.signal, "Loading the model");
  const start = now();
  const library = new KernelLibrary(machineModel(compiler), options);
  const compiled = new CompiledProgram(source, library);
  const lowered = now();
  options.onProgress?.({ phase: "compile", fraction: 0.1 });
  const funcs = library.codes.flatMap(c => c.lowered.phases.map(p => p.func));
  const sources = sourcesOf(funcs, coreCount(), compiler.vectorRegisters);
  const emitted = now();
  const code = await loadCode(compiler, sources, optimize, options).catch(error => {
    throw namingIntrinsics(error, kernelsOf(source), "c");
  });
  const loaded = now();
  const machine = new NativeMachine(code.library, {
    threads: options.threads,
    compileTimeMs: loaded - emitted,
    entries: funcs.map(f => f.name),
  });
  try {
    const program = link(compiled, false);
    const resident = await ResidentProgram.create(program, machine);
    await loadWeights(compiled, resident, machine, options);
    return nativeExecutable({
      program,
      machine,
      resident,
      code: {
        fileName: code.fileName,
        entries: funcs.map(f => f.name),
        functions: sources.functions,
        codeBytes: sources.files.reduce((sum, f) => sum + f.text.length, 0),
        compiler: `${compiler.version}, ${compiler.lanes * 32}-bit vectors`,
      },
      hit: code.hit,
      gone: code.gone,
      timesMs: { lower: lowered - start, emit: emitted - lowered, compiler: loaded - emitted, weights: now() - loaded },
    });
  } catch (e) {
    machine.dispose();
    throw e;
  }
}

type LoadCodeOptions = Pick<CompileOptions, "signal" | "onProgress" | "cache">;
interface LoadedCode {
  readonly library: Library;
  readonly fileName: string;
  readonly hit: boolean;
  /** why its file is gone by now */
  readonly gone?: string;
}

/** From the cache, or compiled into it; where nothing is to be kept or can be, from a file that is gone then. */
export async function loadCode(
  compiler: Compiler,
  sources: Sources,
  optimize: string,
  options: LoadCodeOptions,
): Promise<LoadedCode> {
  const loadFrom = (folder?: string): Promise<LoadedCode> => codeIn(folder, compiler, sources, optimize, options);
  const withoutTrace = async (gone: string): Promise<LoadedCode> => ({ ...(await inTemporaryFolder(loadFrom)), gone });
  if (options.cache === false || limitBytes() === 0) return withoutTrace("code is not kept");
  try {
    return await loadFrom();
  } catch (error) {
    if (error instanceof UnusableFolder) return withoutTrace(`code is not kept: ${error.message}`);
    throw error;
  }
}

/** Files of the folder, or the cache, that can't be linked or loaded are made again once. */
async function codeIn(
  root: string | undefined,
  compiler: Compiler,
  sources: Sources,
  optimize: string,
  options: LoadCodeOptions,
): Promise<LoadedCode> {
  const { command, version, flags, features } = compiler;
  const conditions = [await processorIdentity(), command, version, ...flags, ...features, optimize];
  const keyOf = (texts: unknown): string => sha256(JSON.stringify([conditions, runtime, texts])).slice(0, 40);
  const { signal } = options;
  const runtimeObject = (): ReturnType<typeof cachedFile> =>
    cachedFile(
      `${keyOf("runtime")}.o`,
      signal,
      (own, object) =>
        compileObject(compiler, { text: runtime, path: joinPath(own, "runtime.c"), object, optimize, signal }),
      root,
    );
  const make = async (folder: string, library: string): Promise<void> => {
    const build = (object: Promise<{ readonly path: string }>): Promise<void> =>
      compileLibrary(compiler, {
        sources: sources.files,
        objects: object.then(({ path }) => [path]),
        folder,
        library,
        optimize,
        signal,
        onProgress: f => options.onProgress?.({ phase: "compile", fraction: 0.1 + 0.9 * f }),
      });
    const kept = runtimeObject();
    try {
      await build(kept);
    } catch (error) {
      const { path, hit } = await kept;
      if (!hit || signal?.aborted) throw error;
      await forget(path);
      await build(runtimeObject());
    }
  };
  const fileName = `${keyOf(sources.files)}.so`;
  const { path, hit } = await cachedFile(fileName, signal, make, root);
  try {
    return { library: loadLibrary(path), fileName, hit };
  } catch (error) {
    if (!hit) throw error;
    await forget(path);
    const again = await cachedFile(fileName, signal, make, root);
    return { library: loadLibrary(again.path), fileName, hit: again.hit };
  }
}
