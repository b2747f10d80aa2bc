// A test for each width of vectors that native code has on this processor, and for C without instructions of ours.
import { test } from "node:test";
import { type Compiler, findCompiler, retargeted } from "../../src/targets/c/compiler.js";
import { isInTurn, LATER } from "../rotation.js";
import { nativeProblem } from "../../src/targets/c/native-problem.js";
import type { Lanes } from "../../src/schedule/schedule.js";

const widths: readonly (readonly [Lanes, string])[] = [
  [4, "-march=native"],
  [8, "-march=native"],
  [16, "-march=native"],
  // half as many registers as with AVX-512
  [8, "-march=x86-64-v3"],
  // no vector instruction of ours: the words of C alone
  [4, "-march=x86-64"],
];

/** A third of the widths has its turn each day; `at` counts them. Skipped, by name, without a C compiler, and where the processor is no x86 or has narrower vectors. */
export function eachWidth(
  title: (how: string) => string,
  run: (compiler: Compiler, at: number) => Promise<void>,
  further: typeof widths = [],
): void {
  for (const [at, [lanes, tune]] of [...widths, ...further].entries())
    test(title(`${lanes} lanes and ${tune}`), async t => {
      const problem = (await nativeProblem()) ?? (isInTurn(at, 3) ? undefined : LATER);
      if (problem) return t.skip(problem);
      const own = await findCompiler();
      if (!own.flags.includes("-march=native")) return t.skip("the processor is no x86");
      if (lanes > own.lanes) return t.skip(`the processor has vectors of ${own.lanes} lanes`);
      if (tune.endsWith("v3") && own.vectorRegisters === 16) return t.skip("the processor is of this kind itself");
      await run({ ...retargeted(own, lanes, tune), hasFma: own.hasFma && tune !== "-march=x86-64" }, at);
    });
}
