// Printed tile IR: golden text, parse ∘ print = identity, errors of the parser.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { canonical, canonicalKey } from "../../src/ir/canonical.js";
import { interpretKernel } from "../../src/ir/evaluate/kernel.js";
import { isInline } from "../../src/ir/names.js";
import { parse } from "../../src/ir/parse.js";
import { print } from "../../src/ir/print.js";
import type { Kernel } from "../../src/ir/tile.js";
import { verify } from "../../src/ir/verify.js";
import { axesOfKernel, nodesOf } from "../../src/ir/walk.js";
import { AzulejoError } from "../../src/support/errors.js";
import { constant, f32, grid, i64 } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import { cases } from "../kernels/cases.js";
import { splitKernels, splitProduct, splitRecurrence } from "../kernels/merging.js";
import { foldForms, programs, randomArguments, randomKernel, randomSizes } from "../kernels/random.js";
import { groupedGemm } from "../kernels/segments.js";
import * as stage1 from "../kernels/stage1.js";
import { typedCases } from "../kernels/typed-cases.js";

/** everything about a kernel that text keeps: structure and all names */
const described = (k: Kernel) => ({
  key: canonicalKey(k),
  name: k.name,
  tensors: k.tensors.map(t => t.name),
  dims: k.dims.map(d => d.name),
  nodes: nodesOf(k).flatMap(n => (isInline(n) ? [] : [n.name])),
  axes: axesOfKernel(k).map(a => a.name),
});
function roundTrip(k: Kernel): Kernel {
  const text = print(k);
  const again = parse(text);
  assert.equal(print(again), text);
  assert.deepEqual(described(again), described(k), text);
  return again;
}

test("a softmax as text", () => {
  assert.equal(
    print(stage1.softmax().ir),
    `kernel softmax(R, C) {
  input X: f32[R, C]
  output Y: f32[R, C]
  grid r: R
  axis c: C
  load0 = X[r, c]
  max0 = max(load0) over c as f32
  sub0 = sub(load0, max0)
  exp0 = exp(sub0)
  sum0 = sum(exp0) over c as f32
  div0 = div(1, sum0)
  mul0 = mul(exp0, div0)
  store Y[r, c] = mul0
}
`,
  );
});
test("a fold, a view, a gather and literals as text", () => {
  const k = kernel({ "X.1": constant(f32("4 N")), I: i64("M"), "Y/out": f32("M N") }, env =>
    grid(env.M.tile(), env.N.tile(), (m, n) => {
      const rows = env["X.1"].fill(-Infinity).at(env.I.at(m), n.sub(1));
      env["Y/out"].at(m, n).set(rows.maximum(-0).add(env.N.size.cast("f32")));
    }),
  );
  assert.equal(
    print(k.ir),
    `kernel "kernel"(N, M) {
  input X.1: f32[4, N] constant
  input I: i64[M]
  output "Y/out": f32[M, N]
  grid m: M, n: N
  load0 = I[m]
  max0 = max(X.1[@load0, n - 1] else -inf, -0)
  cast0 = cast([N], f32)
  add0 = add(max0, cast0)
  store "Y/out"[m, n] = add0
}
`,
  );
  roundTrip(k.ir);
});

