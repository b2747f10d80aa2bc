// The machine whose memory this thread shares with its workers. Workers sleep inside WebAssembly; a run starts with a notification and
// ends with Atomics.waitAsync, so that no message travels. Memory is declared as large as the host grants and never grows, so no view of it goes stale.
import type { HostWorker, WasmMemory, WasmModule } from "../../runtime/platform.js";
import {
  canBlock,
  coreCount,
  createWasmMemory,
  instantiateWasmSync,
  now,
  throwIfAborted,
  waitAsync,
} from "../../runtime/platform.js";
import { AzulejoError } from "../../support/errors.js";
import type { Instruction, Machine, Prepared, Range, Transfer } from "../cpu/machine.js";
import type { MachineOptions } from "./machine.js";
import { compileModule } from "./machine-engine.js";
import { HEAP_BASE } from "../cpu/program-layout.js";
import { CONTROL, GATE_OPEN, OUTCOME, TRAP } from "./machine-layout.js";
import type { Program, Scratch } from "../cpu/program-memory.js";
import { ProgramMemory, resetCounters } from "../cpu/program-memory.js";
import { abortedRun, RunQueue } from "../cpu/run-queue.js";
import { RunPlaces } from "../cpu/run-place.js";
import { readTrap, trapError } from "./machine-trap.js";
import { connect, Departures, startWorkers } from "./machine-workers.js";
import type { AssembledModule } from "./module.js";

/** About 8 µs, above the wake-up of 6 µs; with more threads than cores the other one needs the core. */
const SPINS = 20000;

interface Parts {
  readonly module: AssembledModule;
  readonly compiled: WasmModule;
  readonly memory: WasmMemory;
  readonly workers: readonly HostWorker[];
  /** the first worker is ready: enough for runs */
  readonly ready: Promise<void>;
  /** all workers are */
  readonly complete: Promise<void>;
  readonly flags: readonly string[];
  readonly compileTimeMs: number;
  readonly shortRunMs: number | undefined;
}

export class SharedMachine implements Machine {
  readonly shared = true;
  readonly heapBase = HEAP_BASE;
  readonly threads: number;
  readonly flags: readonly string[];
  readonly compileTimeMs: number;
  readonly ready: Promise<void>;
  /** settles when all workers have joined; runs before that are done by those that are there */
  readonly complete: Promise<void>;
  readonly runSync?: NonNullable<Machine["runSync"]>;
  readonly #parts: Parts;
  /** the machine's own part of memory; unchanged for the machine's life, because memory never grows */
  readonly #words: Int32Array;
  readonly #programs = new ProgramMemory();
  readonly #queue = new RunQueue();
  readonly #notified: (index: number, value: number) => Promise<void>;
  /** runs, and its own start */
  #waiting = 1;
  #takePart: ((thread: number, starter: 1) => void) | undefined;
  #fail: (() => void) | undefined;
  #runs = 0;
  #starts = { all: 0, first: 0 };
  readonly #places: RunPlaces;

  static async create(options: MachineOptions): Promise<SharedMachine> {
    // the first worker is enough to run; the others start when the compiler no longer needs the processor, and join runs as they come
    const workers = [options.firstWorker ?? startWorkers(1, options.workerUrl)[0]!];
    try {
      const module = await options.module;
      if (!module.shared)
        throw new AzulejoError("internal", "A machine with shared memory was given a module for unshared memory");
      throwIfAborted(options.signal, "Compiling");
      const { module: compiled, flags, timeMs } = await compileModule(module.bytes, options.engineFlags);
      throwIfAborted(options.signal, "Compiling");
      const memory = largestMemory();
      const departures = waitAsync() ? undefined : new Departures();
      const postsRuns = departures !== undefined;
      workers.push(...startWorkers(options.threads - 1, options.workerUrl, 1));
      const ready = workers.map(async (worker, thread) => {
        await connect(worker, { kind: "share", module: compiled, memory, thread, postsRuns }, departures?.report);
        if (thread > 0) worker.unref();
      });
      const complete = Promise.all(ready).then(() => {});
      // whoever waits for them hears of a failure
      complete.catch(() => {});
      ready[0]!.catch(() => {});
      const parts = {
        module,
        compiled,
        memory,
        workers,
        ready: ready[0]!,
        complete,
        flags,
        compileTimeMs: timeMs,
        shortRunMs: options.shortRunMs,
      };
      return new SharedMachine(parts, departures?.next);
    } catch (error) {
      for (const worker of workers) worker.terminate();
      throw error;
    }
  }

