// Debug points of kernels that are part of a program, where nothing would be shown.
import type { Kernel } from "../ir/tile.js";
import { AzulejoError } from "../support/errors.js";

/** @throws AzulejoError kernel: programs show nothing while they run, and what shows nothing is no debug point */
export function refuseDebug(kernel: Kernel): void {
  const [point] = kernel.debug ?? [];
  if (!point) return;
  const where = point.source ? ` (${point.source})` : "";
  throw new AzulejoError(
    "kernel",
    `kernel "${kernel.name}": debug("${point.name}") shows tiles in run() and eager() of a kernel by itself; remove it where the kernel is part of a program${where}`,
  );
}
