// Machines of the native target with hand-written kernels, for the tests of driver and threads, and folders of their own for caches.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileLibrary, findCompiler } from "../../src/targets/c/compiler.js";
import { type Library, loadLibrary } from "../../src/targets/c/library.js";
import { NativeMachine } from "../../src/targets/c/machine.js";
import { runtime, tableOf } from "../../src/targets/c/runtime.js";
import { FUNC } from "../machine/kernels.js";

/** The kernels of test/machine/kernels.ts in C: "work" never fails. */
const KERNELS = `
#include <stdatomic.h>
static int32_t *word_at(char *memory, int32_t address, int32_t index) { return (int32_t *)(memory + (uint32_t)address) + index; }
#define KERNEL(name) void name(char *memory, int32_t params, int32_t block, int32_t scratch)
#define PARAM(i) (*word_at(memory, params, i))
KERNEL(scale) { *word_at(memory, PARAM(1), block) = (int32_t)((uint32_t)*word_at(memory, PARAM(0), block) * PARAM(2) + PARAM(3)); }
KERNEL(sum) {
  uint32_t x = 0;
  for (int32_t i = 0; i < PARAM(2); i++) x += *word_at(memory, PARAM(0), i);
  *word_at(memory, PARAM(1), block) = (int32_t)x;
}
KERNEL(work) {
  *word_at(memory, scratch, 0) = block;
  uint32_t x = 0;
  for (int32_t i = 0; i < PARAM(1); i++) x = x * 1664525u + 1013904223u;
  *word_at(memory, scratch, 1) = (int32_t)x;
  /* another thread in this scratch memory would spoil the count */
  if (*word_at(memory, scratch, 0) == block) atomic_fetch_add((_Atomic int32_t *)word_at(memory, PARAM(0), block), 1);
}
void azulejo_trap(char *memory, int32_t kernel);
KERNEL(gather) { if (block == PARAM(0)) azulejo_trap(memory, ${FUNC.gather}); }
KERNEL(store) { *word_at(memory, PARAM(0), 0) = PARAM(1); }
KERNEL(whoami) { *word_at(memory, PARAM(0), block) = scratch; }
KERNEL(peek) { *word_at(memory, scratch, 0) = *word_at(memory, PARAM(0), 0); }
`;

let compiled: Promise<Library> | undefined;
async function compile(): Promise<Library> {
  const folder = await temporaryFolder();
  try {
    const library = join(folder, "machine.so");
    const text = `${runtime}\n${KERNELS}\n${tableOf(Object.keys(FUNC))}`;
    await compileLibrary(await findCompiler(), {
      sources: [{ name: "machine", text }],
      folder,
      library,
      optimize: "-O1",
    });
    return loadLibrary(library);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Threads do all runs, however short, unless it is said otherwise: their races are what is tested. */
export async function nativeMachine(threads: number, delays = false, shortRunMs = 0): Promise<NativeMachine> {
  compiled ??= compile();
  return new NativeMachine(await compiled, {
    threads,
    delays,
    compileTimeMs: 0,
    entries: Object.keys(FUNC),
    shortRunMs,
  });
}

export const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), "azulejo-native-"));
