// Generated code that a compiler, an engine or a driver refuses: a bug of this project, unless authors of intrinsics wrote some of it.
import type { CodeTarget, Intrinsic } from "../ir/intrinsic.js";
import { hasCode } from "../ir/intrinsic.js";
import type { Kernel } from "../ir/tile.js";
import { dtypesOfCall, intrinsicCalls } from "../ir/walk.js";
import { AzulejoError } from "../support/errors.js";

export class RefusedCode extends AzulejoError {
  /** who refuses what, in their own words */
  readonly what: string;
  constructor(what: string, options?: { cause?: unknown }, bugOf = "Azulejo") {
    super("internal", `${what}; this is a bug in ${bugOf}, please report it`, options);
    this.what = what;
  }
}

/** The error; where code was refused that contains intrinsics of these kernels, one that names them. */
export function namingIntrinsics(error: unknown, kernels: readonly Kernel[], target: CodeTarget): unknown {
  if (!(error instanceof RefusedCode)) return error;
  const found = intrinsicsOf(kernels, target);
  if (found.length === 0) return error;
  const named = found.map(({ name, source }) => `"${name}"${source ? ` (${source})` : ""}`).join(" or ");
  const message = `Correct the code of intrinsic ${named}, which is in what was refused: ${error.what}`;
  return new AzulejoError("kernel", message, { cause: error });
}

/** those whose code for the target is used */
const intrinsicsOf = (kernels: readonly Kernel[], target: CodeTarget): Intrinsic[] => [
  ...new Set(
    kernels
      .flatMap(intrinsicCalls)
      .filter(n => hasCode(n.intrinsic, target, dtypesOfCall(n)))
      .map(n => n.intrinsic),
  ),
];
