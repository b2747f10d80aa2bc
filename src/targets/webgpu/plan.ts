// Everything of a run that dims decide: buffers, uniform blocks, bind groups and how many workgroups. Made once for a set of dims.
import { offsetInOwner, ownerOf, type Placed, placedBuffers } from "../../graph/memory-plan.js";
import type { Buffer, KernelProgram } from "../../graph/program.js";
import type { SymbolValues } from "../../graph/program-dims.js";
import { bytesOf } from "../../ir/dtypes.js";
import type { Poly, Sym } from "../../ir/poly.js";
import type { Dispatch } from "../../lower/gpu/lowered.js";
import { AzulejoError } from "../../support/errors.js";
import type { Pipeline, SharedDevice } from "./device.js";
import { type GpuBuffer, usage } from "./gpu.js";
import { type GpuProgram, type KernelStep, kernelsOf } from "./steps.js";

const WORKGROUPS = 65535;
/** scratch memory for all invocations at once; with less, they take turns */
const SCRATCH_BYTES = 64 << 20;

export interface Call {
  readonly pipeline: object;
  readonly group: object;
  readonly x: number;
  readonly y: number;
}
/** Bytes of a buffer within a GPU buffer. */
export interface Place {
  readonly buffer: GpuBuffer;
  readonly offsetBytes: number;
  readonly bytes: number;
  readonly dims: readonly number[];
}
/** Constants live as long as the program, not as long as a plan. */
export interface Resident {
  readonly constants: ReadonlyMap<Buffer, GpuBuffer>;
  readonly failure: GpuBuffer;
  readonly pipelines: ReadonlyMap<Dispatch, Pipeline>;
}

/** A size in bytes that buffers may have: whole words. */
export const wordBytes = (n: number): number => Math.ceil(n / 4) * 4;
/** What is bound holds at least one element, of 8 bytes at most. */
export const bufferBytes = (n: number): number => Math.max(8, wordBytes(n));

export class Plan {
  readonly calls = new Map<KernelStep, readonly Call[]>();
  arenaBytes = 0;
  lowerBoundBytes = 0;
  readonly #shared: SharedDevice;
  readonly #program: GpuProgram;
  readonly #resident: Resident;
  readonly #values: SymbolValues;
  readonly #memory = new Map<Buffer, GpuBuffer>();
  readonly #own: GpuBuffer[] = [];

