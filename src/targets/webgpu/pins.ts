// What a pinned schedule says to a GPU: only its parts, where invocations are what blocks are elsewhere. Other fields are refused: they would be lost
// without a word.
import { whyUncut } from "../../lower/gpu/parts.js";
import { verifyFields } from "../../schedule/fields.js";
import type { Schedule } from "../../schedule/schedule.js";
import { verifyParts } from "../../schedule/verify.js";
import { AzulejoError } from "../../support/errors.js";
import type { Choice, KernelStep } from "./steps.js";

/** undefined: nothing is pinned. @throws AzulejoError schedule */
export function pinnedChoice({ kernel }: KernelStep, schedules: Readonly<Record<string, unknown>>): Choice | undefined {
  const refuse = (what: string): never => {
    throw new AzulejoError("schedule", `schedule of kernel "${kernel.name}": ${what}`);
  };
  const { parts, ...others } = (schedules[kernel.name] ?? {}) as Partial<Schedule>;
  for (const [name, value] of Object.entries(others))
    if (value !== undefined)
      refuse(`target: "webgpu" has no use for "${name}", only for "parts"; pin it for targets of the processor alone`);
  if (parts === undefined) return undefined;
  verifyFields(kernel, { parts });
  verifyParts(kernel, parts);
  const [pinned] = Object.entries(parts);
  if (!pinned) return { choice: { whole: true } };
  const [name, blocks] = pinned;
  const reason = whyUncut(kernel, kernel.folds.find(f => !f.cells)!);
  if (reason !== undefined)
    refuse(`the fold over "${name}" ${reason}, and target: "webgpu" walks it whole; leave "parts" out`);
  return { choice: { blocks } };
}
