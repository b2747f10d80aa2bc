// Intrinsics with code for every target, in stores, folds, reductions and indices.
import { f32, f64, fold, grid, i32, intrinsic, kernel, u32, zeros } from "../../src/author/index.js";

/** x between 0 and 6, NaN where x is */
export const clip6 = intrinsic({ x: "f32" }, ({ x }) => x.maximum(0).minimum(6), {
  name: "clip6",
  wasm: { vector: ["f32x4.min", ["f32x4.max", "x", 0], 6], scalar: ["f32.min", ["f32.max", "x", 0], 6] },
  c: "f32_min(f32_max({x}, 0.0f), 6.0f)",
  wgsl: "clamp({x}, 0.0, 6.0)",
});
/** bits in which two words are alike */
export const alike = intrinsic({ a: "u32", b: "u32" }, ({ a, b }) => a.xor(b).xor(0xffffffff), {
  name: "alike",
  wasm: { vector: ["v128.not", ["v128.xor", "a", "b"]] },
  c: "~({a} ^ {b})",
  wgsl: "~({a} ^ {b})",
});
/** half of the sum, rounded down, without overflow: as bytes that the compiler has no word for, and only in vectors */
export const larger = intrinsic({ a: "i32", b: "i32" }, ({ a, b }) => a.maximum(b), {
  name: "larger",
  wasm: { vector: { bytes: [0xfd, 0xb8, 1], of: ["a", "b"], gives: "v128" } },
  c: "({a} > {b} ? {a} : {b})",
});
/** what no vector of 32-bit lanes holds */
export const halved = intrinsic({ x: "f64" }, ({ x }) => x.mul(0.5), {
  name: "halved",
  wasm: { scalar: ["f64.mul", "x", 0.5] },
  c: "{x} * 0.5",
});

export const withIntrinsics = () =>
  kernel(
    { X: f32("M N"), A: u32("M N"), I: i32("N"), D: f64("M"), Y: f32("M N"), Z: f32("M"), B: u32("M N"), E: f64("M") },
    ({ X, A, I, D, Y, Z, B, E, M, N }) =>
      grid(M.tile(), m => {
        const n = N.all();
        const at = larger({ a: I.at(n), b: I.at(n).mul(0) });
        Y.at(m, n).set(clip6({ x: X.at(m, at).mul(3) }).add(1));
        B.at(m, n).set(alike({ a: A.at(m, n), b: A.at(m, n).shl(1) }));
        E.at(m).set(halved({ x: D.at(m) }));
        const [sum] = fold(
          N.tile("t"),
          [zeros("f32", m)] as const,
          (t, [s]) => [s.add(clip6({ x: X.at(m, t) }).sum(t))] as const,
          { merge: ([a], [b]) => [a.add(clip6({ x: b.sub(a) }).mul(0)).add(b)] as const },
        );
        Z.at(m).set(sum);
      }),
    { name: "withIntrinsics" },
  );
