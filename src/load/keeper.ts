// Keeps what a model compiled, once it has run: after the first result, so that nobody waits for it.
import { sleep } from "../runtime/platform.js";
import type { CompiledGraph } from "./compiled-graph.js";
import { keptContents, type ModelHead, type ModelInfo, type ModelStore } from "./model-store.js";

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
    this.#done = this.#done.then(() => this.#keep(head, before)).catch(() => {});
  }
  async #keep(head: ModelHead, before: ModelHead | undefined): Promise<void> {
    const { general, perRun } = this.#compiled;
    // the caller has its result before this begins
    await sleep(0);
    if (general) {
      const saved = general.executable.save?.();
      if (saved) await this.#store.keep(head, saved);
      return;
    }
    for (const [key, { executable, contents }] of perRun.takeFresh()) {
      const saved = executable.save?.();
      const own = { ...head, contents: keptContents(contents, executable.program.symbols) };
      if (saved) await this.#store.keep(own, saved, key);
    }
    if (before?.deciding.join() !== head.deciding.join()) await this.#store.keep(head, undefined);
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
