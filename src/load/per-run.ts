// What is compiled on first use: programs for inputs like those of a run where that is possible, else for the very dims and contents of
// a run. A few are kept in memory; the one that was used longest ago goes.

import { decode } from "../graph/constants.js";
import type { ContentSymbols } from "../graph/content-symbols.js";
import type { ProgramInterface } from "../graph/program.js";
import type { SymbolValues } from "../graph/program-dims.js";
import { fits } from "../graph/program-dims.js";
import type { Poly, Sym } from "../ir/poly.js";
import type { CompileOptions, Executable, RunOptions, TargetReport } from "../runtime/target.js";
import type { TensorData } from "../runtime/tensor.js";
import { bytesOfTensor } from "../runtime/tensor-bytes.js";
import { Usage } from "../support/usage.js";
import { type ModelStore, restoredContents } from "./model-store.js";
import { restoreExecutable } from "./restore.js";

/** What executables and cut graphs have in common. */
export type Runnable = Pick<Executable, "run" | "report" | "dispose">;
type Inputs = ReadonlyMap<string, TensorData>;

/** A program with the symbols that contents of inputs tell; without any it may still have those of dims. */
export interface General {
  readonly executable: Executable;
  readonly contents: ContentSymbols["contents"];
}

/** The values of symbols that the dims of inputs don't tell; undefined: the program was not compiled for inputs like these. */
export function symbolsFor(
  program: ProgramInterface,
  contents: General["contents"],
  inputs: Inputs,
  given: SymbolValues | undefined,
): SymbolValues | undefined {
  if (!program.inputs.every(({ name, dims }) => couldBe(dims, inputs.get(name)?.dims))) return undefined;
  const values = new Map(given);
  for (const [name, list] of contents) {
    const numbers = numbersOf(inputs.get(name)!);
    list.forEach((s, i) => {
      if (s) values.set(s, numbers[i]!);
    });
  }
  return fits(program, name => inputs.get(name)?.dims, values) ? values : undefined;
}
export const symbolsOf = (
  { executable, contents }: General,
  inputs: Inputs,
  given: SymbolValues | undefined,
): SymbolValues | undefined => symbolsFor(executable.program, contents, inputs, given);

const couldBe = (dims: readonly Poly[], given: readonly number[] | undefined): boolean =>
  given?.length === dims.length && dims.every((d, i) => !d.isConst || d.constant === given[i]);

export const numbersOf = (t: TensorData): number[] => [...decode(t.dtype, bytesOfTensor(t))];

/** What was compiled for a run. */
export interface ForRun {
  readonly runnable: Runnable;
  /** the same, where it is one program */
  readonly general?: General;
  /** inputs on whose content it relies */
  readonly deciding: readonly string[];
}
export interface PerRunParts {
  /** those of the graph: what a caller tells of them is part of the key */
  readonly symbols: readonly Sym[];
  readonly compile: (inputs: Inputs, run: RunOptions) => Promise<ForRun>;
  /** the report before anything is compiled */
  readonly empty: TargetReport;
  /** where programs may be found; which inputs decide is known from the model's own entry */
  readonly store?: { readonly store: ModelStore; readonly options: CompileOptions };
  readonly deciding?: readonly string[];
}

/** programs in memory: each has code, weights and threads of its own */
const MOST_PROGRAMS = 32;

interface Made extends ForRun {
  /** of the run that it was made for */
  readonly key: string;
  /** it serves other runs too: dims and contents are symbols, and preconditions say what it relies on */
  readonly open: General | undefined;
  /** by runs, until they end */
  readonly usage: Usage;
}

const openOf = (general: General | undefined): General | undefined =>
  general && general.executable.program.symbols.length > 0 ? general : undefined;

