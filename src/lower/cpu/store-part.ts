// The end of a row: a vector of which only the first bytes are stored. One function, called from every tail, instead of a chain of
// comparisons in each: tails were two fifths of a kernel's code.
import type { Func, Stmt, StmtOf } from "./loop.js";
import { add, int, newReg, op, read } from "./loop.js";

/** (pointer, vector, bytes) → (): all 16 bytes from 16 on, none up to 0 */
export function storePartFunc(): Func {
  const pointer = newReg("i32", "pointer");
  const value = newReg("v128", "value");
  const bytes = newReg("i32", "bytes");
  const at = () => ({ pointer: read(pointer), offset: 0 });
  const has = (n: number) => op("i32.and", read(bytes), int(n));
  /** what is stored goes, what is left moves to the front */
  const piece = (size: 8 | 4 | 2, name: "v128.lane64" | "v128.lane32" | "v128.lane16", rest: Stmt): Stmt => ({
    kind: "if",
    condition: has(size),
    yes: [
      { kind: "store", op: name, at: at(), value: read(value), lane: 0 },
      { kind: "set", reg: pointer, value: add(read(pointer), int(size)) },
      rest,
    ],
    no: [],
  });
  const front = (...lanes: number[]): Stmt => ({
    kind: "set",
    reg: value,
    value: { kind: "shuffle", lanes, args: [read(value), read(value)] },
  });
  const halfword: Stmt = { kind: "set", reg: value, value: op("i32x4.shr_u", read(value), int(16)) };
  const some: Stmt[] = [
    piece(8, "v128.lane64", front(2, 3, 2, 3)),
    piece(4, "v128.lane32", front(1, 2, 3, 3)),
    piece(2, "v128.lane16", halfword),
    {
      kind: "if",
      condition: has(1),
      yes: [{ kind: "store", op: "v128.lane8", at: at(), value: read(value), lane: 0 }],
      no: [],
    },
  ];
  const all: Stmt = { kind: "store", op: "v128", at: at(), value: read(value) };
  const body: Stmt = {
    kind: "if",
    condition: op("i32.ge_s", read(bytes), int(16)),
    yes: [all],
    no: [{ kind: "if", condition: op("i32.gt_s", read(bytes), int(0)), yes: some, no: [] }],
  };
  return { name: "storePart", params: [pointer, value, bytes], body: [body] };
}

/** A partial store as a call of that function, which is number `callee` of its group. */
export function callStorePart(s: StmtOf<"storePart">, callee: number): Stmt[] {
  const pointer = newReg("i32", "pointer");
  const value = newReg("v128", "value");
  const bytes = newReg("i32", "bytes");
  return [
    { kind: "set", reg: pointer, value: add(s.at.pointer, int(s.at.offset)) },
    { kind: "set", reg: value, value: s.value },
    { kind: "set", reg: bytes, value: s.bytes },
    { kind: "call", callee, args: [pointer, value, bytes] },
  ];
}
