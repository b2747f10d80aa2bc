// Dims → addresses and instructions. Pure but for the address space it was told: same program and dims, same plan.
import { offsetInOwner, ownerOf, type Placed, placedBuffers, planArena } from "../../graph/memory-plan.js";
import type { Buffer } from "../../graph/program.js";
import type { SymbolValues } from "../../graph/program-dims.js";
import { bytesOf } from "../../ir/dtypes.js";
import { Poly } from "../../ir/poly.js";
import { SLACK_BYTES } from "../../lower/cpu/lowered.js";
import { AzulejoError } from "../../support/errors.js";
import { alignUp } from "./alignment.js";
import { arenaOffset, type LinkedCall, type LinkedProgram, type LinkedStep, type Word } from "./linked-program.js";
import type { Instruction, Range } from "./machine.js";

export interface Plan {
  /** tables of pointers: to be run before the first run, and again after another plan ran, because plans share memory */
  readonly setup: readonly Instruction[];
  readonly instructions: readonly Instruction[];
  /** the same by the program's outer steps */
  readonly steps: readonly { readonly step: LinkedStep; readonly instructions: readonly Instruction[] }[];
  readonly inputs: ReadonlyMap<string, Range>;
  readonly outputs: ReadonlyMap<string, Range & { readonly dims: readonly number[] }>;
  readonly scratch: { readonly address: number; readonly bytesPerThread: number };
  readonly arenaBytes: number;
  readonly arenaLowerBoundBytes: number;
  /** first address behind everything */
  readonly end: number;
  /** bytes that must be readable behind each fill row */
  readonly fillBytes: number;
}
/** Where the program is. */
export interface Place {
  readonly heapBase: number;
  readonly threads: number;
}

/** Tables of pointers that a plan keeps between runs; what is beyond is made in every run. */
const KEPT_TABLE_BYTES = 32 << 20;
/** Addresses are 32 bits wide. */
const ADDRESS_SPACE = 2 ** 32;
/** Kernels count in signed integers of 32 bits. */
const LARGEST_WORD = 2 ** 31 - 1;

export const createPlanner =
  (program: LinkedProgram, place: Place): ((values: SymbolValues) => Plan) =>
  values =>
    new Planning(program, place, values).plan();

class Planning {
  readonly #program: LinkedProgram;
  readonly #place: Place;
  readonly #arenaStart: number;
  readonly #values: SymbolValues;
  readonly #addresses = new Map<unknown, number>();

