// Kernels over dtypes: arithmetic, comparisons, bit operations, conversions, accumulators.
import type { AnyTile, Dtype } from "../../src/tile/index.js";
import { bool, dot, f16, f32, grid, i8, i32, i64, tensor, u8, where } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";

/** Y = cast(X) */
export const cast = (from: Dtype, to: Dtype) =>
  kernel(
    { X: tensor(from, "N"), Y: tensor(to, "N") },
    ({ X, Y, N }) =>
      grid(N.tile(), i => {
        Y.at(i).set(X.at(i).cast(to));
      }),
    { name: `cast_${from}_${to}` },
  );

export type Binary =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "mod"
  | "rem"
  | "maximum"
  | "minimum"
  | "and"
  | "or"
  | "xor"
  | "shl"
  | "shr";
export const elementwise = (dtype: Dtype, op: Binary) =>
  kernel(
    { A: tensor(dtype, "N"), B: tensor(dtype, "N"), Y: tensor(dtype, "N") },
    ({ A, B, Y, N }) =>
      grid(N.tile(), i => {
        const a: AnyTile = A.at(i);
        Y.at(i).set(a[op](B.at(i)));
      }),
    { name: `${op}_${dtype}` },
  );
export type Comparison = "eq" | "ne" | "lt" | "le" | "gt" | "ge";
export const comparison = (dtype: Dtype, op: Comparison) =>
  kernel(
    { A: tensor(dtype, "N"), B: tensor(dtype, "N"), Y: bool("N") },
    ({ A, B, Y, N }) =>
      grid(N.tile(), i => {
        const a: AnyTile = A.at(i);
        Y.at(i).set(a[op](B.at(i)));
      }),
    { name: `${op}_${dtype}` },
  );

/** f16 in and out, f32 in between */
export const halfAxpy = () =>
  kernel(
    { A: f16("M N"), B: f16("N"), Y: f16("M N") },
    ({ A, B, Y, M, N }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        Y.at(m, n).set(A.at(m, n).cast("f32").mul(0.75).add(B.at(n).cast("f32")).cast("f16"));
      }),
    { name: "halfAxpy" },
  );
/** f16 operands, f32 accumulator */
export const halfMatmul = () =>
  kernel(
    { A: f16("M K"), B: f16("K N"), Y: f32("M N") },
    ({ A, B, Y, M, N, K }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const k = K.all();
        Y.at(m, n).set(dot(A.at(m, k), B.at(k, n), k));
      }),
    { name: "halfMatmul" },
  );
/** 8-bit operands, 32-bit accumulator, scaled back with rounding and saturation */
export const quantizedMatmul = () =>
  kernel(
    { A: i8("M K"), B: i8("K N"), Y: i8("M N") },
    ({ A, B, Y, M, N, K }) =>
      grid(M.tile(), N.tile(), (m, n) => {
        const k = K.all();
        const s = dot(A.at(m, k), B.at(k, n), k).cast("f32").mul(0.01).round();
        Y.at(m, n).set(s.maximum(-128).minimum(127).cast("i8"));
      }),
    { name: "quantizedMatmul" },
  );
/** bytes to floats: pixels of a picture */
export const normalize = () =>
  kernel(
    { X: u8("N C"), mean: f32("C"), Y: f32("C N") },
    ({ X, mean, Y, N, C }) =>
      grid(C.tile(), N.tile(), (c, n) => {
        Y.at(c, n).set(
          X.at(n, c)
            .cast("f32")
            .mul(1 / 255)
            .sub(mean.at(c)),
        );
      }),
    { name: "normalize" },
  );
/** 64-bit integers keep all their bits */
export const mix64 = () =>
  kernel(
    { X: i64("N"), Y: i64("N") },
    ({ X, Y, N }) =>
      grid(N.tile(), i => {
        const x = X.at(i).xor(X.at(i).shr(33n)).mul(-0x61c8864680b583ebn);
        Y.at(i).set(x.xor(x.shr(29n)).add(1n));
      }),
    { name: "mix64" },
  );
/** masks: and, or, not, select */
export const masks = () =>
  kernel(
    { A: bool("N"), B: bool("N"), X: i32("N"), Y: i32("N") },
    ({ A, B, X, Y, N }) =>
      grid(N.tile(), i => {
        const [a, b] = [A.at(i), B.at(i)];
        Y.at(i).set(where(a.and(b.not()).or(a.xor(b).and(X.at(i).gt(0))), X.at(i), X.at(i).neg()));
      }),
    { name: "masks" },
  );
