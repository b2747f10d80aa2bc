// Single lowered kernels as native code, for tests of the lowering and for benchmarks: no machine, no threads, memory of the caller's.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { foreignFunctions } from "../../src/runtime/native-host.js";
import type { Lowered } from "../../src/lower/cpu/lowered.js";
import { type Compiler, compileLibrary } from "../../src/targets/c/compiler.js";
import { emitKernel } from "../../src/targets/c/emit.js";
import { prelude } from "../../src/targets/c/prelude.js";
import type { Runner } from "../lower/harness.js";

const EXPORT = '__attribute__((visibility("default")))';
/** Twelve independent accumulators: what the processor does at most. */
export const PEAK_TURNS = 100_000;
const accumulators = Array.from({ length: 12 }, (_, i) => `a${i}`);
const peak = `
${EXPORT} float azulejo_peak(void) {
  V x = f32x4_splat(1e-9f), ${accumulators.map((a, i) => `${a} = f32x4_splat(${(i / 8).toFixed(3)}f)`).join(", ")};
  __asm__ volatile("" : "+v"(x));
  for (int t = 0; t < ${PEAK_TURNS}; t++) {
    ${accumulators.map(a => `${a} = f32x4_madd(x, x, ${a});`).join(" ")}
    /* else the compiler would do two turns in one */
    ${accumulators.map(a => `__asm__ volatile("" : "+v"(${a}));`).join(" ")}
  }
  return (${accumulators.join(" + ")})[0];
}`;

export interface NativeKernels {
  readonly runners: readonly Runner[];
  /** 12 × PEAK_TURNS multiply-adds of vectors */
  readonly peak: () => void;
}

export async function nativeKernels(
  kernels: readonly Lowered[],
  compiler: Compiler,
  optimize = "-O2",
): Promise<NativeKernels> {
  const folder = await mkdtemp(join(tmpdir(), "azulejo-kernels-"));
  try {
    const functions = new SharedFunctions();
    const phases = kernels.flatMap((k, i) =>
      k.phases.map((p, j) => {
        const { entry, text } = emitKernel(p.func, i * 8 + j, compiler.vectorRegisters);
        return { entry: functions.add(text, entry), kernel: i };
      }),
    );
    const table = `${EXPORT} void azulejo_blocks(char *memory, i32 phase, i32 params, i32 blocks, i32 scratch) {
  typedef void Kernel(char *, i32, i32, i32);
  static Kernel *const kernels[] = { ${phases.map(p => p.entry).join(", ")} };
  for (i32 b = 0; b < blocks; b++) kernels[phase](memory, params, b, scratch);
}`;
    const trap = "void azulejo_trap(char *memory, i32 kernel) { __builtin_trap(); }";
    const text = [prelude, trap, ...functions.texts, table, peak, ""].join("\n");
    const library = join(folder, "kernels.so");
    await compileLibrary(compiler, { sources: [{ name: "kernels", text }], folder, library, optimize });
    const loaded = foreignFunctions()!.load(library);
    const blocksOf = loaded.func("void azulejo_blocks(void *, int32_t, int32_t, int32_t, int32_t)");
    const measured = loaded.func("float azulejo_peak()");
    const runners = kernels.map((_, i): Runner => {
      const first = phases.findIndex(p => p.kernel === i);
      return ({ memory, params, scratch, blocks }) => {
        const bytes = new Uint8Array(memory.buffer);
        return () => blocks.forEach((count, j) => void blocksOf(bytes, first + j, params, count, scratch));
      };
    });
    return { runners, peak: () => void measured() };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Functions that differ in nothing but their names, once each: kernels that differ in few operations share two thirds of what a C compiler would read. */
class SharedFunctions {
  readonly texts: string[] = [];
  /** names by what stands behind them */
  readonly #known = new Map<string, string>();

  /** `text`: functions, callees first, as emitKernel gives them. Returns the name that `entry` has here. */
  add(text: string, entry: string): string {
    const names = new Map<string, string>();
    for (const one of text.split(/^(?=static __attribute__|void k\d)/m)) {
      const own = /void (k\w+)\(/.exec(one)![1]!;
      const called = one.replaceAll(/\bk\d+_\w+(?=\()/g, name => names.get(name) ?? name);
      const body = called.replace(own, "");
      const known = this.#known.get(body);
      names.set(own, known ?? own);
      if (known !== undefined) continue;
      this.#known.set(body, own);
      this.texts.push(called.trimEnd());
    }
    return names.get(entry)!;
  }
}
