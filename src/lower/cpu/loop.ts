// Loop IR: what every CPU emitter consumes. Registers are mutable and typed; an address is a pointer plus a constant offset.
// It knows nothing of tiles, axes or tensors. Operations are named and defined as in WebAssembly (loop-ops.ts), whose vectors have four
// lanes; code that was lowered for more (schedule.lanes) means the same operations on as many, and "v128" a vector of that width.
import type { OpName } from "./loop-ops.js";
import { ops } from "./loop-ops.js";

/** bytes that come from memory together */
export const LINE_BYTES = 64;

export type Type = "i32" | "i64" | "f32" | "f64" | "v128";
export type ScalarType = Exclude<Type, "v128">;

export interface Reg {
  readonly id: number;
  readonly type: Type;
  readonly name: string;
}
/** Effective address: pointer + offset, 0 ≤ offset < 64 KiB. Lowering fills the pointer in when the loop that moves it closes. */
export interface Address {
  pointer: Expr;
  readonly offset: number;
}
/** How memory becomes a register: the element's bytes, and what happens to them. some read narrow elements into 32-bit lanes. */
export type LoadOp =
  | "i32"
  | "i64"
  | "f32"
  | "f64"
  | "i32.8s"
  | "i32.8u"
  | "i32.16s"
  | "i32.16u"
  | "v128"
  | "v128.splat32"
  | "v128.8x4s"
  | "v128.8x4u"
  | "v128.16x4s"
  | "v128.16x4u";
/** "v128.8x4s" and its kin store the low bytes of each 32-bit lane side by side; every lane is in range of what is stored. */
export type StoreOp =
  | "i32"
  | "i64"
  | "f32"
  | "f64"
  | "i32.8"
  | "i32.16"
  | "v128"
  | "v128.lane8"
  | "v128.lane16"
  | "v128.lane32"
  | "v128.lane64"
  | "v128.8x4s"
  | "v128.8x4u"
  | "v128.16x4s"
  | "v128.16x4u";

export type Expr =
  | { readonly kind: "reg"; readonly reg: Reg }
  | { readonly kind: "const"; readonly type: ScalarType; readonly value: number | bigint }
  /** all 128 bits zero; other vector constants come from the pool in memory, since a constant in a hot loop costs up to 3× */
  | { readonly kind: "zero" }
  /** `lane` is the immediate of extract_lane and replace_lane */
  | { readonly kind: "op"; readonly op: OpName; readonly args: readonly Expr[]; readonly lane?: number }
  | { readonly kind: "select"; readonly type: Type; readonly condition: Expr; readonly yes: Expr; readonly no: Expr }
  | { readonly kind: "load"; readonly op: LoadOp; readonly at: Address }
  /** one 32-bit lane of `vector` replaced from memory */
  | { readonly kind: "loadLane"; readonly lane: number; readonly vector: Expr; readonly at: Address }
  /** 32-bit lanes of the two arguments, the first one's first */
  | { readonly kind: "shuffle"; readonly lanes: readonly number[]; readonly args: readonly [Expr, Expr] }
  /** code of one target that its author wrote: bytes of WebAssembly behind the arguments, or C around them (numbers stand for arguments) */
  | {
      readonly kind: "given";
      readonly type: Type;
      readonly args: readonly Expr[];
      readonly code: { readonly bytes: readonly number[] } | { readonly c: readonly (string | number)[] };
    };
export type ExprOf<K extends Expr["kind"]> = Extract<Expr, { kind: K }>;

