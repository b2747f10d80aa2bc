// Loop IR → bodies of WebAssembly functions. Sections, types, imports and tables are the assembler's business (module.ts).
import type { Expr, ExprOf, Func, Reg, Stmt, StmtOf, Type } from "../../lower/cpu/loop.js";
import { outlined } from "../../lower/cpu/loop-walk.js";
import {
  halfShifts,
  halfSums,
  isPacking,
  isWidening,
  loadCodes,
  opcodes,
  packingStores,
  storeCodes,
  typeByte,
  widenings,
} from "./opcodes.js";
import { remainderFunction } from "./remainder.js";

export interface EmitFeatures {
  /** without it a·b + c takes two instructions and two roundings */
  readonly relaxedSimd: boolean;
}

/** A function that waits for its place in a module. */
export interface EmittedFunction {
  readonly name: string;
  readonly params: readonly Type[];
  /** kernels have none */
  readonly results: readonly Type[];
  /** functions that it calls, as positions in the list that `emitFunctions` returned */
  readonly calls: readonly number[];
  /** An entry of the code section, size prefix included. `indexOf` gives the module's function index for a position in the list. */
  code(indexOf: (position: number) => number): Uint8Array;
}
export interface EmittedFunctions {
  readonly functions: readonly EmittedFunction[];
  /** the position of each given function; its signature is (params: i32, block: i32, scratch: i32) → () if it is a kernel's phase */
  readonly entries: readonly number[];
}

