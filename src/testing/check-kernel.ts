// checkKernel(): a kernel run on small tensors under watch, for the mistakes that a compiler can't see and a result may hide.
import type { Kernel } from "../ir/tile.js";
import { targetStates } from "../load/doctor.js";
import { KernelRuns } from "../load/kernel-runs.js";
import type { LoadOptions } from "../runtime/api.js";
import type { Finding } from "../sanitize/finding.js";
import { copiesOf, KernelSanitizer } from "../sanitize/kernel-sanitizer.js";
import { hasCodeFor, intrinsicProblems } from "./check-intrinsic.js";
import { type DrawOptions, drawTensors } from "./draw-tensors.js";

type TargetName = NonNullable<LoadOptions["target"]>;
/** For `checkKernel`: what stays, and what is drawn. */
export interface CheckKernelOptions extends DrawOptions {
  /** default: all CPU targets that this machine has */
  readonly targets?: readonly TargetName[];
}

/**
 * Runs the kernel on small tensors, watched, and as compiled code. A finding is told once.
 * @throws AzulejoError input where the given tensors don't fit the kernel, or no sizes meet its conditions
 */
export async function checkKernel(
  kernel: Kernel | { readonly ir: Kernel },
  options: CheckKernelOptions = {},
): Promise<readonly Finding[]> {
  const ir = "ir" in kernel ? kernel.ir : kernel;
  // no target is asked whether it is here, GPUs least of all, where the caller says which
  const available = options.targets ?? (await targetStates()).flatMap(t => (t.problem === undefined ? [t.name] : []));
  const targets = options.targets ?? available.filter(t => t === "wasm" || t === "native");
  const sanitizer = new KernelSanitizer(ir);
  // a device is asked where it has code of its own
  const withCode = available.filter(t => hasCodeFor(ir, t));
  const problems = await intrinsicProblems(ir, withCode, options.seed ?? 1);
  for (const { intrinsic, target, message } of problems)
    sanitizer.tell("intrinsic", `${intrinsic.name} ${target}`, message, intrinsic.source);
  const runs = new KernelRuns(ir, {});
  try {
    for (const tensors of drawTensors(ir, options)) {
      const want = sanitizer.run(tensors);
      for (const target of want ? targets : []) {
        // where code of intrinsics departs, so do results
        if (problems.some(p => p.target === target)) continue;
        // it gives no tensor of which elements are not written, and those are told
        if (target === "interpreter" && sanitizer.findings.some(f => f.kind === "unwritten")) continue;
        sanitizer.compare(target, await runs.run(copiesOf(tensors), { target, threads: 1 }), want!);
      }
    }
  } finally {
    runs.dispose();
  }
  return sanitizer.findings;
}
