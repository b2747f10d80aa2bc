// Runs a lowered kernel on one thread: memory, parameter block, pool and fill rows made by hand, blocks called in order. It knows
// nothing of the runtime, so that a failure here is a failure of the lowering.
import assert from "node:assert/strict";
import { arrayTypes } from "../../src/ir/arrays.js";
import { bytesOf } from "../../src/ir/dtypes.js";
import type { Sym } from "../../src/ir/poly.js";
import type { Kernel } from "../../src/ir/tile.js";
import { lower } from "../../src/lower/cpu/lower.js";
import type { Lowered, Param } from "../../src/lower/cpu/lowered.js";
import { LOWEST_ADDRESS, SLACK_BYTES } from "../../src/lower/cpu/lowered.js";
import { layoutOf } from "../../src/ir/layout.js";
import type { Schedule } from "../../src/schedule/schedule.js";
import type { EmitFeatures, EmittedFunction } from "../../src/targets/wasm/emit.js";
import { emitFunctions } from "../../src/targets/wasm/emit.js";
import {
  Bytes,
  functionType,
  MODULE_HEADER,
  SECTION,
  section,
  unsigned,
  vector,
} from "../../src/targets/wasm/assembler.js";

export const defaultSchedule: Schedule = {
  fuse: [],
  block: {},
  layouts: {},
  pointers: [],
  split: [],
  place: {},
  stage: {},
  unroll: 4,
  partials: 4,
  maxPointers: 10,
};
export type Data =
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array
  | BigInt64Array
  | BigUint64Array;
/** a module with one function: relaxed_madd of three zeros */
const zero = [0xfd, 0x0c, ...new Array<number>(16).fill(0)];
const probe = [0, ...zero, ...zero, ...zero, 0xfd, 0x85, 0x02, 0x0b];
const hasRelaxedSimd = WebAssembly.validate(
  Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0],
    ...[10, probe.length + 2, 1, probe.length, ...probe],
  ]),
);
export const features: EmitFeatures = { relaxedSimd: hasRelaxedSimd };

/** A kernel's surroundings, made by hand. */
export interface Placed {
  readonly memory: WebAssembly.Memory;
  /** addresses */
  readonly params: number;
  readonly scratch: number;
  /** number of each phase */
  readonly blocks: readonly number[];
}
/** gives a function that runs all blocks of all phases once */
export type Runner = (placed: Placed) => () => void;
export interface Runnable {
  readonly lowered: Lowered;
  readonly runner: Runner;
}
export interface Compiled extends Runnable {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly functions: number;
}
export function compile(kernel: Kernel, schedule: Schedule, emitFeatures: EmitFeatures = features): Compiled {
  const lowered = lower(kernel, schedule);
  const { functions, entries } = emitFunctions(
    lowered.phases.map(p => p.func),
    emitFeatures,
  );
  const bytes = assemble(functions, entries);
  return { lowered, bytes, functions: functions.length, runner: placed => runnerOf(bytes, placed) };
}
function runnerOf(bytes: Uint8Array<ArrayBuffer>, { memory, params, scratch, blocks }: Placed): () => void {
  const module = new WebAssembly.Module(bytes);
  const { exports } = new WebAssembly.Instance(module, { e: { m: memory } });
  const phases = blocks.map((_, i) => exports[String.fromCharCode(0x61 + i)] as (...xs: number[]) => void);
  return () => {
    blocks.forEach((count, i) => {
      for (let b = 0; b < count; b++) phases[i]!(params, b, scratch);
    });
  };
}

/** A module that imports memory and exports the entries as a, b, c … */
export function assemble(functions: readonly EmittedFunction[], entries: readonly number[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ params, results }) => functionType({ params, results }));
  const code = new Bytes().append(unsigned(functions.length));
  for (const f of functions) code.append(f.code(i => i));
  const sections = [
    section(SECTION.type, new Bytes().code(vector(types))),
    section(SECTION.import, new Bytes().append([1, 1, 0x65, 1, 0x6d, 2, 0, 1])),
    section(SECTION.function, new Bytes().code(vector(functions.map((_, i) => unsigned(i))))),
    section(SECTION.export, new Bytes().code(vector(entries.map((e, i) => [1, 0x61 + i, 0, ...unsigned(e)])))),
    section(SECTION.code, code),
  ];
  const bytes = new Bytes().append(MODULE_HEADER);
  for (const part of sections) bytes.append(part.toUint8Array());
  return bytes.toUint8Array() as Uint8Array<ArrayBuffer>;
}

export interface Instance {
  /** all blocks of all phases, once */
  run(): void;
  /** copies of the tensors as they are now, row-major */
  read(name: string): Data;
  /** throws if memory around a tensor was written */
  checkGuards(): void;
}
const GUARD = 0x7b;
const align = (n: number): number => Math.ceil(n / 64) * 64;

