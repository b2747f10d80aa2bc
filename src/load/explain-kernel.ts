// explain() of a kernel: what it computes, how the compiler would, and how long that takes, as data and as text.
import type { Buffer, KernelProgram } from "../graph/program.js";
import { countOperations } from "../ir/count-operations.js";
import { bytesOf } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import { symbolsOfSizes } from "../ir/sizes.js";
import type { Kernel } from "../ir/tile.js";
import type { LoadOptions } from "../runtime/api.js";
import type { CompileOptions } from "../runtime/target.js";
import { explainPrediction, explainSchedule } from "../schedule/explain.js";
import { genericProfile } from "../schedule/machine-profile.js";
import { type Prediction, Predictor } from "../schedule/predict.js";
import type { Schedule } from "../schedule/schedule.js";
import { AzulejoError } from "../support/errors.js";
import { tracePage } from "../trace/page.js";
import type { Trace } from "../trace/trace.js";
import { checkOptions } from "./check-options.js";
import { kernelProgram } from "./compile-kernel.js";
import { compileOptionsOf } from "./compile-options.js";
import { cpuCodeOf } from "./cpu-code.js";
import { machineModelOf } from "./machine-model.js";
import type { KernelMeasurement } from "./measure/measure-kernel.js";
import { PartTracer } from "./trace-program.js";
import { withTuning } from "./tuning.js";

/** For `kernel.explain`. */
export interface ExplainKernelOptions extends Pick<LoadOptions, "target" | "engineFlags" | "tuning" | "threads"> {
  /** sizes by dim; those that are not given stay open, and numbers that hang on them are formulas. Sizes of tensors declared `constant(…)` must be given */
  readonly dims?: Readonly<Record<string, number>>;
  /** runs it too, some hundredths of a second, beside the peak and a copy of the same engine; all dims must be given */
  readonly measure?: boolean;
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
  /** what is derived, tuned and pinned, together; undefined for "webgpu", which has none */
  readonly schedule: Schedule | undefined;
  /** memory of the call beside its tensors: tables of pointers, values that are computed before all others; undefined for "webgpu" */
  readonly sharedBytes: Amount | undefined;
  /** memory of each thread; undefined for "webgpu" */
  readonly scratchBytes: Amount | undefined;
  /** one line for each nest of loops: its axes, lane and register tile */
  readonly stages: readonly string[];
  /** loop IR; empty for "webgpu" */
  readonly loops: string;
  /** what the target's emitter makes of it: WebAssembly as text, C or WGSL */
  readonly code: string;
  /** by the cost model: time, registers, bytes from each level of the cache; where all sizes are known, on CPU targets */
  readonly predicted: Prediction | undefined;
  /** with `measure: true` */
  readonly measured: KernelMeasurement | undefined;

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
    this.predicted = parts.predicted;
    this.measured = parts.measured;
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
      ...(this.sharedBytes === undefined
        ? []
        : [`memory beside them: ${this.sharedBytes} bytes a call, ${this.scratchBytes} a thread`]),
      ...this.stages.map(stage => `loops: ${stage}`),
      ...(this.schedule ? [explainSchedule(this.schedule).trimEnd()] : []),
      ...(this.predicted ? explainPrediction(this.predicted) : []),
      ...(this.measured ? [measurementText(this.measured)] : []),
      "",
    ].join("\n");
  }
}

