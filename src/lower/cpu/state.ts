// The state of one lowering: parameters, positions of axes, storage, and the code being built. No tile IR is walked here.
import type { Dtype } from "../../ir/dtypes.js";
import { layoutOf } from "../../ir/layout.js";
import { opaque, Poly, Sym } from "../../ir/poly.js";
import type { Axis, Combine, Fold, Kernel, Node, Tensor } from "../../ir/tile.js";
import { axesOf, axisOf, children, gathersIn, isTensor } from "../../ir/tile.js";
import { foldsOf, nodesOf, rootsOfStore, scopesOf, storesOf } from "../../ir/walk.js";
import type { Names } from "../../schedule/names.js";
import { namesOf } from "../../schedule/names.js";
import type { Lanes, Schedule } from "../../schedule/schedule.js";
import { lanesOf } from "../../schedule/schedule.js";
import { invariant } from "../../support/errors.js";
import type { askAhead } from "./ahead.js";
import { registerType } from "./convert.js";
import type { ElementState } from "./element-loops.js";
import type { Check } from "./loads.js";
import type { Address, Expr, Reg } from "./loop.js";
import { int, newReg, read, scalar, zeroVector } from "./loop.js";
import type { BlockSize, Param } from "./lowered.js";
import { SLACK_BYTES } from "./lowered.js";
import type { Scope } from "./scope.js";
import { Builder } from "./scope.js";
import type { Form, Storage } from "./storage.js";
import { blockOffset, formOf, newFormId } from "./storage.js";
import type { Tools } from "./words.js";

/** Position of an axis: `micro` registers `unit` apart, from `pos` on. */
export interface Binding {
  readonly pos: Poly;
  readonly micro: number;
  readonly unit: number;
  /** names the position in keys of remembered values */
  readonly tag: string;
}
export interface Range {
  readonly lo: Poly;
  readonly hi: Poly;
  /** an upper bound of hi - lo, free of block positions: what scratch memory is made for */
  readonly size: Poly;
  /** the numbers of elements that occur, where they are known */
  readonly sizes?: readonly number[];
}
/** Which register of the register tile: offsets by axis, relative to the bindings. */
export type Offsets = ReadonlyMap<Axis, number>;
export const origin: Offsets = new Map();

/** A value in scratch or shared memory. */
export interface Buffer {
  storage: Storage;
  readonly axes: readonly Axis[];
  readonly dtype: Dtype;
  /** index of the first element, by axis */
  readonly first: readonly Poly[];
  form: Form;
  ready: boolean;
}
/** Something that a stage computes and stores. */
export interface Sink {
  readonly name: string;
  readonly value: Node;
  readonly axes: readonly Axis[];
  readonly form: Form;
  readonly dtype: Dtype;
  /** kept in a buffer for later use inside the kernel */
  readonly kept?: Buffer;
  /** a tensor that the kernel reads as well: whoever reads it comes first */
  readonly overwrites?: Tensor;
  /** indices of which those outside write nothing */
  readonly checks: readonly Check[];
  /** gathered indices of a scatter: outside is an error */
  readonly strict?: readonly Check[];
  /** joins what is there, write by write in the order of the axes */
  readonly combine?: Combine;
  /**
   * Of a sink that joins: the axes along which writes may meet in an element. Along others each index writes elements of its own, so
   * that they may lie in lanes. With one meeting axis at most writes stay in order in register tiles too; with more there is neither.
   */
  readonly meeting?: readonly Axis[];
  /** where it is false nothing is written */
  readonly when?: Node;
  /** gathered indices */
  readonly gathers?: readonly Node[];
}

export class Lowering implements Tools {
  readonly kernel: Kernel;
  readonly schedule: Schedule;
  /** 32-bit elements in a vector */
  readonly lanes: Lanes;
  readonly names: Names;
  b!: Builder;
  readonly params: Param[] = [];
  private readonly paramIndex = new Map<Sym, number>();
  private readonly tensorBases = new Map<string, Sym>();
  private readonly fillBases = new Map<string, Sym>();
  private readonly poolBase = new Sym("pool");
  private readonly sharedBase = new Sym("shared");
  private scratchBase = new Sym("scratch");
  readonly pool: number[] = [];
  private readonly poolOffsets = new Map<string, number>();
  scratchBytes = Poly.zero;
  sharedBytes = Poly.zero;
  fillBytes: Poly;
  readonly stages: string[] = [];

