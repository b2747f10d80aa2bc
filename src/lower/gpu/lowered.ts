// What lowering to WGSL gives to the target: texts, and everything that a caller must provide for a dispatch.
import type { Poly } from "../../ir/poly.js";
import type { Element } from "./registers.js";

/** A storage buffer of a dispatch; tensors in the same memory share one, because a buffer is either read or written. */
export interface Binding {
  /** names of tensors; each has its own first element, a parameter */
  readonly tensors: readonly string[];
  readonly element: Element;
  readonly writes: boolean;
  /** its tensors lie apart, and are copied into one buffer before the dispatch */
  readonly copied?: true;
}
/** One i32 of the uniform block. */
export type Parameter =
  | { readonly kind: "size"; readonly value: Poly }
  /** the bits of a number that the shader's compiler must not know */
  | { readonly kind: "bits"; readonly bits: number }
  /** the first element of a tensor within its buffer */
  | { readonly kind: "base"; readonly tensor: string };

/** Bindings come first, then scratch memory and the failure word where they are used, then the uniform block. */
export interface Dispatch {
  readonly code: string;
  readonly bindings: readonly Binding[];
  readonly parameters: readonly Parameter[];
  /** invocations that there is work for */
  readonly invocations: Poly;
  readonly workgroupSize: number;
  /** words of scratch memory for each invocation that runs at the same time; undefined: none is bound */
  readonly scratchWords: Poly | undefined;
  /** a word is bound that tells of an index outside of its tensor */
  readonly fails: boolean;
}
export interface Between {
  readonly tensor: string;
  readonly bytes: Poly;
}
export interface LoweredForGpu {
  readonly dispatches: readonly Dispatch[];
  /** tensors that one dispatch leaves for another; they are none of the kernel's */
  readonly between: readonly Between[];
  /** in short, for reports */
  readonly summary: string;
}