/** `dims` by name; `data` by tensor name, row-major; a tensor without data is filled with NaN bits */
export function instantiate(
  c: Runnable,
  kernel: Kernel,
  dims: Readonly<Record<string, number>>,
  data: Readonly<Record<string, Data>>,
  schedule: Schedule = defaultSchedule,
): Instance {
  const size = (s: Sym): number => {
    const block = c.lowered.blockSizes.find(b => b.sym === s);
    if (block) return schedule.block[block.axis]! / block.unit;
    const v = dims[s.name];
    assert.notEqual(v, undefined, `no value for ${s.name}`);
    return v!;
  };
  const { lowered } = c;
  let top = LOWEST_ADDRESS;
  const take = (bytes: number): number => {
    const at = top + 512;
    top = align(at + bytes + SLACK_BYTES);
    return at;
  };
  const tensors = new Map(
    kernel.tensors.map(t => {
      const shape = t.dims.map(d => d.evaluate(size));
      const layout = layoutOf(t.dtype, t.dims, t.layout ?? schedule.layouts[t.name]);
      const strides = layout.strides.map(s => s.evaluate(size));
      // with strides of its own a tensor lies in a larger buffer
      const reach = shape.reduce((p, n, d) => p + Math.max(0, n - 1) * strides[d]!, bytesOf(t.dtype));
      const bytes = t.layout?.strides ? reach : layout.bytes.evaluate(size);
      return [
        t.name,
        {
          t,
          shape,
          bytes,
          at: take(bytes),
          strides,
          block: layout.block,
          panel: layout.block?.panelBytes.evaluate(size) ?? 0,
        },
      ];
    }),
  );
  const fills = new Map<Param, number>();
  const fillBytes = lowered.fillBytes.evaluate(size);
  for (const p of lowered.params) if (p.kind === "fill") fills.set(p, take(fillBytes));
  const pool = take(lowered.pool.length);
  const shared = take(lowered.sharedBytes.evaluate(size));
  const scratch = take(lowered.scratchBytes.evaluate(size));
  const params = take(lowered.params.length * 4);
  const memory = new WebAssembly.Memory({ initial: Math.ceil(top / 65536) + 1 });
  const buffer = memory.buffer as ArrayBuffer;
  // scratch and everything between tensors is NaN in every float format
  new Uint8Array(buffer).fill(GUARD);
  new Uint8Array(buffer, scratch, shared < scratch ? top - scratch : 0).fill(0xff);
  new Uint8Array(buffer, pool, lowered.pool.length).set(lowered.pool);
  for (const [p, at] of fills) {
    if (p.kind !== "fill") continue;
    const view = new arrayTypes[p.dtype](buffer, at, Math.floor((fillBytes + SLACK_BYTES) / bytesOf(p.dtype)));
    view.fill((p.dtype === "i64" || p.dtype === "u64" ? BigInt(p.value) : p.value) as never);
  }
  const elementAt = (x: NonNullable<ReturnType<typeof tensors.get>>, flat: number): number => {
    let offset = 0;
    let rest = flat;
    for (let d = x.shape.length - 1; d >= 0; d--) {
      const i = rest % x.shape[d]!;
      rest = Math.floor(rest / x.shape[d]!);
      offset +=
        x.block?.dim === d
          ? Math.floor(i / x.block.size) * x.panel + (i % x.block.size) * bytesOf(x.t.dtype)
          : i * x.strides[d]!;
    }
    return offset / bytesOf(x.t.dtype);
  };
  const count = (x: { shape: readonly number[] }): number => x.shape.reduce((p, q) => p * q, 1);
  for (const [name, x] of tensors) {
    const bytes = bytesOf(x.t.dtype);
    const view = new arrayTypes[x.t.dtype](buffer, x.at, Math.ceil(x.bytes / bytes));
    const from = data[name];
    if (!from) new Uint8Array(buffer, x.at, x.bytes).fill(0xff);
    else for (let i = 0; i < count(x); i++) view[elementAt(x, i)] = from[i]!;
  }
  const words = lowered.params.map(p => {
    switch (p.kind) {
      case "tensor":
        return tensors.get(p.name)!.at;
      case "symbol":
        return size(p.sym);
      case "pool":
        return pool;
      case "fill":
        return fills.get(p)!;
      case "shared":
        return shared;
    }
  });
  new Int32Array(buffer, params, words.length).set(words);
  const blocks = lowered.phases.map(p => p.blocks.evaluate(size));
  return {
    run: c.runner({ memory, params, scratch, blocks }),
    read: name => {
      const x = tensors.get(name)!;
      const view = new arrayTypes[x.t.dtype](buffer, x.at, Math.ceil(x.bytes / bytesOf(x.t.dtype)));
      const out = view.slice(0, count(x)) as Data;
      for (let i = 0; i < out.length; i++) out[i] = view[elementAt(x, i)]!;
      return out;
    },
    checkGuards: () => {
      for (const [name, x] of tensors) {
        const before = new Uint8Array(buffer, x.at - 256, 256);
        const behind = new Uint8Array(buffer, x.at + x.bytes, SLACK_BYTES);
        assert.ok(
          [before, behind].every(bytes => bytes.every(b => b === GUARD)),
          `memory around ${name} was written`,
        );
      }
    },
  };
}

/** Compiles, runs once on NaN outputs, checks guards, gives all outputs. */
export function runOnce(
  kernel: Kernel,
  schedule: Schedule,
  dims: Readonly<Record<string, number>>,
  inputs: Readonly<Record<string, Data>>,
  emitFeatures: EmitFeatures = features,
): Record<string, Data> {
  const it = instantiate(compile(kernel, schedule, emitFeatures), kernel, dims, inputs, schedule);
  it.run();
  it.checkGuards();
  return Object.fromEntries(kernel.tensors.filter(t => t.role !== "input").map(t => [t.name, it.read(t.name)]));
}
