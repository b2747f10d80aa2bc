// What kernels are written with, for this project's own code too. What runs them is beside it, in tile-kernel.ts: whoever only records
// has no part of that in a bundle.
export { type DebugTile, debugText } from "../ir/debug-text.js";
export type { Dtype } from "../ir/dtypes.js";
export type { InterpretOptions, TensorArgument } from "../ir/evaluate/kernel.js";
export type { Intrinsic, IntrinsicCode, WasmCode, WasmType } from "../ir/intrinsic.js";
export type { Axis, Combine, Kernel, Tensor } from "../ir/tile.js";
export { type SizeCondition, type Verified, verify } from "../ir/verify.js";
export { cells } from "./cells.js";
export { type AnyRange, DimValue, dimOf, type Range, type Segmented, whole } from "./dim.js";
export type { EagerOptions } from "./eager.js";
export { type FoldOptions, fold } from "./fold.js";
export { type IntrinsicFunction, type IntrinsicOptions, intrinsic } from "./intrinsic.js";
export {
  bf16,
  bool,
  constant,
  type Environment,
  f4e2m1,
  f8e4m3fn,
  f8e4m3fnuz,
  f8e5m2,
  f8e5m2fnuz,
  f8e8m0,
  f16,
  f32,
  f64,
  grid,
  i2,
  i4,
  i8,
  i16,
  i32,
  i64,
  inPlace,
  type KernelOptions,
  type KernelParts,
  kernelOf,
  recordKernel,
  type Signature,
  type TensorWord,
  tensor,
  u2,
  u4,
  u8,
  u16,
  u32,
  u64,
} from "./kernel.js";
export { normal, randomBits, type Seed, uniform } from "./random.js";
export { type Join, reduce, type ScanOptions, type StartedScan, scan } from "./scan.js";
export {
  type Accumulate,
  type AnyIndex,
  type AnyTile,
  type AxesOf,
  dot,
  dotPairs,
  dotQuads,
  full,
  Index,
  indexOf,
  literal,
  lowest,
  maximum,
  minimum,
  SegmentIndex,
  Tile,
  type TileValues,
  tileOf,
  where,
  zeros,
} from "./tile.js";
export type { AccumulatorOf, FloatDtype, IntegerDtype, Literal } from "./types.js";
export { type IndexArgument, materialize, Place, store, View, type WriteOptions } from "./view.js";