  constructor(program: LinkedProgram, place: Place, values: SymbolValues) {
    this.#program = program;
    this.#place = place;
    this.#arenaStart = place.heapBase + arenaOffset(program);
    this.#values = values;
  }
  plan(): Plan {
    const { steps, inputs, outputs } = this.#program;
    const arenaStart = this.#arenaStart;
    const items = this.#items();
    const arena = planArena(items, 64);
    for (const [key, offset] of arena.offsets) this.#addresses.set(key, arenaStart + offset);
    for (const [output, input] of this.#merged) this.#addresses.set(output, this.#addresses.get(input)!);
    let bytesPerThread = 0;
    let fillBytes = 0;
    for (const call of callsOf(steps)) {
      bytesPerThread = Math.max(bytesPerThread, alignUp(this.#evaluate(call.scratchBytes) + SLACK_BYTES));
      fillBytes = Math.max(fillBytes, this.#evaluate(call.fillBytes));
    }
    const scratch = { address: alignUp(arenaStart + arena.bytes + SLACK_BYTES), bytesPerThread };
    const end = scratch.address + bytesPerThread * this.#place.threads;
    if (end > ADDRESS_SPACE)
      throw new AzulejoError(
        "memory",
        `These input dims need ${Math.ceil(end / 2 ** 20)} MiB, and a program has 4096 MiB of memory; run smaller inputs`,
      );
    const made = steps.map(step => ({ step, instructions: this.#instructions([step]) }));
    return {
      setup: this.#setup,
      instructions: made.flatMap(({ instructions }) => instructions),
      steps: made,
      inputs: new Map(inputs.map(b => [b.name, this.#range(b)])),
      outputs: new Map(outputs.map(b => [b.name, { ...this.#range(b), dims: b.dims.map(d => this.#evaluate(d)) }])),
      scratch,
      arenaBytes: arena.bytes,
      arenaLowerBoundBytes: arena.lowerBoundBytes,
      end,
      fillBytes,
    };
  }

  // ---- arena
  #merged: ReadonlyMap<Buffer, Buffer> = new Map();
  /** Buffers, and the tables of pointers that calls share. */
  #items(): Map<unknown, Placed> {
    const { lifetimes } = this.#program;
    const buffers = placedBuffers(lifetimes, b => this.#bytes(b) + SLACK_BYTES);
    this.#merged = buffers.merged;
    const items = new Map<unknown, Placed>(buffers.items);
    let at = 0;
    let keptBytes = 0;
    const shared = (steps: readonly LinkedStep[]): void => {
      for (const step of steps) {
        if (step.kind === "call") {
          const bytes = this.#evaluate(step.sharedBytes);
          const keep = keptBytes + bytes <= KEPT_TABLE_BYTES && step.phases.slice(0, -1).every(p => p.once);
          if (keep) {
            this.#kept.add(step);
            keptBytes += bytes;
          }
          const life = keep ? { first: -1, last: lifetimes.steps } : { first: at, last: at };
          if (bytes > 0) items.set(step, { bytes: bytes + SLACK_BYTES, ...life });
          at++;
        } else if (step.kind === "loop") {
          at++;
          shared(step.body);
          at++;
        } else {
          at++;
          shared(step.then);
          shared(step.else);
        }
      }
    };
    shared(this.#program.steps);
    return items;
  }
  #bytes(b: Buffer): number {
    return this.#evaluate(Poly.product(b.dims)) * bytesOf(b.dtype);
  }
  #address(b: Buffer): number {
    return this.#addresses.get(ownerOf(b))! + this.#evaluate(offsetInOwner(b)) * bytesOf(b.dtype);
  }
  #range(b: Buffer): Range {
    const constant = this.#program.constants.get(b);
    const address = constant === undefined ? this.#address(b) : this.#place.heapBase + constant;
    return { address, byteLength: this.#bytes(b) };
  }

  // ---- instructions
  /** steps whose tables live as long as the plan */
  readonly #kept = new Set<LinkedStep>();
  readonly #setup: Instruction[] = [];
  #instructions(steps: readonly LinkedStep[]): Instruction[] {
    return steps.flatMap((step): Instruction[] => {
      if (step.kind === "call") return this.#calls(step);
      const conditionAddress = this.#range(step.condition).address;
      if (step.kind === "loop") return [{ op: "loop", conditionAddress, body: this.#instructions(step.body) }];
      return [{ op: "if", conditionAddress, then: this.#instructions(step.then), else: this.#instructions(step.else) }];
    });
  }
  #calls(call: LinkedCall): Instruction[] {
    const params = call.words.map(w => this.#word(call, w));
    return call.phases.flatMap((phase): Instruction[] => {
      const blocks = this.#evaluate(phase.blocks);
      if (blocks === 0) return [];
      const made: Instruction = { op: "call", func: phase.func, params, blocks };
      if (!phase.once || !this.#kept.has(call)) return [made];
      this.#setup.push(made);
      return [];
    });
  }
  #word(call: LinkedCall, w: Word): number {
    switch (w.kind) {
      case "buffer":
        return this.#address(w.buffer);
      case "heap":
        return this.#place.heapBase + w.offset;
      case "size":
        return this.#size(call, w.size);
      case "shared":
        return this.#addresses.get(call) ?? this.#arenaStart;
    }
  }
  #size({ kernel, nodes }: LinkedCall, p: Poly): number {
    const value = this.#evaluate(p);
    // a loop to 2^32 would end before its first turn
    if (Math.abs(value) > LARGEST_WORD)
      throw new AzulejoError(
        "memory",
        `Kernel "${kernel}" of node "${nodes[0]}" has a size of ${value}, and kernels count to ${LARGEST_WORD}; run smaller inputs`,
      );
    return value;
  }
  #evaluate(p: Poly): number {
    return p.isConst ? p.constant : p.evaluate(s => this.#values.get(s)!);
  }
}

function* callsOf(steps: readonly LinkedStep[]): Generator<LinkedCall> {
  for (const step of steps)
    if (step.kind === "call") yield step;
    else if (step.kind === "loop") yield* callsOf(step.body);
    else {
      yield* callsOf(step.then);
      yield* callsOf(step.else);
    }
}