/** Collects functions with all that they outline, each a list entry; memory 0 is imported or defined by the module. */
export class FunctionList implements EmittedFunctions {
  readonly functions: EmittedFunction[] = [];
  readonly entries: number[] = [];
  readonly #features: EmitFeatures;
  #remainder: number | undefined;
  constructor(features: EmitFeatures) {
    this.#features = features;
  }
  add(funcs: readonly Func[]): void {
    for (const f of funcs) {
      const group = outlined(f).map(g => ({ g, body: new FunctionBody(g, this.#features) }));
      if (group.some(({ body }) => body.calls.some(c => c.callee === REMAINDER)))
        this.#remainder ??= this.#addRemainder();
      const first = this.functions.length;
      const position = (callee: Callee): number => (callee === REMAINDER ? this.#remainder! : first + callee);
      for (const { g, body } of group) this.functions.push(emitted(g, body, position));
      this.entries.push(this.functions.length - 1);
    }
  }
  /** one for all kernels of a module */
  #addRemainder(): number {
    const { code, ...signature } = remainderFunction();
    return this.functions.push({ ...signature, calls: [], code: () => code }) - 1;
  }
}
export function emitFunctions(funcs: readonly Func[], features: EmitFeatures): EmittedFunctions {
  const list = new FunctionList(features);
  list.add(funcs);
  return list;
}

/** A function of the group that outlining made, or the one that computes remainders of floats. */
type Callee = number | typeof REMAINDER;
const REMAINDER = "f64.rem";

function emitted(f: Func, body: FunctionBody, position: (callee: Callee) => number): EmittedFunction {
  return {
    name: f.name,
    params: f.params.map(p => p.type),
    results: [],
    calls: body.calls.map(c => position(c.callee)),
    code: indexOf => body.bytes(c => indexOf(position(c))),
  };
}

export function pushUnsigned(out: number[], value: number): void {
  let n = value >>> 0;
  while (n > 127) {
    out.push((n & 127) | 128);
    n >>>= 7;
  }
  out.push(n);
}
export function pushSigned(out: number[], value: number): void {
  let n = value | 0;
  while (n < -64 || n > 63) {
    out.push((n & 127) | 128);
    n >>= 7;
  }
  out.push(n & 127);
}
function pushSigned64(out: number[], value: bigint): void {
  let n = BigInt.asIntN(64, value);
  while (n < -64n || n > 63n) {
    out.push(Number(n & 127n) | 128);
    n >>= 7n;
  }
  out.push(Number(n & 127n));
}

const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const LOCAL_TEE = 0x22;
const SELECT = 0x1b;
const END = 0x0b;
const UNREACHABLE = 0x00;
const EMPTY_BLOCK = 0x40;

/** Encodes one function; calls are left open until indices are known. */
class FunctionBody {
  readonly calls: { readonly at: number; readonly callee: Callee }[] = [];
  private readonly out: number[] = [];
  private readonly locals = new Map<Reg, number>();
  /** types of the locals behind the parameters, in order */
  private readonly types: Type[] = [];
  private readonly params: number;
  private readonly features: EmitFeatures;

  constructor(f: Func, features: EmitFeatures) {
    this.features = features;
    this.params = f.params.length;
    for (const r of f.params) this.locals.set(r, this.locals.size);
    for (const s of f.body) this.stmt(s);
  }

  bytes(indexOf: (callee: Callee) => number): Uint8Array {
    const head: number[] = [];
    const groups = grouped(this.types);
    pushUnsigned(head, groups.length);
    for (const [type, count] of groups) {
      pushUnsigned(head, count);
      head.push(typeByte[type]);
    }
    const called = this.calls.map(({ at, callee }) => {
      const bytes = [0x10];
      pushUnsigned(bytes, indexOf(callee));
      return { at, bytes };
    });
    const length = called.reduce((n, c) => n + c.bytes.length, head.length + this.out.length + 1);
    const size: number[] = [];
    pushUnsigned(size, length);
    const code = new Uint8Array(size.length + length);
    code.set(size);
    code.set(head, size.length);
    let to = size.length + head.length;
    let from = 0;
    for (const { at, bytes } of called) {
      while (from < at) code[to++] = this.out[from++]!;
      code.set(bytes, to);
      to += bytes.length;
    }
    while (from < this.out.length) code[to++] = this.out[from++]!;
    code[to] = END;
    return code;
  }

  private local(r: Reg): number {
    let i = this.locals.get(r);
    if (i === undefined) {
      i = this.newLocal(r.type);
      this.locals.set(r, i);
    }
    return i;
  }
  private newLocal(type: Type): number {
    return this.params + this.types.push(type) - 1;
  }
  private withLocal(code: number, local: number): void {
    // most locals are one byte
    if (local < 128) this.out.push(code, local);
    else {
      this.out.push(code);
      pushUnsigned(this.out, local);
    }
  }
  private instruction(opcode: readonly [prefix: number, code: number]): void {
    if (opcode[0]) {
      this.out.push(opcode[0]);
      pushUnsigned(this.out, opcode[1]);
    } else this.out.push(opcode[1]);
  }
  /** alignment hint 0: natural alignment is not promised, and no engine we know uses the hint */
  private memory(offset: number): void {
    if (offset < 128) this.out.push(0, offset);
    else {
      this.out.push(0);
      pushUnsigned(this.out, offset);
    }
  }

  private expr(e: Expr): void {
    (this.exprs[e.kind] as (e: Expr) => void)(e);
  }
  private stmt(s: Stmt): void {
    (this.stmts[s.kind] as (s: Stmt) => void)(s);
  }

  private readonly exprs: { readonly [K in Expr["kind"]]: (e: ExprOf<K>) => void } = {
    reg: e => this.withLocal(LOCAL_GET, this.local(e.reg)),
    const: e => this.constant(e),
    zero: () => {
      this.instruction([0xfd, 0x0c]);
      for (let i = 0; i < 16; i++) this.out.push(0);
    },
    op: e => {
      for (const a of e.args) this.expr(a);
      if (e.op === "f32x4.madd" || e.op === "f32x4.nmadd") this.madd(e.op === "f32x4.nmadd");
      else if (e.op === REMAINDER) this.calls.push({ at: this.out.length, callee: REMAINDER });
      else if (e.op === "i32x4.dot_i16x8_add_s") this.dotPairs();
      else if (e.op === "i32x4.dot_u8x16_i8x16_add") this.dotQuads("signed");
      else if (e.op === "i32x4.dot_i8x16_i7x16_add") this.dotSmallBytes(false);
      else if (e.op === "sums.dot_i8x16_i7x16_add") this.dotSmallBytes(true);
      else if (e.op === "i32x4.of_sums") this.ofSums();
      else if (e.op === "i32x4.nearest_f32x4_s") this.nearest();
      else this.instruction(opcodes[e.op]);
      if (e.lane !== undefined) this.out.push(e.lane);
    },
    select: e => {
      this.expr(e.yes);
      this.expr(e.no);
      this.expr(e.condition);
      this.out.push(SELECT);
    },
    load: e => {
      this.expr(e.at.pointer);
      this.instruction(loadCodes[isWidening(e.op) ? "v128.zero32" : e.op]);
      this.memory(e.at.offset);
      if (isWidening(e.op)) for (const widen of Object.values(widenings[e.op])) this.instruction(widen);
    },
    loadLane: e => {
      this.expr(e.at.pointer);
      this.expr(e.vector);
      this.instruction([0xfd, 0x56]);
      this.memory(e.at.offset);
      this.out.push(e.lane);
    },
    given: e => {
      for (const a of e.args) this.expr(a);
      if (!("bytes" in e.code)) throw new Error("code of another target is in the loop IR of WebAssembly");
      this.out.push(...e.code.bytes);
    },
    shuffle: e => {
      this.expr(e.args[0]);
      this.expr(e.args[1]);
      this.instruction([0xfd, 0x0d]);
      for (const lane of e.lanes) for (let b = 0; b < 4; b++) this.out.push(lane * 4 + b);
    },
  };

  /** Arguments a, b, c are on the stack: a·b + c, or c - a·b. */
  private madd(negated: boolean): void {
    if (this.features.relaxedSimd) {
      this.instruction([0xfd, negated ? 0x106 : 0x105]);
      return;
    }
    this.maddTemporary ??= this.newLocal("v128");
    const c = this.maddTemporary;
    this.withLocal(LOCAL_SET, c);
    this.instruction(opcodes["f32x4.mul"]);
    if (negated) this.instruction(opcodes["f32x4.neg"]);
    this.withLocal(LOCAL_GET, c);
    this.instruction(opcodes["f32x4.add"]);
  }
  private maddTemporary: number | undefined;
  /** A pointer and a vector are on the stack. */
  private packed(op: keyof typeof packingStores, offset: number): void {
    const [packs, store] = packingStores[op];
    this.packTemporary ??= this.newLocal("v128");
    const both = this.packTemporary;
    for (const pack of packs) {
      this.withLocal(LOCAL_TEE, both);
      this.withLocal(LOCAL_GET, both);
      this.instruction(opcodes[pack]);
    }
    this.instruction(storeCodes[store]);
    this.memory(offset);
    this.out.push(0);
  }
  private packTemporary: number | undefined;
  /** An accumulator and two vectors of halves are on the stack. */
  private dotPairs(): void {
    this.instruction([0xfd, 0xba]);
    this.instruction(opcodes["i32x4.add"]);
  }

  /** An accumulator, signed bytes and bytes below 128 are on the stack; sums of halves stay as they are in relaxed SIMD, else they are words. */
  private dotSmallBytes(short: boolean): void {
    if (!this.features.relaxedSimd) {
      this.dotQuads("unsigned");
      return;
    }
    this.instruction(halfSums.dot_i8x16_i7x16_s);
    if (!short) this.instruction(halfSums.extadd_pairwise_s);
    this.instruction(short ? halfSums.add : opcodes["i32x4.add"]);
  }
  private nearest(): void {
    this.instruction(opcodes["f32x4.nearest"]);
    this.instruction(opcodes["i32x4.trunc_sat_f32x4_s"]);
  }
  private ofSums(): void {
    if (this.features.relaxedSimd) this.instruction(halfSums.extadd_pairwise_s);
  }

  /**
   * An accumulator and two vectors of bytes are on the stack, the one of `last` above. Even bytes and odd ones become halves: the instruction of
   * relaxed SIMD for bytes takes seven bits of one side.
   */
  private dotQuads(last: "signed" | "unsigned"): void {
    this.quadTemporaries ??= [this.newLocal("v128"), this.newLocal("v128")];
    const [unsigned, signed] = this.quadTemporaries;
    const shifted = (by: "shl" | "shr_s" | "shr_u"): void => {
      this.out.push(0x41, 8);
      this.instruction(halfShifts[by]);
    };
    this.withLocal(LOCAL_SET, last === "signed" ? signed : unsigned);
    this.withLocal(LOCAL_SET, last === "signed" ? unsigned : signed);
    for (const part of ["even", "odd"])
      for (const [local, shift] of [
        [unsigned, "shr_u"],
        [signed, "shr_s"],
      ] as const) {
        this.withLocal(LOCAL_GET, local);
        if (part === "even") shifted("shl");
        shifted(shift);
        if (local === signed) this.dotPairs();
      }
  }
  private quadTemporaries: readonly [number, number] | undefined;

  private constant(e: ExprOf<"const">): void {
    switch (e.type) {
      case "i32":
        this.out.push(0x41);
        pushSigned(this.out, Number(e.value));
        break;
      case "i64":
        this.out.push(0x42);
        pushSigned64(this.out, BigInt(e.value));
        break;
      case "f32":
        this.out.push(0x43, ...new Uint8Array(new Float32Array([Number(e.value)]).buffer));
        break;
      case "f64":
        this.out.push(0x44, ...new Uint8Array(new Float64Array([Number(e.value)]).buffer));
    }
  }

  private readonly stmts: { readonly [K in Stmt["kind"]]: (s: StmtOf<K>) => void } = {
    set: s => {
      this.expr(s.value);
      this.withLocal(LOCAL_SET, this.local(s.reg));
    },
    store: s => {
      this.expr(s.at.pointer);
      this.expr(s.value);
      if (isPacking(s.op)) {
        this.packed(s.op, s.at.offset);
        return;
      }
      this.instruction(storeCodes[s.op]);
      this.memory(s.at.offset);
      if (s.lane !== undefined) this.out.push(s.lane);
    },
    for: s => this.loop(s),
    if: s => {
      this.expr(s.condition);
      this.out.push(0x04, EMPTY_BLOCK);
      for (const t of s.yes) this.stmt(t);
      if (s.no.length) {
        this.out.push(0x05);
        for (const t of s.no) this.stmt(t);
      }
      this.out.push(END);
    },
    // there is no instruction for it
    ahead: () => {},
    storePart: () => {
      throw new Error("partial stores are calls before they are emitted");
    },
    outline: () => {
      throw new Error("outlined blocks are functions before they are emitted");
    },
    trap: s => {
      this.expr(s.condition);
      this.out.push(0x04, EMPTY_BLOCK, UNREACHABLE, END);
    },
    call: s => {
      for (const r of s.args) this.withLocal(LOCAL_GET, this.local(r));
      this.calls.push({ at: this.out.length, callee: s.callee });
    },
  };

  /** tested at the bottom; the last start is computed once */
  private loop(s: StmtOf<"for">): void {
    const counter = this.local(s.counter);
    const last = this.newLocal("i32");
    this.expr({ kind: "op", op: "i32.sub", args: [s.limit, { kind: "const", type: "i32", value: s.step }] });
    this.withLocal(LOCAL_SET, last);
    this.withLocal(LOCAL_GET, counter);
    this.withLocal(LOCAL_GET, last);
    this.instruction(opcodes["i32.le_s"]);
    this.out.push(0x04, EMPTY_BLOCK, 0x03, EMPTY_BLOCK);
    for (const t of s.body) this.stmt(t);
    this.withLocal(LOCAL_GET, counter);
    this.out.push(0x41);
    pushSigned(this.out, s.step);
    this.instruction(opcodes["i32.add"]);
    this.withLocal(LOCAL_TEE, counter);
    this.withLocal(LOCAL_GET, last);
    this.instruction(opcodes["i32.le_s"]);
    this.out.push(0x0d, 0, END, END);
  }
}

/** runs of equal types, as the format wants locals declared */
function grouped(types: readonly Type[]): [Type, number][] {
  const out: [Type, number][] = [];
  for (const t of types) {
    const last = out.at(-1);
    if (last?.[0] === t) last[1]++;
    else out.push([t, 1]);
  }
  return out;
}
