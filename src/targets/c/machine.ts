// The machine of the native target: memory and threads live in the compiled library; a run is one foreign call on another thread,
// so that the event loop stays free. It knows nothing of kernels, dims or tensors.
import { coreCount, now } from "../../runtime/platform.js";
import { AzulejoError } from "../../support/errors.js";
import { indexError } from "../cpu/index-error.js";
import type { Instruction, Machine, Prepared, Range, Transfer } from "../cpu/machine.js";
import { HEAP_BASE, MAX_THREADS } from "../cpu/program-layout.js";
import type { Program, Scratch } from "../cpu/program-memory.js";
import { ProgramMemory } from "../cpu/program-memory.js";
import { RunPlaces } from "../cpu/run-place.js";
import { abortedRun, RunQueue, turnBeforeRun } from "../cpu/run-queue.js";
import type { Library } from "./library.js";
import { FIRST_WORDS, OUTCOME } from "./runtime.js";

const ADDRESS_SPACE = 2 ** 32;

export interface NativeMachineOptions {
  readonly threads: number;
  readonly compileTimeMs: number;
  /** names of the kernels, by their number */
  readonly entries: readonly string[];
  /** random pauses wherever threads race: slow, for tests */
  readonly delays?: boolean;
  /** longest run, in milliseconds, that the calling thread may do if that is faster than a hand-over; 0: none. Default: SHORT_MS */
  readonly shortRunMs?: number;
}

/** Machines that nobody disposed of give their memory and threads back when they are collected. */
const forgotten = new FinalizationRegistry<() => void>(close => close());

export class NativeMachine implements Machine {
  readonly shared = true;
  readonly heapBase = HEAP_BASE;
  readonly flags: readonly string[] = [];
  readonly threads: number;
  readonly compileTimeMs: number;
  readonly view?: NonNullable<Machine["view"]>;
  readonly #library: Library;
  readonly #handle: number | bigint;
  readonly #programs = new ProgramMemory();
  readonly #options: NativeMachineOptions;
  readonly #places: RunPlaces;
  readonly #queue = new RunQueue();
  #runs = 0;
  /** the library is at work for this run */
  #running: number | undefined;
  #holds = 0;