export class PerRun {
  readonly #parts: PerRunParts;
  /** least recently used first; those that serve other runs too are in #open as well */
  readonly #made = new Map<string, Promise<Made>>();
  readonly #open = new Set<Made>();
  /** inputs whose content decides what is compiled, beside their dims: the sample rate of a model for two */
  readonly #deciding: Set<string>;
  /** programs that no store has, by their key */
  readonly #fresh = new Map<string, General>();
  #last: Runnable | undefined;
  #count = 0;

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
  takeFresh(): readonly (readonly [key: string, program: General])[] {
    const fresh = [...this.#fresh];
    this.#fresh.clear();
    return fresh;
  }
  async run(inputs: Inputs, options: RunOptions): Promise<Map<string, TensorData>> {
    const made = await this.#claim(inputs, options);
    this.#last = made.runnable;
    try {
      const { open, runnable } = made;
      const symbols = open ? symbolsOf(open, inputs, options.symbols) : options.symbols;
      return await runnable.run(inputs, { ...options, symbols });
    } finally {
      made.usage.end();
    }
  }
  /** Nothing that is claimed is disposed of. */
  async #claim(inputs: Inputs, run: RunOptions): Promise<Made> {
    for (;;) {
      const open = [...this.#open].find(made => serves(made, inputs, run));
      const key = open?.key ?? this.#keyOf(inputs, run);
      const waiting = this.#made.get(key) ?? this.#make(key, inputs, run);
      this.#made.delete(key);
      this.#made.set(key, waiting);
      waiting.catch(() => this.#made.delete(key));
      const made = await waiting;
      // while it was made for another run it may have turned out that contents decide, and they differ
      if (made.open ? serves(made, inputs, run) : made.key === this.#keyOf(inputs, run)) {
        made.usage.begin();
        return made;
      }
    }
  }
  #keyOf(inputs: Inputs, { symbols }: RunOptions): string {
    const dims = [...inputs].map(([name, t]) => [name, t.dims]);
    const contents = this.deciding.map(name => numbersOf(inputs.get(name)!));
    return JSON.stringify([dims, contents, symbols ? this.#parts.symbols.map(s => symbols.get(s)) : []]);
  }
  async #make(first: string, inputs: Inputs, run: RunOptions): Promise<Made> {
    const kept = await this.#restored(first, inputs, run);
    const done = kept ?? (await this.#parts.compile(inputs, run));
    for (const name of done.deciding) this.#deciding.add(name);
    const found = this.#keyOf(inputs, run);
    const open = openOf(done.general);
    // several that are open may have been made for the same dims
    const key = open ? `${found} ${this.#count++}` : found;
    const made: Made = { ...done, key, open, usage: new Usage(() => done.runnable.dispose()) };
    this.#made.delete(first);
    this.#made.set(key, Promise.resolve(made));
    if (open) this.#open.add(made);
    if (done.general && !kept) this.#fresh.set(found, done.general);
    this.#forgetOldest();
    return made;
  }
  async #restored(key: string, inputs: Inputs, run: RunOptions): Promise<ForRun | undefined> {
    const { store } = this.#parts;
    const kept = await store?.store.find(key);
    if (!kept?.executable) return undefined;
    try {
      const executable = await restoreExecutable(store!.store.target, kept.executable, store!.options);
      if (!executable) return undefined;
      const contents = restoredContents(kept.model.contents, executable.program.symbols);
      const general = { executable, contents };
      if (!openOf(general) || symbolsOf(general, inputs, run.symbols))
        return { runnable: executable, general, deciding: [] };
      executable.dispose();
      return undefined;
    } finally {
      await kept.close();
    }
  }
  #forgetOldest(): void {
    if (this.#made.size <= MOST_PROGRAMS) return;
    const [key, waiting] = this.#made.entries().next().value!;
    this.#made.delete(key);
    waiting.then(made => this.#forget(made)).catch(() => {});
  }
  #forget(made: Made): void {
    this.#open.delete(made);
    for (const [key, general] of this.#fresh) if (general === made.general) this.#fresh.delete(key);
    made.usage.forget();
  }
  report(): TargetReport {
    if (this.#last) return this.#last.report();
    return { ...this.#parts.empty, notes: ["nothing is compiled before the first run"] };
  }
  dispose(): void {
    for (const made of this.#made.values())
      made.then(
        ({ runnable }) => runnable.dispose(),
        () => {},
      );
  }
}

const serves = ({ open }: Made, inputs: Inputs, { symbols }: RunOptions): boolean =>
  open !== undefined && symbolsOf(open, inputs, symbols) !== undefined;