export async function explainKernel(
  kernel: Kernel,
  pins: Partial<Schedule>,
  options: ExplainKernelOptions = {},
): Promise<KernelExplanation> {
  checkOptions(options, ["target", "engineFlags", "tuning", "threads", "dims", "measure"]);
  const program = kernelProgram(kernel, { dims: options.dims ?? {}, unread: true });
  const amount = amountFor(kernel, options.dims ?? {});
  const work = { flops: amount(countOperations(kernel)), bytes: amount(bytesOfTensors(kernel)) };
  const trace = (): Promise<Trace> => traceKernel(program, options, pins);
  if (options.target === "webgpu") {
    if (options.measure)
      throw new AzulejoError(
        "option",
        'measure: true is of CPU targets; time a model with target: "webgpu" by its profile()',
      );
    const { explainCode } = await import("../targets/webgpu/explain.js");
    const code = await explainCode(program, { schedules: { [kernel.name]: pins } });
    return new KernelExplanation({ ...work, ...ofShaders, name: kernel.name, code }, trace);
  }
  const cpu = await cpuCodeOf(options);
  const pinned = Object.keys(pins).length > 0 ? { schedules: { [kernel.name]: pins } } : {};
  const compileOptions = await withTuning(compileOptionsOf({ ...options, ...pinned }), options);
  const codes = await cpu.explainCodes(program, compileOptions);
  const { schedule, lowered } = codes.find(c => c.representative.name === kernel.name)!;
  const known = symbolsOfSizes(kernel, options.dims ?? {});
  const isOpen = program.symbols.length > 0;
  if (options.measure && isOpen)
    throw new AzulejoError(
      "option",
      `measure: true needs all sizes; give ${program.symbols.map(s => s.name).join(", ")} in dims`,
    );
  const machine = await machineModelOf(cpu.name, compileOptions);
  const { profile = genericProfile, features } = machine;
  const predictor = new Predictor(kernel, {
    profile,
    features,
    threads: compileOptions.threads,
    sizeOf: s => known.get(s),
  });
  const parts = {
    name: kernel.name,
    target: cpu.name,
    ...work,
    schedule,
    predicted: isOpen ? undefined : predictor.predict(schedule),
    measured: options.measure ? await measured(program, { ...work, schedule }, cpu.name, compileOptions) : undefined,
    sharedBytes: amount(lowered.sharedBytes),
    scratchBytes: amount(lowered.scratchBytes),
    stages: lowered.stages,
    loops: cpu.printLoops(codes),
    code: await cpu.printCode(codes, compileOptions),
  };
  return new KernelExplanation(parts, trace);
}

/** Invocations of a GPU have no schedule, no loop IR, and no memory but what the shader declares. */
const ofShaders = {
  target: "webgpu",
  schedule: undefined,
  sharedBytes: undefined,
  scratchBytes: undefined,
  stages: [],
  loops: "",
  predicted: undefined,
  measured: undefined,
};

async function measured(
  program: KernelProgram,
  work: { readonly flops: Amount; readonly bytes: Amount; readonly schedule: Schedule },
  target: "wasm" | "native",
  options: CompileOptions,
): Promise<KernelMeasurement> {
  const { measureKernel } = await import("./measure/measure-kernel.js");
  const { schedule } = work;
  return measureKernel(program, { schedule, flops: Number(work.flops), bytes: Number(work.bytes) }, target, options);
}

function measurementText(m: KernelMeasurement): string {
  const roofs = `${m.peakGigaflops.toFixed(1)} GFLOP/s, ${m.copyGigabytes.toFixed(1)} GB/s`;
  const time = `${m.timeMs.toPrecision(3)} ms, the best of ${m.runs} runs on ${m.threads} thread${m.threads === 1 ? "" : "s"}`;
  return `measured: ${time}; ${m.percentOfRoofline.toFixed(0)} % of the roofline (${m.rooflineMs.toPrecision(3)} ms at ${roofs})`;
}

const bytesOfTensors = (kernel: Kernel): Poly =>
  kernel.tensors.reduce((sum, t) => sum.add(Poly.product(t.dims).mul(bytesOf(t.dtype))), Poly.zero);

async function traceKernel(
  program: KernelProgram,
  { dims = {}, measure: _, ...options }: ExplainKernelOptions,
  pins: Partial<Schedule>,
): Promise<Trace> {
  const tracer = await PartTracer.for({
    ...options,
    ...(Object.keys(pins).length > 0 ? { schedules: { [program.name]: pins } } : {}),
  });
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
