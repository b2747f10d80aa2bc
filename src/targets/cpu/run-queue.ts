// Runs one after the other: a job waits for its turn, may be withdrawn by its signal, and is rejected when the machine ends.
import { overdueTurn } from "../../runtime/platform.js";
import { AzulejoError } from "../../support/errors.js";
import { whenAborted } from "../../support/when-aborted.js";

interface Job {
  readonly start: () => void;
  readonly reject: (reason: unknown) => void;
}

export class RunQueue {
  /** in order, with what ends their waiting for a signal */
  readonly #waiting = new Map<Job, () => void>();
  #running: Job | undefined;
  #ended: AzulejoError | undefined;
  #isInTurn = false;

  get idle(): boolean {
    return this.#running === undefined;
  }

  /** May the calling thread run something itself: nothing is pending, or it is the turn of what `inTurn` was given. */
  get isFree(): boolean {
    return this.idle || this.#isInTurn;
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
      const job: Job = { start, reject };
      const withdraw = (): void => {
        this.#leave(job);
        reject(abortedRun(signal!));
      };
      this.#waiting.set(job, signal ? whenAborted(signal, withdraw) : () => {});
      if (this.idle) this.#next();
    });
  }

  /** Calls `work`, which runs things on the calling thread, when its turn comes. */
  inTurn<T>(work: () => T, signal?: AbortSignal): Promise<T> {
    return this.enqueue(async () => {
      this.#isInTurn = true;
      try {
        return work();
      } finally {
        this.#isInTurn = false;
      }
    }, signal);
  }

  /** Calls `work` after what is pending, at once where nothing is; not any more when the machine has ended. */
  afterPending(work: () => void): void {
    if (this.idle) work();
    else this.enqueue(async () => work()).catch(() => {});
  }

  /** Rejects the job that runs and all that wait, and every later one. */
  end(reason: AzulejoError): void {
    this.#ended ??= reason;
    this.#running?.reject(this.#ended);
    for (const job of this.#waiting.keys()) {
      this.#leave(job);
      job.reject(this.#ended);
    }
  }

  #leave(job: Job): void {
    this.#waiting.get(job)?.();
    this.#waiting.delete(job);
  }
  #next(): void {
    const [job] = this.#waiting.keys();
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
