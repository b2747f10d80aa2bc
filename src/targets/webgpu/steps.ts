// A program as this target has it: each kernel lowered, or left to the host where that is allowed, and the memory that kernels share.
import { lifetimes } from "../../graph/lifetimes.js";
import type { Lifetimes } from "../../graph/memory-plan.js";
import { offsetInOwner, ownerOf, placedBuffers } from "../../graph/memory-plan.js";
import type { Buffer, KernelProgram, Step } from "../../graph/program.js";
import type { GpuLimits } from "../../lower/gpu/lower.js";
import { lowerForGpu } from "../../lower/gpu/lower.js";
import type { Between, Dispatch } from "../../lower/gpu/lowered.js";
import { elementOf } from "../../lower/gpu/registers.js";
import { isMultipleOfFour } from "../../lower/gpu/vectors.js";
import type { Sym } from "../../ir/poly.js";
import type { GpuChoice } from "../../schedule/choices.js";
import { AzulejoError } from "../../support/errors.js";

/** of the program's symbols: they are any number */
const none: ReadonlySet<Sym> = new Set();

export type KernelStep = Extract<Step, { kind: "kernel" }>;
export type GpuStep =
  | {
      readonly kind: "kernel";
      readonly step: KernelStep;
      readonly dispatches: readonly Dispatch[];
      readonly between: readonly Between[];
      readonly summary: string;
      /** what a tuner found decides it */
      readonly tuned?: true;
    }
  /** computed by the interpreter, because the GPU can't */
  | { readonly kind: "host"; readonly step: KernelStep; readonly reason: string }
  | {
      readonly kind: "if";
      readonly condition: Buffer;
      readonly then: readonly GpuStep[];
      readonly else: readonly GpuStep[];
    }
  | { readonly kind: "loop"; readonly condition: Buffer; readonly body: readonly GpuStep[] };

export interface GpuProgram {
  readonly steps: readonly GpuStep[];
  readonly lifetimes: Lifetimes;
  /** buffers that take the memory of another */
  readonly merged: ReadonlyMap<Buffer, Buffer>;
  /** memory that some step writes, by the buffer that it is allocated for */
  readonly written: ReadonlySet<Buffer>;
  /** can a dispatch meet an index outside of its tensor? */
  readonly fails: boolean;
}
export interface StepOptions {
  readonly limits: GpuLimits;
  readonly onUnsupported: "error" | "host";
  /** how workgroups share a kernel, where somebody decided that; else it is derived */
  readonly choiceOf?: (step: KernelStep) => Choice | undefined;
}
export interface Choice {
  readonly choice: GpuChoice;
  /** a tuner found it */
  readonly tuned?: true;
}

export function gpuProgram(program: KernelProgram, options: StepOptions): GpuProgram {
  const all = lifetimes(program);
  // a buffer is an array of one type: memory is only handed on between equal ones
  const inPlace = new Map([...all.inPlace].filter(([out, input]) => elementOf(out.dtype) === elementOf(input.dtype)));
  const lives: Lifetimes = { ...all, inPlace };
  const { merged } = placedBuffers(lives, () => 0);
  const memoryOf = (b: Buffer): Buffer => merged.get(ownerOf(b)) ?? ownerOf(b);
  const lowered = (steps: readonly Step[]): GpuStep[] =>
    steps.map((step): GpuStep => {
      if (step.kind === "if") return { ...step, then: lowered(step.then), else: lowered(step.else) };
      if (step.kind === "loop") return { ...step, body: lowered(step.body) };
      try {
        const ids = new Map<Buffer, number>();
        const idOf = (name: string): number => {
          const b = memoryOf(step.buffers[name]!);
          if (!ids.has(b)) ids.set(b, ids.size);
          return ids.get(b)!;
        };
        const isAligned = (name: string): boolean => isMultipleOfFour(offsetInOwner(step.buffers[name]!), none);
        const multiples = new Set([...step.symbols].flatMap(([s, p]) => (isMultipleOfFour(p, none) ? [s] : [])));
        const placed = { of: idOf, isAligned, multiples };
        const { choice, tuned } = options.choiceOf?.(step) ?? {};
        const lowered = lowerForGpu(step.kernel, placed, options.limits, choice);
        return { kind: "kernel", step, ...lowered, ...(tuned ? { tuned } : {}) };
      } catch (error) {
        if (!(error instanceof AzulejoError) || error.code !== "target" || options.onUnsupported === "error")
          throw error;
        return { kind: "host", step, reason: error.message };
      }
    });
  // the lifetimes that memory is planned by, with the merges that were kept
  const steps = lowered(program.steps);
  const written = new Set(
    kernelsOf(steps).flatMap(({ step: { kernel, buffers } }) =>
      kernel.tensors.flatMap(t => (t.role === "input" ? [] : [memoryOf(buffers[t.name]!)])),
    ),
  );
  return { steps, lifetimes: lives, merged, written, fails: dispatchesOf(steps).some(d => d.fails) };
}

export const dispatchesOf = (steps: readonly GpuStep[]): readonly Dispatch[] =>
  kernelsOf(steps).flatMap(s => (s.kind === "kernel" ? s.dispatches : []));

export const kernelsOf = (steps: readonly GpuStep[]): readonly Extract<GpuStep, { kind: "kernel" | "host" }>[] =>
  steps.flatMap(s =>
    s.kind === "if" ? kernelsOf([...s.then, ...s.else]) : s.kind === "loop" ? kernelsOf(s.body) : [s],
  );
