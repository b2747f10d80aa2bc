// A compiled program as runs need it: code by number, sizes as polynomials over the program's symbols, no tile IR. Everything
// in it is data, so it can be kept in a file (saved-program.ts) and run in another process.
import { lifetimes } from "../../graph/lifetimes.js";
import type { Lifetimes } from "../../graph/memory-plan.js";
import type { Buffer, KernelProgram, ProgramInterface, Step } from "../../graph/program.js";
import type { Dtype } from "../../ir/dtypes.js";
import { Poly, type Sym } from "../../ir/poly.js";
import type { Param } from "../../lower/cpu/lowered.js";
import type { KernelReport } from "../../runtime/target.js";
import { AzulejoError } from "../../support/errors.js";
import { alignUp } from "./alignment.js";
import { type CompiledProgram, fillKey, type KernelStep } from "./compiled-program.js";
import type { KernelCode } from "./kernel-library.js";

/** One i32 word of a call's parameters. */
export type Word =
  | { readonly kind: "buffer"; readonly buffer: Buffer }
  /** an address: vector constants, a fill row, a constant; bytes from the start of the heap */
  | { readonly kind: "heap"; readonly offset: number }
  | { readonly kind: "size"; readonly size: Poly }
  /** memory of the call, shared by all threads */
  | { readonly kind: "shared" };

export interface LinkedPhase {
  /** index into the code's table of functions */
  readonly func: number;
  readonly blocks: Poly;
  /** what it writes depends on addresses and dims alone */
  readonly once?: true;
}
export interface LinkedCall {
  readonly kind: "call";
  readonly kernel: string;
  readonly nodes: readonly string[];
  readonly words: readonly Word[];
  readonly phases: readonly LinkedPhase[];
  /** per thread */
  readonly scratchBytes: Poly;
  /** per call */
  readonly sharedBytes: Poly;
  /** readable bytes behind the fill rows that it reads */
  readonly fillBytes: Poly;
}
export type LinkedStep =
  | LinkedCall
  | {
      readonly kind: "if";
      readonly condition: Buffer;
      readonly then: readonly LinkedStep[];
      readonly else: readonly LinkedStep[];
    }
  | { readonly kind: "loop"; readonly condition: Buffer; readonly body: readonly LinkedStep[] };

/** A row of one value that borders read instead of a tensor. */
export interface FillRow {
  readonly offset: number;
  readonly dtype: Dtype;
  readonly value: number;
}
export interface LinkedProgram extends ProgramInterface {
  readonly steps: readonly LinkedStep[];
  readonly lifetimes: Lifetimes;
  /** what lies in the heap from its start on: vector constants, fill rows, constants; then the arena */
  readonly pools: Uint8Array;
  readonly fills: readonly FillRow[];
  readonly constantsOffset: number;
  readonly constantBytes: number;
  /** where outputs and conditions that are constants lie */
  readonly constants: ReadonlyMap<Buffer, number>;
  readonly kernels: readonly KernelReport[];
}

export const arenaOffset = ({ constantsOffset, constantBytes }: LinkedProgram): number =>
  alignUp(constantsOffset + constantBytes);

/** Everything is compiled: sizes go from the kernels' own symbols to the program's, tensors to buffers and places. */
export function link(compiled: CompiledProgram): LinkedProgram {
  const { source } = compiled;
  const constants = new Map<Buffer, number>();
  const plain = (b: Buffer): void => void (b.constant && constants.set(b, compiled.plainConstant(b).offset));
  for (const b of source.outputs) plain(b);
  for (const b of conditionsOf(source.steps)) plain(b);
  const heap = compiled.heap();
  const linking = new Linking(compiled, heap);
  const { name, inputs, outputs, symbols, preconditions } = source;
  return {
    name,
    inputs,
    outputs,
    symbols,
    preconditions,
    steps: source.steps.map(step => linking.step(step)),
    lifetimes: lifetimes(source),
    pools: poolsOf(heap.pools),
    fills: [...heap.fills.values()].map(({ offset, param: { dtype, value } }) => ({ offset, dtype, value })),
    constantsOffset: heap.end,
    constantBytes: compiled.constants.byteLength,
    constants: new Map([...constants].map(([b, offset]) => [b, heap.end + offset])),
    kernels: compiled.kernelReports(),
  };
}

function poolsOf(places: ReadonlyMap<KernelCode, number>): Uint8Array {
  const end = [...places].reduce((end, [{ lowered }, offset]) => Math.max(end, offset + lowered.pool.length), 0);
  const pools = new Uint8Array(end);
  for (const [{ lowered }, offset] of places) pools.set(lowered.pool, offset);
  return pools;
}

class Linking {
  readonly #compiled: CompiledProgram;
  readonly #heap: ReturnType<CompiledProgram["heap"]>;

  constructor(compiled: CompiledProgram, heap: ReturnType<CompiledProgram["heap"]>) {
    this.#compiled = compiled;
    this.#heap = heap;
  }
  step(step: Step): LinkedStep {
    if (step.kind === "kernel") return this.#call(this.#compiled.kernels.get(step)!);
    const { condition } = step;
    if (step.kind === "loop") return { kind: "loop", condition, body: step.body.map(s => this.step(s)) };
    return { kind: "if", condition, then: step.then.map(s => this.step(s)), else: step.else.map(s => this.step(s)) };
  }
  #call(k: KernelStep): LinkedCall {
    const { lowered, firstFunction } = k.bound.code;
    const own = (p: Poly): Poly => (p.isConst ? p : p.subst(s => (s.def ? undefined : sizeOf(k, s))));
    return {
      kind: "call",
      kernel: k.step.kernel.name,
      nodes: k.step.nodes,
      words: lowered.params.map(p => this.#word(k, p)),
      phases: lowered.phases.map((phase, i) => ({
        func: firstFunction + i,
        blocks: own(phase.blocks),
        ...(phase.once ? { once: true } : {}),
      })),
      scratchBytes: own(lowered.scratchBytes),
      sharedBytes: own(lowered.sharedBytes),
      fillBytes: own(lowered.fillBytes),
    };
  }
  #word(k: KernelStep, p: Param): Word {
    switch (p.kind) {
      case "tensor": {
        const name = k.bound.tensor(p.name);
        const buffer = k.step.buffers[name]!;
        if (!buffer.constant) return { kind: "buffer", buffer };
        return { kind: "heap", offset: this.#heap.end + this.#compiled.constant(k.step, name).offset };
      }
      case "symbol":
        return { kind: "size", size: sizeOf(k, p.sym) };
      case "pool":
        return { kind: "heap", offset: this.#heap.pools.get(k.bound.code)! };
      case "fill":
        return { kind: "heap", offset: this.#heap.fills.get(fillKey(p))!.offset };
      case "shared":
        return p;
    }
  }
}

function sizeOf({ step, bound }: KernelStep, s: Sym): Poly {
  const block = bound.blockSize(s);
  const size = block ?? step.symbols.get(bound.symbol(s));
  if (size === undefined)
    throw new AzulejoError(
      "internal",
      `Kernel "${step.kernel.name}" has no size for ${s.name}; this is a bug in Azulejo, please report it`,
    );
  return Poly.of(size);
}

function* conditionsOf(steps: KernelProgram["steps"]): Generator<Buffer> {
  for (const step of steps) {
    if (step.kind === "kernel") continue;
    yield step.condition;
    if (step.kind === "loop") yield* conditionsOf(step.body);
    else {
      yield* conditionsOf(step.then);
      yield* conditionsOf(step.else);
    }
  }
}
