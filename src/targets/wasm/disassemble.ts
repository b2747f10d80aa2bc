// Bodies of WebAssembly functions as text, one instruction a line, for `azulejo explain --stage code`. Knows what emit.ts writes; anything else is
// shown as bytes. Names are those of the specification's text format.
import { loadCodes, opcodes, storeCodes, typeByte, widenings } from "./opcodes.js";

type Immediate =
  | "none"
  | "index"
  | "memory"
  | "memory lane"
  | "lane"
  | "i32"
  | "i64"
  | "f32"
  | "f64"
  | "bytes"
  | "block";
interface Instruction {
  readonly name: string;
  readonly immediate: Immediate;
}

const key = (prefix: number, code: number): number => prefix * 1024 + code;

const control: readonly (readonly [code: number, name: string, immediate: Immediate])[] = [
  [0x00, "unreachable", "none"],
  [0x02, "block", "block"],
  [0x03, "loop", "block"],
  [0x04, "if", "block"],
  [0x05, "else", "none"],
  [0x0b, "end", "none"],
  [0x0c, "br", "index"],
  [0x0d, "br_if", "index"],
  [0x0f, "return", "none"],
  [0x10, "call", "index"],
  [0x1a, "drop", "none"],
  [0x1b, "select", "none"],
  [0x20, "local.get", "index"],
  [0x21, "local.set", "index"],
  [0x22, "local.tee", "index"],
  [0x41, "i32.const", "i32"],
  [0x42, "i64.const", "i64"],
  [0x43, "f32.const", "f32"],
  [0x44, "f64.const", "f64"],
];
const vector: readonly (readonly [code: number, name: string, immediate: Immediate])[] = [
  [0x0c, "v128.const", "bytes"],
  [0x0d, "i8x16.shuffle", "bytes"],
  [0x56, "v128.load32_lane", "memory lane"],
  [0xba, "i32x4.dot_i16x8_s", "none"],
  [0x105, "f32x4.relaxed_madd", "none"],
  [0x106, "f32x4.relaxed_nmadd", "none"],
];

/** The emitter's words for loads and stores: type, then how much of it. */
const accessName = (op: string, verb: "load" | "store"): string => {
  const [type, part] = op.split(".");
  const text = part?.replace(/^(\d+)([su])$/, "$1_$2").replace(/^(\d+x\d+)([su])$/, "$1_$2");
  if (text === undefined) return `${type}.${verb}`;
  return `${type}.${verb}${text
    .replace(/^splat(\d+)$/, "$1_splat")
    .replace(/^zero(\d+)$/, "$1_zero")
    .replace(/^lane(\d+)$/, "$1_lane")}`;
};

let table: Map<number, Instruction> | undefined;

/** Made on first use: nobody pays for it who never looks at code. */
function instructions(): Map<number, Instruction> {
  if (table !== undefined) return table;
  table = new Map();
  for (const [name, [prefix, code]] of Object.entries(opcodes)) {
    table.set(key(prefix, code), { name, immediate: /_lane/.test(name) ? "lane" : "none" });
  }
  for (const [op, [prefix, code]] of Object.entries(loadCodes)) {
    table.set(key(prefix, code), { name: accessName(op, "load"), immediate: "memory" });
  }
  for (const [op, [prefix, code]] of Object.entries(storeCodes)) {
    const immediate = op.includes("lane") ? "memory lane" : "memory";
    table.set(key(prefix, code), { name: accessName(op, "store"), immediate });
  }
  for (const widening of Object.values(widenings))
    for (const [name, [prefix, code]] of Object.entries(widening))
      table.set(key(prefix, code), { name, immediate: "none" });
  for (const [code, name, immediate] of control) table.set(key(0, code), { name, immediate });
  for (const [code, name, immediate] of vector) table.set(key(0xfd, code), { name, immediate });
  return table;
}

