// What a target is told of how to compile, from the options of load() and its kin.
import type { LoadOptions } from "../runtime/api.js";
import { canShareMemory, coreCount } from "../runtime/platform.js";
import { type CompileOptions, MOST_THREADS } from "../runtime/target.js";
import { AzulejoError } from "../support/errors.js";
import { shown } from "../support/named-options.js";

const MAX_DEFAULT_THREADS = 8;

/** @throws AzulejoError option */
export function compileOptionsOf(
  options: Pick<LoadOptions, "threads" | "engineFlags" | "onProgress" | "schedules" | "signal" | "cache">,
): CompileOptions {
  const threads = options.threads ?? (canShareMemory() ? Math.min(MAX_DEFAULT_THREADS, coreCount()) : 1);
  if (!Number.isInteger(threads) || threads < 1 || threads > MOST_THREADS)
    throw new AzulejoError(
      "option",
      `threads: ${shown(options.threads)} is not a whole number from 1 to ${MOST_THREADS}; leave it out for the default`,
    );
  const engineFlags = options.engineFlags ?? "auto";
  if (engineFlags !== "auto" && engineFlags !== "never")
    throw new AzulejoError(
      "option",
      `engineFlags: "${String(engineFlags)}" is not one of "auto", "never"; choose one of them`,
    );
  return {
    threads: canShareMemory() ? threads : 1,
    engineFlags,
    ...(options.cache === undefined ? {} : { cache: options.cache }),
    ...(options.onProgress ? { onProgress: options.onProgress } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
    ...(options.schedules ? { schedules: options.schedules } : {}),
  };
}
