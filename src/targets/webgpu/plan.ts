// Everything of a run that dims decide: buffers, uniform blocks, bind groups and how many workgroups. Made once for a set of dims.
import { offsetInOwner, ownerOf, type Placed, placedBuffers } from "../../graph/memory-plan.js";
import type { Buffer, KernelProgram } from "../../graph/program.js";
import type { SymbolValues } from "../../graph/program-dims.js";
import { bytesOf } from "../../ir/dtypes.js";
import type { Poly, Sym } from "../../ir/poly.js";
import type { Between, Dispatch } from "../../lower/gpu/lowered.js";
import { bufferBytes, type GpuBuffer, usage, wordBytes } from "../../runtime/gpu.js";
import { AzulejoError } from "../../support/errors.js";
import { type Copy, type CopiedBinding, copiedBinding, type Extent } from "./copies.js";
import { mib, type Pipeline, type SharedDevice } from "./device.js";
import { type GpuProgram, type KernelStep, kernelsOf } from "./steps.js";

const WORKGROUPS = 65535;
/** scratch memory for all invocations at once; with less, they take turns */
const SCRATCH_BYTES = 64 << 20;

/** GPU buffers that stand in for those of the plan during one run, by the buffer whose memory they are. */
export type Bound = ReadonlyMap<Buffer, GpuBuffer>;
export const nothingBound: Bound = new Map();

export interface Call {
  readonly pipeline: object;
  readonly x: number;
  readonly y: number;
  readonly group: (bound: Bound) => object;
  /** what is copied before it */
  readonly copies: readonly Copy[];
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
  readonly constantBytes: number;
  readonly failure: GpuBuffer;
  readonly pipelines: ReadonlyMap<Dispatch, Pipeline>;
}

/** Buffers that take turns in one GPU buffer, which is made when the first of them is bound. */
interface Slot {
  readonly bytes: number;
  readonly name: string;
  buffer?: GpuBuffer;
}
/** bind groups that are kept for one call, with buffers that came from outside */
const MOST_GROUPS = 4;

