// Turns a trap inside a kernel into the project's error. Kernels execute `unreachable` only where a check of an index fails.
import { AzulejoError } from "../../support/errors.js";
import { indexError } from "../cpu/index-error.js";
import { CONTROL, TRAP } from "./machine-layout.js";

export function trapError(kernel: string | undefined, reason: string, cause?: unknown): AzulejoError {
  if (/unreachable/i.test(reason)) return indexError(kernel, cause);
  return new AzulejoError(
    "internal",
    `Kernel "${kernel ?? "?"}" trapped: ${reason}; this is a bug in Azulejo, please report it`,
    { cause },
  );
}

/** The trap that a worker wrote down. */
export function readTrap(words: Int32Array, entries: readonly string[]): AzulejoError {
  const func = words[(CONTROL.trap + TRAP.func) / 4]!;
  const length = words[(CONTROL.trap + TRAP.length) / 4]!;
  const characters = new Uint16Array(words.buffer, CONTROL.trap + TRAP.text, length);
  return trapError(entries[func], String.fromCharCode(...characters));
}
