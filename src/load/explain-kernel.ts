// explain() of a kernel: what it computes, and how the compiler would, as data and as text. Nothing runs.
import type { Buffer, KernelProgram } from "../graph/program.js";
import { countOperations } from "../ir/count-operations.js";
import { bytesOf } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import { symbolsOfSizes } from "../ir/sizes.js";
import type { Kernel } from "../ir/tile.js";
import type { LoadOptions } from "../runtime/api.js";
import { explainSchedule } from "../schedule/explain.js";
import type { Schedule } from "../schedule/schedule.js";
import { tracePage } from "../trace/page.js";
import type { Trace } from "../trace/trace.js";
import { checkOptions } from "./check-options.js";
import { kernelProgram } from "./compile-kernel.js";
import { compileOptionsOf } from "./compile-options.js";
import { cpuCodeOf } from "./cpu-code.js";
import { PartTracer } from "./trace-program.js";
import { withTuning } from "./tuning.js";

/** For `kernel.explain`. */
export interface ExplainKernelOptions extends Pick<LoadOptions, "target" | "engineFlags" | "tuning"> {
  /** sizes by dim; those that are not given stay open, and numbers that hang on them are formulas */
  readonly dims?: Readonly<Record<string, number>>;
}

/** A number where all sizes are known, else a polynomial of the open ones. */
export type Amount = number | string;

/** What the compiler makes of a kernel. As text (`String(explanation)`) it is all but loops and code, as `html()` a page. */
export class KernelExplanation {
  readonly name: string;
  readonly target: string;
  /** of one run: a multiply-add counts two, other arithmetic on floats and functions such as exp one */
  readonly flops: Amount;
  /** of all tensors, each once: what no schedule can go below */
  readonly bytes: Amount;
  /** what is derived and what is pinned, together */
  readonly schedule: Schedule;
  /** memory of the call beside its tensors: tables of pointers, values that are computed before all others */
  readonly sharedBytes: Amount;
  /** memory of each thread */
  readonly scratchBytes: Amount;
  /** one line for each nest of loops: its axes, lane and register tile */
  readonly stages: readonly string[];
  /** loop IR */
  readonly loops: string;
  /** what the target's emitter makes of it: WebAssembly as text, or C */
  readonly code: string;

  readonly #trace: () => Promise<Trace>;

  constructor(parts: Omit<KernelExplanation, "toString" | "html">, trace: () => Promise<Trace>) {
    this.#trace = trace;
    this.name = parts.name;
    this.target = parts.target;
    this.flops = parts.flops;
    this.bytes = parts.bytes;
    this.schedule = parts.schedule;
    this.sharedBytes = parts.sharedBytes;
    this.scratchBytes = parts.scratchBytes;
    this.stages = parts.stages;
    this.loops = parts.loops;
    this.code = parts.code;
  }
  /** All of it as one self-contained HTML page, with the lines of the kernel's source beside tile IR, and the memory plan where all sizes are known. */
  async html(): Promise<string> {
    return tracePage(await this.#trace());
  }
  /** All but loops and code. */
  toString(): string {
    const { flops, bytes } = this;
    const intensity =
      typeof flops === "number" && typeof bytes === "number" && bytes > 0
        ? ` (${(flops / bytes).toFixed(2)} a byte)`
        : "";
    return [
      `kernel ${this.name} on ${this.target}`,
      `operations: ${flops}${intensity}`,
      `bytes of its tensors: ${bytes}`,
      `memory beside them: ${this.sharedBytes} bytes a call, ${this.scratchBytes} a thread`,
      ...this.stages.map(stage => `loops: ${stage}`),
      explainSchedule(this.schedule),
    ].join("\n");
  }
}

export async function explainKernel(
  kernel: Kernel,
  pins: Partial<Schedule>,
  options: ExplainKernelOptions = {},
): Promise<KernelExplanation> {
  checkOptions(options, ["target", "engineFlags", "tuning", "dims"]);
  const cpu = await cpuCodeOf(options);
  const program = kernelProgram(kernel, { dims: options.dims ?? {}, unread: true });
  const pinned = Object.keys(pins).length > 0 ? { schedules: { [kernel.name]: pins } } : {};
  const compileOptions = await withTuning(compileOptionsOf({ ...options, ...pinned }), options);
  const codes = await cpu.explainCodes(program, compileOptions);
  const { schedule, lowered } = codes.find(c => c.representative.name === kernel.name)!;
  const amount = amountFor(kernel, options.dims ?? {});
  const bytes = kernel.tensors.reduce((sum, t) => sum.add(Poly.product(t.dims).mul(bytesOf(t.dtype))), Poly.zero);
  const parts = {
    name: kernel.name,
    target: cpu.name,
    flops: amount(countOperations(kernel)),
    bytes: amount(bytes),
    schedule,
    sharedBytes: amount(lowered.sharedBytes),
    scratchBytes: amount(lowered.scratchBytes),
    stages: lowered.stages,
    loops: cpu.printLoops(codes),
    code: cpu.printCode(codes, compileOptions),
  };
  return new KernelExplanation(parts, () => traceKernel(program, options, pins));
}

async function traceKernel(
  program: KernelProgram,
  { dims = {}, ...options }: ExplainKernelOptions,
  pins: Partial<Schedule>,
): Promise<Trace> {
  const tracer = await PartTracer.for({ ...options, schedules: { [program.name]: pins } });
  const typeOf = ({ name, dtype, dims }: Buffer): string => `${name}: ${dtype}[${dims.map(d => d.print()).join(", ")}]`;
  return {
    name: program.name,
    target: tracer.target,
    inputs: program.inputs.map(typeOf),
    outputs: program.outputs.map(typeOf),
    dims: Object.entries(dims).map(([name, size]) => `${name} = ${size}`),
    parts: [await tracer.trace(program)],
    notes: [],
  };
}

function amountFor(kernel: Kernel, dims: Readonly<Record<string, number>>): (p: Poly) => Amount {
  const known = symbolsOfSizes(kernel, dims);
  return p => {
    const value = p.subst(s => (known.has(s) ? Poly.int(known.get(s)!) : undefined));
    return value.isConst ? value.constant : value.print();
  };
}
