// A program of kernels as a part of a trace: each kernel in tile IR, schedule, loops and code, and the memory plan.
import { lifetimes } from "../graph/lifetimes.js";
import { placedBuffers, planArena } from "../graph/memory-plan.js";
import type { Buffer, KernelProgram, Step } from "../graph/program.js";
import { countOperations } from "../ir/count-operations.js";
import { bytesOf } from "../ir/dtypes.js";
import { Poly } from "../ir/poly.js";
import { printWithSources } from "../ir/print.js";
import type { Kernel } from "../ir/tile.js";
import { decodeText, hasFiles, readBytes } from "../runtime/platform.js";
import type { LoadOptions } from "../runtime/api.js";
import { explainSchedule } from "../schedule/explain.js";
import type {
  Amount,
  DecisionTrace,
  KernelTrace,
  MemoryTrace,
  PartTrace,
  SourceLine,
  StepTrace,
} from "../trace/trace.js";
import { compileOptionsOf } from "./compile-options.js";
import { cpuCodeOf } from "./cpu-code.js";
import { withTuning } from "./tuning.js";

type KernelStep = Extract<Step, { kind: "kernel" }>;
type CodeTrace = Pick<KernelTrace, "stages" | "schedule" | "loops" | "code" | "codeLanguage" | "sameAs">;
/** The code of a kernel of one program, which has this number in the trace. */
type Coder = (step: KernelStep, number: number) => CodeTrace | Promise<CodeTrace>;

export const amountOf = (p: Poly): Amount => (p.isConst ? p.constant : p.print());

/** Memory plans of targets place buffers at multiples of a cache line. */
const ALIGNMENT = 64;

/** Numbers kernels through all parts of a trace. */
export class PartTracer {
  readonly target: string;
  readonly #coderOf: (program: KernelProgram) => Coder | Promise<Coder>;
  readonly #sources = new SourceTexts();
  #kernels = 0;

  private constructor(target: string, coderOf: (program: KernelProgram) => Coder | Promise<Coder>) {
    this.target = target;
    this.#coderOf = coderOf;
  }
  static async for(
    options: Pick<LoadOptions, "target" | "gpuDevice" | "engineFlags" | "schedules" | "tuning" | "threads">,
  ): Promise<PartTracer> {
    if (options.target === "webgpu") {
      const { explainSteps, limitsShown } = await import("../targets/webgpu/explain.js");
      const { limits } = await limitsShown(options.gpuDevice);
      return new PartTracer("webgpu", program => shadersOf(explainSteps(program, limits, options.schedules)));
    }
    const cpu = await cpuCodeOf(options);
    return new PartTracer(cpu.name, program => cpuCoder(cpu, program, options));
  }

  async trace(
    program: KernelProgram,
    decisionsOf: (kernel: Kernel) => readonly DecisionTrace[] = () => [],
  ): Promise<PartTrace> {
    const coder = await this.#coderOf(program);
    const steps = await this.#steps(program.steps, coder, decisionsOf);
    const open = openSymbols(program);
    if (open.length > 0) return { steps, note: `There is a memory plan once all dims are fixed: ${open.join(", ")}` };
    return { steps, memory: memoryOf(program) };
  }
  async #steps(
    steps: readonly Step[],
    coder: Coder,
    decisionsOf: (kernel: Kernel) => readonly DecisionTrace[],
  ): Promise<StepTrace[]> {
    const traced: StepTrace[] = [];
    const go = (inner: readonly Step[]): Promise<StepTrace[]> => this.#steps(inner, coder, decisionsOf);
    for (const step of steps) {
      if (step.kind === "kernel") traced.push(await this.#kernel(step, coder, decisionsOf(step.kernel)));
      else if (step.kind === "loop")
        traced.push({ kind: "loop", condition: step.condition.name, body: await go(step.body) });
      else
        traced.push({
          kind: "if",
          condition: step.condition.name,
          then: await go(step.then),
          else: await go(step.else),
        });
    }
    return traced;
  }
  async #kernel(step: KernelStep, coder: Coder, decisions: readonly DecisionTrace[]): Promise<KernelTrace> {
    const { kernel, buffers, symbols, nodes } = step;
    const sized = (p: Poly): Poly => p.subst(s => symbols.get(s));
    const tensors = kernel.tensors.map(t => {
      const b = buffers[t.name]!;
      const type = `${t.dtype}[${b.dims.map(d => d.print()).join(", ")}]`;
      return { name: t.name, role: t.role, type, buffer: `${b.kind} ${b.name}`, bytes: amountOf(sizeOf(b)) };
    });
    const number = ++this.#kernels;
    return {
      kind: "kernel",
      number,
      name: kernel.name,
      nodes,
      decisions,
      tensors,
      ir: await this.#sources.beside(printWithSources(kernel)),
      flops: amountOf(sized(countOperations(kernel))),
      bytes: amountOf([...new Set(Object.values(buffers))].reduce((sum, b) => sum.add(sizeOf(b)), Poly.zero)),
      ...(await coder(step, number)),
    };
  }
}

