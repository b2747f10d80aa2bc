// Rows of one value that borders read instead of a tensor.
import { encode } from "../../graph/constants.js";
import { bytesOf } from "../../ir/dtypes.js";
import type { FillRow } from "./linked-program.js";

/** Address space for each row; pages that no border reads are never touched. */
export const FILL_ROW_BYTES = 4 << 20;

/** Memory is zero to begin with. */
export const isZero = ({ value }: FillRow): boolean => Object.is(value, 0);

export const fillRow = ({ dtype, value }: FillRow, byteLength: number): Uint8Array =>
  encode(dtype, [value], Math.ceil(byteLength / bytesOf(dtype)));
