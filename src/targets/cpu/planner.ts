// Dims → addresses and instructions. Pure but for the address space it was told: same program and dims, same plan.
import { bytesOf } from "../../ir/dtypes.js";
import { Poly, type Sym } from "../../ir/poly.js";
import { type Lifetimes, lifetimes, offsetInOwner, ownerOf, type Placed, planArena } from "../../graph/memory-plan.js";
import type { Buffer, KernelProgram, Step } from "../../graph/program.js";
import type { SymbolValues } from "../../graph/program-dims.js";
import { type Param, SLACK_BYTES } from "../../lower/cpu/lowered.js";
import { AzulejoError } from "../../support/errors.js";
import { alignUp } from "./constants.js";
import type { BoundKernel } from "./kernel-library.js";
import type { Instruction, Range } from "./machine.js";

export interface Plan {
  /** tables of pointers: to be run before the first run, and again after another plan ran, because plans share memory */
  readonly setup: readonly Instruction[];
  readonly instructions: readonly Instruction[];
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

export interface KernelStep {
  readonly step: Extract<Step, { kind: "kernel" }>;
  readonly bound: BoundKernel;
}
/** What planning needs to know of the compiled program. */
export interface Program {
  readonly source: KernelProgram;
  readonly kernels: ReadonlyMap<Step, KernelStep>;
  /** where a kernel finds a constant: in the layout that its schedule asked for */
  constantAddress(step: Step, tensor: string): number;
  /** where an output that is a constant lies, row-major */
  plainConstantAddress(buffer: Buffer): number;
  poolAddress(bound: BoundKernel): number;
  fillAddress(param: Extract<Param, { kind: "fill" }>): number;
  readonly arenaStart: number;
  readonly threads: number;
}

/** Tables of pointers that a plan keeps between runs; what is beyond is made in every run. */
const KEPT_TABLE_BYTES = 32 << 20;
/** Addresses are 32 bits wide. */
const ADDRESS_SPACE = 2 ** 32;
/** Kernels count in signed integers of 32 bits. */
const LARGEST_WORD = 2 ** 31 - 1;

export function createPlanner(program: Program): (values: SymbolValues) => Plan {
  const lives = lifetimes(program.source);
  return values => new Planning(program, lives, values).plan();
}

class Planning {
  readonly #program: Program;
  readonly #lives: Lifetimes;
  readonly #values: SymbolValues;
  readonly #addresses = new Map<unknown, number>();

