// Turns a trap inside a kernel into the project's error. Kernels execute `unreachable` only where a check of an index fails.
import { AzulejoError } from "../../support/errors.js";
import { CONTROL, TRAP } from "./machine-layout.js";

export function trapError(kernel: string | undefined, reason: string, cause?: unknown): AzulejoError {
  const name = `Kernel "${kernel ?? "?"}"`;
  if (/unreachable/i.test(reason))
    return new AzulejoError(
      "bounds",
      `${name} stopped at an index outside its tensor; check the indices among the inputs of the model`,
      { cause },
    );
  return new AzulejoError("internal", `${name} trapped: ${reason}; this is a bug in Azulejo, please report it`, {
    cause,
  });
}

/** The trap that a worker wrote down. */
export function readTrap(words: Int32Array, entries: readonly string[]): AzulejoError {
  const func = words[(CONTROL.trap + TRAP.func) / 4]!;
  const length = words[(CONTROL.trap + TRAP.length) / 4]!;
  const characters = new Uint16Array(words.buffer, CONTROL.trap + TRAP.text, length);
  return trapError(entries[func], String.fromCharCode(...characters));
}
