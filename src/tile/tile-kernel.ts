// Kernels as their authors have them: recorded, and able to run their body again on arrays.
import type { TensorArgument } from "../ir/evaluate/kernel.js";
import type { Kernel } from "../ir/tile.js";
import type { SizeCondition } from "../ir/verify.js";
import type { EagerOptions } from "./eager.js";
import { runEagerly } from "./eager.js";
import type { KernelBody, KernelOptions, Recording, Signature, Sizes } from "./kernel.js";
import { environment, recordSignature } from "./kernel.js";

export type EagerArguments<S extends Signature> = { readonly [K in keyof S]?: TensorArgument };

/** A recorded kernel. */
export class TileKernel<S extends Signature = Signature> {
  readonly ir: Kernel;
  /** what the sizes of a call must keep so that all writes are inside of their tensors */
  readonly conditions: readonly SizeCondition[];
  protected readonly recording: Recording<S>;
  constructor(recording: Recording<S>) {
    this.ir = recording.ir;
    this.conditions = recording.conditions;
    this.recording = recording;
  }
  get name(): string {
    return this.ir.name;
  }
  /**
   * Runs the body itself on arrays, for breakpoints and stack traces: every operation computes at once, and `tile.peek()` shows its
   * values. Slow. Tensors that are only written may be left out; all tensors come back.
   */
  eager(args: EagerArguments<S>, options: EagerOptions = {}): { readonly [K in keyof S]: TensorArgument } {
    const env = environment<S>(this.ir.tensors, this.ir.dims);
    const all = runEagerly(this.ir, args as Record<string, TensorArgument>, () => this.recording.body(env), options);
    return all as { readonly [K in keyof S]: TensorArgument };
  }
}

// biome-ignore lint/complexity/noBannedTypes: no statics adds no names
export const kernel = <const S extends Signature, const T extends Sizes = {}>(
  signature: S,
  body: KernelBody<S, T>,
  options: KernelOptions<T> = {},
): TileKernel<S> => new TileKernel(recordSignature(signature, body, options));
