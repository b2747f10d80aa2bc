// Numbers as text and back, for Cast on the host.
import type { Dtype } from "../ir/dtypes.js";
import { dtypes, isFloat } from "../ir/dtypes.js";
import { floatFromBits, floatToBits, isHalfFloat } from "../ir/float-bits.js";
import type { AnyTensor } from "../runtime/host-value.js";
import type { TensorArray } from "../runtime/tensor.js";
import { refuse } from "./checks.js";
import { text } from "./host-tensors.js";

export function asText(t: AnyTensor): AnyTensor {
  const { dtype, dims } = t;
  if (dtype === "string") return t;
  const write = (x: number | bigint): string => {
    if (dtype === "bool") return x ? "True" : "False";
    if (!isFloat(dtype)) return String(x);
    return floatText(isHalfFloat(dtype) ? floatFromBits(dtype, Number(x)) : Number(x), dtype);
  };
  return text(Array.from(t.data as ArrayLike<number | bigint>, write), dims);
}

/** The fewest digits that give the number back in its dtype. */
function floatText(x: number, dtype: Dtype): string {
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x < 0 ? "-INF" : "INF";
  if (dtype === "f64") return String(x);
  const same = (s: string): boolean =>
    isHalfFloat(dtype) ? floatToBits(dtype, Number(s)) === floatToBits(dtype, x) : Math.fround(Number(s)) === x;
  for (let digits = 1; digits <= 9; digits++) {
    const s = x.toPrecision(digits);
    if (same(s)) return String(Number(s));
  }
  return String(x);
}

type Arrays = Partial<Record<Dtype, { from(values: readonly (number | bigint)[]): TensorArray }>>;
const arrays = {
  f64: Float64Array,
  f32: Float32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  i32: Int32Array,
  u32: Uint32Array,
  i16: Int16Array,
  u16: Uint16Array,
  i8: Int8Array,
  u8: Uint8Array,
  bool: Uint8Array,
  f16: Uint16Array,
  bf16: Uint16Array,
} as unknown as Arrays;

/** @throws AzulejoError input where a text is no number */
export function fromText(op: string, node: { readonly name: string }, t: AnyTensor, dtype: Dtype): AnyTensor {
  const array = arrays[dtype];
  if (!array) refuse("operator-unsupported", op, node, `text does not become ${dtype} directly; cast to f32 first`);
  const values = Array.from(t.data as readonly string[], s => parsed(op, node, s.trim(), dtype));
  return { dtype, dims: t.dims, data: array.from(values) };
}

function parsed(op: string, node: { readonly name: string }, s: string, dtype: Dtype): number | bigint {
  const fail = (): never =>
    refuse("input", op, node, `${JSON.stringify(s)} is no ${dtype}; give texts that are numbers`);
  if (dtype === "bool") return /^(true|1)$/i.test(s) ? 1 : /^(false|0)$/i.test(s) ? 0 : fail();
  if (!isFloat(dtype)) {
    if (!/^[+-]?\d+$/.test(s)) fail();
    return dtypes[dtype].bytes === 8 ? BigInt(s) : Number(s);
  }
  const special = /^([+-]?)(?:inf(?:inity)?|(nan))$/i.exec(s);
  const x = special ? (special[2] ? Number.NaN : special[1] === "-" ? -Infinity : Infinity) : Number(s);
  if (s === "" || (Number.isNaN(x) && !special)) fail();
  return isHalfFloat(dtype) ? floatToBits(dtype, x) : x;
}
