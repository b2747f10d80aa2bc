// Runs one after the other: a job waits for its turn, may be withdrawn by its signal, and is rejected when the machine ends.
import { overdueTurn } from "../../runtime/platform.js";
import { AzulejoError } from "../../support/errors.js";

interface Job {
  readonly signal: AbortSignal | undefined;
  readonly start: () => void;
  readonly reject: (reason: unknown) => void;
}
/** One listener a signal, however many jobs wait with it: Node warns of a leak from the eleventh on. */
interface Listening {
  readonly jobs: Set<Job>;
  readonly withdraw: () => void;
}

export class RunQueue {
  readonly #waiting = new Set<Job>();
  readonly #listening = new Map<AbortSignal, Listening>();
  #running: Job | undefined;
  #ended: AzulejoError | undefined;

  get idle(): boolean {
    return this.#running === undefined;
  }

  /** Why nothing runs any more; undefined while the machine is in order. */
  get ended(): AzulejoError | undefined {
    return this.#ended;
  }

  /** Calls `run` when its turn comes; the next job starts when the promise that it gives has settled. */
  enqueue<T>(run: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      const start = () => {
        // the next one starts before this one is heard of: a caller that awaited the last run finds the machine idle
        const settle =
          <V>(report: (value: V) => void) =>
          (value: V) => {
            this.#next();
            report(value);
          };
        run().then(settle(resolve), settle(reject));
      };
      if (signal?.aborted) return reject(abortedRun(signal));
      this.#wait({ signal, start, reject });
      if (this.idle) this.#next();
    });
  }

  /** Rejects the job that runs and all that wait, and every later one. */
  end(reason: AzulejoError): void {
    this.#ended ??= reason;
    this.#running?.reject(this.#ended);
    for (const job of this.#waiting) {
      this.#leave(job);
      job.reject(this.#ended);
    }
  }

  #wait(job: Job): void {
    this.#waiting.add(job);
    const { signal } = job;
    if (!signal) return;
    const known = this.#listening.get(signal);
    if (known) {
      known.jobs.add(job);
      return;
    }
    const jobs = new Set([job]);
    const withdraw = () => {
      for (const waiting of jobs) {
        this.#leave(waiting);
        waiting.reject(abortedRun(signal));
      }
    };
    this.#listening.set(signal, { jobs, withdraw });
    signal.addEventListener("abort", withdraw);
  }
  #leave(job: Job): void {
    this.#waiting.delete(job);
    const { signal } = job;
    const heard = signal && this.#listening.get(signal);
    if (!heard) return;
    heard.jobs.delete(job);
    if (heard.jobs.size > 0) return;
    signal.removeEventListener("abort", heard.withdraw);
    this.#listening.delete(signal);
  }

  #next(): void {
    const [job] = this.#waiting;
    this.#running = job;
    if (!job) return;
    this.#leave(job);
    job.start();
  }
}

/** The error of a run whose signal fired. */
export const abortedRun = (signal: AbortSignal): AzulejoError =>
  new AzulejoError("aborted", "The run was aborted by the caller's signal", { cause: signal.reason });

/** Before a run on the calling thread: undefined, or the turn of the event loop that is due; the signal may fire in it. */
export const turnBeforeRun = (signal: AbortSignal | undefined): Promise<void> | undefined =>
  overdueTurn()?.then(() => {
    if (signal?.aborted) throw abortedRun(signal);
  });