  /** fused axes: each part as a polynomial over the whole */
  readonly substitution = new Map<Sym, Poly>();
  readonly fusedInto = new Map<Axis, Axis>();

  /** the grid after fusing */
  grid: readonly Axis[] = [];
  readonly bindings = new Map<Axis, Binding>();
  readonly ranges = new Map<Axis, Range>();
  readonly buffers = new Map<Node, Buffer>();
  readonly states = new Map<Fold, readonly Buffer[]>();
  /** of folds of which only a part is walked: where it begins, and how long it is unless the axis ends before */
  readonly folded = new Map<Fold, { readonly lo: Poly; readonly length: Poly }>();
  /** placed values whose loops are open: whoever computes one stores it */
  readonly pending = new Map<Node, Sink>();
  /** axes whose position is known to keep every index inside its tensor */
  readonly inside = new Set<Axis>();
  /** the axis in the vector lanes; undefined: registers are scalars */
  lane: Axis | undefined;
  /** may reductions put the reduced axis into lanes? not in the scalar rest of a vector loop */
  vector = true;
  /** how many of the lane axis's elements are left, in a loop whose last turn runs over the end */
  tail: { readonly count: Expr; readonly step: number; readonly isPart?: true } | undefined;
  /** inside a reduction over values that wait to be stored */
  reducing = false;
  readonly stored = new Set<Sink>();
  region!: Scope;
  private tags = 0;
  private readonly boundForms = new Map<string, Poly>();
  private readonly tensorStorage = new Map<Tensor, Storage>();
  /** loads that go through a table of row pointers */
  readonly pointerTables = new Map<Node, Buffer>();
  /** values that are read under other indices */
  readonly materialized = new Set<Node>();
  /** open loops of elements, and what they need that no step changes */
  readonly elementStates = new Map<Fold, ElementState>();
  readonly fixed = new Map<string, Expr>();
  /** what steps of elements compute: it has no place in memory */
  readonly inElements: ReadonlySet<Node>;
  /** tensors that were copied into another layout for this call */
  readonly copies = new Map<string, Storage>();

  /** whose code calls of intrinsics stand for */
  readonly code: "wasm" | "c";

  constructor(kernel: Kernel, schedule: Schedule, code: "wasm" | "c" = "wasm") {
    this.code = code;
    this.kernel = kernel;
    this.schedule = schedule;
    this.lanes = lanesOf(schedule);
    this.fillBytes = Poly.int(this.overrunBytes);
    this.names = namesOf(kernel);
    const scopes = foldsOf(kernel).some(f => f.cells) ? scopesOf(kernel) : undefined;
    this.inElements = new Set(scopes && this.names.values.filter(n => scopes.get(n)?.cells));
    for (const n of this.names.values)
      if (n.kind === "load" && !isTensor(n.tensor)) this.materialized.add(n.tensor.value);
  }

  // ---- parameters and constants

