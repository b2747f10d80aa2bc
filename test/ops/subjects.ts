// The targets that operators are tested on.
import type { Target } from "../../src/runtime/target.js";
import { nativeProblem } from "../../src/targets/c/native-problem.js";
import { nativeTarget } from "../../src/targets/c/target.js";
import { interpreterTarget } from "../../src/targets/interpreter/target.js";
import { wasmTarget } from "../../src/targets/wasm/target.js";
import { gpuState, webgpuTarget } from "../../src/targets/webgpu/target.js";
import { fullSweep } from "./large-cases.js";

export interface TargetUnderTest {
  readonly target: Target;
  readonly threads: number;
  /** plain loops: large cases wait for full sweeps */
  readonly slow: boolean;
  /** compiling takes seconds a batch: suites, chains and most cases wait for full sweeps */
  readonly compilesSlowly?: true;
  /** then some cases of the suites run by default */
  readonly sampled?: true;
  /** why this host does not have it: its tests are skipped with these words */
  readonly problem?: () => Promise<string | undefined>;
}

const wasm = wasmTarget();
/** what the tests compile runs once: code need not be fast (-O0 saves no time, and its frames overflow the stacks of foreign calls) */
const native = nativeTarget({ optimize: "-O1" });
export const targetsUnderTest: readonly TargetUnderTest[] = [
  { target: interpreterTarget, threads: 1, slow: true },
  { target: wasm, threads: 1, slow: false },
  { target: wasm, threads: 2, slow: false },
  { target: native, threads: 2, slow: false, compilesSlowly: true, problem: nativeProblem },
  // f64 is computed on the host: no GPU has it in WGSL. Workgroups that share memory have tests of their own in test/webgpu, and are here in full
  // sweeps: SwiftShader takes a second to compile one.
  {
    target: webgpuTarget({ onUnsupported: "host", tiles: fullSweep }),
    threads: 1,
    slow: false,
    compilesSlowly: true,
    sampled: true,
    problem: async () => (await gpuState()).problem,
  },
];

export const isDue = (under: TargetUnderTest): boolean => fullSweep || !under.compilesSlowly;

export const nameOf = ({ target, threads }: TargetUnderTest): string =>
  threads === 1 ? target.name : `${target.name} with ${threads} threads`;
