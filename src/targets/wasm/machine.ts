// The machine of the wasm target: owns module, memory, workers and the driver inside the module. It comes in three kinds, chosen here.
import type { HostWorker } from "../../runtime/platform.js";
import { canShareMemory, canStartWorkers } from "../../runtime/platform.js";
import { AzulejoError } from "../../support/errors.js";
import { CallerMachine } from "./machine-caller.js";
import type { EngineFlags } from "./machine-engine.js";
import type { Machine } from "../cpu/machine.js";
import { MAX_THREADS } from "../cpu/program-layout.js";
import { SharedMachine } from "./machine-shared.js";
import { WorkerMachine } from "./machine-worker.js";
import type { AssembledModule } from "./module.js";

export interface MachineOptions {
  /** workers start while the module is still being made */
  readonly module: AssembledModule | PromiseLike<AssembledModule>;
  /** must be what the module was assembled for; canShareMemory() says what is possible */
  readonly shared: boolean;
  /** taken as 1 without shared memory */
  readonly threads: number;
  readonly engineFlags: EngineFlags;
  /** "caller": no worker, runs block the calling thread; the default only where there are no workers */
  readonly place?: "worker" | "caller";
  /** one that has been started already and waits for its first message; the machine owns it from now on */
  readonly firstWorker?: HostWorker | undefined;
  /** Runs are over sooner than another thread would take them: workers that share memory start when one needs them, and the engine compiles by its own tiers. */
  readonly short?: boolean;
  /** longest run, in milliseconds, that the calling thread may do if that is faster than a hand-over; 0: none. Default: SHORT_MS */
  readonly shortRunMs?: number;
  /** a file with the text of WORKER_SOURCE, for strict Content-Security-Policies */
  readonly workerUrl?: string | URL;
  readonly signal?: AbortSignal;
}

export async function createMachine(options: MachineOptions): Promise<Machine> {
  const { threads, shared } = options;
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS)
    throw new AzulejoError("option", `threads: ${threads} is not possible; use 1..${MAX_THREADS}`);
  const place = options.place ?? (canStartWorkers() ? "worker" : "caller");
  if (place === "caller") return CallerMachine.create(options);
  if (!shared) return WorkerMachine.create(options);
  if (!canShareMemory())
    throw new AzulejoError(
      "target",
      "Memory can't be shared here: the page is not cross-origin isolated; use { shared: false }",
    );
  try {
    return new SharedMachine(options);
  } catch (error) {
    // no memory: the worker that waits for it would keep the process alive
    options.firstWorker?.terminate();
    throw error;
  }
}
