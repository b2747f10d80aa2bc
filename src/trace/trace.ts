// What each stage of the compiler made of a model or a kernel, as plain data: what the page shows. No compiler is known here.

/** A number where all sizes are known, else a formula of the open ones. */
export type Amount = number | string;

export interface Trace {
  /** of the model or the kernel */
  readonly name: string;
  readonly target: string;
  /** `x: f32[batch, 3]` */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** dims that were fixed: `batch = 1` */
  readonly dims: readonly string[];
  /** absent: there is no graph, a kernel stands alone */
  readonly graph?: GraphTrace;
  /** parts that are compiled apart: the whole, or the segments between host steps */
  readonly parts: readonly PartTrace[];
  readonly notes: readonly string[];
}

export interface GraphTrace {
  /** as the front end read it */
  readonly read: string;
  readonly passes: readonly PassTrace[];
  /** after all passes */
  readonly text: string;
}
export interface PassTrace {
  readonly name: string;
  readonly nodesBefore: number;
  readonly nodesAfter: number;
  readonly timeMs: number;
  /** the graph after it; absent: as before */
  readonly text?: string;
}

export interface PartTrace {
  /** of a segment between host steps */
  readonly name?: string;
  readonly steps: readonly StepTrace[];
  readonly memory?: MemoryTrace;
  /** why it is not compiled here, or why there is no memory plan */
  readonly note?: string;
}
export type StepTrace = KernelTrace | BranchTrace | LoopTrace;
export interface BranchTrace {
  readonly kind: "if";
  readonly condition: string;
  readonly then: readonly StepTrace[];
  readonly else: readonly StepTrace[];
}
export interface LoopTrace {
  readonly kind: "loop";
  readonly condition: string;
  readonly body: readonly StepTrace[];
}
export interface KernelTrace {
  readonly kind: "kernel";
  /** place among all kernels of the trace, from 1 */
  readonly number: number;
  readonly name: string;
  /** names of the graph's nodes that it computes */
  readonly nodes: readonly string[];
  readonly decisions: readonly DecisionTrace[];
  readonly tensors: readonly TensorTrace[];
  /** tile IR */
  readonly ir: readonly SourceLine[];
  readonly flops: Amount;
  /** of its tensors, each once */
  readonly bytes: Amount;
  /** one line for each nest of loops */
  readonly stages: readonly string[];
  readonly schedule?: string;
  readonly loops?: string;
  readonly code: string;
  readonly codeLanguage: "WebAssembly" | "C" | "WGSL";
  /** number of the kernel whose code this one runs, with other sizes */
  readonly sameAs?: number;
}
/** A line of printed tile IR, and the author's line that made it. */
export interface SourceLine {
  readonly text: string;
  /** file:line */
  readonly source?: string;
  readonly sourceText?: string;
}
/** What fusion decided about a value that the kernel reads. */
export interface DecisionTrace {
  readonly value: string;
  readonly inlined: boolean;
  readonly reason: string;
  /** of the value */
  readonly bytes?: Amount;
}
export interface TensorTrace {
  readonly name: string;
  readonly role: string;
  readonly type: string;
  /** the buffer that it is in: constant, input, output or arena, and its name */
  readonly buffer: string;
  readonly bytes: Amount;
}

export interface MemoryTrace {
  readonly bytes: number;
  /** largest sum of live bytes: what no plan can go below */
  readonly lowerBoundBytes: number;
  /** steps are numbered from 0; −1 is before the first */
  readonly steps: number;
  readonly buffers: readonly {
    readonly name: string;
    readonly kind: string;
    readonly offset: number;
    readonly bytes: number;
    readonly first: number;
    readonly last: number;
  }[];
}

/** All kernels of some steps, in order, those of branches and loops included. */
export function* kernelsOf(steps: readonly StepTrace[]): Generator<KernelTrace> {
  for (const step of steps)
    if (step.kind === "kernel") yield step;
    else if (step.kind === "loop") yield* kernelsOf(step.body);
    else {
      yield* kernelsOf(step.then);
      yield* kernelsOf(step.else);
    }
}