  constructor(program: Program, lives: Lifetimes, values: SymbolValues) {
    this.#program = program;
    this.#lives = lives;
    this.#values = values;
  }
  plan(): Plan {
    const { source, kernels, arenaStart, threads } = this.#program;
    const items = this.#items();
    const arena = planArena(items, 64);
    for (const [key, offset] of arena.offsets) this.#addresses.set(key, arenaStart + offset);
    for (const [output, input] of this.#merged) this.#addresses.set(output, this.#addresses.get(input)!);
    let bytesPerThread = 0;
    let fillBytes = 0;
    for (const k of kernels.values()) {
      bytesPerThread = Math.max(
        bytesPerThread,
        alignUp(this.#inKernel(k, k.bound.code.lowered.scratchBytes) + SLACK_BYTES),
      );
      fillBytes = Math.max(fillBytes, this.#inKernel(k, k.bound.code.lowered.fillBytes));
    }
    const scratch = { address: alignUp(arenaStart + arena.bytes + SLACK_BYTES), bytesPerThread };
    const end = scratch.address + bytesPerThread * threads;
    if (end > ADDRESS_SPACE)
      throw new AzulejoError(
        "memory",
        `These input dims need ${Math.ceil(end / 2 ** 20)} MiB, and a program has 4096 MiB of memory; run smaller inputs`,
      );
    const instructions = this.#instructions(source.steps);
    return {
      setup: this.#setup,
      instructions,
      inputs: new Map(source.inputs.map(b => [b.name, this.#range(b)])),
      outputs: new Map(
        source.outputs.map(b => [b.name, { ...this.#range(b), dims: b.dims.map(d => this.#evaluate(d)) }]),
      ),
      scratch,
      arenaBytes: arena.bytes,
      arenaLowerBoundBytes: arena.lowerBoundBytes,
      end,
      fillBytes,
    };
  }

  // ---- arena
  readonly #merged = new Map<Buffer, Buffer>();
  /** Buffers with their sizes and lifetimes; an in-place output extends the life of the input whose memory it takes. */
  #items(): Map<unknown, Placed> {
    const items = new Map<unknown, Placed & { last: number }>();
    for (const [buffer, { first, last }] of this.#lives.of)
      items.set(buffer, { bytes: this.#bytes(buffer) + SLACK_BYTES, first, last });
    for (const [output, input] of this.#lives.inPlace) {
      const owner = this.#merged.get(input) ?? input;
      items.get(owner)!.last = Math.max(items.get(owner)!.last, items.get(output)!.last);
      items.delete(output);
      this.#merged.set(output, owner);
    }
    let at = 0;
    let keptBytes = 0;
    const shared = (steps: readonly Step[]): void => {
      for (const step of steps) {
        if (step.kind === "kernel") {
          const k = this.#program.kernels.get(step)!;
          const bytes = this.#inKernel(k, k.bound.code.lowered.sharedBytes);
          const keep =
            keptBytes + bytes <= KEPT_TABLE_BYTES && k.bound.code.lowered.phases.slice(0, -1).every(p => p.once);
          if (keep) {
            this.#kept.add(step);
            keptBytes += bytes;
          }
          const life = keep ? { first: -1, last: this.#lives.steps } : { first: at, last: at };
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
    shared(this.#program.source.steps);
    return items;
  }
  #bytes(b: Buffer): number {
    return this.#evaluate(Poly.product(b.dims)) * bytesOf(b.dtype);
  }
  #address(b: Buffer): number {
    return this.#addresses.get(ownerOf(b))! + this.#evaluate(offsetInOwner(b)) * bytesOf(b.dtype);
  }
  #range(b: Buffer): Range {
    const { constant } = b;
    const address = constant ? this.#program.plainConstantAddress(b) : this.#address(b);
    return { address, byteLength: this.#bytes(b) };
  }

  // ---- instructions
  /** steps whose tables live as long as the plan */
  readonly #kept = new Set<Step>();
  readonly #setup: Instruction[] = [];
  #instructions(steps: readonly Step[]): Instruction[] {
    return steps.flatMap((step): Instruction[] => {
      if (step.kind === "kernel") return this.#calls(this.#program.kernels.get(step)!);
      const conditionAddress = this.#range(step.condition).address;
      if (step.kind === "loop") return [{ op: "loop", conditionAddress, body: this.#instructions(step.body) }];
      return [{ op: "if", conditionAddress, then: this.#instructions(step.then), else: this.#instructions(step.else) }];
    });
  }
  #calls(k: KernelStep): Instruction[] {
    const { lowered, firstFunction } = k.bound.code;
    const params = lowered.params.map(p => this.#word(k, p));
    return lowered.phases.flatMap((phase, i): Instruction[] => {
      const blocks = this.#inKernel(k, phase.blocks);
      if (blocks === 0) return [];
      const call: Instruction = { op: "call", func: firstFunction + i, params, blocks };
      if (!phase.once || !this.#kept.has(k.step)) return [call];
      this.#setup.push(call);
      return [];
    });
  }
  #word(k: KernelStep, p: Param): number {
    switch (p.kind) {
      case "tensor": {
        const name = k.bound.tensor(p.name);
        const buffer = k.step.buffers[name]!;
        return buffer.constant ? this.#program.constantAddress(k.step, name) : this.#address(buffer);
      }
      case "symbol":
        return this.#symbol(k, p.sym);
      case "pool":
        return this.#program.poolAddress(k.bound);
      case "fill":
        return this.#program.fillAddress(p);
      case "shared":
        return this.#addresses.get(k.step) ?? this.#program.arenaStart;
    }
  }
  #symbol(k: KernelStep, s: Sym): number {
    const block = k.bound.blockSize(s);
    if (block !== undefined) return block;
    const p = k.step.symbols.get(k.bound.symbol(s));
    if (!p)
      throw new AzulejoError(
        "internal",
        `Kernel "${k.step.kernel.name}" has no size for ${s.name}; this is a bug in Azulejo, please report it`,
      );
    const value = this.#evaluate(p);
    // a loop to 2^32 would end before its first turn
    if (Math.abs(value) > LARGEST_WORD)
      throw new AzulejoError(
        "memory",
        `Kernel "${k.step.kernel.name}" of node "${k.step.nodes[0]}" has a size of ${value}, and kernels count to ${LARGEST_WORD}; run smaller inputs`,
      );
    return value;
  }
  #evaluate(p: Poly): number {
    return p.evaluate(s => this.#values.get(s)!);
  }
  #inKernel(k: KernelStep, p: Poly): number {
    return p.evaluate(s => this.#symbol(k, s));
  }
}