/** One entry of a code section, size first, as `ModuleFunction.code` gives it: its locals, then its instructions, indented by nesting. */
export function disassemble(entry: Uint8Array): string {
  const reader = new Reader(entry);
  reader.unsigned();
  const lines = [`locals ${locals(reader)}`];
  for (let depth = 0; !reader.done; ) {
    const start = reader.at;
    const instruction = readInstruction(reader);
    if (instruction === undefined) {
      lines.push(`bytes ${reader.restFrom(start)}`);
      break;
    }
    const { name, text } = instruction;
    if (name === "end" || name === "else") depth--;
    // The end of the function closes nothing that is shown.
    if (depth >= 0) lines.push(`${"  ".repeat(depth)}${text}`);
    if (name === "else" || name === "block" || name === "loop" || name === "if") depth++;
  }
  return lines.join("\n");
}

/** Numbers by type: the declarations themselves follow the order in which the emitter needed registers. */
function locals(reader: Reader): string {
  const names = new Map(Object.entries(typeByte).map(([name, code]) => [code, name]));
  const types: string[] = [];
  for (let groups = reader.unsigned(); groups > 0; groups--) {
    const count = reader.unsigned();
    const type = names.get(reader.byte()) ?? "unknown";
    for (let i = 0; i < count; i++) types.push(type);
  }
  return countTypes(types);
}

/** `74 i32, 24 v128` */
export function countTypes(types: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const type of types) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].map(([type, count]) => `${count} ${type}`).join(", ") || "none";
}

function readInstruction(reader: Reader): { name: string; text: string } | undefined {
  const first = reader.byte();
  const prefixed = first === 0xfc || first === 0xfd;
  const found = instructions().get(prefixed ? key(first, reader.unsigned()) : key(0, first));
  if (found === undefined) return undefined;
  const { name, immediate } = found;
  return { name, text: `${name}${immediates[immediate](reader)}` };
}

function memory(reader: Reader): string {
  reader.unsigned(); // the alignment hint
  const offset = reader.unsigned();
  return offset === 0 ? "" : ` offset=${offset}`;
}

const immediates: Readonly<Record<Immediate, (reader: Reader) => string>> = {
  none: () => "",
  index: reader => ` ${reader.unsigned()}`,
  memory,
  "memory lane": reader => `${memory(reader)} ${reader.byte()}`,
  lane: reader => ` ${reader.byte()}`,
  i32: reader => ` ${reader.signed()}`,
  i64: reader => ` ${reader.signed()}`,
  f32: reader => ` ${new DataView(reader.take(4).buffer).getFloat32(0, true)}`,
  f64: reader => ` ${new DataView(reader.take(8).buffer).getFloat64(0, true)}`,
  bytes: reader => ` ${[...reader.take(16)].join(" ")}`,
  block: reader => (reader.byte() === 0x40 ? "" : " (with a result)"),
};

class Reader {
  at = 0;
  readonly #bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }
  get done(): boolean {
    return this.at >= this.#bytes.length;
  }
  byte(): number {
    return this.#bytes[this.at++] ?? 0;
  }
  /** a copy, so that its buffer begins with it */
  take(length: number): Uint8Array {
    this.at += length;
    return this.#bytes.slice(this.at - length, this.at);
  }
  unsigned(): number {
    return Number(BigInt.asUintN(64, this.#leb128().value));
  }
  signed(): bigint {
    const { value, bits, negative } = this.#leb128();
    return negative ? value - (1n << bits) : value;
  }
  restFrom(start: number): string {
    this.at = this.#bytes.length;
    return Array.from(this.#bytes.subarray(start), byte => byte.toString(16).padStart(2, "0")).join(" ");
  }
  #leb128(): { value: bigint; bits: bigint; negative: boolean } {
    let [value, bits] = [0n, 0n];
    for (;;) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << bits;
      bits += 7n;
      if (byte < 0x80) return { value, bits, negative: (byte & 0x40) !== 0 };
    }
  }
}
