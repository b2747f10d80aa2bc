// A graph of tensors that runs: compiled once for its symbols, and again for dims that this does not fit. No host steps.

import { concretize } from "../graph/concretize.js";
import { decode } from "../graph/constants.js";
import type { ContentSymbols } from "../graph/content-symbols.js";
import { withContentSymbols } from "../graph/content-symbols.js";
import { cut } from "../graph/cut.js";
import type { Graph } from "../graph/graph.js";
import type { KernelProgram } from "../graph/program.js";
import type { SymbolValues } from "../graph/program-dims.js";
import { fits } from "../graph/program-dims.js";
import type { Registry } from "../ops/registry.js";
import type { LoadOptions } from "../runtime/api.js";
import type { CompileOptions, Executable, RunOptions, Target, TargetReport } from "../runtime/target.js";
import type { TensorData } from "../runtime/tensor.js";
import { bytesOfTensor } from "../runtime/tensor-bytes.js";
import { AzulejoError } from "../support/errors.js";
import { prepareGraph, programOf, whyConcrete } from "./prepare.js";

export interface CompileContext {
  readonly registry: Registry;
  readonly options: LoadOptions;
  readonly target: Target;
  readonly compileOptions: CompileOptions;
  /** runs a graph that must be cut: its parts decide what the others are */
  readonly cutApart: (graph: Graph, context: CompileContext) => Promise<Runnable>;
}
/** What executables and cut graphs have in common. */
export type Runnable = Pick<Executable, "run" | "report" | "dispose">;

/** What serves all dims and contents that it was compiled for. */
interface General {
  readonly program: KernelProgram;
  readonly executable: Executable;
  readonly contents: ContentSymbols["contents"];
}

export class CompiledGraph implements Runnable {
  readonly #general: General | undefined;
  readonly #perDims: PerDims;
  /** why it is compiled on first use */
  readonly waits: string | undefined;

  private constructor(general: General | undefined, perDims: PerDims, waits: string | undefined) {
    this.#general = general;
    this.#perDims = perDims;
    this.waits = waits;
  }
  /** The graph went through inference and passes. */
  static async create(graph: Graph, context: CompileContext): Promise<CompiledGraph> {
    const perDims = new PerDims(graph, context);
    const waits = whyConcrete(graph);
    const made =
      waits === undefined
        ? { program: programOf(graph, context.registry, context.options), contents: new Map() }
        : await openedByContents(graph, context);
    if (!made) return new CompiledGraph(undefined, perDims, waits);
    const executable = await context.target.compile(made.program, context.compileOptions);
    return new CompiledGraph({ ...made, executable }, perDims, undefined);
  }
  async run(inputs: ReadonlyMap<string, TensorData>, options: RunOptions = {}): Promise<Map<string, TensorData>> {
    const general = this.#general;
    const symbols = general && withContents(options.symbols, general.contents, inputs);
    if (general && fits(general.program, name => inputs.get(name)?.dims, symbols))
      return general.executable.run(inputs, { ...options, symbols });
    return (await this.#perDims.runnableFor(inputs, options)).run(inputs, options);
  }
  report(): TargetReport {
    return this.#general && !this.#perDims.used ? this.#general.executable.report() : this.#perDims.report();
  }
  dispose(): void {
    this.#general?.executable.dispose();
    this.#perDims.dispose();
  }
}

/** The program with contents of inputs as symbols, if that closes what is open. */
async function openedByContents(
  graph: Graph,
  { registry, options }: CompileContext,
): Promise<Omit<General, "executable"> | undefined> {
  const symbolic = withContentSymbols(graph, registry);
  if (!symbolic) return undefined;
  try {
    const prepared = (await prepareGraph(symbolic.graph, registry, options)).graph;
    if (whyConcrete(prepared) !== undefined) return undefined;
    const program = programOf(prepared, registry, options);
    const preconditions = [...program.preconditions, ...symbolic.preconditions];
    return { program: { ...program, preconditions }, contents: symbolic.contents };
  } catch (error) {
    // an operator that wants numbers gets them when they are known
    if (error instanceof AzulejoError && error.code === "operator-unsupported") return undefined;
    throw error;
  }
}

function withContents(
  symbols: SymbolValues | undefined,
  contents: ContentSymbols["contents"],
  inputs: ReadonlyMap<string, TensorData>,
): SymbolValues | undefined {
  if (contents.size === 0) return symbols;
  const out = new Map(symbols);
  for (const [name, list] of contents) {
    const numbers = numbersOf(inputs.get(name)!);
    list.forEach((s, i) => {
      if (s) out.set(s, numbers[i]!);
    });
  }
  return out;
}

/** One executable per set of input dims. The graph is made concrete, so that what depends on dims is known. */
class PerDims {
  readonly #graph: Graph;
  readonly #context: CompileContext;
  readonly #made = new Map<string, Promise<Runnable>>();
  /** inputs whose content decides what is compiled, beside their dims: the sample rate of a model for two */
  readonly #deciding = new Set<string>();
  #last: Runnable | undefined;

