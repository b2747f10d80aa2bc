// The kernels of a program with their code, and where pools, fill rows and constants go, relative to the start of the heap.
import { Poly, type Sym } from "../../ir/poly.js";
import type { Buffer, KernelProgram, Step } from "../../graph/program.js";
import { kernelSteps } from "../../graph/program.js";
import type { Lowered, Param } from "../../lower/cpu/lowered.js";
import type { KernelReport } from "../../runtime/target.js";
import { alignUp } from "./alignment.js";
import { Constants, type PlacedConstant } from "./constants.js";
import { FILL_ROW_BYTES } from "./fill-rows.js";
import type { BoundKernel, KernelCode, KernelLibrary } from "./kernel-library.js";

type FillParam = Extract<Param, { kind: "fill" }>;
export interface KernelStep {
  readonly step: Extract<Step, { kind: "kernel" }>;
  readonly bound: BoundKernel;
}

export class CompiledProgram {
  readonly source: KernelProgram;
  readonly library: KernelLibrary;
  readonly constants: Constants;
  readonly kernels = new Map<Step, KernelStep>();
  readonly #batches: ReadonlySet<Sym>;
  readonly #placed = new Map<Step, Map<string, PlacedConstant>>();

  constructor(source: KernelProgram, library: KernelLibrary) {
    this.source = source;
    this.library = library;
    this.#batches = batchesOf(source);
    this.constants = new Constants((kernel, sizes) =>
      library.add(kernel, s => (sizes.has(s) ? Poly.int(sizes.get(s)!) : undefined)),
    );
    for (const step of kernelSteps(source.steps)) this.#add(step);
    for (const b of source.outputs) if (b.constant) this.constants.place(b, undefined);
  }
  #add(step: Extract<Step, { kind: "kernel" }>): void {
    const size = (s: Sym): Poly | undefined => step.symbols.get(s);
    const bound = this.library.add(step.kernel, size, s => guessOf(size(s), this.#batches));
    this.kernels.set(step, { step, bound });
    const placed = new Map<string, PlacedConstant>();
    for (const t of bound.code.representative.tensors) {
      const name = bound.tensor(t.name);
      const buffer = step.buffers[name]!;
      if (buffer.constant)
        placed.set(name, this.constants.place(buffer, bound.code.schedule.layouts[t.name] ?? t.layout));
    }
    this.#placed.set(step, placed);
  }
  constant(step: Step, tensor: string): PlacedConstant {
    return this.#placed.get(step)!.get(tensor)!;
  }
  plainConstant(buffer: Buffer): PlacedConstant {
    return this.constants.place(buffer, undefined);
  }

  /** offsets of the vector constants of each kernel, and of the fill rows; `end` is where constants begin */
  heap(): {
    readonly pools: ReadonlyMap<KernelCode, number>;
    readonly fills: ReadonlyMap<string, { readonly offset: number; readonly param: FillParam }>;
    readonly end: number;
  } {
    const pools = new Map<KernelCode, number>();
    const fills = new Map<string, { offset: number; param: FillParam }>();
    let end = 0;
    for (const code of this.library.codes) {
      pools.set(code, end);
      end = alignUp(end + code.lowered.pool.length);
    }
    for (const { lowered } of this.library.codes)
      for (const p of lowered.params)
        if (p.kind === "fill" && !fills.has(fillKey(p))) {
          fills.set(fillKey(p), { offset: end, param: p });
          end += FILL_ROW_BYTES;
        }
    return { pools, fills, end };
  }

  kernelReports(): KernelReport[] {
    return [...this.kernels.values()].map(({ step, bound }) => ({
      name: step.kernel.name,
      nodes: step.nodes,
      function: entryName(bound.code.lowered),
      schedule: bound.code.lowered.stages.join("; "),
      ...(bound.tuned ? { tuned: true } : {}),
    }));
  }
}

/** Symbols that are the first dim of inputs and no other: numbers of samples. */
export function batchesOf({ inputs }: KernelProgram): Set<Sym> {
  const batches = new Set(inputs.flatMap(({ dims }) => (dims.length > 1 ? [...dims[0]!.syms] : [])));
  for (const { dims } of inputs)
    for (const d of dims.slice(dims.length > 1 ? 1 : 0)) for (const s of d.syms) batches.delete(s);
  return batches;
}
/** A size that only batches decide, for a batch of one. */
function guessOf(size: Poly | undefined, batches: ReadonlySet<Sym>): number | undefined {
  if (!size || size.isConst || ![...size.syms].every(s => s.def || batches.has(s))) return undefined;
  return size.evaluate(() => 1);
}

export const fillKey = (p: FillParam): string => `${p.dtype}:${Object.is(p.value, -0) ? "-0" : p.value}`;

const entryName = (lowered: Lowered): string => lowered.phases.at(-1)?.func.name ?? lowered.name;
