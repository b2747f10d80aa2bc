// Can native code be made and run here? Asked before anything of the compiler is loaded.
import { AzulejoError } from "../../support/errors.js";
import type { Compiler } from "./compiler.js";
import { findCompiler, platformProblem } from "./compiler.js";
import { koffi } from "./library.js";

/** @throws AzulejoError("target") that says what is missing */
export async function nativeCompiler(): Promise<Compiler> {
  const problem = platformProblem();
  if (problem)
    throw new AzulejoError("target", `target: "native" is not possible here: ${problem}; use { target: "wasm" }`);
  koffi();
  return findCompiler();
}

/** Why this host can't run native code, as a sentence; undefined: it can. */
export const nativeProblem = (): Promise<string | undefined> =>
  nativeCompiler().then(
    () => undefined,
    (e: Error) => e.message,
  );

/** Bytes where there is an instruction for them, in vectors of the width that is used; without native code what WebAssembly has. */
export const integerProducts = (): Promise<"pairs" | "quads"> =>
  nativeCompiler().then(
    ({ features, lanes }) => {
      const has = (f: string): boolean => features.includes(f);
      const ofAvx512 = has("AVX512VNNI") && (lanes === 16 || has("AVX512VL"));
      return ofAvx512 || (has("AVXVNNI") && lanes < 16) ? "quads" : "pairs";
    },
    () => "pairs",
  );
