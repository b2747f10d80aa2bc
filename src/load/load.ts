// load(): the composition root. A model that this machine has compiled before is restored; any other goes the whole road.

import type { LoadOptions, Model, ModelSource } from "../runtime/api.js";
import { Session } from "../runtime/session.js";
import type { CompileOptions } from "../runtime/target.js";
import { EarlyWorker } from "../targets/wasm/executable.js";
import { checkOptions } from "./check-options.js";
import { compileOptionsOf } from "./compile-options.js";
import { CompilerFlags } from "./compiler-flags.js";
import { CompiledGraph, emptyReport } from "./compiled-graph.js";
import { Keeper } from "./keeper.js";
import { type KeptModel, type ModelInfo, ModelStore, restoredContents } from "./model-store.js";
import { PerRun, type PerRunParts, type Runnable } from "./per-run.js";
import { restoreExecutable } from "./restore.js";
import { seeded } from "./seeded.js";
import { AzulejoError } from "../support/errors.js";
import { type OpenedModel, openModel } from "./source.js";

/**
 * Reads, compiles and returns a model.
 * @throws AzulejoError with codes model-format, model-external-data, operator-unknown, operator-unsupported, option, aborted, …
 */
export async function load(source: ModelSource, given: LoadOptions = {}): Promise<Model> {
  checkOptions(given);
  const options = given.sanitize
    ? { ...given, target: watchedTarget(given) }
    : given.target === "cpu"
      ? { ...given, target: await targetOfCpu() }
      : given;
  const compileOptions = compileOptionsOf(options);
  const opened = await openModel(source, options);
  const loading = new Loading(opened, options, compileOptions);
  try {
    const model = await loading.model();
    opened.settle();
    return model;
  } catch (e) {
    await opened.close();
    throw e;
  }
}

/** @throws AzulejoError option: watched runs are those of the interpreter */
function watchedTarget({ target = "interpreter" }: LoadOptions): "interpreter" {
  if (target === "interpreter") return target;
  throw new AzulejoError(
    "option",
    `sanitize: true runs on the interpreter, and target is "${target}"; leave the target out`,
  );
}
/** What "cpu" means here; pages never ask for native code, and load none of it. */
async function targetOfCpu(): Promise<"native" | "wasm"> {
  const { nativeProblem } = await import("../targets/c/native-problem.js");
  return (await nativeProblem()) === undefined ? "native" : "wasm";
}

/** of a model's file, whose weights a run reads */
const LARGE_BYTES = 4 << 20;

class Loading {
  readonly #opened: OpenedModel;
  readonly #options: LoadOptions;
  readonly #compileOptions: CompileOptions;
  readonly #flags: CompilerFlags;
  readonly #early = new EarlyWorker();

  constructor(opened: OpenedModel, options: LoadOptions, compileOptions: CompileOptions) {
    this.#opened = opened;
    this.#options = options;
    this.#compileOptions = compileOptions;
    this.#flags = new CompilerFlags(compileOptions);
  }
  async model(): Promise<Model> {
    const store = await ModelStore.of(this.#opened, this.#options, this.#compileOptions);
    const kept = await store?.find();
    if (!kept) return this.#fresh(store);
    try {
      const { onProgress } = this.#options;
      for (const fraction of [0, 1]) onProgress?.({ phase: "read", fraction });
      const { info } = kept.model;
      const runnable = await this.#restored(kept, store!);
      if (!runnable) return this.#fresh(store);
      return this.#session(
        info,
        runnable,
        new Keeper(store!, info, runnable, kept.model),
        `compiled before: code and weights come from ${kept.path}`,
      );
    } finally {
      await kept.close();
    }
  }
  async #fresh(store: ModelStore | undefined): Promise<Model> {
    const { info, runnable } = await this.#compiled(store).finally(() => this.#early.end());
    const keeper = store && runnable instanceof CompiledGraph ? new Keeper(store, info, runnable) : undefined;
    return this.#session(info, runnable, keeper, store?.problem);
  }
  async #compiled(store: ModelStore | undefined) {
    // one that large takes long enough that a worker is needed, and the other core has nothing to do yet
    if (this.#opened.source.size >= LARGE_BYTES && (this.#options.target ?? "wasm") === "wasm") this.#early.start();
    const { compileModel } = await import("./compile-model.js");
    return compileModel(this.#opened, this.#compileModelOptions(), store);
  }
  #compileModelOptions() {
    return {
      options: this.#options,
      compileOptions: this.#compileOptions,
      flags: this.#flags,
      takeWorker: this.#early.take,
    };
  }
  /** Undefined: what was kept is not complete. */
  async #restored({ model, executable: saved }: KeptModel, store: ModelStore): Promise<CompiledGraph | undefined> {
    const executable = saved && (await restoreExecutable(store.target, saved, this.#compileOptions));
    if (saved && !executable) return undefined;
    const general = executable && {
      executable,
      contents: restoredContents(model.contents, executable.program.symbols),
    };
    /** should a run need another program */
    let compiler: Promise<PerRunParts["compile"]> | undefined;
    const perRun = new PerRun({
      symbols: [],
      empty: emptyReport(store.target, this.#compileOptions.threads),
      deciding: model.deciding,
      store: { store, options: this.#compileOptions },
      compile: async (inputs, run) => {
        compiler ??= import("./compile-model.js").then(m =>
          m.compilerForRuns(this.#opened, this.#compileModelOptions()),
        );
        return (await compiler)(inputs, run);
      },
    });
    return new CompiledGraph(general, perRun, model.waits);
  }
  #session(info: ModelInfo, runnable: Runnable, keeper: Keeper | undefined, note?: string): Model {
    const own = note === undefined ? [] : [note];
    return new Session({
      ...info,
      run: async (inputs, options) => {
        const outputs = await runnable.run(seeded(inputs, info, options.seed), options);
        keeper?.afterRun();
        return outputs;
      },
      report: () => {
        const r = runnable.report();
        return {
          ...r,
          model: info.name,
          passes: info.passes,
          flags: [...this.#flags.applied, ...r.flags],
          notes: [...info.notes, ...own, ...r.notes],
        };
      },
      dispose: () => {
        runnable.dispose();
        void (keeper?.done ?? Promise.resolve()).then(() => this.#opened.close());
      },
    });
  }
}
