// The targets that operators are tested on.

import type { Target } from "../../src/runtime/target.js";
import { interpreterTarget } from "../../src/targets/interpreter/target.js";

export interface TargetUnderTest {
  readonly target: Target;
  readonly threads: number;
  /** plain loops: large cases wait for full sweeps */
  readonly slow: boolean;
}

export const targetsUnderTest: readonly TargetUnderTest[] = [{ target: interpreterTarget, threads: 1, slow: true }];

export const nameOf = ({ target, threads }: TargetUnderTest): string =>
  threads === 1 ? target.name : `${target.name} with ${threads} threads`;