  /** Begins a function (params, block, scratch); returns its parameters. */
  startFunction(): readonly [params: Reg, block: Reg, scratch: Reg] {
    const regs = [newReg("i32", "params"), newReg("i32", "block"), newReg("i32", "scratch")] as const;
    this.b = new Builder(this.schedule.maxPointers, s => this.loadParameter(s, regs[0]));
    this.scratchBase = new Sym("scratch");
    this.b.bind(this.scratchBase, regs[2]);
    this.region = this.b.root;
    return regs;
  }
  readonly blockSizes: BlockSize[] = [];
  /** The size of an axis's blocks as a word of the call. */
  blockSize(axis: string, unit: number): Poly {
    const sym = new Sym(`block.${axis}`);
    this.blockSizes.push({ sym, axis, unit });
    return Poly.sym(sym).mul(unit);
  }
  private loadParameter(s: Sym, params: Reg): Reg {
    let index = this.paramIndex.get(s);
    if (index === undefined) index = this.addParameter(s, { kind: "symbol", sym: s });
    const at: Address = { pointer: read(params), offset: index * 4 };
    return this.b.set({ kind: "load", op: "i32", at }, s.name);
  }
  private addParameter(s: Sym, p: Param): number {
    const index = this.params.push(p) - 1;
    this.paramIndex.set(s, index);
    return index;
  }
  private base(table: Map<string, Sym>, key: string, param: Param): Poly {
    let s = table.get(key);
    if (!s) {
      s = new Sym(key);
      table.set(key, s);
      this.addParameter(s, param);
    }
    return Poly.sym(s);
  }
  tensorBase(name: string): Poly {
    return this.base(this.tensorBases, name, { kind: "tensor", name });
  }
  fillBase(dtype: Dtype, value: number): Poly {
    return this.base(this.fillBases, `fill ${dtype} ${value}`, { kind: "fill", dtype, value });
  }
  storageOf(t: Tensor): Storage {
    let s = this.copies.get(t.name) ?? this.tensorStorage.get(t);
    if (!s) {
      const layout = t.layout ?? this.schedule.layouts[t.name];
      s = { ...layoutOf(t.dtype, t.dims, layout), base: this.tensorBase(t.name) };
      this.tensorStorage.set(t, s);
    }
    return s;
  }

  /** Scratch memory of the thread. */
  allocate(bytes: Poly): Poly {
    const at = this.scratchBytes;
    this.scratchBytes = at.add(bytes).add(SLACK_BYTES);
    return Poly.sym(this.scratchBase).add(at);
  }
  /** Code with values in scratch of its own: what comes after it knows none of them, and uses the memory again. */
  apart(body: () => void): void {
    const [buffers, states, before] = [new Map(this.buffers), new Map(this.states), this.scratchBytes];
    body();
    this.freed = opaque("max", this.freed, this.scratchBytes);
    this.scratchBytes = before;
    this.buffers.clear();
    for (const [n, b] of buffers) this.buffers.set(n, b);
    this.states.clear();
    for (const [f, b] of states) this.states.set(f, b);
  }
  /** the most scratch that code apart has used */
  freed = Poly.zero;
  /** Memory of the call, seen by all threads. */
  allocateShared(bytes: Poly): Poly {
    if (!this.paramIndex.has(this.sharedBase)) this.addParameter(this.sharedBase, { kind: "shared" });
    const at = this.sharedBytes;
    this.sharedBytes = at.add(bytes).add(SLACK_BYTES);
    return Poly.sym(this.sharedBase).add(at);
  }

  /** what the longest masked turn, four vectors, may read behind the end of a row */
  get overrunBytes(): number {
    return 4 * 4 * this.lanes;
  }
  /** what `f` gives for each lane of a vector */
  eachLane<T>(f: (lane: number) => T): T[] {
    return Array.from({ length: this.lanes }, (_, i) => f(i));
  }
  /** A vector's lanes from the pool, in a register of the current function: a constant inside a hot loop costs up to 3×. */
  words(bits: readonly number[]): Expr {
    if (bits.every(x => x === 0)) return zeroVector;
    const key = bits.join();
    let offset = this.poolOffsets.get(key);
    if (offset === undefined) {
      offset = this.pool.push(...bits) * 4 - 4 * this.lanes;
      this.poolOffsets.set(key, offset);
    }
    if (!this.paramIndex.has(this.poolBase)) this.addParameter(this.poolBase, { kind: "pool" });
    return this.b.memo(this.b.function(), `pool${offset}`, () => {
      const at: Address = { pointer: this.b.int(Poly.sym(this.poolBase)), offset };
      return read(this.b.set({ kind: "load", op: "v128", at }, "k"));
    });
  }
  word(bits: number): Expr {
    return this.words(this.eachLane(() => bits | 0));
  }
  keep(e: Expr): Expr {
    return this.b.keep(e);
  }
  /** a constant in the form of the current registers */
  constant(dtype: Dtype, value: number | bigint): Expr {
    if (this.lane) return this.word(laneBits(dtype, value));
    const type = registerType[dtype];
    if (type === "i64") return scalar(type, BigInt(value));
    return type === "i32" ? int(Number(value) | 0) : scalar(type, Number(value));
  }

