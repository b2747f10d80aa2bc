// Writes WebAssembly by hand: values as LEB128, instructions as nested byte lists that read like expressions, sections.
// Used for the driver and for small test kernels. Kernels have an emitter of their own; the two meet in module.ts.

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";
export const VALUE_TYPES: Readonly<Record<ValueType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

/** Instructions in order; nesting has no meaning of its own. */
export type Code = readonly (number | Code)[];

export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return bytes;
}

export function signed(value: number | bigint): number[] {
  const bytes: number[] = [];
  for (let rest = BigInt(value); ; ) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    const isLast = (rest === 0n && !(low & 0x40)) || (rest === -1n && (low & 0x40) !== 0);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}

/** A growing array of bytes. */
export class Bytes {
  #data = new Uint8Array(1024);
  #length = 0;
  get length(): number {
    return this.#length;
  }
  append(bytes: Uint8Array | readonly number[]): this {
    this.#grow(bytes.length);
    this.#data.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }
  code(code: Code): this {
    for (const item of code) {
      if (typeof item !== "number") this.code(item);
      else {
        this.#grow(1);
        this.#data[this.#length++] = item;
      }
    }
    return this;
  }
  toUint8Array(): Uint8Array {
    return this.#data.slice(0, this.#length);
  }
  #grow(more: number): void {
    if (this.#length + more <= this.#data.length) return;
    const larger = new Uint8Array(Math.max(this.#data.length * 2, this.#length + more));
    larger.set(this.#data);
    this.#data = larger;
  }
}

// ---- instructions ----

export interface Local {
  readonly index: number;
  readonly type: ValueType;
}
export const get = (local: Local): Code => [0x20, ...unsigned(local.index)];
export const set = (local: Local, value: Code): Code => [value, 0x21, ...unsigned(local.index)];
export const tee = (local: Local, value: Code): Code => [value, 0x22, ...unsigned(local.index)];

/** alignment is a hint; 4 bytes for all words here */
const at = (offset: number): number[] => [2, ...unsigned(offset)];
const binary =
  (opcode: number) =>
  (a: Code, b: Code): Code => [a, b, opcode];

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  load: (address: Code, offset = 0): Code => [address, 0x28, ...at(offset)],
  load8: (address: Code, offset = 0): Code => [address, 0x2d, 0, ...unsigned(offset)],
  store: (address: Code, value: Code, offset = 0): Code => [address, value, 0x36, ...at(offset)],
  eqz: (a: Code): Code => [a, 0x45],
  eq: binary(0x46),
  ne: binary(0x47),
  lessUnsigned: binary(0x49),
  atLeastUnsigned: binary(0x4f),
  add: binary(0x6a),
  sub: binary(0x6b),
  mul: binary(0x6c),
  and: binary(0x71),
  or: binary(0x72),
  shiftRightUnsigned: binary(0x76),
};
export const i64 = {
  const: (value: number | bigint): Code => [0x42, ...signed(value)],
  mul: binary(0x7e),
  extendUnsigned: (a: Code): Code => [a, 0xad],
};

/** Sequentially consistent operations on 32-bit words; read-modify-write ones give the old value. */
export const atomic = {
  notify: (address: Code, count: Code): Code => [address, count, 0xfe, 0x00, ...at(0)],
  /** 0 woken, 1 value differs, 2 timed out (nanoseconds; negative: never) */
  wait: (address: Code, expected: Code, timeout: Code = i64.const(-1)): Code => [
    address,
    expected,
    timeout,
    0xfe,
    0x01,
    ...at(0),
  ],
  load: (address: Code, offset = 0): Code => [address, 0xfe, 0x10, ...at(offset)],
  store: (address: Code, value: Code, offset = 0): Code => [address, value, 0xfe, 0x17, ...at(offset)],
  add: (address: Code, value: Code, offset = 0): Code => [address, value, 0xfe, 0x1e, ...at(offset)],
  and: (address: Code, value: Code, offset = 0): Code => [address, value, 0xfe, 0x2c, ...at(offset)],
  compareExchange: (address: Code, expected: Code, value: Code, offset = 0): Code => [
    address,
    expected,
    value,
    0xfe,
    0x48,
    ...at(offset),
  ],
};

export const block = (...body: Code[]): Code => [0x02, 0x40, body, 0x0b];
export const loop = (...body: Code[]): Code => [0x03, 0x40, body, 0x0b];
export const when = (condition: Code, then: Code, otherwise: Code = []): Code => [
  condition,
  0x04,
  0x40,
  then,
  otherwise.length ? [0x05, otherwise] : [],
  0x0b,
];
/** leaves `depth` blocks, or starts the loop at that depth again */
export const branch = (depth: number): Code => [0x0c, ...unsigned(depth)];
export const branchIf = (depth: number, condition: Code): Code => [condition, 0x0d, ...unsigned(depth)];
export const giveBack = (...values: Code[]): Code => [values, 0x0f];
export const drop = (value: Code): Code => [value, 0x1a];
export const unreachable: Code = [0x00];
export const call = (functionIndex: number, ...values: Code[]): Code => [values, 0x10, ...unsigned(functionIndex)];
/** calls entry `index` of table 0, whose type must be `typeIndex` */
export const callIndirect = (typeIndex: number, index: Code, ...values: Code[]): Code => [
  values,
  index,
  0x11,
  ...unsigned(typeIndex),
  0,
];

// ---- functions ----

export interface Signature {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}
export interface AssembledFunction extends Signature {
  readonly name: string;
  /** entry of the code section: size, declarations of locals, instructions, `end` */
  readonly code: Uint8Array;
}

type Locals<Names extends string> = Readonly<Record<Names, ValueType>>;

/** Writes one function; `write` gets every parameter and local by its name. */
export function assembleFunction<P extends string, L extends string = never>(
  name: string,
  shape: { readonly params: Locals<P>; readonly locals?: Locals<L>; readonly results?: readonly ValueType[] },
  write: (locals: Readonly<Record<P | L, Local>>) => Code,
): AssembledFunction {
  const params = Object.entries<ValueType>(shape.params);
  const locals = Object.entries<ValueType>(shape.locals ?? ({} as Locals<L>));
  const byName = Object.fromEntries(
    [...params, ...locals].map(([key, type], index) => [key, { index, type }]),
  ) as Record<P | L, Local>;
  const declarations = [...unsigned(locals.length), ...locals.flatMap(([, type]) => [1, VALUE_TYPES[type]])];
  const body = new Bytes().append(declarations).code(write(byName)).append([0x0b]).toUint8Array();
  const code = new Bytes().append(unsigned(body.length)).append(body).toUint8Array();
  return { name, params: params.map(([, type]) => type), results: shape.results ?? [], code };
}

// ---- sections ----

const encoder = (text: string): number[] => {
  const bytes: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0)!;
    if (point < 0x80) bytes.push(point);
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), 0x80 | (point & 63));
    else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
    else bytes.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 63), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
  }
  return bytes;
};
/** length and UTF-8 bytes */
export function text(value: string): number[] {
  const bytes = encoder(value);
  return [...unsigned(bytes.length), ...bytes];
}
export const vector = (items: readonly (readonly number[])[]): Code => [...unsigned(items.length), items];
export const functionType = ({ params, results }: Signature): number[] => [
  0x60,
  ...unsigned(params.length),
  ...params.map(type => VALUE_TYPES[type]),
  ...unsigned(results.length),
  ...results.map(type => VALUE_TYPES[type]),
];

export const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  export: 7,
  element: 9,
  code: 10,
} as const;

export function section(id: number, content: Bytes): Bytes {
  return new Bytes().append([id, ...unsigned(content.length)]).append(content.toUint8Array());
}
export const MODULE_HEADER: readonly number[] = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
