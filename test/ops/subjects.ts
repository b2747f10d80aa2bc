// The targets that operators are tested on.
import type { Target } from "../../src/runtime/target.js";
import { interpreterTarget } from "../../src/targets/interpreter/target.js";
import { wasmTarget } from "../../src/targets/wasm/target.js";

export interface TargetUnderTest {
  readonly target: Target;
  readonly threads: number;
  /** plain loops: large cases wait for full sweeps */
  readonly slow: boolean;
}

const wasm = wasmTarget();
export const targetsUnderTest: readonly TargetUnderTest[] = [
  { target: interpreterTarget, threads: 1, slow: true },
  { target: wasm, threads: 1, slow: false },
  { target: wasm, threads: 2, slow: false },
];

export const nameOf = ({ target, threads }: TargetUnderTest): string =>
  threads === 1 ? target.name : `${target.name} with ${threads} threads`;