  /** Is this the only place in the kernel that asks for the value? */
  isUsedOnce(n: Node, user: Node): boolean {
    this.users ??= usersOf(this.kernel);
    const users = this.users.get(n);
    return users?.length === 1 && users[0] === user;
  }
  private users: ReadonlyMap<Node, readonly (Node | undefined)[]> | undefined;

  // ---- axes

  /** the axes over which a value's loops run: fused ones instead of their parts */
  axes(n: { readonly axes: readonly Axis[] }): readonly Axis[] {
    return this.fusedInto.size === 0 ? n.axes : [...new Set(n.axes.map(a => this.fusedInto.get(a) ?? a))];
  }
  /** the axes that an index varies over, those of gathered values included: these name the parts of fused axes */
  axesIn(p: Poly): readonly Axis[] {
    return this.axes({ axes: axesOf(this.fused(p)) });
  }
  /** does an index hold a gathered value that varies along the axis? */
  gathersAlong(p: Poly, a: Axis): boolean {
    return gathersIn(p).some(n => this.axes(n).includes(a));
  }
  range(a: Axis): Range {
    return this.ranges.get(a) ?? { lo: Poly.zero, hi: a.extent, size: a.extent };
  }
  bind(a: Axis, pos: Poly, micro = 1, unit = 1): void {
    const tag = pos.isConst ? `=${pos.constant}` : `@${this.tags++}`;
    this.bindings.set(a, { pos, micro, unit, tag });
  }
  position(a: Axis, offs: Offsets): Poly {
    const x = this.bindings.get(a);
    invariant(x, `axis ${a.name} has no position in kernel ${this.kernel.name}`);
    return x.pos.add(offs.get(a) ?? 0);
  }
  /** identifies the register of the tile among values that vary over these axes */
  offsetKey(axes: readonly Axis[], offs: Offsets): string {
    let k = this.lane && axes.includes(this.lane) ? "v" : this.lane ? "u" : "s";
    for (let i = 0; i < axes.length; i++) k += `${this.bindings.get(axes[i]!)!.tag}+${offs.get(axes[i]!) ?? 0},`;
    return k;
  }
  /** the outermost scope that knows all these axes, not outside the region */
  homeOf(axes: readonly Axis[]): Scope {
    let h = this.region;
    for (const a of axes) {
      const o = this.b.home(this.bindings.get(a)!.pos);
      if (o.depth > h.depth) h = o;
    }
    return h;
  }
  /** the outermost scope that knows all these axes: for what reads no scratch memory */
  freeHomeOf(axes: readonly Axis[]): Scope {
    let h = this.b.root;
    for (const a of axes) {
      const o = this.b.home(this.bindings.get(a)!.pos);
      if (o.depth > h.depth) h = o;
    }
    return h;
  }
  /** with lanes off: a register is one element */
  scalarly<T>(f: () => T): T {
    const was = this.lane;
    this.lane = undefined;
    try {
      return f();
    } finally {
      this.lane = was;
    }
  }
  atLane(offs: Offsets, i: number): Offsets {
    return new Map(offs).set(this.lane!, (offs.get(this.lane!) ?? 0) + i);
  }

  // ---- addresses

  fused(p: Poly): Poly {
    return this.substitution.size === 0 ? p : p.subst(s => this.substitution.get(s));
  }
  /** gathered indices are values: the walker over tile IR puts its function here */
  gather!: (n: Node, offs: Offsets) => Poly;
  /** asks for memory that a reduction will need; targets that can not have no function for it */
  askAhead: typeof askAhead | undefined;

