// What sanitizers find in kernels.

/**
 * - bounds: a read at a gathered index, or a write, outside of its tensor
 * - written-twice: an element that two places of the kernel write, perhaps in two blocks
 * - uninitialised: a read of what nothing has written, in a tensor that is not declared in place
 * - unwritten: elements of an output that no block writes, such as a tail
 * - segments: offsets that do not start with 0, fall, or do not end with the size
 * - fold-tile, merge: a fold whose result hangs on the size of its tiles, or on where it is cut into parts
 * - not-finite: NaN or infinity in an output, of finite inputs
 * - overflow: a signed integer that wraps around, and is used: a branch of `where` that is not taken may hold anything
 * - lossy-cast: a number that the new dtype does not hold, and is used
 * - alias: a tensor that is written shares memory with another
 * - intrinsic: code that departs from its meaning
 * - target: compiled code that departs from the interpreter
 * - unsuited: what the interpreter refuses for another reason
 */
export type FindingKind =
  | "bounds"
  | "written-twice"
  | "uninitialised"
  | "unwritten"
  | "segments"
  | "fold-tile"
  | "merge"
  | "not-finite"
  | "overflow"
  | "lossy-cast"
  | "alias"
  | "intrinsic"
  | "target"
  | "unsuited";

/** A mistake that `checkKernel`, or a run with `sanitize`, found. */
export interface Finding {
  readonly kernel: string;
  readonly kind: FindingKind;
  readonly message: string;
  /** file:line of the kernel's author, where one line is to blame */
  readonly source: string | undefined;
  /** sizes with which it was found first */
  readonly dims: Readonly<Record<string, number>>;
}

/** A finding as a line of text. */
export const findingText = ({ kernel, kind, message, source }: Finding): string =>
  `kernel "${kernel}": ${kind}: ${message}${source ? ` (${source})` : ""}`;
