// The interpreter as a target: walks a program and the tile IR of its kernels. Slow; it checks bounds, unwritten elements and double writes.
import type { Buffer, KernelProgram, Step } from "../../graph/program.js";
import { bindDims, type SymbolValues } from "../../graph/program-dims.js";
import type { Arithmetic } from "../../ir/evaluate/evaluator.js";
import { runKernel } from "../../ir/evaluate/kernel.js";
import type { RawArray, Storage } from "../../ir/evaluate/memory.js";
import type { Poly, Sym } from "../../ir/poly.js";
import type { Tensor } from "../../ir/tile.js";
import { overdueTurn, throwIfAborted } from "../../runtime/platform.js";
import type { Executable, KernelReport, RunOptions, Target, TargetReport } from "../../runtime/target.js";
import type { TensorData } from "../../runtime/tensor.js";
import { refuseFindings, StepSanitizer } from "../../sanitize/step-sanitizer.js";
import { AzulejoError } from "../../support/errors.js";
import type { Constants } from "./memory.js";
import { constantArray, ProgramMemory } from "./memory.js";

export interface InterpreterOptions {
  /** "typed" (default) rounds floats at loads, stores and casts; "real" never */
  readonly arithmetic?: Arithmetic;
  /** indices per block of folds; results must not depend on it */
  readonly foldTile?: number;
  /** watches every value; what is found is an error at the end of a run */
  readonly sanitize?: boolean;
}

export const interpreter = (options: InterpreterOptions = {}): Target => ({
  name: "interpreter",
  async compile(program, { onProgress }) {
    const constants = await readConstants(program);
    onProgress?.({ phase: "weights", fraction: 1 });
    return new InterpretedProgram(program, constants, options);
  },
});
export const interpreterTarget: Target = interpreter();

/** every buffer of the program, those that windows lie in included */
function buffersOf(program: KernelProgram): Set<Buffer> {
  const all = new Set<Buffer>();
  const add = (b: Buffer): void => {
    all.add(b);
    if (b.window) add(b.window.of);
  };
  const walk = (steps: readonly Step[]): void => {
    for (const s of steps) {
      if (s.kind === "kernel") Object.values(s.buffers).forEach(add);
      else if (s.kind === "loop") {
        add(s.condition);
        walk(s.body);
      } else {
        add(s.condition);
        walk(s.then);
        walk(s.else);
      }
    }
  };
  program.inputs.forEach(add);
  program.outputs.forEach(add);
  walk(program.steps);
  return all;
}

async function readConstants(program: KernelProgram): Promise<Constants> {
  const out = new Map<Buffer, RawArray>();
  for (const b of buffersOf(program))
    if (b.constant && !b.window) out.set(b, constantArray(b, await b.constant.read()));
  return out;
}

interface InterpretedRun {
  readonly memory: ProgramMemory;
  readonly symbols: ReadonlyMap<Sym, number>;
  readonly watch: StepSanitizer | undefined;
}

class InterpretedProgram implements Executable {
  readonly program: KernelProgram;
  readonly #options: InterpreterOptions;
  #constants: Constants | undefined;
  #arenaBytes = 0;
  #queue: Promise<unknown> = Promise.resolve();
  constructor(program: KernelProgram, constants: Constants, options: InterpreterOptions) {
    this.program = program;
    this.#constants = constants;
    this.#options = options;
  }
  run(inputs: ReadonlyMap<string, TensorData>, options: RunOptions = {}): Promise<Map<string, TensorData>> {
    const result = this.#queue.then(async () => {
      const run = this.#prepare(inputs, options.symbols);
      await this.#steps(this.program.steps, run, options.signal);
      return this.#finish(run);
    });
    this.#queue = result.catch(() => undefined);
    return result;
  }
  runSync(inputs: ReadonlyMap<string, TensorData>): Map<string, TensorData> {
    const run = this.#prepare(inputs);
    for (const s of flattened(this.program.steps, run.memory)) this.#kernel(s, run);
    return this.#finish(run);
  }

  /** Its constants; they go when the model is disposed of, in the middle of a run too. */
  #usable(): Constants {
    if (this.#constants) return this.#constants;
    throw new AzulejoError("disposed", `model "${this.program.name}" was disposed; load it again`);
  }
  #prepare(inputs: ReadonlyMap<string, TensorData>, given?: SymbolValues): InterpretedRun {
    const constants = this.#usable();
    const symbols = bindDims(this.program, name => inputs.get(name)?.dims, given);
    const size = (p: Poly): number => p.evaluate(s => symbols.get(s) ?? Number.NaN);
    const memory = new ProgramMemory(size, constants);
    for (const b of this.program.inputs) memory.bind(b, inputs.get(b.name)!);
    return { memory, symbols, watch: this.#options.sanitize ? new StepSanitizer() : undefined };
  }
  async #steps(steps: readonly Step[], run: InterpretedRun, signal?: AbortSignal): Promise<void> {
    for (const s of flattened(steps, run.memory)) {
      await overdueTurn();
      throwIfAborted(signal, `run of "${this.program.name}"`);
      this.#usable();
      this.#kernel(s, run);
    }
  }
  #kernel(s: KernelStep, { memory, symbols, watch }: InterpretedRun): void {
    const storages = new Map<Tensor, Storage>(s.kernel.tensors.map(t => [t, memory.storage(s.buffers[t.name]!)]));
    const own = new Map<Sym, number>(symbols);
    for (const [k, p] of s.symbols)
      own.set(
        k,
        p.evaluate(x => symbols.get(x) ?? Number.NaN),
      );
    const run = (more: object): void => void runKernel(s.kernel, storages, { ...this.#options, ...more, symbols: own });
    if (watch) watch.kernel(s.kernel, storages, run);
    else run({});
  }
  #finish({ memory, watch }: InterpretedRun): Map<string, TensorData> {
    refuseFindings(watch?.findings ?? []);
    this.#arenaBytes = memory.arenaBytes;
    return new Map(this.program.outputs.map(b => [b.name, memory.read(b)]));
  }

  report(): TargetReport {
    return {
      target: "interpreter",
      threads: 1,
      codeBytes: 0,
      functions: 0,
      kernels: kernelReports(this.program.steps),
      constantBytes: [...(this.#constants?.values() ?? [])].reduce((sum, a) => sum + a.byteLength, 0),
      arenaBytes: this.#arenaBytes,
      arenaLowerBoundBytes: this.#arenaBytes,
      flags: [],
      notes: ["no memory plan: every value keeps its own array for a whole run"],
      timesMs: {},
    };
  }
  dispose(): void {
    this.#constants = undefined;
  }
}

type KernelStep = Extract<Step, { kind: "kernel" }>;
/** The kernels in the order in which they run; conditions are read when their turn comes. */
function* flattened(steps: readonly Step[], memory: ProgramMemory): Generator<KernelStep> {
  for (const s of steps) {
    if (s.kind === "kernel") yield s;
    else if (s.kind === "loop") while (memory.read(s.condition).data[0]) yield* flattened(s.body, memory);
    else yield* flattened(memory.read(s.condition).data[0] ? s.then : s.else, memory);
  }
}
function kernelReports(steps: readonly Step[]): KernelReport[] {
  return steps.flatMap(s =>
    s.kind === "kernel"
      ? [{ name: s.kernel.name, nodes: s.nodes, function: "", schedule: "" }]
      : s.kind === "loop"
        ? kernelReports(s.body)
        : [...kernelReports(s.then), ...kernelReports(s.else)],
  );
}