  at(p: Poly, offs: Offsets): Poly {
    return p.subst(s => {
      if (s.def?.op === "value") return this.gather(s.def.node as Node, offs);
      const a = axisOf(s);
      return a && this.bindings.has(a) ? this.position(a, offs) : undefined;
    });
  }
  form(st: Storage, index: readonly Poly[], base: Poly, include?: (dim: number) => boolean): Form {
    const form = formOf(
      st,
      index.map(p => this.fused(p)),
      base,
      include,
    );
    return { ...form, axes: this.axes(form) };
  }
  /** an index as a form: what its position is, is remembered */
  indexForm(index: Poly): Form {
    return { id: newFormId(), linear: this.fused(index), axes: this.axesIn(index) };
  }
  /** the address of a form at the current positions */
  addressOf(form: Form, offs: Offsets): Poly {
    const key = `${form.id}${this.offsetKey(form.axes, offs)}`;
    let p = this.boundForms.get(key);
    if (!p) {
      p = this.moved(form, offs) ?? this.at(form.linear, offs);
      if (form.block) p = p.add(blockOffset(form.block, this.at(form.block.index, offs), q => this.b.alignment(q)));
      this.boundForms.set(key, p);
    }
    return p;
  }
  /** The address at the tile's first register moved by strides: cheaper than to substitute again. */
  private moved(form: Form, offs: Offsets): Poly | undefined {
    let by = Poly.zero;
    for (const a of form.axes) {
      const n = offs.get(a);
      if (!n) continue;
      const stride = strideAlong(form, a);
      if (!stride) return undefined;
      by = by.add(stride.mul(n));
    }
    if (by.isZero) return undefined;
    const key = `${form.id}${this.offsetKey(form.axes, origin)}`;
    let first = this.boundForms.get(`${key}linear`);
    if (!first) {
      first = this.at(form.linear, origin);
      this.boundForms.set(`${key}linear`, first);
    }
    return first.add(by);
  }
  /** bytes from one lane to the next; undefined: lanes must be addressed one by one */
  laneStep(form: Form, offs: Offsets): Poly | undefined {
    const lane = this.lane!;
    if (!form.axes.includes(lane)) return Poly.zero;
    if (this.gathersAlong(form.linear, lane)) return undefined;
    const linear = form.linear.coef(lane.sym);
    if (!linear || !form.block) return linear;
    const { index, size, elementBytes } = form.block;
    const inBlock = index.coef(lane.sym);
    if (!inBlock) return undefined;
    if (inBlock.isZero) return linear;
    // the lanes of a vector stay inside one panel when they start at a multiple of their number
    const start = this.at(index, offs);
    const aligned = size % this.lanes === 0 && this.b.alignment(start) % this.lanes === 0;
    return aligned && inBlock.isConst && inBlock.constant === 1 ? linear.add(elementBytes) : undefined;
  }
}

/** Of each value those that it is an operand of, as often as it is one; what a kernel stores or a fold hands on has a user without a node. */
function usersOf(kernel: Kernel): ReadonlyMap<Node, readonly (Node | undefined)[]> {
  const users = new Map<Node, (Node | undefined)[]>();
  const use = (n: Node, by: Node | undefined): void => {
    const known = users.get(n);
    if (known) known.push(by);
    else users.set(n, [by]);
  };
  for (const n of nodesOf(kernel)) for (const c of children(n)) use(c, n);
  for (const f of foldsOf(kernel)) for (const n of [...f.init, ...f.next]) use(n, undefined);
  for (const s of storesOf(kernel)) for (const n of rootsOfStore(s)) use(n, undefined);
  return users;
}

const strides = new WeakMap<Form, Map<Axis, Poly | undefined>>();
/** bytes from one index of an axis to the next; undefined where they are not the same everywhere, or are gathered */
function strideAlong(form: Form, a: Axis): Poly | undefined {
  let known = strides.get(form);
  if (!known) {
    known = new Map();
    strides.set(form, known);
  }
  if (!known.has(a)) {
    const gathers = form.linear.terms.some(t => t.s.some(s => s.def?.op === "value"));
    const stride = gathers ? undefined : form.linear.coef(a.sym);
    known.set(a, stride && axesOf(stride).length === 0 ? stride : undefined);
  }
  return known.get(a);
}

const floatBits = new Float32Array(1);
const wordBits = new Int32Array(floatBits.buffer);
/** A constant's bits in a lane. */
export function laneBits(dtype: Dtype, value: number | bigint): number {
  if (dtype === "bool") return value ? -1 : 0;
  if (registerType[dtype] !== "f32") return Number(value) | 0;
  floatBits[0] = Number(value);
  return wordBits[0]!;
}
