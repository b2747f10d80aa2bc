// checkKernel(): each mistake is planted once and found at its line; the library has none.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { IntrinsicCode, IntrinsicFunction } from "../../src/author/index.js";
import {
  dot,
  f16,
  f32,
  fold,
  grid,
  i8,
  i32,
  i64,
  inPlace,
  intrinsic,
  kernel,
  literal,
  scan,
  where,
  zeros,
} from "../../src/author/index.js";
import * as library from "../../src/kernels/index.js";
import { KernelSanitizer } from "../../src/sanitize/kernel-sanitizer.js";
import type { TensorArgument } from "../../src/tile/index.js";
import { checkKernel, type CheckKernelOptions, type Finding } from "../../src/testing/index.js";
import { nativeProblem } from "../../src/targets/c/native-problem.js";
import { gpuState } from "../../src/targets/webgpu/target.js";
import { intrinsicProblems } from "../../src/testing/check-intrinsic.js";
import { libraryKernels } from "../kernels/library.js";
import { withIntrinsics } from "../kernels/intrinsics.js";
import { isInTurn, LATER } from "../rotation.js";
import * as stage1 from "../kernels/stage1.js";

const targets = ["wasm"] as const;
const check = (k: Parameters<typeof checkKernel>[0], options: CheckKernelOptions = {}) =>
  checkKernel(k, { targets, ...options });

const lines = readFileSync(fileURLToPath(import.meta.url), "utf8").split("\n");
/** The one finding is of this kind and says this; its source is the line of this file that ends with the mark. */
function one(findings: readonly Finding[], kind: Finding["kind"], message: RegExp, mark?: string): void {
  assert.deepEqual(
    findings.map(f => f.kind),
    [kind],
    JSON.stringify(findings),
  );
  assert.match(findings[0]!.message, message);
  if (mark === undefined) return;
  const [, file, line] = /^(.*):(\d+)$/.exec(findings[0]!.source ?? "")!;
  assert.match(file!, /check-kernel\.test\.js$/);
  assert.match(lines[Number(line) - 1]!, new RegExp(`// ${mark}$`));
}

const ints = (...data: number[]) => ({ dtype: "i32", dims: [data.length], data: Int32Array.from(data) }) as const;
const floats = (...data: number[]) => ({ dtype: "f32", dims: [data.length], data: Float32Array.from(data) }) as const;

