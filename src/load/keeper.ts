// Keeps what a model compiled, once it has run: after the first result, so that nobody waits for it.
import { sleep } from "../runtime/platform.js";
import type { CompiledGraph } from "./compiled-graph.js";
import type { General } from "./per-run.js";
import { keptContents, type ModelHead, type ModelInfo, type ModelStore } from "./model-store.js";

interface ProgramToKeep extends General {
  readonly key?: string;
}

export class Keeper {
  readonly #store: ModelStore;
  readonly #info: ModelInfo;
  readonly #compiled: CompiledGraph;
  /** what the store has of the model itself */
  #known: ModelHead | undefined;
  #done: Promise<void> = Promise.resolve();

  constructor(store: ModelStore, info: ModelInfo, compiled: CompiledGraph, known?: ModelHead) {
    this.#store = store;
    this.#info = info;
    this.#compiled = compiled;
    this.#known = known;
  }
  /** Everything that was begun is written. */
  get done(): Promise<void> {
    return this.#done;
  }
  /** Called after each run; costs next to nothing when there is nothing new. */
  afterRun(): void {
    const { general, perRun } = this.#compiled;
    if (general ? this.#known !== undefined : !perRun.hasFresh) return;
    const before = this.#known;
    const head = this.#head();
    this.#known = head;
    const programs = this.#programs();
    const releases = programs.map(({ executable }) => executable.hold?.());
    this.#done = this.#done
      .then(() => this.#keep(head, programs, before))
      .catch(() => {})
      .finally(() => {
        for (const release of releases) release?.();
      });
  }
  /** What there is to be kept, by the key of the run that it was made for; one for all dims has none. */
  #programs(): readonly ProgramToKeep[] {
    const { general, perRun } = this.#compiled;
    return general ? [general] : perRun.takeFresh().map(([key, made]) => ({ ...made, key }));
  }
  async #keep(head: ModelHead, programs: readonly ProgramToKeep[], before: ModelHead | undefined): Promise<void> {
    // the caller has its result before this begins
    await sleep(0);
    for (const { executable, contents, key } of programs) {
      const saved = executable.save?.();
      const own = { ...head, contents: keptContents(contents, executable.program.symbols) };
      if (saved) await this.#store.keep(own, saved, key);
    }
    if (!this.#compiled.general && before?.deciding.join() !== head.deciding.join())
      await this.#store.keep(head, undefined);
  }
  #head(): ModelHead {
    const { general, perRun, waits } = this.#compiled;
    return {
      info: this.#info,
      ...(waits === undefined ? {} : { waits }),
      deciding: perRun.deciding,
      contents: general ? keptContents(general.contents, general.executable.program.symbols) : [],
    };
  }
}