for (const c of cases) test(`parse ∘ print is the identity on ${c.name}`, () => void roundTrip(c.kernel()));
test("parse ∘ print is the identity on kernels of all dtypes", () => {
  for (const c of typedCases) roundTrip(c.kernel());
});
test("parse ∘ print is the identity on folds with a merge", () => {
  for (const k of splitKernels) roundTrip(k);
});
test("a merge as text", () => {
  assert.equal(
    print(splitRecurrence().ir),
    `kernel splitRecurrence(T, N) {
  input A: f32[T, N]
  input B: f32[T, N]
  output Y: f32[N]
  grid n: N
  full0 = full f32 1 over n
  full1 = full f32 0 over n
  fold t: T steps (state0, state1) from (full0, full1) {
    mul0 = mul(state0, A[t, n])
    mul1 = mul(state1, A[t, n])
    add0 = add(mul1, B[t, n])
    yield mul0, add0
  } merge (state2, state4) with (state3, state5) {
    mul2 = mul(state2, state3)
    mul3 = mul(state4, state3)
    add1 = add(mul3, state5)
    yield mul2, add1
  } into (_, result0)
  store Y[n] = result0
}
`,
  );
  const { folds } = parse(print(splitProduct().ir).replace("add(state1, state2)", "max(state1, state2)"));
  assert.deepEqual(
    folds[0]!.merge!.map(n => n.kind === "map" && n.op),
    ["max"],
  );
  assert.notEqual(canonicalKey(splitProduct().ir), canonicalKey({ ...splitProduct().ir, folds }));
});
test("parse ∘ print is the identity on random kernels, and means the same", () => {
  fc.assert(
    fc.property(programs, foldForms, randomSizes, fc.nat(1000), (program, form, sizes, seed) => {
      const k = randomKernel(program, form).ir;
      verify(k);
      const again = roundTrip(k);
      const [a, b] = [randomArguments(sizes, seed), randomArguments(sizes, seed)];
      interpretKernel(k, a);
      interpretKernel(again, b);
      assert.deepEqual([...a.Y.data], [...b.Y.data]);
      assert.deepEqual(a.Z.data, b.Z.data);
    }),
    { numRuns: 60 },
  );
});
test("results of random kernels do not depend on blocks, and eager execution gives the same", () => {
  fc.assert(
    fc.property(programs, foldForms, randomSizes, fc.nat(1000), (program, form, sizes, seed) => {
      const k = randomKernel(program, form);
      const run = (options: object) => {
        const args = randomArguments(sizes, seed);
        interpretKernel(k.ir, args, options);
        return args;
      };
      const whole = run({});
      const near = (got: Float32Array): void =>
        got.forEach((x, i) => {
          const w = whole.Y.data[i]!;
          assert.ok(Object.is(x, w) || Math.abs(x - w) <= 1e-6 * (1 + Math.abs(w)), `element ${i}: ${x} and ${w}`);
        });
      near(run({ blockElements: 1, foldTile: 1 }).Y.data);
      near(run({ blockElements: 20, foldTile: 3 }).Y.data);
      const args = randomArguments(sizes, seed);
      k.eager(args as never);
      near(args.Y.data);
    }),
    { numRuns: 60 },
  );
});

test("segments as text", () => {
  const k = groupedGemm().ir;
  assert.match(print(k), /\n {2}grid m: M segments Off at m\.seg, n: N\n/);
  assert.notEqual(
    canonicalKey(k),
    canonicalKey(parse(print(k).replace(" segments Off at m.seg", "").replace("m.seg", "0"))),
  );
  const refused = [
    ["m: M segments Z at s", 'tensor "Z" is not defined above; define it or correct the name'],
    ["m: M segments O at m", '"m" is declared twice; rename one of them'],
    ["m: M segments O at s, n: M segments O at t", '"n" is the second axis in segments; a grid has one at most'],
  ];
  for (const [axes, message] of refused)
    assert.throws(() => parse(`kernel k(M, B) { input O: i32[B] output Y: f32[M] grid ${axes} store Y[m] = 0 }`), {
      code: "parse",
      message: `line 1: ${message}`,
    });
});
test("text that is no kernel is refused with line and remedy", () => {
  const body = (statement: string): string =>
    `kernel k(N) {\n  input X: f32[N]\n  output Y: f32[N]\n  grid i: N\n  ${statement}\n}\n`;
  const refused: readonly (readonly [string, string])[] = [
    ["", 'line 1: "kernel" is expected before "the end of the text"'],
    ["kernel k(N) {\n", 'line 2: a name is expected before "the end of the text"'],
    [body("store Y[i] = z"), 'line 5: value "z" is not defined above; define it or correct the name'],
    [body("store Z[i] = 1"), 'line 5: tensor "Z" is not declared; declare it or correct the name'],
    [body("x = X[j]"), 'line 5: "j" is neither an axis nor a dim; declare it or correct the name'],
    [body("x = add(1, 2)"), 'line 5: the literal 1 has no dtype here; write for example "f32 1"'],
    [body("x = add(X[i])"), "line 5: add takes 2 values, not 1"],
    [body("x = exp()"), "line 5: exp takes at least one value; write it between the parentheses"],
    [body('x = "\\q"'), 'line 5: "\\q" is not a quoted name; close it on its line and escape as in JSON'],
    [body("x = X[i] x = X[i]"), 'line 5: value "x" is defined twice; rename one of them'],
    [
      body("x = frob(X[i]) over i as f32"),
      'line 5: "frob" is no reduction; use one of sum, max, min, prod, dot, dotPairs, dotQuads',
    ],
    [
      body("x = cast(X[i], f33)"),
      'line 5: "f33" is no dtype; use one of f64, f32, f16, bf16, f8e4m3fn, f8e4m3fnuz, f8e5m2, f8e5m2fnuz, f8e8m0, f4e2m1, i64, i32, i16, i8, i4, i2, u64, u32, u16, u8, u4, u2, bool',
    ],
    [body("x = i32 1.5"), "line 5: 1.5 is no i32; write an integer"],
    [body("x = X[i] ; y"), 'line 5: ";" does not belong here; see docs/tile-ir.md for the grammar'],
    [`${body("store Y[i] = 1")}kernel`, 'line 6: "kernel" follows the end of the kernel; remove it'],
  ];
  for (const [text, message] of refused) assert.throws(() => parse(text), { code: "parse", message }, text);
});
test("text may have comments, other spacing, and operands written where they are used", () => {
  const k = parse(`kernel relu6(N) { // clamps
    input X: f32[N]  output Y: f32[N]
    grid i: N
    # no names at all
    store Y[i] = min(max(X[(i)], 0), 6)
  }`);
  verify(k);
  assert.equal(
    print(k),
    `kernel relu6(N) {
  input X: f32[N]
  output Y: f32[N]
  grid i: N
  max0 = max(X[i], 0)
  min0 = min(max0, 6)
  store Y[i] = min0
}
`,
  );
});

