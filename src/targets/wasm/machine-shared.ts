// The machine whose memory this thread shares with its workers. Workers sleep inside WebAssembly; a run starts with a notification and
// ends with Atomics.waitAsync, so that no message travels. Memory is declared as large as the host grants and never grows, so no view of it goes stale.
import type { WasmMemory, WasmModule } from "../../runtime/platform.js";
import {
  canBlock,
  coreCount,
  createWasmMemory,
  instantiateWasmSync,
  now,
  throwIfAborted,
  waitAsync,
} from "../../runtime/platform.js";
import { copyOf } from "../../support/bytes.js";
import { AzulejoError } from "../../support/errors.js";
import type { Instruction, Machine, Prepared, Range, Transfer } from "../cpu/machine.js";
import type { MachineOptions } from "./machine.js";
import { compileModule } from "./machine-engine.js";
import { HEAP_BASE } from "../cpu/program-layout.js";
import { CONTROL, GATE_OPEN, OUTCOME, TRAP } from "./machine-layout.js";
import type { Program, Scratch } from "../cpu/program-memory.js";
import { ProgramMemory, resetCounters } from "../cpu/program-memory.js";
import { abortedRun, RunQueue, turnBeforeRun } from "../cpu/run-queue.js";
import { RunPlaces } from "../cpu/run-place.js";
import { readTrap, trapError } from "./machine-trap.js";
import { Crew, Departures, firstOf } from "./machine-workers.js";

/** About 8 µs, above the wake-up of 6 µs; with more threads than cores the other one needs the core. */
const SPINS = 20000;

interface Made {
  readonly compiled: WasmModule;
  /** names of the entries */
  readonly entries: readonly string[];
  readonly flags: readonly string[];
  readonly timeMs: number;
}

export class SharedMachine implements Machine {
  readonly shared = true;
  readonly heapBase = HEAP_BASE;
  readonly threads: number;
  readonly ready: Promise<void>;
  readonly runSync?: NonNullable<Machine["runSync"]>;
  readonly inTurn?: NonNullable<Machine["inTurn"]>;
  readonly #memory: WasmMemory;
  /** the machine's own part of memory; unchanged for the machine's life, because memory never grows */
  readonly #words: Int32Array;
  readonly #crew: Crew;
  readonly #making: Promise<Made>;
  #made: Made | undefined;
  readonly #programs = new ProgramMemory();
  readonly #queue = new RunQueue();
  readonly #notified: (index: number, value: number) => Promise<void>;
  /** runs, and the start of the first worker */
  #waiting = 0;
  #takePart: ((thread: number, starter: 1) => void) | undefined;
  #fail: (() => void) | undefined;
  #runs = 0;
  #starts = { all: 0, first: 0 };
  readonly #places: RunPlaces;

  /** Memory is there at once, so that weights can be written while the module is made and compiled; runs wait for that. */
  constructor(options: MachineOptions) {
    this.threads = options.threads;
    this.#places = new RunPlaces(options.shortRunMs);
    this.#memory = largestMemory();
    this.#words = new Int32Array(this.#memory.buffer, 0, HEAP_BASE / 4);
    this.#words[CONTROL.spins / 4] = this.threads > coreCount() ? 1 : SPINS;
    const wait = waitAsync();
    const departures = wait ? undefined : new Departures();
    this.#notified = departures?.next ?? ((index, value) => wait!(this.#words, index, value));
    const first = options.short ? undefined : firstOf(options);
    this.#crew = new Crew({
      size: options.threads,
      url: options.workerUrl,
      first,
      introduction: thread => ({
        kind: "share",
        module: this.#made!.compiled,
        memory: this.#memory,
        thread,
        postsRuns: departures !== undefined,
      }),
      onLeft: departures?.report,
      onFailure: reason => this.#end(reason),
    });
    if (canBlock()) {
      this.runSync = (prepared, inputs, outputs) => this.#runSync(prepared, inputs, outputs);
      this.inTurn = (work, signal) => this.#queue.inTurn(work, signal);
    }
    this.#making = this.#make(options);
    this.ready = first ? this.#making.then(() => this.#started()) : this.#making.then(() => {});
    // whoever waits for it hears of a failure
    this.ready.catch(() => {});
  }
  async #make({ module, engineFlags, signal, short }: MachineOptions): Promise<Made> {
    try {
      const { bytes, shared, entries } = await module;
      if (!shared)
        throw new AzulejoError("internal", "A machine with shared memory was given a module for unshared memory");
      throwIfAborted(signal, "Compiling");
      const { module: compiled, flags, timeMs } = await compileModule(bytes, engineFlags, short);
      throwIfAborted(signal, "Compiling");
      this.#checkUsable();
      this.#made = { compiled, entries, flags, timeMs };
      return this.#made;
    } catch (error) {
      this.#crew.end();
      throw error;
    }
  }
  get flags(): readonly string[] {
    return this.#made?.flags ?? [];
  }
  get compileTimeMs(): number {
    return this.#made?.timeMs ?? 0;
  }
  /** Settles when all workers have joined; runs before that are done by those that are there. */
  async gather(): Promise<void> {
    await this.ready;
    await this.#crew.all();
  }
  async #started(): Promise<void> {
    this.#keepAlive(1);
    try {
      await this.#crew.start();
    } finally {
      this.#keepAlive(-1);
    }
  }

  prepare(instructions: readonly Instruction[], scratch: Scratch, isShort = false): Program {
    this.#checkUsable();
    const { program, words } = this.#programs.prepare(instructions, scratch, isShort);
    this.#words.set(words, program.address / 4);
    return program;
  }

  release(prepared: Prepared): void {
    this.#queue.afterPending(() => this.#programs.retire(prepared as Program));
  }

  write(transfers: readonly Transfer[]): void {
    this.#checkUsable();
    for (const { address, bytes } of transfers) this.view({ address, byteLength: bytes.length }).set(bytes);
  }

  view({ address, byteLength }: Range): Uint8Array {
    return new Uint8Array(this.#memory.buffer, address, byteLength);
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
    const granted = this.#memory.buffer.byteLength;
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
    if (!this.#made) await this.#making;
    const place = this.#places.of(program);
    const side = place.next;
    const turn = side === "here" ? turnBeforeRun(signal) : undefined;
    if (turn) await turn;
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
      if (!this.#crew.isReady) await this.#crew.start();
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

  /** `change`: one more that waits for the first worker, or one less */
  #keepAlive(change: 1 | -1): void {
    this.#waiting += change;
    this.#crew.keepAlive(this.#waiting > 0);
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
    return outputs.map(range => copyOf(this.view(range)));
  }

  #runSync(prepared: Prepared, inputs: readonly Transfer[], outputs: readonly Range[]): Uint8Array[] {
    this.#checkUsable();
    if (!this.#queue.isFree || !this.#made)
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
      const { exports } = instantiateWasmSync(this.#made!.compiled, { env: { memory: this.#memory } });
      this.#takePart = exports.takePart as (thread: number, starter: 1) => void;
      this.#fail = exports.fail as () => void;
    }
    try {
      this.#takePart(0, 1);
    } catch (error) {
      const func = this.#words[CONTROL.threads / 4]!;
      this.#fail!();
      this.#blockUntilQuiet();
      throw trapError(this.#made!.entries[func], error instanceof Error ? error.message : String(error), error);
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
    // the gate was empty: nobody is in an earlier run's program
    this.#programs.freeRetired();
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
    if (trapped || !signal) return readTrap(this.#words, this.#made!.entries);
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
    this.#crew.end();
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
