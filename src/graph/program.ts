// The target-independent program that partition makes of a graph: kernels in tile IR over buffers with symbolic sizes,
// and control flow. Targets turn it into code; the interpreter walks it as it is.
import type { Dtype } from "../ir/dtypes.js";
import type { Poly, Sym } from "../ir/poly.js";
import type { Kernel, Layout } from "../ir/tile.js";
import type { ConstantData, Dims } from "./graph.js";

/** A tensor in memory while the program runs. */
export interface Buffer {
  readonly id: number;
  readonly name: string;
  readonly dtype: Dtype;
  readonly dims: Dims;
  readonly kind: "constant" | "input" | "output" | "arena";
  /** storage order of the dims; a target may choose blocks for constants. Inputs and outputs are dense and row-major. */
  readonly layout: Layout;
  readonly constant?: ConstantData;
  /**
   * The buffer is a window of another: element offset into it; `layout.strides` are those of the larger one (no-copy concat, slices);
   * with dense layout it is the same memory under other dims (reshape).
   */
  readonly window?: { readonly of: Buffer; readonly offset: Poly };
}

export type Step =
  | {
      readonly kind: "kernel";
      readonly kernel: Kernel;
      /** by tensor name */
      readonly buffers: Readonly<Record<string, Buffer>>;
      /** the kernel's symbols (dims, strides) as polynomials over the program's */
      readonly symbols: ReadonlyMap<Sym, Poly>;
      /** names of the graph nodes that it computes, for reports and errors */
      readonly nodes: readonly string[];
    }
  | {
      readonly kind: "if";
      readonly condition: Buffer;
      readonly then: readonly Step[];
      readonly else: readonly Step[];
      readonly nodes: readonly string[];
    }
  | {
      /** the body runs as long as the condition, a byte that it writes, is not 0; nothing in it changes size */
      readonly kind: "loop";
      readonly condition: Buffer;
      readonly body: readonly Step[];
      readonly nodes: readonly string[];
    };

/** A condition on the dims of a run that compilation relied on. */
export interface Precondition {
  readonly left: Poly;
  readonly relation: "eq" | "le" | "lt";
  readonly right: Poly;
  /** what to say when it does not hold */
  readonly message: string;
  /** "bounds": inputs that break it have no result. Absent: a program for their dims has one. */
  readonly code?: "bounds";
}

/** What a program is to its caller. */
export interface ProgramInterface {
  readonly name: string;
  readonly inputs: readonly Buffer[];
  readonly outputs: readonly Buffer[];
  /** free symbols: fixed by the dims of a run's inputs */
  readonly symbols: readonly Sym[];
  readonly preconditions: readonly Precondition[];
}
export interface KernelProgram extends ProgramInterface {
  readonly steps: readonly Step[];
}

/** In their order, those of bodies and of both branches included. */
export function* kernelSteps(steps: readonly Step[]): Generator<Extract<Step, { kind: "kernel" }>> {
  for (const s of steps)
    if (s.kind === "kernel") yield s;
    else if (s.kind === "loop") yield* kernelSteps(s.body);
    else {
      yield* kernelSteps(s.then);
      yield* kernelSteps(s.else);
    }
}
export const kernelsOf = ({ steps }: KernelProgram): readonly Kernel[] => Array.from(kernelSteps(steps), s => s.kernel);
