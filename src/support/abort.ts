// Cancellation: an AbortSignal as the project reports it. No host globals here, so the signal's type is what is needed of it.
import { AzulejoError } from "./errors.js";

export interface Abortable {
  readonly aborted: boolean;
  readonly reason?: unknown;
}
export function throwIfAborted(signal: Abortable | undefined): void {
  if (signal?.aborted)
    throw new AzulejoError("aborted", "The operation was aborted by its signal", { cause: signal.reason });
}
