// Loop IR → C functions. Every kernel works on one memory with 32-bit addresses, as in WebAssembly; its operations are the
// inline functions of prelude.ts. Not here: files, compilers, how a kernel is called.
import type { Address, Expr, ExprOf, Func, LoadOp, Reg, Stmt, StmtOf, StoreOp, Type } from "../../lower/cpu/loop.js";
import { outlined } from "../../lower/cpu/loop-walk.js";
import type { Accumulation } from "./accumulations.js";
import { accumulationOf, advanceOf, countReads, movedPointers, sumsOf, withOperands } from "./accumulations.js";

/** The functions of one entry, callees first, as C text that belongs in one file. */
export interface EmittedKernel {
  /** the C name of the entry: void (char *memory, i32 params, i32 block, i32 scratch) */
  readonly entry: string;
  readonly text: string;
  readonly functions: number;
}

const ctypes: Readonly<Record<Type, string>> = { i32: "i32", i64: "i64", f32: "f32", f64: "f64", v128: "V" };
const identifier = (name: string): string => name.replace(/\W+/g, "_");

/** `number` counts the entries of a program: it makes names distinct, and a trap tells it. `registers` hold vectors. */
export function emitKernel(f: Func, number: number, registers: number): EmittedKernel {
  const group = outlined(f, { partialStores: "kept" });
  const names = group.map((g, i) => `k${number}_${i}_${identifier(g.name)}`);
  const last = group.length - 1;
  const text = group.map((g, i) => new FunctionText(g, names, i, number, registers).text()).join("\n");
  return { entry: names[last]!, text, functions: group.length };
}

class FunctionText {
  readonly #func: Func;
  /** of the group's functions, which calls count from its start */
  readonly #names: readonly string[];
  readonly #index: number;
  /** of the entry, by which a trap names its kernel */
  readonly #number: number;
  /** how many vectors the processor holds, where they are few */
  readonly #few: number | undefined;
  readonly #reads: ReadonlyMap<Reg, number>;
  /** kept as 64 bits, of which the upper half is zero */
  readonly #pointers: ReadonlySet<Reg>;
  readonly #sums: ReadonlySet<Reg>;
  readonly #registers = new Map<Reg, string>();
  readonly #lines: string[] = [];
  #loops = 0;

