// The machine without any worker: runs on the calling thread and blocks it meanwhile. For hosts without workers, and for tests.
import type { WasmInstance, WasmMemory } from "../../runtime/platform.js";
import { createWasmMemory, instantiateWasm, throwIfAborted } from "../../runtime/platform.js";
import { copyOf } from "../../support/bytes.js";
import { AzulejoError } from "../../support/errors.js";
import type { Instruction, Machine, Prepared, Range, Transfer } from "../cpu/machine.js";
import type { MachineOptions } from "./machine.js";
import { compileModule } from "./machine-engine.js";
import { HEAP_BASE } from "../cpu/program-layout.js";
import { CONTROL } from "./machine-layout.js";
import type { Program, Scratch } from "../cpu/program-memory.js";
import { ProgramMemory } from "../cpu/program-memory.js";
import { RunQueue, turnBeforeRun } from "../cpu/run-queue.js";
import { trapError } from "./machine-trap.js";
import { MAX_BYTES, PAGE_BYTES } from "./machine-worker.js";

export class CallerMachine implements Machine {
  readonly threads = 1;
  readonly shared = false;
  readonly heapBase = HEAP_BASE;
  readonly flags: readonly string[];
  readonly compileTimeMs: number;
  readonly #memory: WasmMemory;
  readonly #execute: (thread: number) => void;
  readonly #entries: readonly string[];
  readonly #programs = new ProgramMemory();
  readonly #queue = new RunQueue();

  static async create(options: MachineOptions): Promise<CallerMachine> {
    const module = await options.module;
    if (module.shared)
      throw new AzulejoError("internal", "A machine on the calling thread was given a module for shared memory");
    throwIfAborted(options.signal, "Compiling");
    const { module: compiled, flags, timeMs } = await compileModule(module.bytes, options.engineFlags, options.short);
    const memory = createWasmMemory({
      initial: HEAP_BASE / PAGE_BYTES,
      maximum: MAX_BYTES / PAGE_BYTES,
      shared: false,
    });
    const instance = await instantiateWasm(compiled, { env: { memory } });
    throwIfAborted(options.signal, "Compiling");
    return new CallerMachine(memory, instance, module.entries, flags, timeMs);
  }

  private constructor(
    memory: WasmMemory,
    instance: WasmInstance,
    entries: readonly string[],
    flags: readonly string[],
    compileTimeMs: number,
  ) {
    this.#memory = memory;
    this.#execute = instance.exports.execute as (thread: number) => void;
    this.#entries = entries;
    this.flags = flags;
    this.compileTimeMs = compileTimeMs;
  }

  prepare(instructions: readonly Instruction[], scratch: Scratch): Program {
    this.#checkUsable();
    const { program, words } = this.#programs.prepare(instructions, scratch);
    this.write([{ address: program.address, bytes: new Uint8Array(words.buffer) }]);
    return program;
  }

  release(prepared: Prepared): void {
    this.#queue.afterPending(() => this.#programs.release(prepared as Program));
  }

  write(transfers: readonly Transfer[]): void {
    this.#checkUsable();
    for (const { address, bytes } of transfers) this.#at({ address, byteLength: bytes.length }).set(bytes);
  }

  run(
    prepared: Prepared,
    inputs: readonly Transfer[],
    outputs: readonly Range[],
    signal?: AbortSignal,
  ): Promise<Uint8Array[]> {
    return this.#queue.enqueue(async () => {
      await turnBeforeRun(signal);
      return this.runSync(prepared, inputs, outputs);
    }, signal);
  }

  runSync(prepared: Prepared, inputs: readonly Transfer[], outputs: readonly Range[]): Uint8Array[] {
    this.write(inputs);
    const words = new Int32Array(this.#memory.buffer, 0, HEAP_BASE / 4);
    words[CONTROL.entry / 4] = (prepared as Program).address;
    try {
      this.#execute(0);
    } catch (error) {
      const kernel = this.#entries[words[CONTROL.threads / 4]!];
      throw trapError(kernel, error instanceof Error ? error.message : String(error), error);
    }
    return outputs.map(range => copyOf(this.#at(range)));
  }

  inTurn<T>(work: () => T, signal?: AbortSignal): Promise<T> {
    return this.#queue.inTurn(work, signal);
  }

  reserve(bytes: number): void {
    const granted = this.#memory.buffer.byteLength;
    if (bytes <= granted) return;
    try {
      this.#memory.grow(Math.ceil((bytes - granted) / PAGE_BYTES));
    } catch (error) {
      throw new AzulejoError(
        "memory",
        `The program needs ${bytes} bytes of memory, and this host refuses to grow it from ${granted}`,
        {
          cause: error,
        },
      );
    }
  }

  dispose(): void {
    this.#queue.end(new AzulejoError("disposed", "The model was disposed"));
  }

  /** Made anew each time: growing the memory detaches older views. */
  #at({ address, byteLength }: Range): Uint8Array {
    return new Uint8Array(this.#memory.buffer, address, byteLength);
  }

  #checkUsable(): void {
    if (this.#queue.ended) throw this.#queue.ended;
  }
}
