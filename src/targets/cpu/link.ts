// From a compiled program to a linked one: sizes go from the kernels' own symbols to the program's, tensors to buffers and places.
import { lifetimes } from "../../graph/lifetimes.js";
import type { Buffer, KernelProgram, Step } from "../../graph/program.js";
import { Poly, type Sym } from "../../ir/poly.js";
import type { Param } from "../../lower/cpu/lowered.js";
import { AzulejoError } from "../../support/errors.js";
import { type CompiledProgram, fillKey, type KernelStep } from "./compiled-program.js";
import type { KernelCode } from "./kernel-library.js";
import type { LinkedCall, LinkedProgram, LinkedStep, Word } from "./linked-program.js";

/** `short`: see short-runs.ts */
export function link(compiled: CompiledProgram, short: boolean): LinkedProgram {
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
    short,
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