  constructor(func: Func, names: readonly string[], index: number, number: number, registers: number) {
    this.#func = func;
    this.#number = number;
    this.#names = names;
    this.#index = index;
    this.#few = registers < 32 ? registers : undefined;
    this.#reads = this.#few ? countReads(func.body) : new Map();
    this.#sums = this.#few ? sumsOf(func.body) : new Set();
    this.#pointers = this.#few ? movedPointers(func) : new Set();
  }
  text(): string {
    const params = this.#func.params.map(p => `${ctypes[p.type]} ${this.#register(p)}`);
    this.#block(this.#func.body);
    const own = [...this.#registers].slice(params.length);
    const declared = own.map(([r, name]) => `${this.#pointers.has(r) ? "u64" : ctypes[r.type]} ${name};`).join(" ");
    const isEntry = this.#index === this.#names.length - 1;
    const linkage = isEntry ? "" : "static __attribute__((noinline)) ";
    const head = `${linkage}void ${this.#names[this.#index]}(${["char *memory", ...params].join(", ")}) {`;
    return `${head}\n${declared}\n${this.#lines.join("\n")}\n}`;
  }
  #register(r: Reg): string {
    let name = this.#registers.get(r);
    if (!name) {
      name = `${identifier(r.name)}_${this.#registers.size}`;
      this.#registers.set(r, name);
    }
    return name;
  }
  #at({ pointer, offset }: Address): string {
    if (this.#isPointer(pointer)) return `(memory + ${this.#address(pointer)} + ${offset})`;
    return `AT(${this.#expr(pointer)}, ${offset})`;
  }
  #isPointer(e: Expr): boolean {
    return e.kind === "reg" && this.#pointers.has(e.reg);
  }
  /** 64 bits, of which the upper half is zero */
  #address(e: Expr): string {
    return this.#isPointer(e) ? this.#register((e as ExprOf<"reg">).reg) : `(u64)(u32)(${this.#expr(e)})`;
  }
  #expr(e: Expr): string {
    return (this.#exprs[e.kind] as (e: Expr) => string)(e);
  }
  #stmt(s: Stmt): void {
    (this.#stmts[s.kind] as (s: Stmt) => void)(s);
  }
  #block(body: readonly Stmt[]): void {
    if (this.#few === undefined) {
      for (const s of body) this.#stmt(s);
      return;
    }
    for (const s of withOperands(body, this.#reads, this.#few)) {
      const accumulation = accumulationOf(s);
      if (accumulation) this.#accumulate(accumulation);
      else this.#stmt(s);
    }
  }
  /** the instruction itself, in the form that adds to its sum: compilers take others, and copy or spill sums then */
  #accumulate({ op, sum, factors: [a, b] }: Accumulation): void {
    const [x, y] = isVectorLoad(a) && !isVectorLoad(b) ? [b, a] : [a, b];
    const name = op === "f32x4.madd" ? "ACCUMULATE" : "ACCUMULATE_PAIRS";
    const place = isVectorLoad(y)
      ? `_LOAD(${this.#register(sum)}, ${this.#expr(x)}, ${this.#address(y.at.pointer)}, ${y.at.offset})`
      : `(${this.#register(sum)}, ${this.#expr(x)}, ${this.#expr(y)})`;
    this.#push(`${name}${place};`);
  }

  readonly #exprs: { readonly [K in Expr["kind"]]: (e: ExprOf<K>) => string } = {
    reg: e => (this.#pointers.has(e.reg) ? `(i32)${this.#register(e.reg)}` : this.#register(e.reg)),
    const: e => constant(e),
    zero: () => "(V){0}",
    op: e => {
      const args = e.args.map(a => this.#expr(a));
      if (e.lane !== undefined) args.push(String(e.lane));
      return `${cname(e.op)}(${args.join(", ")})`;
    },
    select: e => `(${this.#expr(e.condition)} ? ${this.#expr(e.yes)} : ${this.#expr(e.no)})`,
    load: e => `load_${cname(e.op)}(${this.#at(e.at)})`,
    loadLane: e => `load_lane(${this.#expr(e.vector)}, ${e.lane}, ${this.#at(e.at)})`,
    given: e => {
      if (!("c" in e.code)) throw new Error("code of another target is in the loop IR of C");
      return e.code.c.map(x => (typeof x === "number" ? this.#expr(e.args[x]!) : x)).join("");
    },
    shuffle: e => `__builtin_shufflevector(${this.#expr(e.args[0])}, ${this.#expr(e.args[1])}, ${e.lanes.join(", ")})`,
  };
  readonly #stmts: { readonly [K in Stmt["kind"]]: (s: StmtOf<K>) => void } = {
    set: s => {
      const name = this.#register(s.reg);
      if (s.value.kind === "zero" && this.#sums.has(s.reg)) return this.#push(`CLEAR(${name});`);
      const pointer = this.#pointers.has(s.reg);
      this.#push(`${name} = ${pointer ? "(u32)" : ""}${this.#expr(s.value)};`);
      // else compilers replace the pointers of a loop by one and keep their distances in memory
      if (pointer && advanceOf(s)) this.#push(`OPAQUE(${name});`);
    },
    store: s => {
      const lane = s.lane === undefined ? "" : `, ${s.lane}`;
      this.#push(`store_${cname(s.op)}(${this.#at(s.at)}, ${this.#expr(s.value)}${lane});`);
    },
    storePart: s => this.#push(`store_part(${this.#at(s.at)}, ${this.#expr(s.value)}, ${this.#expr(s.bytes)});`),
    ahead: s => this.#push(`__builtin_prefetch(${this.#at(s.at)});`),
    for: s => this.#loop(s),
    if: s => {
      this.#push(`if (${this.#expr(s.condition)}) {`);
      this.#block(s.yes);
      if (s.no.length) {
        this.#push("} else {");
        this.#block(s.no);
      }
      this.#push("}");
    },
    outline: () => {
      throw new Error("outlined blocks are functions before they are emitted");
    },
    trap: s => this.#push(`if (${this.#expr(s.condition)}) { azulejo_trap(memory, ${this.#number}); return; }`),
    call: s => {
      const args = ["memory", ...s.args.map(r => this.#register(r))];
      this.#push(`${this.#names[s.callee]}(${args.join(", ")});`);
    },
  };
  /** tested at the bottom; the last start is computed once */
  #loop(s: StmtOf<"for">): void {
    const counter = this.#register(s.counter);
    const last = `last${this.#loops++}`;
    this.#push(`{ i32 ${last} = ${this.#expr(s.limit)} - ${s.step}; if (${counter} <= ${last}) do {`);
    this.#block(s.body);
    this.#push(`${counter} += ${s.step}; } while (${counter} <= ${last}); }`);
  }
  #push(line: string): void {
    this.#lines.push(line);
  }
}

const isVectorLoad = (e: Expr): e is ExprOf<"load"> => e.kind === "load" && e.op === "v128";

const cname = (name: string | LoadOp | StoreOp): string => name.replaceAll(".", "_");

const bits = new DataView(new ArrayBuffer(8));
function constant(e: ExprOf<"const">): string {
  switch (e.type) {
    case "i32":
      // the lowest number has no literal of its own
      return Number(e.value) === -(2 ** 31) ? "(-2147483647 - 1)" : `(${Number(e.value) | 0})`;
    case "i64":
      return `((i64)${BigInt.asUintN(64, BigInt(e.value))}ull)`;
    case "f32":
      bits.setFloat32(0, Number(e.value));
      return `f32_reinterpret_i32((i32)${bits.getUint32(0)}u)`;
    case "f64":
      bits.setFloat64(0, Number(e.value));
      return `f64_reinterpret_i64((i64)${bits.getBigUint64(0)}ull)`;
  }
}
