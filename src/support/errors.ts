// The one error class of the project, and the list of its codes. Each code has a page in docs/errors/.

/** Stable codes; a program may switch on them. The sentence beside them is for people and may improve. */
export type ErrorCode =
  | "model-format" // the file is not a readable model, or contradicts itself
  | "model-external-data" // external weights are missing, too short, or outside the model's folder
  | "operator-unknown" // nobody knows the operator
  | "operator-unsupported" // the operator is known, this use of it is not
  | "operator-attribute" // an attribute is missing, of a wrong type or out of range
  | "operator-failed" // a function of a user's operator threw, or gave what it must not
  | "graph-invalid" // cycles, undefined values, wrong types or shapes between nodes
  | "shape" // dims that contradict each other or overflow
  | "input" // wrong name, dtype, shape or value handed to run()
  | "option" // an option of load() or of a command is wrong
  | "kernel" // a mistake in tile source: axes, dtypes, indices
  | "schedule" // a schedule that does not fit its kernel
  | "parse" // text that is not a kernel or a graph
  | "mismatch" // results depart from what judges them: a reference, another target
  | "sanitize" // a watched run found mistakes in kernels
  | "bounds" // a write or a gather outside its tensor
  | "memory" // more memory is needed than there is
  | "target" // the target does not exist here or lacks a feature
  | "device-lost" // the GPU went away; the next run gets another device
  | "disposed" // used after dispose()
  | "aborted" // an AbortSignal fired
  | "internal"; // a bug of this project

/** Every failure that the project reports. `message` says what is wrong, where, and what to do, in one sentence. */
export class AzulejoError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "AzulejoError";
    this.code = code;
  }
}

/** A condition that only a bug of this project can break. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AzulejoError("internal", `${message}; this is a bug in Azulejo, please report it`);
}
