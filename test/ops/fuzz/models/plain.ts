// Tensors of judges: addressed by index, not by strides, so that they share no arithmetic with what they judge.
import type { Dtype } from "../../../../src/ir/dtypes.js";
import { is64BitInteger } from "../../../../src/ir/dtypes.js";
import { onnxCodeOf } from "../../../../src/ops/onnx-dtypes.js";
import { sizeOf } from "../../../../src/ops/reference-tensors.js";
import type { AnyTensor } from "../../../../src/runtime/host-value.js";
import { toTensorData } from "../../../../src/testing/difference.js";
import type { TensorInit } from "../../../frontends/onnx-model.js";
import { elementType } from "../../../frontends/onnx-model.js";
import type { Random } from "../random.js";
import type { Flavour } from "../values.js";
import { valuesOf } from "../values.js";

export type Item = number | bigint | string;
export type ItemType = Dtype | "string";
/** Numbers as such, of 64-bit integers bigint; booleans are 0 and 1. */
export interface Plain {
  readonly dtype: ItemType;
  readonly dims: readonly number[];
  readonly data: readonly Item[];
}
export type Index = readonly number[];

export const plain = (dtype: ItemType, dims: readonly number[], data: readonly Item[]): Plain => ({
  dtype,
  dims,
  data: dtype !== "string" && is64BitInteger(dtype) ? data.map(BigInt) : data,
});

/** All indices of a tensor, the last axis innermost. */
export function indicesOf(dims: readonly number[]): Index[] {
  const [first, ...rest] = dims;
  if (first === undefined) return [[]];
  const inner = indicesOf(rest);
  return Array.from({ length: first }, (_, i) => inner.map(index => [i, ...index])).flat();
}
export const build = (dtype: ItemType, dims: readonly number[], element: (index: Index) => Item): Plain =>
  plain(dtype, dims, indicesOf(dims).map(element));
export function at({ dims, data }: Plain, index: Index): Item {
  if (index.length !== dims.length || index.some((i, axis) => !(i >= 0 && i < dims[axis]!)))
    throw new RangeError(`a judge reads [${index}] of a tensor of [${dims}]`);
  return data[index.reduce((sum, i, axis) => sum * dims[axis]! + i, 0)]!;
}
/** The places of an axis in this order. */
export const taken = (x: Plain, axis: number, places: readonly number[]): Plain =>
  build(x.dtype, x.dims.with(axis, places.length), index => at(x, index.with(axis, places[index[axis]!]!)));
export const flat = (x: Plain): Plain => ({ ...x, dims: [x.data.length] });
export const joined = (list: readonly Plain[], axis: number): Plain => {
  const places = list.flatMap((t, k) => Array.from({ length: t.dims[axis]! }, (_, i) => [k, i] as const));
  const [first] = list as [Plain];
  return build(first.dtype, first.dims.with(axis, places.length), index => {
    const [k, i] = places[index[axis]!]!;
    return at(list[k]!, index.with(axis, i));
  });
};

/** As run() takes it. */
export const hostTensor = ({ dtype, dims, data }: Plain): AnyTensor =>
  dtype === "string"
    ? { dtype, dims, data: data as readonly string[] }
    : toTensorData({ dtype, dims, data: data as readonly number[] });

export const codeOf = (dtype: ItemType): number => (dtype === "string" ? elementType.string : onnxCodeOf(dtype));

/** As a file holds it. */
export function tensorInit(name: string, t: Plain): TensorInit {
  const dims = t.dims.map(BigInt);
  if (t.dtype === "string")
    return { name, dims, dataType: codeOf(t.dtype), stringData: t.data.map(s => new TextEncoder().encode(String(s))) };
  const { buffer, byteOffset, byteLength } = hostTensor(t).data as unknown as Uint8Array;
  return { name, dims, dataType: codeOf(t.dtype), rawData: new Uint8Array(buffer, byteOffset, byteLength).slice() };
}

/** Texts of no, one and several code points, ASCII and beyond; some differ in case alone. */
const words = ["", "a", "b", "A", "ab", "Ab", "abc", "é", "É", "a b", " ", "日本", "😀", "x,y", "0", "-1", "3.5"];
export const word = (random: Random): string => random.pick(words);

export interface Content {
  readonly flavour?: Flavour;
  readonly range?: readonly [low: number, high: number];
}
export function drawPlain(
  random: Random,
  dtype: ItemType,
  dims: readonly number[],
  { flavour = "plain", range }: Content = {},
): Plain {
  if (dtype === "string")
    return plain(
      dtype,
      dims,
      random.list(sizeOf(dims), () => word(random)),
    );
  return plain(dtype, dims, valuesOf(random, { dtype, dims, ...(range ? { range } : {}) }, flavour));
}

export const numberTypes: readonly Dtype[] = [
  "f32",
  "f64",
  "f16",
  "i8",
  "i16",
  "i32",
  "i64",
  "u8",
  "u16",
  "u32",
  "u64",
];
export const movedTypes: readonly ItemType[] = [...numberTypes, "bf16", "bool", "string"];