  private constructor(parts: Parts, nextDeparture: (() => Promise<void>) | undefined) {
    this.#parts = parts;
    this.#places = new RunPlaces(parts.shortRunMs);
    this.threads = parts.workers.length;
    this.flags = parts.flags;
    this.compileTimeMs = parts.compileTimeMs;
    this.#words = new Int32Array(parts.memory.buffer, 0, HEAP_BASE / 4);
    this.#words[CONTROL.spins / 4] = this.threads > coreCount() ? 1 : SPINS;
    const wait = waitAsync();
    this.#notified = nextDeparture ?? ((index, value) => wait!(this.#words, index, value));
    this.ready = parts.ready;
    this.complete = parts.complete;
    const watch = (): void => {
      for (const worker of parts.workers)
        worker.onFailure(reason => this.#end(new AzulejoError("internal", `A worker ended: ${reason}`)));
    };
    parts.complete.then(watch, (error: AzulejoError) => this.#end(error));
    parts.ready.then(
      () => this.#keepAlive(-1),
      () => {},
    );
    if (canBlock()) this.runSync = (prepared, inputs, outputs) => this.#runSync(prepared, inputs, outputs);
  }

  prepare(instructions: readonly Instruction[], scratch: Scratch): Program {
    this.#checkUsable();
    const { program, words } = this.#programs.prepare(instructions, scratch);
    this.#words.set(words, program.address / 4);
    return program;
  }

  release(prepared: Prepared): void {
    const free = () => this.#programs.release(prepared as Program);
    if (this.#queue.idle) free();
    else this.#queue.enqueue(async () => free()).catch(() => {});
  }

  write(transfers: readonly Transfer[]): void {
    this.#checkUsable();
    for (const { address, bytes } of transfers) this.view({ address, byteLength: bytes.length }).set(bytes);
  }

  view({ address, byteLength }: Range): Uint8Array {
    return new Uint8Array(this.#parts.memory.buffer, address, byteLength);
  }

  run(
    prepared: Prepared,
    inputs: readonly Transfer[],
    outputs: readonly Range[],
    signal?: AbortSignal,
  ): Promise<Uint8Array[]> {
    return this.#queue.enqueue(() => this.#run(prepared as Program, inputs, outputs, signal), signal);
  }

  runsHere(prepared: Prepared): boolean {
    return this.#places.of(prepared as Program).next === "here";
  }

  reserve(bytes: number): void {
    const granted = this.#parts.memory.buffer.byteLength;
    if (bytes > granted)
      throw new AzulejoError("memory", `The program needs ${bytes} bytes of memory, and this host grants ${granted}`);
  }

  dispose(): void {
    this.#end(new AzulejoError("disposed", "The model was disposed"));
  }

  async #run(
    program: Program,
    inputs: readonly Transfer[],
    outputs: readonly Range[],
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array[]> {
    if (signal?.aborted) throw abortedRun(signal);
    const place = this.#places.of(program);
    const side = place.next;
    const start = now();
    const early = side === "here" ? this.#runHere(program, inputs, outputs) : undefined;
    const results = early ?? (await this.#runOnWorkers(program, inputs, outputs, signal));
    if (early || side === "workers") place.took(side, now() - start);
    return results;
  }

  async #runOnWorkers(
    program: Program,
    inputs: readonly Transfer[],
    outputs: readonly Range[],
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array[]> {
    this.#keepAlive(1);
    const abort = () => this.#abort();
    try {
      await this.#untilQuiet();
      if (signal?.aborted) throw abortedRun(signal);
      this.write(inputs);
      signal?.addEventListener("abort", abort);
      while (!this.#open(program, 0)) await this.#untilQuiet();
      this.#ring("all");
      this.#ring("first");
      // the signal may have fired while the last run's threads were leaving
      if (signal?.aborted) this.#abort();
      const finished = CONTROL.finished / 4;
      for (let last = this.#load(finished); last !== this.#runs; last = this.#load(finished))
        await this.#change(finished, last);
      if (this.#load(CONTROL.outcome / 4) !== OUTCOME.complete) {
        // nobody may still write when the caller learns of the failure
        await this.#untilQuiet();
        throw this.#failure(signal);
      }
      return this.#results(outputs);
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#keepAlive(-1);
    }
  }

  /** A referenced worker keeps the process alive, Atomics.waitAsync does not. `change`: one more that waits for the first worker, or one less. */
  #keepAlive(change: 1 | -1): void {
    this.#waiting += change;
    const keeper = this.#parts.workers[0]!;
    if (this.#waiting > 0) keeper.ref();
    else keeper.unref();
  }

  /** On this thread alone, while the workers sleep; undefined where one is still on its way out. */
  #runHere(program: Program, inputs: readonly Transfer[], outputs: readonly Range[]): Uint8Array[] | undefined {
    // the last run's threads may still write
    if (this.#load(CONTROL.gate / 4) !== 0) return undefined;
    this.write(inputs);
    if (!this.#open(program, 1)) return undefined;
    this.#workHere();
    return this.#results(outputs);
  }
  #results(outputs: readonly Range[]): Uint8Array[] {
    return outputs.map(range => this.view(range).slice());
  }

  #runSync(prepared: Prepared, inputs: readonly Transfer[], outputs: readonly Range[]): Uint8Array[] {
    this.#checkUsable();
    if (!this.#queue.idle)
      throw new AzulejoError("option", "runSync() can't wait for runs that are pending; await them first");
    this.#blockUntilQuiet();
    this.write(inputs);
    while (!this.#open(prepared as Program, 1)) this.#blockUntilQuiet();
    if (this.threads > 1) this.#ring("all");
    this.#workHere();
    return this.#results(outputs);
  }

  /** The calling thread is thread 0 of the run. Throws if the run fails, here or on a worker: one that another run has called may join. */
  #workHere(): void {
    if (!this.#takePart) {
      const { exports } = instantiateWasmSync(this.#parts.compiled, { env: { memory: this.#parts.memory } });
      this.#takePart = exports.takePart as (thread: number, starter: 1) => void;
      this.#fail = exports.fail as () => void;
    }
    try {
      this.#takePart(0, 1);
    } catch (error) {
      const func = this.#words[CONTROL.threads / 4]!;
      this.#fail!();
      this.#blockUntilQuiet();
      throw trapError(this.#parts.module.entries[func], error instanceof Error ? error.message : String(error), error);
    }
    if (this.#load(CONTROL.outcome / 4) !== OUTCOME.complete) {
      this.#blockUntilQuiet();
      throw this.#failure(undefined);
    }
  }

  /** Makes everything ready for a run and lets threads in; false while a late thread is still at the gate. */
  #open(program: Program, firstThread: number): boolean {
    const words = this.#words;
    resetCounters(words, program);
    words[CONTROL.entry / 4] = program.address;
    words[CONTROL.firstThread / 4] = firstThread;
    words[(CONTROL.trap + TRAP.claimed) / 4] = 0;
    words[CONTROL.run / 4] = this.#runs + 1;
    words[CONTROL.outcome / 4] = OUTCOME.running;
    if (Atomics.compareExchange(words, CONTROL.gate / 4, 0, GATE_OPEN) !== 0) return false;
    this.#runs = (this.#runs + 1) | 0;
    return true;
  }

  #ring(bell: "all" | "first"): void {
    const index = (bell === "all" ? CONTROL.started : CONTROL.startedFirst) / 4;
    this.#starts[bell] = (this.#starts[bell] + 1) | 0;
    Atomics.store(this.#words, index, this.#starts[bell]);
    Atomics.notify(this.#words, index);
  }

  #abort(): void {
    const words = this.#words;
    Atomics.compareExchange(words, CONTROL.outcome / 4, OUTCOME.running, OUTCOME.aborted);
    Atomics.add(words, CONTROL.wake / 4, 1);
    Atomics.notify(words, CONTROL.wake / 4);
  }

  #failure(signal: AbortSignal | undefined): AzulejoError {
    const trapped = this.#load(CONTROL.outcome / 4) === OUTCOME.trapped;
    if (trapped || !signal) return readTrap(this.#words, this.#parts.module.entries);
    return abortedRun(signal);
  }

  #load(index: number): number {
    return Atomics.load(this.#words, index);
  }

  /** Until the word is notified; throws when the machine has ended meanwhile. */
  async #change(index: number, value: number): Promise<void> {
    await this.#notified(index, value);
    if (this.#queue.ended) throw this.#queue.ended;
  }

  /** Until all threads have left the last run: they may still be on their way out when its results are ready. */
  async #untilQuiet(): Promise<void> {
    const gate = CONTROL.gate / 4;
    for (let inside = this.#load(gate); inside !== 0; inside = this.#load(gate)) await this.#change(gate, inside);
  }
  #blockUntilQuiet(): void {
    const gate = CONTROL.gate / 4;
    for (let inside = this.#load(gate); inside !== 0; inside = this.#load(gate))
      Atomics.wait(this.#words, gate, inside);
  }

  #checkUsable(): void {
    if (this.#queue.ended) throw this.#queue.ended;
  }

  #end(reason: AzulejoError): void {
    if (this.#queue.ended) return;
    this.#queue.end(reason);
    for (const worker of this.#parts.workers) worker.terminate();
    // lets a run that waits for the end see that there will be none
    Atomics.notify(this.#words, CONTROL.finished / 4);
    Atomics.notify(this.#words, CONTROL.gate / 4);
  }
}

/** 4 GiB of addresses cost nothing until touched; hosts that refuse them get less. */
function largestMemory(): WasmMemory {
  const leastPages = 1024;
  for (let pages = 65536; ; pages /= 2) {
    try {
      return createWasmMemory({ initial: pages, maximum: pages, shared: true });
    } catch (error) {
      if (pages > leastPages) continue;
      throw new AzulejoError(
        "memory",
        `This host refuses even ${leastPages * 65536} bytes of shared memory; close other models or pages`,
        { cause: error },
      );
    }
  }
}