test("an edited kernel keeps the sizes of the original", () => {
  const k = stage1.linear().ir;
  const edited = parse(print(k).replace("max(add0, 0)", "min(max(add0, 0), 6)"), k);
  verify(edited);
  assert.deepEqual(canonical(edited).symbols, canonical(k).symbols);
  assert.deepEqual(
    edited.tensors.map(t => t.dims.map(d => d.key)),
    k.tensors.map(t => t.dims.map(d => d.key)),
  );
  const scalar = (x: number) => ({ dtype: "f32" as const, dims: [1, 1], data: Float32Array.of(x) });
  const Y = scalar(0);
  interpretKernel(edited, {
    X: scalar(10),
    W: scalar(10),
    b: { dtype: "f32", dims: [1], data: Float32Array.of(1) },
    Y,
  });
  assert.equal(Y.data[0], 6);
  assert.notEqual(parse(print(k)).dims[0]!.size.key, k.dims[0]!.size.key);
});

test("equal structure has equal keys, whatever the names", () => {
  const make = (a: string, b: string, n: string) =>
    parse(`kernel ${a}(${n}) { input ${a}: f32[${n}, ${n}] output ${b}: f32[${n}] grid g: ${n} axis h: ${n}
      s = sum(mul(${a}[g, h], ${a}[h, g])) over h as f32  store ${b}[g] = s }`);
  const [x, y] = [make("A", "B", "N"), make("P", "Q", "W")];
  assert.equal(canonicalKey(x), canonicalKey(y));
  const others = [
    "input A: f32[N, N] output B: f32[N] grid g: N axis h: N s = sum(mul(A[g, h], A[g, h])) over h as f32 store B[g] = s",
    "input A: f64[N, N] output B: f64[N] grid g: N axis h: N s = sum(mul(A[g, h], A[h, g])) over h as f64 store B[g] = s",
    "input A: f32[N, N] constant output B: f32[N] grid g: N axis h: N s = sum(mul(A[g, h], A[h, g])) over h as f32 store B[g] = s",
    "input A: f32[N, N] layout [1, 0] output B: f32[N] grid g: N axis h: N s = sum(mul(A[g, h], A[h, g])) over h as f32 store B[g] = s",
    "input A: f32[N, 4] output B: f32[N] grid g: N axis h: N s = sum(mul(A[g, h], A[h, g])) over h as f32 store B[g] = s",
    "input A: f32[N, N] output B: f32[N] grid g: N axis h: N s = max(mul(A[g, h], A[h, g])) over h as f32 store B[g] = s",
  ].map(body => canonicalKey(parse(`kernel A(N) { ${body} }`)));
  assert.equal(new Set([canonicalKey(x), ...others]).size, others.length + 1);
});

test("text that was damaged is a kernel or an error of the project's own, never anything else", () => {
  const texts = cases.map(c => print(c.kernel()));
  const mutation = fc.record({
    text: fc.nat(texts.length - 1),
    at: fc.nat(2000),
    count: fc.nat(6),
    from: fc.nat(2000),
    kind: fc.nat(2),
  });
  fc.assert(
    fc.property(mutation, ({ text, at, count, from, kind }) => {
      const words = texts[text]!.split(/(?<=\W)|(?=\W)/);
      const [i, j] = [at % words.length, from % words.length];
      const piece = words.slice(j, j + count);
      if (kind === 0) words.splice(i, count);
      else if (kind === 1) words.splice(i, 0, ...piece);
      else words.splice(i, count, ...piece);
      try {
        verify(parse(words.join("")));
      } catch (e) {
        assert.ok(e instanceof AzulejoError && (e.code === "parse" || e.code === "kernel"), `${e}\n${words.join("")}`);
      }
    }),
    { numRuns: 1500 },
  );
});
