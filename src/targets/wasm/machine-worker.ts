// The machine of a page without shared memory: one worker with a memory of its own, inputs and outputs by transferred buffers
// (a few tenths of a millisecond for a picture). The event loop stays free; a run that has begun can't be interrupted, only abandoned.
import type { HostWorker } from "../../runtime/platform.js";
import { throwIfAborted } from "../../runtime/platform.js";
import { copyOf } from "../../support/bytes.js";
import { AzulejoError } from "../../support/errors.js";
import type { Instruction, Machine, Prepared, Range, Transfer } from "../cpu/machine.js";
import type { MachineOptions } from "./machine.js";
import { compileModule } from "./machine-engine.js";
import { HEAP_BASE } from "../cpu/program-layout.js";
import type { Program, Scratch } from "../cpu/program-memory.js";
import { ProgramMemory } from "../cpu/program-memory.js";
import { abortedRun, RunQueue } from "../cpu/run-queue.js";
import { trapError } from "./machine-trap.js";
import { connect, firstOf } from "./machine-workers.js";
import type { FromWorker, ToWorker } from "./worker-source.js";

export const PAGE_BYTES = 65536;
/** what wasm32 can address */
export const MAX_BYTES = 65536 * PAGE_BYTES;

type Request = Extract<ToWorker, { id: number }>;
/** `Omit` for each member of a union */
type WithoutId<R> = R extends { id: number } ? Omit<R, "id"> : never;

export class WorkerMachine implements Machine {
  readonly threads = 1;
  readonly shared = false;
  readonly heapBase = HEAP_BASE;
  readonly flags: readonly string[];
  readonly compileTimeMs: number;
  readonly #worker: HostWorker;
  readonly #entries: readonly string[];
  readonly #programs = new ProgramMemory();
  readonly #queue = new RunQueue();
  readonly #answers = new Map<
    number,
    { resolve: (outputs: Uint8Array[]) => void; reject: (reason: AzulejoError) => void }
  >();
  #lastId = 0;
  #reserved = HEAP_BASE;

  static async create(options: MachineOptions): Promise<WorkerMachine> {
    const worker = firstOf(options);
    try {
      const module = await options.module;
      if (module.shared)
        throw new AzulejoError("internal", "A machine without shared memory was given a module for shared memory");
      throwIfAborted(options.signal, "Compiling");
      const compiled = await compileModule(module.bytes, options.engineFlags, options.short);
      throwIfAborted(options.signal, "Compiling");
      await connect(worker, { kind: "own", module: compiled.module, pages: HEAP_BASE / PAGE_BYTES });
      worker.unref();
      return new WorkerMachine(worker, module.entries, compiled);
    } catch (error) {
      worker.terminate();
      throw error;
    }
  }

  private constructor(
    worker: HostWorker,
    entries: readonly string[],
    compiled: { readonly flags: readonly string[]; readonly timeMs: number },
  ) {
    this.#worker = worker;
    this.#entries = entries;
    this.flags = compiled.flags;
    this.compileTimeMs = compiled.timeMs;
    worker.onMessage(message => this.#receive(message as FromWorker));
    worker.onFailure(reason => this.#end(new AzulejoError("internal", `The worker ended: ${reason}`)));
  }

  prepare(instructions: readonly Instruction[], scratch: Scratch): Program {
    this.#checkUsable();
    const { program, words } = this.#programs.prepare(instructions, scratch);
    // messages keep their order: the program is there before any run of it; a failure shows in that run
    this.#send([{ address: program.address, bytes: new Uint8Array(words.buffer) }]).catch(() => {});
    return program;
  }

  release(prepared: Prepared): void {
    this.#queue.afterPending(() => this.#programs.release(prepared as Program));
  }

  write(transfers: readonly Transfer[]): Promise<void> {
    return this.#send(transfers.map(copied));
  }

  run(
    prepared: Prepared,
    inputs: readonly Transfer[],
    outputs: readonly Range[],
    signal?: AbortSignal,
  ): Promise<Uint8Array[]> {
    const run = () => {
      const copies = inputs.map(copied);
      const buffers = copies.map(copy => copy.bytes.buffer);
      return this.#ask({ kind: "run", entry: (prepared as Program).address, inputs: copies, outputs }, buffers);
    };
    const result = this.#queue.enqueue(run, signal);
    return signal ? abandoned(result, signal) : result;
  }

  async reserve(bytes: number): Promise<void> {
    this.#checkUsable();
    if (bytes <= this.#reserved) return;
    const refuse = () =>
      new AzulejoError(
        "memory",
        `The program needs ${bytes} bytes of memory, and this host grants ${Math.min(bytes - 1, MAX_BYTES)}`,
      );
    if (bytes > MAX_BYTES) throw refuse();
    const pages = Math.ceil(bytes / PAGE_BYTES);
    await this.#ask({ kind: "reserve", pages }, []).catch(() => {
      throw new AzulejoError(
        "memory",
        `The program needs ${bytes} bytes of memory, and this host refuses to grow it from ${this.#reserved}`,
      );
    });
    this.#reserved = Math.max(this.#reserved, pages * PAGE_BYTES);
  }

  dispose(): void {
    this.#end(new AzulejoError("disposed", "The model was disposed"));
  }

  async #send(transfers: readonly Transfer[]): Promise<void> {
    await this.#ask(
      { kind: "write", transfers },
      transfers.map(transfer => transfer.bytes.buffer),
    );
  }

  /** Posts a request; while one is pending, the worker keeps the process alive. */
  #ask(request: WithoutId<Request>, transfer: readonly object[]): Promise<Uint8Array[]> {
    return new Promise((resolve, reject) => {
      if (this.#queue.ended) return reject(this.#queue.ended);
      const id = ++this.#lastId;
      if (this.#answers.size === 0) this.#worker.ref();
      this.#answers.set(id, { resolve, reject });
      this.#worker.post({ ...request, id }, transfer);
    });
  }

  #receive(answer: FromWorker): void {
    if (!("id" in answer)) return;
    const asked = this.#answers.get(answer.id);
    this.#answers.delete(answer.id);
    if (this.#answers.size === 0) this.#worker.unref();
    if (answer.kind === "done") asked?.resolve(answer.outputs);
    else if (answer.kind === "trapped") asked?.reject(trapError(this.#entries[answer.func], answer.reason));
    else asked?.reject(new AzulejoError("internal", `The worker could not follow: ${answer.reason}`));
  }

  #checkUsable(): void {
    if (this.#queue.ended) throw this.#queue.ended;
  }

  #end(reason: AzulejoError): void {
    if (this.#queue.ended) return;
    this.#queue.end(reason);
    this.#worker.terminate();
    for (const asked of this.#answers.values()) asked.reject(reason);
    this.#answers.clear();
  }
}

/** A copy that may be given away. */
const copied = ({ address, bytes }: Transfer): Transfer => ({ address, bytes: copyOf(bytes) });

/** The caller hears of its signal at once; the worker goes on to the end, and the next run waits for that. */
function abandoned<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(abortedRun(signal));
    signal.addEventListener("abort", abort);
    result.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