  constructor(
    source: KernelProgram,
    shared: SharedDevice,
    program: GpuProgram,
    resident: Resident,
    values: SymbolValues,
  ) {
    this.#shared = shared;
    this.#program = program;
    this.#resident = resident;
    this.#values = values;
    this.#allocate(source);
    this.#bind();
  }
  size = (p: Poly): number => p.evaluate(s => this.#values.get(s) ?? Number.NaN);
  symbolsOf(step: KernelStep): Map<Sym, number> {
    const own = new Map<Sym, number>(this.#values);
    for (const [s, p] of step.symbols) own.set(s, this.size(p));
    return own;
  }
  place(b: Buffer): Place {
    const owner = ownerOf(b);
    const dims = b.dims.map(this.size);
    const bytes = dims.reduce((p, n) => p * n, bytesOf(b.dtype));
    return { buffer: this.memory(owner), offsetBytes: this.size(offsetInOwner(b)) * bytesOf(b.dtype), bytes, dims };
  }
  memory(owner: Buffer): GpuBuffer {
    const buffer = this.#resident.constants.get(owner) ?? this.#memory.get(this.#program.merged.get(owner) ?? owner);
    if (!buffer)
      throw new AzulejoError(
        "internal",
        `buffer "${owner.name}" has no memory; this is a bug in Azulejo, please report it`,
      );
    return buffer;
  }
  destroy(): void {
    for (const b of this.#own) b.destroy();
  }

  // ---- memory
  #bytesOf = (b: Buffer): number => b.dims.map(this.size).reduce((p, n) => p * n, bytesOf(b.dtype));
  /** Buffers whose lives don't overlap take turns in one GPU buffer: a dispatch never sees both, so no binding is read and written. */
  #allocate(source: KernelProgram): void {
    const { items } = placedBuffers(this.#program.lifetimes, this.#bytesOf);
    const slots: { bytes: number; readonly items: Placed[]; readonly owners: Buffer[] }[] = [];
    for (const [owner, item] of [...items].sort(([, a], [, b]) => b.bytes - a.bytes)) {
      const free = slots.find(s => s.items.every(o => o.last < item.first || o.first > item.last));
      if (free) {
        free.items.push(item);
        free.owners.push(owner);
      } else slots.push({ bytes: item.bytes, items: [item], owners: [owner] });
    }
    const steps = this.#program.lifetimes.steps;
    for (let at = -1; at <= steps; at++) {
      let live = 0;
      for (const i of items.values()) if (i.first <= at && at <= i.last) live += i.bytes;
      this.lowerBoundBytes = Math.max(this.lowerBoundBytes, live);
    }
    for (const s of slots) {
      const buffer = this.#create(s.bytes, usage.storage | usage.copySource | usage.copyTarget, s.owners[0]!.name);
      for (const owner of s.owners) this.#memory.set(owner, buffer);
      this.arenaBytes += s.bytes;
    }
    // what no step touches still has to be there: an input that is an output
    for (const b of [...source.inputs, ...source.outputs]) {
      const owner = ownerOf(b);
      if (this.#resident.constants.has(owner) || this.#memory.has(this.#program.merged.get(owner) ?? owner)) continue;
      this.#memory.set(
        owner,
        this.#create(this.#bytesOf(owner), usage.storage | usage.copySource | usage.copyTarget, owner.name),
      );
    }
  }
  #create(bytes: number, use: number, name: string): GpuBuffer {
    const { device } = this.#shared;
    checkSize(device.limits, bytes, name);
    const buffer = device.createBuffer({ size: bufferBytes(bytes), usage: use });
    this.#own.push(buffer);
    return buffer;
  }

  // ---- calls
  #bind(): void {
    const dispatches = kernelsOf(this.#program.steps).flatMap(s =>
      s.kind === "kernel" ? s.dispatches.map(d => ({ d, step: s.step })) : [],
    );
    const alignment = this.#shared.device.limits.minUniformBufferOffsetAlignment ?? 256;
    const offsets: number[] = [];
    let end = 0;
    for (const { d } of dispatches) {
      offsets.push(end);
      end += Math.ceil(uniformBytes(d) / alignment) * alignment;
    }
    const words = new Int32Array(Math.max(4, end / 4));
    const uniforms = this.#create(words.byteLength, usage.uniform | usage.copyTarget, "sizes");
    const scratch = this.#scratch(dispatches);
    const calls = new Map<KernelStep, Call[]>();
    dispatches.forEach(({ d, step }, i) => {
      const size = this.#sizeIn(step);
      d.parameters.forEach((p, k) => {
        words[offsets[i]! / 4 + k] =
          p.kind === "size"
            ? size(p.value)
            : p.kind === "bits"
              ? p.bits
              : this.size(offsetInOwner(step.buffers[p.tensor]!));
      });
      const list = calls.get(step) ?? [];
      calls.set(step, list);
      const groups = scratch.groups.get(d) ?? Math.ceil(size(d.invocations) / d.workgroupSize);
      if (groups === 0) return;
      const x = Math.min(groups, WORKGROUPS);
      const { pipeline, layout } = this.#resident.pipelines.get(d)!;
      const resources: object[] = d.bindings.map(b => ({ buffer: this.memory(ownerOf(step.buffers[b.tensors[0]!]!)) }));
      if (d.scratchWords) resources.push({ buffer: scratch.buffer! });
      if (d.fails) resources.push({ buffer: this.#resident.failure });
      resources.push({ buffer: uniforms, offset: offsets[i]!, size: uniformBytes(d) });
      const group = this.#shared.device.createBindGroup({
        layout,
        entries: resources.map((resource, binding) => ({ binding, resource })),
      });
      list.push({ pipeline, group, x, y: Math.ceil(groups / x) });
    });
    for (const [step, list] of calls) this.calls.set(step, list);
    this.#shared.device.queue.writeBuffer(uniforms, 0, new Uint8Array(words.buffer));
  }
  #sizeIn(step: KernelStep): (p: Poly) => number {
    const symbols = this.symbolsOf(step);
    return p => p.evaluate(s => symbols.get(s) ?? Number.NaN);
  }
  /** One scratch buffer for all dispatches, and for each as many workgroups as find room in it. */
  #scratch(dispatches: readonly { readonly d: Dispatch; readonly step: KernelStep }[]) {
    const groups = new Map<Dispatch, number>();
    let bytes = 0;
    for (const { d, step } of dispatches) {
      if (!d.scratchWords) continue;
      const size = this.#sizeIn(step);
      const groupBytes = 4 * Math.max(1, size(d.scratchWords)) * d.workgroupSize;
      const all = Math.ceil(size(d.invocations) / d.workgroupSize);
      const count = Math.min(all, WORKGROUPS, Math.max(1, Math.floor(SCRATCH_BYTES / groupBytes)));
      groups.set(d, count);
      bytes = Math.max(bytes, count * groupBytes);
    }
    if (bytes === 0) return { groups, buffer: undefined };
    const buffer = this.#create(bytes, usage.storage, "scratch memory");
    this.arenaBytes += bytes;
    return { groups, buffer };
  }
}

const uniformBytes = (d: Dispatch): number => 16 * Math.max(1, Math.ceil(d.parameters.length / 4));

/** @throws AzulejoError memory */
export function checkSize(limits: Readonly<Record<string, number>>, bytes: number, name: string): void {
  const most = Math.min(limits.maxStorageBufferBindingSize ?? 2 ** 27, limits.maxBufferSize ?? 2 ** 28);
  if (wordBytes(bytes) > most)
    throw new AzulejoError(
      "memory",
      `"${name}" takes ${Math.ceil(bytes / 2 ** 20)} MiB, and this GPU binds at most ${Math.floor(most / 2 ** 20)} MiB as one buffer; run smaller inputs, or use { target: "wasm" }`,
    );
}