export type Stmt =
  | { readonly kind: "set"; readonly reg: Reg; readonly value: Expr }
  | { readonly kind: "store"; readonly op: StoreOp; readonly at: Address; readonly value: Expr; readonly lane?: number }
  /** the first `bytes` bytes of a vector: all 16 from 16 on, none up to 0 */
  | { readonly kind: "storePart"; readonly at: Address; readonly value: Expr; readonly bytes: Expr }
  /** this line of memory (LINE_BYTES) will be needed: nothing for targets that can't ask, and no access where it is outside */
  | { readonly kind: "ahead"; readonly at: Address }
  /** while (counter + step ≤ limit) { body; counter += step }; the counter survives, so that pieces chain */
  | {
      readonly kind: "for";
      readonly counter: Reg;
      readonly limit: Expr;
      readonly step: number;
      readonly body: readonly Stmt[];
    }
  | { readonly kind: "if"; readonly condition: Expr; readonly yes: readonly Stmt[]; readonly no: readonly Stmt[] }
  /** becomes a function of its own; registers that it reads from outside become parameters, none may be written */
  | { readonly kind: "outline"; readonly name: string; readonly body: readonly Stmt[] }
  /** `callee` counts from the start of the group of functions that outlining made */
  | { readonly kind: "call"; readonly callee: number; readonly args: readonly Reg[] }
  /** if the condition holds, the run fails with "bounds": nothing behind it in its function is done */
  | { readonly kind: "trap"; readonly condition: Expr };
export type StmtOf<K extends Stmt["kind"]> = Extract<Stmt, { kind: K }>;

export interface Func {
  readonly name: string;
  readonly params: readonly Reg[];
  readonly body: readonly Stmt[];
}

let registers = 0;
export const newReg = (type: Type, name: string): Reg => ({ id: registers++, type, name });
export const read = (reg: Reg): Expr => ({ kind: "reg", reg });
export const int = (value: number): Expr => ({ kind: "const", type: "i32", value });
export const scalar = (type: ScalarType, value: number | bigint): Expr => ({ kind: "const", type, value });
export const zeroVector: Expr = { kind: "zero" };
export const op = (name: OpName, ...args: Expr[]): Expr => ({ kind: "op", op: name, args });
export const laneOp = (name: OpName, lane: number, ...args: Expr[]): Expr => ({ kind: "op", op: name, args, lane });
export const select = (type: Type, condition: Expr, yes: Expr, no: Expr): Expr => ({
  kind: "select",
  type,
  condition,
  yes,
  no,
});

const intValue = (e: Expr): number | undefined =>
  e.kind === "const" && e.type === "i32" ? Number(e.value) : undefined;
/** i32 arithmetic of addresses and counters, folded where both sides are known */
export function add(a: Expr, b: Expr): Expr {
  const x = intValue(a);
  const y = intValue(b);
  if (x !== undefined && y !== undefined) return int((x + y) | 0);
  if (x === 0) return b;
  return y === 0 ? a : op("i32.add", a, b);
}
export function sub(a: Expr, b: Expr): Expr {
  const y = intValue(b);
  return y === undefined ? op("i32.sub", a, b) : add(a, int(-y | 0));
}
export function mul(a: Expr, b: Expr): Expr {
  const x = intValue(a);
  const y = intValue(b);
  if (x !== undefined && y !== undefined) return int(Math.imul(x, y));
  if (x === 1) return b;
  if (y === 1) return a;
  if (y !== undefined && y > 1 && (y & (y - 1)) === 0) return op("i32.shl", a, int(31 - Math.clz32(y)));
  return op("i32.mul", a, b);
}
/** the smaller or larger of two signed i32; the arguments are written twice and must be registers or constants */
export const lesser = (a: Expr, b: Expr): Expr => select("i32", op("i32.lt_s", a, b), a, b);
export const larger = (a: Expr, b: Expr): Expr => select("i32", op("i32.lt_s", a, b), b, a);

/** of the register that an operation on memory reads or fills: its name begins with it */
export const memoryType = (name: LoadOp | StoreOp): Type =>
  (name.startsWith("v128") ? "v128" : name.slice(0, 3)) as Type;
export function typeOf(e: Expr): Type {
  switch (e.kind) {
    case "reg":
      return e.reg.type;
    case "const":
    case "select":
    case "given":
      return e.type;
    case "op":
      return ops[e.op].result;
    case "load":
      return memoryType(e.op);
    default:
      return "v128";
  }
}
