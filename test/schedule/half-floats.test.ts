// 16-bit floats as CPUs take them: kernels before and after, as text.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../../src/ir/parse.js";
import { print } from "../../src/ir/print.js";
import { verify } from "../../src/ir/verify.js";
import { withHalfFloats } from "../../src/schedule/half-floats.js";
import { dot, f16, f32, grid, i32, where } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";

/** the text afterwards, of a kernel that is right and means the same to whoever reads it again */
function rewritten(made: { readonly ir: Parameters<typeof print>[0] }): string {
  const after = withHalfFloats(made.ir);
  verify(after);
  const text = print(after);
  // names of values go by kind and position once they are read again
  assert.equal(print(parse(print(parse(text)))), print(parse(text)));
  return text;
}
test("what is read, chosen and written is moved as bits, fills too", () => {
  const moved = kernel({ X: f16("R C"), Z: f16("R C"), At: i32("R"), Y: f16("R C") }, ({ X, Z, At, Y, R, C }) =>
    grid(R.tile(), C.tile(), (r, c) => {
      const picked = X.fill(0.5).at(At.at(r), c.add(-1));
      Y.at(r, c).set(where(At.at(r).gt(1), picked, where(c.lt(3), Z.at(r, c), -0)));
    }),
  );
  const text = rewritten(moved);
  assert.doesNotMatch(text, /f16/);
  for (const t of ["X", "Z", "Y"]) assert.match(text, new RegExp(`${t}: u16\\[`));
  assert.match(text, /14336/, "0.5");
  assert.match(text, /32768/, "−0");
});

test("whoever computes with halves reads halves", () => {
  const doubled = kernel({ X: f16("R"), Y: f16("R") }, ({ X, Y, R }) =>
    grid(R.tile(), r => Y.at(r).set(X.at(r).add(X.at(r)))),
  );
  const compared = kernel({ X: f16("R"), Y: f16("R") }, ({ X, Y, R }) =>
    grid(R.tile(), r => Y.at(r).set(where(X.at(r).gt(0), X.at(r), 0))),
  );
  const summed = kernel({ X: f16("R C"), At: i32("R"), Y: f16("N C") }, ({ X, At, Y, R, C }) =>
    grid(C.tile(), c => {
      const r = R.all();
      Y.at(At.at(r), c).accumulate(X.at(r, c), "add");
    }),
  );
  for (const k of [doubled, compared, summed]) assert.equal(rewritten(k), print(k.ir));
});

test("operands of products are casts, so that they may be kept as f32", () => {
  const product = kernel({ A: f16("M K"), B: f16("K N"), Y: f16("M N") }, ({ A, B, Y, M, N, K }) =>
    grid(M.tile(), N.tile(), (m, n) => {
      const k = K.all();
      Y.at(m, n).set(dot(A.at(m, k), B.at(k, n), k).cast("f16"));
    }),
  );
  const text = rewritten(product);
  assert.match(text, /dot0_a = cast\(A\[m, k\], f32\)/);
  assert.match(text, /dot0_b = cast\(B\[k, n\], f32\)/);
  assert.match(text, /dot\(dot0_a, dot0_b\) over k as f32/);
  const wide = kernel({ A: f32("M K"), B: f32("K N"), Y: f32("M N") }, ({ A, B, Y, M, N, K }) =>
    grid(M.tile(), N.tile(), (m, n) => {
      const k = K.all();
      Y.at(m, n).set(dot(A.at(m, k), B.at(k, n), k));
    }),
  );
  assert.equal(rewritten(wide), print(wide.ir));
});
