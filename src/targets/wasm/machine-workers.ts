// Starting the workers of a machine, and what they say while they start.
import type { HostWorker } from "../../runtime/platform.js";
import { startWorker } from "../../runtime/platform.js";
import { AzulejoError } from "../../support/errors.js";
import type { FromWorker, ToWorker } from "./worker-source.js";
import { WORKER_SOURCE } from "./worker-source.js";

const ADVICE = 'a page\'s Content-Security-Policy must allow "worker-src blob:", or pass { workerUrl }';

export function startWorkers(count: number, url: string | URL | undefined, first = 0): HostWorker[] {
  return Array.from({ length: count }, (_, i) => startWorker(WORKER_SOURCE, { name: `azulejo ${first + i}`, url }));
}

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

/** What stands in for Atomics.waitAsync where it is missing: workers say when they leave a run. */
export class Departures {
  #waiting: (() => void)[] = [];
  readonly report = (): void => {
    for (const wake of this.#waiting.splice(0)) wake();
  };
  readonly next = (): Promise<void> => new Promise(resolve => this.#waiting.push(resolve));
}