  constructor(library: Library, options: NativeMachineOptions) {
    const { threads } = options;
    if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS)
      throw new AzulejoError("option", `threads: ${threads} is not possible; use 1..${MAX_THREADS}`);
    this.threads = threads;
    this.compileTimeMs = options.compileTimeMs;
    this.#library = library;
    this.#options = options;
    this.#places = new RunPlaces(options.shortRunMs);
    const handle = library.open(threads, threads > coreCount() ? 1 : 0, options.delays ? 1 : 0);
    if (!handle)
      throw new AzulejoError(
        "memory",
        `This system refuses ${ADDRESS_SPACE} bytes of addresses or ${threads} threads; close other models or raise its limits (ulimit -v, ulimit -u)`,
      );
    this.#handle = handle;
    const { view } = library;
    if (view)
      this.view = range => {
        checkRange(range);
        return view(handle, range.address, range.byteLength);
      };
    forgotten.register(this, () => library.close(handle), this);
  }

  prepare(instructions: readonly Instruction[], scratch: Scratch): Program {
    this.#checkUsable();
    const { program, words } = this.#programs.prepare(instructions, scratch);
    this.write([{ address: program.address, bytes: new Uint8Array(words.buffer) }]);
    return program;
  }

  release(prepared: Prepared): void {
    this.#queue.afterPending(() => this.#programs.retire(prepared as Program));
  }

  write(transfers: readonly Transfer[]): void {
    this.#checkUsable();
    for (const { address, bytes } of transfers) {
      checkRange({ address, byteLength: bytes.length });
      if (bytes.length) this.#library.write(this.#handle, address, bytes, bytes.length);
    }
  }

  run(
    prepared: Prepared,
    inputs: readonly Transfer[],
    outputs: readonly Range[],
    signal?: AbortSignal,
  ): Promise<Uint8Array[]> {
    return this.#queue.enqueue(() => this.#run(prepared as Program, inputs, outputs, signal), signal);
  }

  runSync(prepared: Prepared, inputs: readonly Transfer[], outputs: readonly Range[]): Uint8Array[] {
    this.#checkUsable();
    if (!this.#queue.isFree)
      throw new AzulejoError("option", "runSync() can't wait for runs that are pending; await them first");
    this.write(inputs);
    this.#checkOutcome(this.#runHere(prepared as Program, 0));
    return outputs.map(range => this.#read(range));
  }

  inTurn<T>(work: () => T, signal?: AbortSignal): Promise<T> {
    return this.#queue.inTurn(work, signal);
  }

  runsHere(prepared: Prepared): boolean {
    return this.#places.of(prepared as Program).next === "here";
  }

  reserve(bytes: number): void {
    if (bytes > ADDRESS_SPACE)
      throw new AzulejoError(
        "memory",
        `The program needs ${bytes} bytes of memory, and this host grants ${ADDRESS_SPACE}`,
      );
  }

  dispose(): void {
    if (this.#queue.ended) return;
    this.#queue.end(new AzulejoError("disposed", "The model was disposed"));
    forgotten.unregister(this);
    if (this.#running !== undefined) this.#library.abort(this.#handle, this.#running);
    this.#closeUnused();
  }

  hold(): () => void {
    this.#holds++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holds--;
      if (this.#queue.ended) this.#closeUnused();
    };
  }
  /** Memory goes when nobody works in it any more. */
  #closeUnused(): void {
    if (this.#running === undefined && this.#holds === 0) this.#library.close(this.#handle);
  }

  async #run(
    program: Program,
    inputs: readonly Transfer[],
    outputs: readonly Range[],
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array[]> {
    const place = this.#places.of(program);
    const side = place.next;
    const turn = side === "here" ? turnBeforeRun(signal) : undefined;
    if (turn) await turn;
    const start = now();
    this.write(inputs);
    if (side === "here") {
      this.#checkOutcome(this.#runHere(program, 1));
      const results = outputs.map(range => this.#read(range));
      place.took(side, now() - start);
      return results;
    }
    const run = ++this.#runs;
    const abort = () => this.#library.abort(this.#handle, run);
    signal?.addEventListener("abort", abort);
    this.#running = run;
    try {
      const outcome = await this.#call(run, program);
      this.#programs.freeRetired();
      if (this.#queue.ended) throw this.#queue.ended;
      if (outcome === OUTCOME.aborted) throw abortedRun(signal!);
      this.#checkOutcome(outcome);
      const results = outputs.map(range => this.#read(range));
      place.took(side, now() - start);
      return results;
    } finally {
      this.#running = undefined;
      signal?.removeEventListener("abort", abort);
      if (this.#queue.ended) this.#closeUnused();
    }
  }
  #runHere({ address, steps }: Program, alone: 0 | 1): number {
    const outcome = this.#library.run(this.#handle, ++this.#runs, address, steps, alone);
    // it began when all threads had left earlier ones
    this.#programs.freeRetired();
    return Number(outcome);
  }
  #checkOutcome(outcome: number): void {
    if (outcome !== OUTCOME.trapped) return;
    const { buffer } = this.#read({ address: FIRST_WORDS.trapped, byteLength: 4 });
    throw indexError(this.#options.entries[new Int32Array(buffer)[0]!]);
  }
  #call(run: number, { address, steps }: Program): Promise<number> {
    return new Promise((resolve, reject) =>
      this.#library.run.async(this.#handle, run, address, steps, 0, (error, outcome) =>
        error ? reject(error) : resolve(outcome),
      ),
    );
  }
  #read(range: Range): Uint8Array {
    checkRange(range);
    const bytes = new Uint8Array(range.byteLength);
    if (bytes.length) this.#library.read(this.#handle, range.address, bytes, bytes.length);
    return bytes;
  }
  #checkUsable(): void {
    if (this.#queue.ended) throw this.#queue.ended;
  }
}

function checkRange({ address, byteLength }: Range): void {
  if (address < 0 || address + byteLength > ADDRESS_SPACE)
    throw new AzulejoError("internal", `Bytes ${address}…${address + byteLength} are outside a program's memory`);
}