export class Plan {
  readonly calls = new Map<KernelStep, readonly Call[]>();
  /** what is allocated */
  arenaBytes = 0;
  /** what is allocated where nothing is bound from outside */
  plannedBytes = 0;
  lowerBoundBytes = 0;
  readonly #shared: SharedDevice;
  readonly #program: GpuProgram;
  readonly #resident: Resident;
  readonly #values: SymbolValues;
  readonly #slots = new Map<Buffer, Slot>();
  readonly #own: GpuBuffer[] = [];
  readonly #ids = new WeakMap<GpuBuffer, number>();
  #lastId = 0;

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
  /** The buffer whose memory this one has: its owner, or what the owner was merged with. */
  rootOf(b: Buffer): Buffer {
    const owner = ownerOf(b);
    return this.#program.merged.get(owner) ?? owner;
  }
  place(b: Buffer, bound: Bound = nothingBound): Place {
    const dims = b.dims.map(this.size);
    const bytes = dims.reduce((p, n) => p * n, bytesOf(b.dtype));
    return { buffer: this.memory(b, bound), offsetBytes: this.offsetBytes(b), bytes, dims };
  }
  /** from the first byte of its memory on */
  offsetBytes = (b: Buffer): number => this.size(offsetInOwner(b)) * bytesOf(b.dtype);
  memory(b: Buffer, bound: Bound): GpuBuffer {
    const root = this.rootOf(b);
    const given = bound.get(root) ?? this.#resident.constants.get(root);
    if (given) return given;
    const slot = this.#slots.get(root);
    if (!slot)
      throw new AzulejoError(
        "internal",
        `buffer "${root.name}" has no memory; this is a bug in Azulejo, please report it`,
      );
    if (!slot.buffer) {
      slot.buffer = this.#create(slot.bytes, usage.storage | usage.copySource | usage.copyTarget, slot.name);
      this.arenaBytes += slot.bytes;
    }
    return slot.buffer;
  }
  /** Half a sentence for errors. */
  numbers = (): string =>
    `a run with these dims takes ${mib(this.plannedBytes)} beside ${mib(this.#resident.constantBytes)} of weights`;
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
      const slot: Slot = { bytes: s.bytes, name: s.owners[0]!.name };
      for (const owner of s.owners) this.#slots.set(owner, slot);
      this.plannedBytes += s.bytes;
    }
    // what no step touches still has to be there: an input that is an output
    for (const b of [...source.inputs, ...source.outputs]) {
      const root = this.rootOf(b);
      if (this.#resident.constants.has(root) || this.#slots.has(root)) continue;
      this.#slots.set(root, { bytes: this.#bytesOf(root), name: root.name });
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
      s.kind === "kernel" ? s.dispatches.map(d => ({ d, step: s.step, between: s.between })) : [],
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
    const copied = this.#copied(dispatches);
    const parts = this.#between(dispatches);
    const calls = new Map<KernelStep, Call[]>();
    dispatches.forEach(({ d, step, between }, i) => {
      const partOf = (tensor: string): GpuBuffer | undefined => parts[between.findIndex(b => b.tensor === tensor)];
      const size = this.#sizeIn(step);
      const joined = copied.of.get(d) ?? [];
      const baseOf = (tensor: string): number =>
        joined.flatMap(c => c.bases.get(tensor) ?? [])[0] ??
        (partOf(tensor) ? 0 : this.size(offsetInOwner(step.buffers[tensor]!)));
      d.parameters.forEach((p, k) => {
        words[offsets[i]! / 4 + k] = p.kind === "size" ? size(p.value) : p.kind === "bits" ? p.bits : baseOf(p.tensor);
      });
      const list = calls.get(step) ?? [];
      calls.set(step, list);
      const groups = scratch.groups.get(d) ?? Math.ceil(size(d.invocations) / d.workgroupSize);
      if (groups === 0) return;
      const x = Math.min(groups, WORKGROUPS);
      const { pipeline, layout } = this.#resident.pipelines.get(d)!;
      let next = 0;
      const bound = d.bindings.map(b =>
        b.copied ? copied.buffers[next++]! : (partOf(b.tensors[0]!) ?? step.buffers[b.tensors[0]!]!),
      );
      const copies = joined.flatMap((c, k) => c.copies.map(copy => ({ ...copy, target: copied.buffers[k]! })));
      const own: object[] = [];
      if (d.scratchWords) own.push({ buffer: scratch.buffer! });
      if (d.fails) own.push({ buffer: this.#resident.failure });
      own.push({ buffer: uniforms, offset: offsets[i]!, size: uniformBytes(d) });
      list.push({ pipeline, x, y: Math.ceil(groups / x), group: this.#groups(layout, bound, own), copies });
    });
    for (const [step, list] of calls) this.calls.set(step, list);
    this.#shared.device.queue.writeBuffer(uniforms, 0, new Uint8Array(words.buffer));
  }
  /** Bind groups of one call: made when they are first needed, and used by all later runs with the same buffers. */
  #groups(layout: object, buffers: readonly (Buffer | GpuBuffer)[], own: readonly object[]): Call["group"] {
    const roots = buffers.flatMap(b => ("dtype" in b ? [this.rootOf(b)] : []));
    const made = new Map<string, object>();
    return bound => {
      const key = roots.map(r => this.#idOf(bound.get(r))).join();
      let group = made.get(key);
      if (!group) {
        const resources = [...buffers.map(b => ({ buffer: "dtype" in b ? this.memory(b, bound) : b })), ...own];
        const entries = resources.map((resource, binding) => ({ binding, resource }));
        group = this.#shared.device.createBindGroup({ layout, entries });
        if (made.size >= MOST_GROUPS) made.delete(made.keys().next().value!);
        made.set(key, group);
      }
      return group;
    };
  }
  /** 0: the plan's own */
  #idOf(buffer: GpuBuffer | undefined): number {
    if (!buffer) return 0;
    let id = this.#ids.get(buffer);
    if (!id) {
      id = ++this.#lastId;
      this.#ids.set(buffer, id);
    }
    return id;
  }
  #sizeIn(step: KernelStep): (p: Poly) => number {
    const symbols = this.symbolsOf(step);
    return p => p.evaluate(s => symbols.get(s) ?? Number.NaN);
  }
  /** Buffers that tensors are copied into, by the position among such bindings of a dispatch; all dispatches use the same. */
  #copied(dispatches: readonly { readonly d: Dispatch; readonly step: KernelStep }[]) {
    const of = new Map<Dispatch, readonly CopiedBinding[]>();
    const sizes: number[] = [];
    for (const { d, step } of dispatches) {
      const bindings = d.bindings.filter(b => b.copied);
      if (bindings.length === 0) continue;
      const joined = bindings.map(b => copiedBinding(b, tensor => step.buffers[tensor]!, this.#extentOf));
      joined.forEach((c, k) => {
        sizes[k] = Math.max(sizes[k] ?? 0, c.bytes);
      });
      of.set(d, joined);
    }
    const buffers = sizes.map(bytes => this.#create(bytes, usage.storage | usage.copyTarget, "copies of tensors"));
    const bytes = sizes.reduce((sum, n) => sum + n, 0);
    this.arenaBytes += bytes;
    this.plannedBytes += bytes;
    return { of, buffers };
  }
  /** What dispatches of one kernel leave for each other, by position; all kernels use the same buffers. */
  #between(all: readonly { readonly step: KernelStep; readonly between: readonly Between[] }[]): readonly GpuBuffer[] {
    const sizes: number[] = [];
    for (const { step, between } of all) {
      const size = this.#sizeIn(step);
      between.forEach((b, k) => {
        sizes[k] = Math.max(sizes[k] ?? 0, size(b.bytes));
      });
    }
    const bytes = sizes.reduce((sum, n) => sum + n, 0);
    this.arenaBytes += bytes;
    this.plannedBytes += bytes;
    return sizes.map(n => this.#create(n, usage.storage, "parts of a kernel"));
  }
  /** A window of a larger buffer reaches to that one's end. */
  #extentOf = (b: Buffer): Extent => {
    const offsetBytes = this.offsetBytes(b);
    const isWindow = b.layout.strides !== undefined && !b.constant;
    return { offsetBytes, bytes: isWindow ? this.#bytesOf(ownerOf(b)) - offsetBytes : this.#bytesOf(b) };
  };
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
    this.plannedBytes += bytes;
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
      `"${name}" takes ${mib(bytes)}, and this GPU binds at most ${mib(most)} as one buffer; run smaller inputs, or use { target: "wasm" }`,
    );
}
