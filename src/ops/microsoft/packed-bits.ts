// Weights of 2, 4 or 8 bits that lie packed in bytes, the first in the lowest bits.
import { opaque, Poly } from "../../ir/poly.js";
import type { AnyTile } from "../../tile/index.js";
import { literal } from "../../tile/index.js";
import { indexTile } from "../index-tiles.js";
import type { ReferenceTensor } from "../operator.js";

/** The element at `position` of a row of packed ones, as i32 in 0 … 2^bits − 1; `read` gives the byte at an index of the row. */
export function unpacked(bits: number, position: Poly, read: (byte: Poly) => AnyTile): AnyTile {
  if (bits === 8) return read(position).cast("i32");
  const perByte = Poly.int(8 / bits);
  const byte = read(opaque("div", position, perByte)).cast("i32");
  const shift = indexTile(opaque("mod", position, perByte).mul(bits));
  return byte.shr(shift).and(literal("i32", 2 ** bits - 1));
}

/** Element `part` of one byte, which is an i32. */
export function unpackedFrom(byte: AnyTile, bits: number, part: number | AnyTile): AnyTile {
  if (bits === 8) return byte;
  const shift = typeof part === "number" ? literal("i32", part * bits) : part.mul(bits);
  const moved = part === 0 ? byte : byte.shr(shift);
  return moved.and(literal("i32", 2 ** bits - 1));
}

/** The same on numbers; `row` is where the row of bytes begins. */
export const unpackedNumber = ({ data }: ReferenceTensor, bits: number, row: number, position: number): number => {
  const perByte = 8 / bits;
  return (Number(data[row + Math.floor(position / perByte)]) >> ((position % perByte) * bits)) & (2 ** bits - 1);
};
