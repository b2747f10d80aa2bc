// Starting the workers of a machine, and what they say while they start.
import type { HostWorker } from "../../runtime/platform.js";
import { startWorker } from "../../runtime/platform.js";
import type { MachineOptions } from "./machine.js";
import { AzulejoError } from "../../support/errors.js";
import type { FromWorker, ToWorker } from "./worker-source.js";
import { WORKER_SOURCE } from "./worker-source.js";

const ADVICE = 'a page\'s Content-Security-Policy must allow "worker-src blob:", or pass { workerUrl }';

export function startWorkers(count: number, url: string | URL | undefined, first = 0): HostWorker[] {
  return Array.from({ length: count }, (_, i) => startWorker(WORKER_SOURCE, { name: `azulejo ${first + i}`, url }));
}

/** The one that has been started already, else a new one. */
export const firstOf = ({ firstWorker, workerUrl }: Pick<MachineOptions, "firstWorker" | "workerUrl">): HostWorker =>
  firstWorker ?? startWorkers(1, workerUrl)[0]!;

/** Sends the first message; resolves when the worker is ready. `onLeft`: it has left a run, and was asked to say so. */
export function connect(worker: HostWorker, message: ToWorker, onLeft?: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.onFailure(reason => reject(new AzulejoError("target", `A worker could not start: ${reason}; ${ADVICE}`)));
    worker.onMessage(data => {
      const answer = data as FromWorker;
      if (answer.kind === "ready") resolve();
      else if (answer.kind === "left") onLeft?.();
      else if (answer.kind === "failed")
        reject(new AzulejoError("internal", `A worker refused the module: ${answer.reason}`));
    });
    worker.post(message);
  });
}

export interface CrewOptions {
  readonly size: number;
  readonly url: string | URL | undefined;
  /** one that has been started and waits for its introduction; undefined: they start when a run needs them */
  readonly first: HostWorker | undefined;
  readonly introduction: (thread: number) => ToWorker;
  /** a worker has left a run, where the introduction asks it to say so */
  readonly onLeft: (() => void) | undefined;
  /** one could not start, or ended */
  readonly onFailure: (reason: AzulejoError) => void;
}
/**
 * The workers that share a machine's memory. The first is enough for runs; the others start when it is there, because until then the
 * processor has enough to do, and join runs as they come.
 */
export class Crew {
  readonly #options: CrewOptions;
  readonly #workers: HostWorker[] = [];
  #ready: Promise<void> | undefined;
  #complete: Promise<void> | undefined;
  #isReady = false;
  #ended = false;

  constructor(options: CrewOptions) {
    this.#options = options;
    if (options.first) this.#workers.push(options.first);
  }
  /** The first worker is there. */
  get isReady(): boolean {
    return this.#isReady;
  }
  /** Starts them, once; resolves when the first is there. */
  start(): Promise<void> {
    if (this.#ready) return this.#ready;
    if (this.#workers.length === 0) this.#workers.push(...startWorkers(1, this.#options.url));
    const ready = this.#join(0);
    this.#ready = ready;
    this.#complete = ready.then(async () => {
      this.#isReady = true;
      if (this.#ended) return;
      this.#workers.push(...startWorkers(this.#options.size - 1, this.#options.url, 1));
      await Promise.all(this.#workers.slice(1).map((_, i) => this.#join(i + 1)));
    });
    this.#complete.catch((error: AzulejoError) => this.#options.onFailure(error));
    return ready;
  }
  /** Starts them; resolves when all are there. */
  async all(): Promise<void> {
    await this.start();
    await this.#complete;
  }
  async #join(thread: number): Promise<void> {
    const worker = this.#workers[thread]!;
    await connect(worker, this.#options.introduction(thread), this.#options.onLeft);
    worker.onFailure(reason => this.#options.onFailure(new AzulejoError("internal", `A worker ended: ${reason}`)));
    // the first is referenced while somebody waits for it
    if (thread > 0) worker.unref();
  }
  /** A referenced worker keeps the process alive, Atomics.waitAsync does not. */
  keepAlive(wanted: boolean): void {
    const keeper = this.#workers[0];
    if (wanted) keeper?.ref();
    else keeper?.unref();
  }
  end(): void {
    this.#ended = true;
    for (const worker of this.#workers) worker.terminate();
  }
}

/** What stands in for Atomics.waitAsync where it is missing: workers say when they leave a run. */
export class Departures {
  #waiting: (() => void)[] = [];
  readonly report = (): void => {
    for (const wake of this.#waiting.splice(0)) wake();
  };
  readonly next = (): Promise<void> => new Promise(resolve => this.#waiting.push(resolve));
}
