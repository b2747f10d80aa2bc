// A graph of tensors that runs: compiled once for its symbols, and again for dims and contents that this does not fit. Compiling is
// asked of others, so that a model that was kept runs without a compiler.

import { decode } from "../graph/constants.js";
import type { ContentSymbols } from "../graph/content-symbols.js";
import type { SymbolValues } from "../graph/program-dims.js";
import { fits } from "../graph/program-dims.js";
import type { Sym } from "../ir/poly.js";
import type { CompileOptions, Executable, RunOptions, TargetReport } from "../runtime/target.js";
import type { TensorData } from "../runtime/tensor.js";
import { bytesOfTensor } from "../runtime/tensor-bytes.js";
import { restore } from "../targets/wasm/executable.js";
import type { ModelStore } from "./model-store.js";

/** What executables and cut graphs have in common. */
export type Runnable = Pick<Executable, "run" | "report" | "dispose">;

/** What serves all dims and contents that it was compiled for. */
export interface General {
  readonly executable: Executable;
  readonly contents: ContentSymbols["contents"];
}

export class CompiledGraph implements Runnable {
  readonly general: General | undefined;
  readonly perRun: PerRun;
  /** why it is compiled on first use */
  readonly waits: string | undefined;

  constructor(general: General | undefined, perRun: PerRun, waits: string | undefined) {
    this.general = general;
    this.perRun = perRun;
    this.waits = waits;
  }
  async run(inputs: ReadonlyMap<string, TensorData>, options: RunOptions = {}): Promise<Map<string, TensorData>> {
    const { general } = this;
    const symbols = general && withContents(options.symbols, general.contents, inputs);
    if (general && fits(general.executable.program, name => inputs.get(name)?.dims, symbols))
      return general.executable.run(inputs, { ...options, symbols });
    return (await this.perRun.runnableFor(inputs, options)).run(inputs, options);
  }
  report(): TargetReport {
    return this.general && !this.perRun.used ? this.general.executable.report() : this.perRun.report();
  }
  dispose(): void {
    this.general?.executable.dispose();
    this.perRun.dispose();
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

/** What was compiled for the dims and contents of one run. */
export interface ForRun {
  readonly runnable: Runnable;
  /** the same, where it is one */
  readonly executable?: Executable;
  /** inputs on whose content it relies */
  readonly deciding: readonly string[];
}
export interface PerRunParts {
  /** those of the graph: what a caller tells of them is part of the key */
  readonly symbols: readonly Sym[];
  readonly compile: (inputs: ReadonlyMap<string, TensorData>, run: RunOptions) => Promise<ForRun>;
  /** the report before anything is compiled */
  readonly empty: TargetReport;
  /** where programs may be found; which inputs decide is known from the model's own entry */
  readonly store?: { readonly store: ModelStore; readonly options: CompileOptions };
  readonly deciding?: readonly string[];
}

/** One executable for each set of dims, and of contents where those decide. */
export class PerRun {
  readonly #parts: PerRunParts;
  readonly #made = new Map<string, Promise<Runnable>>();
  /** inputs whose content decides what is compiled, beside their dims: the sample rate of a model for two */
  readonly #deciding: Set<string>;
  /** executables that no store has, by their key */
  readonly #fresh = new Map<string, Executable>();
  #last: Runnable | undefined;

  constructor(parts: PerRunParts) {
    this.#parts = parts;
    this.#deciding = new Set(parts.deciding);
  }
  get used(): boolean {
    return this.#last !== undefined;
  }
  get deciding(): readonly string[] {
    return [...this.#deciding];
  }
  get hasFresh(): boolean {
    return this.#fresh.size > 0;
  }
  /** What was compiled since it was asked last. */
  takeFresh(): readonly (readonly [key: string, executable: Executable])[] {
    const fresh = [...this.#fresh];
    this.#fresh.clear();
    return fresh;
  }
  async runnableFor(inputs: ReadonlyMap<string, TensorData>, run: RunOptions): Promise<Runnable> {
    const key = this.#keyOf(inputs, run);
    let made = this.#made.get(key);
    if (!made) {
      made = this.#make(key, inputs, run);
      this.#made.set(key, made);
      made.catch(() => this.#made.delete(key));
    }
    this.#last = await made;
    return this.#last;
  }
  #keyOf(inputs: ReadonlyMap<string, TensorData>, { symbols }: RunOptions): string {
    const dims = [...inputs].map(([name, t]) => [name, t.dims]);
    const contents = this.deciding.map(name => numbersOf(inputs.get(name)!));
    return JSON.stringify([dims, contents, symbols ? this.#parts.symbols.map(s => symbols.get(s)) : []]);
  }
  async #make(key: string, inputs: ReadonlyMap<string, TensorData>, run: RunOptions): Promise<Runnable> {
    const kept = await this.#restored(key);
    if (kept) return kept;
    const { runnable, executable, deciding } = await this.#parts.compile(inputs, run);
    // from now on their content is part of the key; what was just compiled is found under the new one
    if (deciding.length > 0) {
      this.#made.delete(key);
      for (const name of deciding) this.#deciding.add(name);
      this.#made.set(this.#keyOf(inputs, run), Promise.resolve(runnable));
    }
    if (executable) this.#fresh.set(this.#keyOf(inputs, run), executable);
    return runnable;
  }
  async #restored(key: string): Promise<Executable | undefined> {
    const { store } = this.#parts;
    const kept = await store?.store.find(key);
    if (!kept?.executable) return undefined;
    try {
      return await restore(kept.executable, store!.options, undefined);
    } finally {
      await kept.close();
    }
  }
  report(): TargetReport {
    if (this.#last) return this.#last.report();
    return { ...this.#parts.empty, notes: ["nothing is compiled before the first run"] };
  }
  dispose(): void {
    for (const made of this.#made.values())
      made.then(
        e => e.dispose(),
        () => {},
      );
  }
}

export const emptyReport = (target: string, threads: number): TargetReport => ({
  target,
  threads,
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

export const numbersOf = (t: TensorData): number[] => [...decode(t.dtype, bytesOfTensor(t))];