async function cpuCoder(
  cpu: Awaited<ReturnType<typeof cpuCodeOf>>,
  program: KernelProgram,
  options: Pick<LoadOptions, "target" | "engineFlags" | "schedules" | "tuning" | "threads">,
): Promise<Coder> {
  const compileOptions = await withTuning(compileOptionsOf(options), options);
  const { codeOf } = await cpu.explainSteps(program, compileOptions);
  const first = new Map<object, number>();
  return async (step, number) => {
    const code = codeOf(step)!;
    const sameAs = first.get(code);
    if (sameAs === undefined) first.set(code, number);
    return {
      stages: code.lowered.stages,
      schedule: explainSchedule(code.schedule),
      loops: cpu.printLoopsOf(code),
      code: await cpu.printCode([code], compileOptions),
      codeLanguage: cpu.name === "native" ? "C" : "WebAssembly",
      ...(sameAs === undefined ? {} : { sameAs }),
    };
  };
}

function shadersOf(texts: ReadonlyMap<Step, string>): Coder {
  const first = new Map<string, number>();
  return (step, number) => {
    const code = texts.get(step)!;
    const sameAs = first.get(code);
    if (sameAs === undefined) first.set(code, number);
    return { stages: [], code, codeLanguage: "WGSL", ...(sameAs === undefined ? {} : { sameAs }) };
  };
}

const sizeOf = ({ dims, dtype }: Buffer): Poly => Poly.product(dims).mul(bytesOf(dtype));

const openSymbols = (program: KernelProgram): string[] => program.symbols.map(s => s.name);

function memoryOf(program: KernelProgram): MemoryTrace {
  const lives = lifetimes(program);
  const { items } = placedBuffers(lives, b => sizeOf(b).constant);
  const { offsets, bytes, lowerBoundBytes } = planArena(items, ALIGNMENT);
  const buffers = [...items].map(([b, item]) => ({
    name: b.name,
    kind: b.kind,
    offset: offsets.get(b)!,
    bytes: item.bytes,
    first: item.first,
    last: item.last,
  }));
  return { bytes, lowerBoundBytes, steps: lives.steps, buffers };
}

/** The authors' lines, read from their files where there are files. */
class SourceTexts {
  readonly #files = new Map<string, Promise<readonly string[]>>();

  async beside(lines: readonly Omit<SourceLine, "sourceText">[]): Promise<SourceLine[]> {
    const all: SourceLine[] = [];
    for (const line of lines) {
      const sourceText = line.source === undefined ? undefined : await this.#textOf(line.source);
      all.push({ ...line, ...(sourceText ? { sourceText } : {}) });
    }
    return all;
  }
  async #textOf(source: string): Promise<string | undefined> {
    const at = source.lastIndexOf(":");
    return (await this.#linesOf(source.slice(0, at)))[Number(source.slice(at + 1)) - 1]?.trim();
  }
  #linesOf(file: string): Promise<readonly string[]> {
    const known = this.#files.get(file);
    if (known) return known;
    // a line that can't be read is shown by its place alone
    const read = hasFiles()
      ? readBytes(file).then(
          bytes => decodeText(bytes).split("\n"),
          () => [],
        )
      : Promise.resolve([]);
    this.#files.set(file, read);
    return read;
  }
}