test("a gathered index outside of its tensor", async () => {
  const k = kernel({ X: f32("M"), I: i32("N"), Y: f32("N") }, ({ X, I, Y, N }) =>
    grid(N.tile(), n => {
      const i = I.at(n).add(1);
      Y.at(n).set(X.at(i)); // gather
    }),
  );
  one(await check(k, { dims: { M: 1 } }), "bounds", /"X" is read at 1 along dim 0, which has 1 indices/, "gather");
});
test("an element that two blocks write", async () => {
  const k = kernel({ X: f32("M"), Y: f32("N") }, ({ X, Y, M }) =>
    grid(M.tile(), m => {
      Y.at(m.idiv(2)).set(X.at(m)); // twice
    }),
  );
  one(await check(k, { dims: { M: 4, N: 2 } }), "written-twice", /"Y" is written twice at element 0/, "twice");
});
test("a write outside of its tensor", async () => {
  const k = kernel({ X: i32("N"), Y: inPlace(f32("M")) }, ({ X, Y, N }) => {
    const n = N.all();
    Y.at(X.at(n)).accumulate(n.cast("f32")); // outside
  });
  const tensors = {
    X: { dtype: "i32", dims: [2], data: Int32Array.of(1, -1) },
    Y: { dtype: "f32", dims: [3], data: new Float32Array(3) },
  } as const;
  one(await check(k, { tensors }), "bounds", /"Y" is written at -1 along dim 0, which has 3 indices/, "outside");
});
test("a read of what nothing has written", async () => {
  const k = kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) =>
    grid(N.tile(), n => {
      const old = Y.at(n).mul(2); // unwritten
      Y.at(n).set(X.at(n).add(old));
    }),
  );
  one(await check(k), "uninitialised", /"Y" is read at element 0, which nothing has written/, "unwritten");
  const sums = kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) =>
    grid(N.tile(), n => {
      Y.at(n).accumulate(X.at(n)); // sums
    }),
  );
  one(
    await check(sums),
    "uninitialised",
    /"Y" is joined with element 0, which nothing has written; declare it/,
    "sums",
  );
  // a recurrence through memory reads what an earlier step wrote; one that is declared in place reads what the caller gave
  const recurrence = kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) => {
    fold(N.steps(), [], n => {
      Y.at(n).set(X.at(n).add(Y.at(n.sub(1))));
      return [];
    });
  });
  assert.deepEqual(await check(recurrence), []);
  const doubled = kernel({ Y: inPlace(f32("N")) }, ({ Y, N }) =>
    grid(N.tile(), n => {
      Y.at(n).set(Y.at(n).mul(2));
    }),
  );
  assert.deepEqual(await check(doubled), []);
});
test("one array for what is read and what is written", async () => {
  const k = kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) =>
    grid(N.tile(), n => {
      Y.at(n).set(X.at(N.size.sub(1).sub(n))); // alias
    }),
  );
  const data = new Float32Array(4);
  const tensors = { X: { dtype: "f32", dims: [4], data }, Y: { dtype: "f32", dims: [4], data } } as const;
  one(await check(k, { tensors }), "alias", /"Y", which is written, shares memory with "X"/, "alias");
  const apart = { ...tensors, Y: { dtype: "f32", dims: [4], data: new Float32Array(data.buffer.slice(0)) } } as const;
  assert.deepEqual(await check(k, { tensors: apart }), []);
});
test("a tail that no block writes", async () => {
  const k = kernel({ X: f32("M"), Y: f32("N") }, ({ X, Y, M }) =>
    grid(M.tile(), m => {
      Y.at(m).set(X.at(m)); // tail
    }),
  );
  // as a target, the interpreter would refuse to give such a tensor
  for (const target of ["wasm", "interpreter"] as const)
    one(
      await check(k, { dims: { M: 3, N: 5 }, targets: [target] }),
      "unwritten",
      /"Y" is not written at element 3/,
      "tail",
    );
});
test("a fold that hangs on the size of its tiles", async () => {
  const k = kernel({ X: f32("M"), Y: f32("") }, ({ X, Y, M }) => {
    // the largest of the sums of tiles: a sum of all where the tile is the axis
    const [most] = fold(M.tile(), [zeros("f32")], (m, [most]) => [most.maximum(X.at(m).abs().sum(m))]); // tiled
    Y.at().set(most);
  });
  const message = /"Y" hangs on the size of the tiles of the fold over "m": with 1 indices at once/;
  one(await check(k), "fold-tile", message, "tiled");
});
test("a merge that hangs on where the fold is cut, beside one that does not", async () => {
  const k = kernel({ X: f32("M"), Y: f32("") }, ({ X, Y, M }) => {
    const sum = [zeros("f32")] as const;
    const [good] = fold(M.tile("a"), sum, (m, [s]) => [s.add(X.at(m).sum(m))], { merge: ([a], [b]) => [a.add(b)] });
    const merge = ([a]: typeof sum, [b]: typeof sum) => [a.maximum(b)] as const;
    const [bad] = fold(M.tile("b"), sum, (m, [s]) => [s.add(X.at(m).sum(m))], { merge }); // merge
    Y.at().set(good.add(bad));
  });
  const message =
    /"Y" hangs on where the fold over "b" is cut: merged from 2 parts, element 0 is .*, not .*; the fold in one part/;
  one(await check(k), "merge", message, "merge");
});
test("a merge of starts that are not neutral", async () => {
  const k = kernel({ X: f32("M N"), b: f32("N"), Y: f32("N") }, ({ X, b, Y, M, N }) =>
    grid(N.tile(), n => {
      const start = [b.at(n)] as const;
      // the start is in every part
      const [sum] = fold(M.tile(), start, (m, [s]) => [s.add(X.at(m, n).sum(m))], { merge: ([a], [b]) => [a.add(b)] }); // start
      Y.at(n).set(sum);
    }),
  );
  one(await check(k), "merge", /"Y" hangs on where the fold over "m" is cut/, "start");
});
test("NaN is traced to where it is born, whatever becomes of it on the way", async () => {
  const k = kernel({ X: f32("M"), Y: f32("M") }, ({ X, Y, M }) =>
    grid(M.tile(), m => {
      const x = X.at(m);
      const root = x.sub(3).sqrt(); // root
      Y.at(m).set(root.mul(2).add(x));
    }),
  );
  one(await check(k), "not-finite", /"Y" is NaN at element 0, of finite inputs: it begins with ".*" \(sqrt\)/, "root");
});
test("a small difference of large numbers is rounding, a wrong one is not", async () => {
  const [M, C] = [3, 33];
  const data = Float32Array.from({ length: M * C }, (_, i) => 1000 + Math.sin(i * 1.7));
  const rows = (...list: readonly number[]) => Float32Array.from({ length: C }, (_, i) => list[i % list.length]!);
  const norm = library.layerNorm();
  const given: Record<string, TensorArgument> = {};
  for (const { name, dims } of norm.ir.tensors)
    given[name] =
      dims.length === 2
        ? { dtype: "f32", dims: [M, C], data: name === "X" ? data : new Float32Array(M * C) }
        : { dtype: "f32", dims: [C], data: rows(1) };
  assert.deepEqual(await check(norm, { tensors: given }), []);
  const sanitizer = new KernelSanitizer(norm.ir);
  const want = sanitizer.run(given)!;
  sanitizer.compare(
    "wasm",
    { ...want, Y: { ...want.Y!, data: (want.Y!.data as Float32Array).map(y => y + 0.01) } },
    want,
  );
  one(sanitizer.findings, "target", /"Y" on wasm: element 0 is/);
  const variance = kernel({ X: f32("M C"), Y: f32("M") }, ({ X, Y, M, C }) =>
    grid(M.tile(), m => {
      const c = C.all();
      const [x, count] = [X.at(m, c), X.at(m, c).mul(0).add(1).sum(c)];
      const mean = x.sum(c).div(count);
      Y.at(m).set(x.mul(x).sum(c).div(count).sub(mean.mul(mean)));
    }),
  );
  assert.deepEqual(await check(variance, { tensors: { X: { dtype: "f32", dims: [M, C], data } } }), []);
});
test("what is not finite begins where it is written from, not where something else is, or in the tensor itself", async () => {
  const blamed = kernel({ X: f32("M"), Y: f32("M") }, ({ X, Y, M }) =>
    grid(M.tile(), m => {
      const x = X.at(m);
      const harmless = where(x.eq(x), 0, x.div(0));
      Y.at(m).set(harmless.add(x.sub(5).sqrt())); // guilty
    }),
  );
  one(await check(blamed), "not-finite", /it begins with ".*" \(sqrt\)/, "guilty");
  const masked = kernel({ X: f32("M N"), Y: f32("M N") }, ({ X, Y, M, N }) =>
    grid(M.tile(), m => {
      const n = N.all();
      const x = where(X.at(m, n).gt(1e6), X.at(m, n), -Infinity);
      Y.at(m, n).set(x.sub(x.max(n)).exp()); // masked
    }),
  );
  one(
    await check(masked),
    "not-finite",
    /"Y" is NaN at element 0, of finite inputs: it begins with ".*" \(sub\)/,
    "masked",
  );
  const half = kernel({ X: f16("M"), Y: f16("M") }, ({ X, Y, M }) =>
    grid(M.tile(), m => {
      Y.at(m).set(X.at(m).abs().add(1).mul(60_000).mul(60_000)); // stored
    }),
  );
  one(await check(half), "not-finite", /f16 does not hold what is written|it begins with/, "stored");
  const mask = kernel({ Y: f32("M M") }, ({ Y, M }) =>
    grid(M.tile(), m => {
      const n = M.all();
      Y.at(m, n).set(where(n.le(m), literal("f32", 0), -Infinity));
    }),
  );
  assert.deepEqual(await check(mask), [], "an author's own constant");
});
test("what is not finite in a branch that is not taken, in other elements or in another store is not to blame", async () => {
  const branch = kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) =>
    grid(N.tile(), n => {
      const x = X.at(n);
      const guarded = literal("f32", 1).div(x);
      const root = x.sub(5).sqrt(); // branch
      Y.at(n).set(where(x.ne(0), guarded, root));
    }),
  );
  one(await check(branch, { tensors: { X: floats(0, 1) } }), "not-finite", /NaN .* \(sqrt\)/, "branch");
  const element = kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) =>
    grid(N.tile(), n => {
      const masked = where(X.at(n).lt(0), -Infinity, X.at(n));
      Y.at(n).set(masked.exp()); // element
    }),
  );
  one(await check(element, { tensors: { X: floats(-1, 1000) } }), "not-finite", /\(exp\)/, "element");
  const [ONE, HUNDRED] = [0x3c00, 0x5640];
  const stores = kernel({ X: f16("N"), Y: f16("N") }, ({ X, Y, N }) =>
    grid(N.tile(), n => {
      Y.at(n).set(X.at(n), { when: X.at(n).lt(10) });
      Y.at(n).set(X.at(n).mul(1000), { when: X.at(n).ge(10) }); // second
    }),
  );
  one(
    await check(stores, { tensors: { X: { dtype: "f16", dims: [2], data: Uint16Array.of(ONE, HUNDRED) } } }),
    "not-finite",
    /"Y" is Infinity at element 1, of finite inputs: f16 does not hold what is written/,
    "second",
  );
  const steps = kernel({ X: f32("N"), Y: f32(""), Z: f32("") }, ({ X, Y, Z, N }) => {
    const n = N.all();
    Z.at().set(where(X.at(n).sum(n).gt(0), 0, X.at(n).div(0).sum(n)));
    const [power] = fold(N.steps(), [literal("f32", 1)], (n, [p]) => [p.mul(X.at(n))]); // step
    Y.at().set(power);
  });
  one(await check(steps, { tensors: { X: floats(...Array(9).fill(1e38)) } }), "not-finite", /"Y"/, "step");
  const labels = kernel({ X: f32("N"), I: i32("N"), Y: inPlace(f32("B")) }, ({ X, I, Y, N }) => {
    const n = N.all();
    Y.at(I.at(n)).accumulate(X.at(n)); // join
  });
  one(
    await check(labels, { tensors: { X: floats(3e38, 3e38), I: ints(0, 0), Y: floats(0, 0) } }),
    "not-finite",
    /"Y" is Infinity at element 0, of finite inputs: f32 does not hold what is written/,
    "join",
  );
});
test("sums and products of integers that wrap around", async () => {
  const sums = kernel({ X: i32("M N"), Y: i32("M") }, ({ X, Y, M, N }) =>
    grid(M.tile(), m => {
      const n = N.all();
      Y.at(m).set(X.at(m, n).maximum(2_000_000_000).sum(n)); // sum
    }),
  );
  one(await check(sums, { dims: { M: 2, N: 5 } }), "overflow", /\(sum\) leaves the range of i32/, "sum");
  const dots = kernel({ X: i32("M N"), Y: i32("M") }, ({ X, Y, M, N }) =>
    grid(M.tile(), m => {
      const n = N.all();
      const x = X.at(m, n).maximum(50_000).minimum(50_000);
      Y.at(m).set(dot(x, x, n)); // dot
    }),
  );
  one(await check(dots, { dims: { M: 2, N: 1 } }), "overflow", /\(sum\) leaves the range of i32/, "dot");
  const fine = kernel({ X: i32("M N"), Y: i32("M") }, ({ X, Y, M, N }) =>
    grid(M.tile(), m => {
      const n = N.all();
      Y.at(m).set(X.at(m, n).maximum(7).minimum(9).sum(n));
    }),
  );
  assert.deepEqual(await check(fine, { dims: { M: 2, N: 5 } }), []);
});
test("sums by label, and up to each place, that wrap around", async () => {
  const labels = kernel({ X: i32("N"), I: i32("N"), Y: inPlace(i32("B")) }, ({ X, I, Y, N }) => {
    const n = N.all();
    Y.at(I.at(n)).accumulate(X.at(n)); // label
  });
  const given = (I: number) => ({ tensors: { X: ints(2e9, 2e9), I: ints(0, I), Y: ints(0, 0) } });
  one(await check(labels, given(0)), "overflow", /"Y" \(add\) leaves the range of i32/, "label");
  assert.deepEqual(await check(labels, given(1)), []);
  const X = ints(2e9, 2e9);
  const upTo = (options: { readonly exclusive?: boolean }) =>
    kernel({ X: i32("N"), Y: i32("N") }, ({ X, Y, N }) => {
      const n = N.all();
      const sums = scan(X.at(n), n, "sum", options); // scan
      Y.at(n).set(sums);
    });
  one(await check(upTo({}), { tensors: { X } }), "overflow", /\(add\) leaves the range of i32/, "scan");
  // nothing takes the sum of all
  assert.deepEqual(await check(upTo({ exclusive: true }), { tensors: { X } }), []);
});
test("a sum of the largest integer and nothing is no overflow, a product of two is", async () => {
  const k = kernel({ X: i64("N"), Y: i64(""), Z: i64("") }, ({ X, Y, Z, N }) => {
    const n = N.all();
    Y.at().set(X.at(n).sum(n));
    Z.at().set(X.at(n).prod(n)); // product
  });
  const given = (...data: bigint[]) => ({
    tensors: { X: { dtype: "i64", dims: [data.length], data: BigInt64Array.from(data) } } as const,
  });
  assert.deepEqual(await check(k, given(2n ** 63n - 1n, 0n)), []);
  one(await check(k, given(2n ** 40n, 2n ** 40n)), "overflow", /\(prod\) leaves the range of i64/, "product");
});
test("a branch that is not taken may hold anything", async () => {
  const tensors = { X: ints(-5, 2e9) };
  const clamped = kernel({ X: i32("N"), Y: i8("N"), Z: i32("N") }, ({ X, Y, Z, N }) =>
    grid(N.tile(), n => {
      const x = X.at(n);
      Y.at(n).set(where(x.gt(127), 127, where(x.lt(-128), -128, x.cast("i8").add(1))));
      Z.at(n).set(x.mul(1000).add(1), { when: x.lt(1000) });
      Z.at(n).set(0, { when: x.ge(1000) });
    }),
  );
  assert.deepEqual(await check(clamped, { tensors }), []);
  const taken = kernel({ X: i32("N"), Y: i32("N") }, ({ X, Y, N }) =>
    grid(N.tile(), n => {
      const x = X.at(n);
      const large = x.mul(1000); // taken
      Y.at(n).set(where(x.lt(1000), 0, large.sub(1).and(255)));
    }),
  );
  one(await check(taken, { tensors }), "overflow", /\(mul\) leaves the range of i32/, "taken");
  const condition = kernel({ X: i32("N"), Y: i32("N") }, ({ X, Y, N }) =>
    grid(N.tile(), n => {
      Y.at(n).set(where(X.at(n).mul(1000).lt(0), literal("i32", 1), 0)); // condition
    }),
  );
  one(await check(condition, { tensors }), "overflow", /\(mul\) leaves the range of i32/, "condition");
  // a state carries what is wrong to where the fold's result is used
  const folded = (used: number) =>
    kernel({ X: i32("N"), Y: i32("N") }, ({ X, Y, N }) =>
      grid(N.tile(), n => {
        const x = X.at(n);
        const [power] = fold(N.steps("k"), [x], (_, [p]) => [p.mul(x)]); // state
        Y.at(n).set(where(x.gt(used), 0, power));
      }),
    );
  assert.deepEqual(await check(folded(1000), { tensors }), []);
  one(await check(folded(2e9), { tensors }), "overflow", /\(mul\) leaves the range of i32/, "state");
});
test("a negation and a quotient that have no room, and floats that are rounded", async () => {
  const smallest = kernel({ X: i32("M"), Y: i32("M") }, ({ X, Y, M }) =>
    grid(M.tile(), m => {
      Y.at(m).set(X.at(m).minimum(-2_147_483_648).abs()); // abs
    }),
  );
  one(await check(smallest), "overflow", /\(abs\) leaves the range of i32/, "abs");
  const quotient = kernel({ X: i32("M"), Y: i32("M") }, ({ X, Y, M }) =>
    grid(M.tile(), m => {
      Y.at(m).set(X.at(m).minimum(-2_147_483_648).div(-1)); // div
    }),
  );
  one(await check(quotient), "overflow", /\(div\) leaves the range of i32/, "div");
  const rounded = kernel({ X: f32("M"), Y: f16("M") }, ({ X, Y, M }) =>
    grid(M.tile(), m => {
      Y.at(m).set(X.at(m).mul(0).add(4097).cast("f16"));
    }),
  );
  assert.deepEqual(await check(rounded), []);
});
test("an integer that wraps around", async () => {
  const k = kernel({ X: i32("M"), Y: i32("M") }, ({ X, Y, M }) =>
    grid(M.tile(), m => {
      Y.at(m).set(X.at(m).add(2_000_000_000).mul(2)); // wraps
    }),
  );
  one(await check(k), "overflow", /\(mul\) leaves the range of i32/, "wraps");
});
test("a cast to what does not hold the number", async () => {
  const k = kernel({ X: f32("M"), Y: i8("M") }, ({ X, Y, M }) =>
    grid(M.tile(), m => {
      Y.at(m).set(X.at(m).mul(1000).cast("i8")); // lossy
    }),
  );
  one(await check(k), "lossy-cast", /is cast to i8, which does not hold it/, "lossy");
  const toFloat = kernel({ X: i32("M"), Y: f32("M") }, ({ X, Y, M }) =>
    grid(M.tile(), m => {
      Y.at(m).set(X.at(m).maximum(1).mul(16777217).cast("f32")); // integers
    }),
  );
  one(await check(toFloat), "lossy-cast", /is cast to f32, which does not hold it/, "integers");
  const toHalf = kernel({ X: f32("M"), Y: f16("M") }, ({ X, Y, M }) =>
    grid(M.tile(), m => {
      Y.at(m).set(X.at(m).abs().add(1e5).cast("f16").minimum(4)); // half
    }),
  );
  one(await check(toHalf), "lossy-cast", /is cast to f16, which does not hold it/, "half");
});
test("an intrinsic whose code departs from its meaning, and where it was declared", async () => {
  const using = (f: IntrinsicFunction<{ x: "f32" }, "f32">) =>
    kernel({ X: f32("M"), Y: f32("M") }, ({ X, Y, M }) =>
      grid(M.tile(), m => {
        Y.at(m).set(f({ x: X.at(m) }));
      }),
    );
  // pmax gives its first operand where the second is NaN
  const code = { wasm: { vector: ["f32x4.pmax", 0, "x"] } };
  const relu = intrinsic({ x: "f32" }, ({ x }) => x.maximum(0), { name: "relu", ...code }); // relu
  const message = /the code of intrinsic "relu" for wasm gives 0 for x = (NaN|-0), and its meaning (NaN|0|-0)/;
  one(await check(using(relu)), "intrinsic", message, "relu");
  const neg = (name: string, code: IntrinsicCode, ulps?: number) =>
    using(intrinsic({ x: "f32" }, ({ x }) => x.neg(), { name, ...code, ...(ulps === undefined ? {} : { ulps }) }));
  // the sign of zero counts, unless units of the last place are allowed
  const subtracted = { wasm: { vector: ["f32x4.sub", 0, "x"] } };
  one(await check(neg("sub", subtracted)), "intrinsic", /gives 0 for x = 0, and its meaning -0/);
  assert.deepEqual(await check(neg("sub", subtracted, 1)), []);
  assert.deepEqual(await check(neg("neg", { wasm: { vector: ["f32x4.neg", "x"], scalar: ["f32.neg", "x"] } })), []);
  // the code of single elements is looked at as well
  const scalar = { wasm: { vector: ["f32x4.neg", "x"], scalar: ["f32.abs", "x"] } };
  one(await check(neg("scalar", scalar)), "intrinsic", /gives 0 for x = 0, and its meaning -0/);
  // what can't be compiled is told, and ends no check
  const short = { wasm: { vector: { bytes: [0xfd, 0xb8, 1], of: ["x"], gives: "v128" } } } as const;
  one(await check(neg("short", short)), "intrinsic", /^Correct the code of intrinsic "short" .*: The engine refuses/);
});
test("an intrinsic that is wrong on two targets is told for both", async t => {
  const problem = await nativeProblem();
  if (problem) return t.skip(problem);
  const code = { wasm: { scalar: ["f32.mul", "x", 5] }, c: "({x} * 3.0f)" } as const;
  const twice = intrinsic({ x: "f32" }, ({ x }) => x.mul(2), { name: "twice", ...code });
  const k = kernel({ X: f32("M"), Y: f32("M") }, ({ X, Y, M }) =>
    grid(M.tile(), m => {
      Y.at(m).set(twice({ x: X.at(m) }));
    }),
  );
  const findings = await check(k, { targets: ["wasm", "native"] });
  assert.deepEqual(
    findings.map(f => /^the code of intrinsic "twice" for (\w+) gives/.exec(f.message)?.[1]),
    ["wasm", "native"],
  );
});
test("intrinsics of every kind are as they should be", async t => {
  const kinds = [
    "wasm",
    ...((await nativeProblem()) ? [] : ["native"]),
    ...((await gpuState()).problem ? [] : ["webgpu"]),
  ];
  t.diagnostic(kinds.join(", "));
  assert.deepEqual(await intrinsicProblems(withIntrinsics().ir, kinds as never, 3), []);
});
test("segments that are not in order", async () => {
  const tensors = {
    X: { dtype: "f32", dims: [3, 2], data: new Float32Array(6) },
    Rows: { dtype: "i32", dims: [3], data: new Int32Array(3) },
    W: { dtype: "f32", dims: [2, 2, 1], data: new Float32Array(4) },
    Offsets: { dtype: "i32", dims: [3], data: Int32Array.of(0, 4, 3) },
  } as const;
  const [finding] = await check(library.groupedLinear(), { tensors, dims: { N: 1 } });
  assert.equal(finding!.kind, "segments");
  assert.match(finding!.message, /Offsets/);
  assert.match(finding!.source!, /products\.js:\d+$/);
});
test("a seed that finds a mistake finds it again", async () => {
  const k = kernel({ X: f32("M"), Y: f32("M") }, ({ X, Y, M }) =>
    grid(M.tile(), m => {
      Y.at(m).set(X.at(m).log());
    }),
  );
  assert.deepEqual(await check(k, { seed: 5 }), await check(k, { seed: 5 }));
  await assert.rejects(check(k, { tensors: { X: { dtype: "i32", dims: [1], data: new Int32Array(1) } } }), {
    code: "input",
  });
});

const sound: Readonly<Record<string, readonly [Parameters<typeof checkKernel>[0], CheckKernelOptions?]>> = {
  ...libraryKernels,
  lstm: [stage1.lstm()],
  maxPool: [stage1.maxPool(), { dims: { H: 7, W: 7, U: 4, V: 4 } }],
};
for (const [at, [name, [k, options]]] of Object.entries(sound).entries())
  test(`no false alarm: ${name}`, { skip: isInTurn(at, 3) ? false : LATER }, async () => {
    assert.deepEqual(await check(k, options), []);
  });
test("every kernel of the library is checked", () => {
  for (const name of Object.keys(library).filter(n => !["relu", "sigmoid", "silu", "gelu"].includes(n)))
    assert.ok(name in sound, name);
});
