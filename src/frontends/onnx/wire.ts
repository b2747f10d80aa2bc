// Cuts the large payloads out of a protobuf file before the library decodes the rest. Knows the wire format and which fields
// of ONNX nest or carry bulk data (https://protobuf.dev/programming-guides/encoding, onnx.proto); nothing of their meaning.
//
// The result is the same message with every long raw_data, float_data and double_data field replaced by a small unknown
// field that numbers an entry of `payloads`: the weights stay where they are, and no part of them is copied here.
import type { ByteSource } from "../../support/byte-source.js";
import { AzulejoError } from "../../support/errors.js";

export interface Payload {
  /** the TensorProto field that was cut out: 9 raw_data, 4 float_data, 10 double_data */
  readonly field: number;
  readonly offset: number;
  readonly length: number;
}
export interface Skeleton {
  readonly bytes: Uint8Array;
  readonly payloads: readonly Payload[];
}

/** Field number of the stand-in, above all that ONNX uses; its value is a fixed32, the index of the payload. */
export const payloadField = 20000;

type MessageKind = "model" | "graph" | "node" | "attribute" | "sparse" | "tensor";
/** fields that hold messages with tensors somewhere below */
const nested: Readonly<Record<MessageKind, Readonly<Record<number, MessageKind>>>> = {
  model: { 7: "graph" },
  graph: { 1: "node", 5: "tensor", 15: "sparse" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph" },
  sparse: { 1: "tensor", 2: "tensor" },
  tensor: {},
};
/** fields of TensorProto whose bytes are the elements, little-endian; float_data and double_data only when packed */
const bulk: ReadonlySet<number> = new Set([4, 9, 10]);
/** training_info: graphs that inference never reads */
const dropped: Readonly<Partial<Record<MessageKind, ReadonlySet<number>>>> = { model: new Set([20]) };

/** below this many bytes a message or payload is handed to the library as it is */
const smallBytes = 1024;
/** what is read at once: little behind a payload that was jumped over, twice as much each time that nothing was */
const chunkBytes = { first: 1 << 13, most: 1 << 18 };
/** the protobuf library's own limit */
const maxDepth = 100;

export async function skeleton(source: ByteSource): Promise<Skeleton> {
  const cursor = new Cursor(source);
  const out = new Output();
  const payloads: Payload[] = [];
  await copyMessage("model", source.size, 0, cursor, out, payloads);
  return { bytes: out.bytes, payloads };
}

async function copyMessage(
  kind: MessageKind,
  end: number,
  depth: number,
  cursor: Cursor,
  out: Output,
  payloads: Payload[],
): Promise<void> {
  if (depth > maxDepth) throw cursor.damaged(`messages nest deeper than ${maxDepth} levels`);
  while (cursor.position < end) {
    const start = cursor.position;
    if (!cursor.has(20)) await cursor.want(20);
    const tag = cursor.varint();
    const field = Math.floor(tag / 8);
    const wire = tag % 8;
    if (field === 0 || wire === 3 || wire === 4 || wire > 5)
      throw cursor.damaged(`field ${field} of the ${kind} has wire type ${wire}`);
    if (wire === 0) cursor.skipVarint();
    const length = wire === 2 ? cursor.varint() : wire === 1 ? 8 : wire === 5 ? 4 : 0;
    const body = cursor.position;
    if (body + length > end)
      throw cursor.damaged(`field ${field} of the ${kind} claims ${length} bytes, ${Math.max(0, end - body)} remain`);
    const child = wire === 2 ? nested[kind][field] : undefined;
    if (dropped[kind]?.has(field)) cursor.position = body + length;
    else if (length >= smallBytes && child) {
      const close = out.open(tag);
      await copyMessage(child, body + length, depth + 1, cursor, out, payloads);
      close();
    } else if (length >= smallBytes && kind === "tensor" && bulk.has(field)) {
      out.standIn(payloads.length);
      payloads.push({ field, offset: body, length });
      cursor.position = body + length;
    } else {
      cursor.position = start;
      out.append(await cursor.take(body + length - start));
    }
  }
}

/** A position in the source, with one chunk of it in memory. */
class Cursor {
  position = 0;
  readonly #source: ByteSource;
  #chunk: Uint8Array = new Uint8Array(0);
  #chunkStart = 0;
  #chunkBytes: number = chunkBytes.first;

  constructor(source: ByteSource) {
    this.#source = source;
  }
  /** are `length` bytes from the position, or all that are left, in memory? */
  has(length: number): boolean {
    const until = Math.min(this.position + length, this.#source.size);
    return this.position >= this.#chunkStart && until <= this.#chunkStart + this.#chunk.length;
  }
  async want(length: number): Promise<void> {
    if (this.has(length)) return;
    const goesOn = this.position <= this.#chunkStart + this.#chunk.length;
    this.#chunkBytes = goesOn ? Math.min(chunkBytes.most, 2 * this.#chunkBytes) : chunkBytes.first;
    const size = Math.min(Math.max(length, this.#chunkBytes), this.#source.size - this.position);
    this.#chunk = await this.#source.read(this.position, size);
    this.#chunkStart = this.position;
  }
  async take(length: number): Promise<Uint8Array> {
    await this.want(length);
    const at = this.position - this.#chunkStart;
    this.position += length;
    return this.#chunk.subarray(at, at + length);
  }
  /** the next varint within what `want` made available; more than 2^53 is refused: no length or tag is that large */
  varint(): number {
    let value = 0;
    for (let i = 0, scale = 1; i < 10; i++, scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
    }
    throw this.damaged("a length is not a number");
  }
  skipVarint(): void {
    for (let i = 0; i < 10; i++) if (this.#byte() < 128) return;
    throw this.damaged("an integer has more than 64 bits");
  }
  #byte(): number {
    const byte = this.#chunk[this.position - this.#chunkStart];
    if (byte === undefined) throw this.damaged("it ends in the middle of a field");
    this.position++;
    return byte;
  }
  damaged(what: string): AzulejoError {
    return new AzulejoError(
      "model-format",
      `${this.#source.name} is not a readable ONNX file: ${what}, at byte ${this.position} of ${this.#source.size}; it may be cut short: fetch or export it again`,
    );
  }
}

/** Growing bytes; lengths of open messages are patched when they close, as varints of always 5 bytes. */
class Output {
  #buffer: Uint8Array = new Uint8Array(1 << 16);
  #length = 0;

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }
  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }
  /** starts a nested message; the returned function ends it */
  open(tag: number): () => void {
    this.#varint(tag);
    const lengthAt = this.#length;
    this.#reserve(5);
    this.#length += 5;
    return () => {
      let length = this.#length - lengthAt - 5;
      for (let i = 0; i < 5; i++, length = Math.floor(length / 128))
        this.#buffer[lengthAt + i] = (length % 128) | (i < 4 ? 128 : 0);
    };
  }
  standIn(index: number): void {
    this.#varint(payloadField * 8 + 5);
    this.append(Uint8Array.of(index & 255, (index >> 8) & 255, (index >> 16) & 255, index >>> 24));
  }
  #varint(value: number): void {
    this.#reserve(5);
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#buffer[this.#length++] = (rest % 128) | 128;
    this.#buffer[this.#length++] = rest;
  }
  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(this.#buffer.length * 2, this.#length + more));
    larger.set(this.bytes);
    this.#buffer = larger;
  }
}