  constructor(graph: Graph, context: CompileContext) {
    this.#graph = graph;
    this.#context = context;
  }
  get used(): boolean {
    return this.#last !== undefined;
  }
  async runnableFor(inputs: ReadonlyMap<string, TensorData>, run: RunOptions): Promise<Runnable> {
    const key = this.#keyOf(inputs, run);
    let made = this.#made.get(key);
    if (!made) {
      made = this.#compile(inputs, run);
      this.#made.set(key, made);
      made.catch(() => this.#made.delete(key));
    }
    this.#last = await made;
    return this.#last;
  }
  #keyOf(inputs: ReadonlyMap<string, TensorData>, { symbols }: RunOptions): string {
    const dims = [...inputs].map(([name, t]) => [name, t.dims]);
    const contents = [...this.#deciding].map(name => numbersOf(inputs.get(name)!));
    return JSON.stringify([dims, contents, symbols ? this.#graph.symbols.map(s => symbols.get(s)) : []]);
  }
  async #compile(inputs: ReadonlyMap<string, TensorData>, run: RunOptions): Promise<Runnable> {
    const { registry, target, compileOptions } = this.#context;
    const options = { ...this.#context.options, ...(run.signal ? { signal: run.signal } : {}) };
    const key = this.#keyOf(inputs, run);
    const dims = Object.fromEntries([...inputs].map(([name, t]) => [name, t.dims]));
    const { graph, deciding, open } = await concretize(this.#graph, dims, {
      registry,
      prepare: async g => (await prepareGraph(g, registry, options)).graph,
      contentOf: name => numbersOf(inputs.get(name)!),
      symbols: run.symbols,
    });
    const runnable = await (open === undefined
      ? target.compile(programOf(graph, registry, options), compileOptions)
      : this.#cutApart(graph, open));
    // from now on their content is part of the key; what was just compiled is found under the new one
    if (deciding.length > 0) {
      this.#made.delete(key);
      for (const name of deciding) this.#deciding.add(name);
      this.#made.set(this.#keyOf(inputs, run), Promise.resolve(runnable));
    }
    return runnable;
  }
  /** What the graph computes decides what follows: that part runs first. */
  #cutApart(graph: Graph, reason: string): Promise<Runnable> {
    if (cut(graph, this.#context.registry).steps.length < 2)
      throw new AzulejoError(
        "operator-unsupported",
        `${reason}, and neither the dims of the inputs nor their content decide it; split the model, or export it for fixed dims`,
      );
    return this.#context.cutApart(graph, this.#context);
  }
  report(): TargetReport {
    if (this.#last) return this.#last.report();
    return { ...emptyReport(this.#context), notes: ["nothing is compiled before the first run"] };
  }
  dispose(): void {
    for (const made of this.#made.values())
      made.then(
        e => e.dispose(),
        () => {},
      );
  }
}

export const emptyReport = ({ target, compileOptions }: CompileContext): TargetReport => ({
  target: target.name,
  threads: compileOptions.threads,
  codeBytes: 0,
  functions: 0,
  kernels: [],
  constantBytes: 0,
  arenaBytes: 0,
  arenaLowerBoundBytes: 0,
  flags: [],
  notes: [],
  timesMs: {},
});

const numbersOf = (t: TensorData): number[] => [...decode(t.dtype, bytesOfTensor(t))];
