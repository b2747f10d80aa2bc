// Every operation on every dtype against the interpreter, in lanes and in the scalar rest; casts between all dtypes; reductions;
// gathers and scatters. Integers and movement are exact, floats too, since each operation stands alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { newArray } from "../../src/ir/arrays.js";
import type { Dtype } from "../../src/ir/dtypes.js";
import { dtypes, is64BitInteger, isFloat } from "../../src/ir/dtypes.js";
import type { TensorArgument } from "../../src/ir/evaluate/kernel.js";
import { interpretKernel } from "../../src/ir/evaluate/kernel.js";
import { wrap } from "../../src/ir/evaluate/scalar.js";
import { floatFromBits, floatToBits, isNarrowFloat } from "../../src/ir/float-bits.js";
import type { Kernel } from "../../src/ir/tile.js";
import { deriveSchedule } from "../../src/schedule/derive.js";
import type { Schedule } from "../../src/schedule/schedule.js";
import type { AnyTile, Signature } from "../../src/tile/index.js";
import { dot, grid, i32, i64, tensor, where } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import { assertRemainders, remainders32, remainders64, remaindersOf } from "../kernels/remainders.js";
import type { Data } from "./harness.js";
import { defaultSchedule, runOnce } from "./harness.js";

const all = Object.keys(dtypes) as Dtype[];
const numbers: Readonly<Record<"float" | "signed" | "unsigned" | "bool", readonly number[]>> = {
  float: [
    0,
    -0,
    1,
    -1,
    0.5,
    -1.5,
    2.5,
    3.5,
    7.25,
    -100.75,
    65504,
    1e-7,
    6e-8,
    70000,
    -3e9,
    5e9,
    1e20,
    300,
    Infinity,
    -Infinity,
    Number.NaN,
  ],
  signed: [
    0,
    1,
    -1,
    2,
    3,
    7,
    -7,
    100,
    -128,
    127,
    128,
    255,
    256,
    -32768,
    32767,
    65535,
    2 ** 31 - 1,
    -(2 ** 31),
    2 ** 40,
    -(2 ** 50),
  ],
  unsigned: [0, 1, 2, 3, 7, 100, 127, 128, 255, 256, 32768, 65535, 65536, 2 ** 31, 2 ** 32 - 1, 2 ** 33 + 5, 2 ** 52],
  bool: [0, 1],
};
/** the values as the dtype holds them: floats rounded, integers wrapped */
const arrayOf = (d: Dtype, values: readonly number[]): Data => {
  const data = newArray(d, values.length) as { [index: number]: number | bigint };
  const convert = isNarrowFloat(d)
    ? (x: number) => floatToBits(d, x)
    : is64BitInteger(d)
      ? (x: number) => BigInt(x)
      : isFloat(d)
        ? (x: number) => x
        : (x: number) => wrap(d)(x | 0);
  values.forEach((x, i) => {
    data[i] = convert(x);
  });
  return data as unknown as Data;
};
const empty = (d: Dtype, n: number): Data => arrayOf(d, new Array<number>(n).fill(0));
/** all pairs of a dtype's edge values, so that both sides meet everything */
const pairs = (d: Dtype): { a: Data; b: Data; n: number } => {
  const v = numbers[dtypes[d].kind];
  const list = v.flatMap(x => v.map(y => [x, y] as const));
  return {
    a: arrayOf(
      d,
      list.map(p => p[0]),
    ),
    b: arrayOf(
      d,
      list.map(p => p[1]),
    ),
    n: list.length,
  };
};

const sameElement = (got: number | bigint, want: number | bigint, d: Dtype): boolean => {
  if (got === want) return true;
  const value = (x: number | bigint): number => (isNarrowFloat(d) ? floatFromBits(d, Number(x)) : Number(x));
  return Number.isNaN(value(got)) && Number.isNaN(value(want));
};
const isZero = (x: number | bigint, d: Dtype): boolean =>
  x === 0 || (isNarrowFloat(d) && floatFromBits(d, Number(x)) === 0);

function agree(
  k: Kernel,
  dims: Readonly<Record<string, number>>,
  inputs: Readonly<Record<string, Data>>,
  schedule: Schedule = deriveSchedule(k),
): void {
  const args: Record<string, TensorArgument> = {};
  for (const t of k.tensors) {
    const shape = t.dims.map(d => d.evaluate(s => dims[s.name]!));
    const count = shape.reduce((p, n) => p * n, 1);
    args[t.name] = { dtype: t.dtype, dims: shape, data: inputs[t.name]?.slice() ?? empty(t.dtype, count) };
  }
  interpretKernel(k, args);
  const got = runOnce(k, schedule, dims, inputs);
  for (const t of k.tensors) {
    if (t.role === "input") continue;
    const want = args[t.name]!.data;
    for (let i = 0; i < want.length; i++) {
      const [g, w] = [got[t.name]![i]!, want[i]!];
      const ok = sameElement(g, w, t.dtype) || (isZero(g, t.dtype) && isZero(w, t.dtype));
      const from = Object.entries(inputs).map(([n, x]) => `${n}=${x[i % x.length]}`);
      assert.ok(ok, `${k.name}: ${t.name}[${i}] is ${g}, interpreter says ${w} (${from.join(", ")})`);
    }
  }
}

type Binary = (a: AnyTile, b: AnyTile) => AnyTile;
const arithmetic: Readonly<Record<string, Binary>> = {
  add: (a, b) => a.add(b),
  sub: (a, b) => a.sub(b),
  mul: (a, b) => a.mul(b),
  div: (a, b) => a.div(b),
  min: (a, b) => a.minimum(b),
  max: (a, b) => a.maximum(b),
  neg: a => a.neg(),
  abs: a => a.abs(),
  relu: a => a.maximum(0),
};
const remainders: Readonly<Record<string, Binary>> = { mod: (a, b) => a.mod(b), rem: (a, b) => a.rem(b) };
const rounding: Readonly<Record<string, Binary>> = {
  floor: a => a.floor(),
  ceil: a => a.ceil(),
  round: a => a.round(),
  trunc: a => a.trunc(),
  sqrt: a => a.sqrt(),
};
const bits: Readonly<Record<string, Binary>> = {
  and: (a, b) => a.and(b),
  or: (a, b) => a.or(b),
  xor: (a, b) => a.xor(b),
  not: a => a.not(),
};
const shifts: Readonly<Record<string, Binary>> = {
  shl: (a, b) => a.shl(b),
  shr: (a, b) => a.shr(b),
  shl1: a => a.shl(1),
  shr1: a => a.shr(1),
};
const comparisons: Readonly<Record<string, Binary>> = {
  eq: (a, b) => a.eq(b),
  ne: (a, b) => a.ne(b),
  lt: (a, b) => a.lt(b),
  le: (a, b) => a.le(b),
  gt: (a, b) => a.gt(b),
  ge: (a, b) => a.ge(b),
};
const operationsOf = (d: Dtype): Readonly<Record<string, Binary>> => {
  switch (dtypes[d].kind) {
    case "float":
      return { ...arithmetic, ...rounding };
    case "bool":
      return bits;
    default:
      return { ...arithmetic, ...remainders, ...bits, ...shifts };
  }
};

for (const d of all)
  test(`operations on ${d}`, () => {
    const ops = Object.entries(operationsOf(d));
    const outputs: Signature = Object.fromEntries(ops.map(([name]) => [`Y_${name}`, tensor(d, "N")]));
    const k = kernel({ A: tensor(d, "N"), B: tensor(d, "N"), ...outputs } as Signature, env => {
      // biome-ignore lint/suspicious/noExplicitAny: the signature is made of data
      const e = env as any;
      grid(e.N.tile(), (n: AnyTile) => {
        for (const [name, f] of ops) e[`Y_${name}`].at(n).set(f(e.A.at(n), e.B.at(n)));
      });
    }).ir;
    const { a, b, n } = pairs(d);
    agree(k, { N: n }, { A: a, B: b });
  });

for (const d of ["f64", "f32", "f16", "bf16"] as const)
  test(`remainders of ${d}`, () => {
    const k = kernel(
      { A: tensor(d, "N"), B: tensor(d, "N"), M: tensor(d, "N"), R: tensor(d, "N") },
      ({ A, B, M, R, N }) =>
        grid(N.tile(), n => {
          M.at(n).set(A.at(n).mod(B.at(n)));
          R.at(n).set(A.at(n).rem(B.at(n)));
        }),
    ).ir;
    const v = [
      0,
      1,
      -1,
      0.5,
      -1.5,
      2.5,
      7.25,
      -100.75,
      65504,
      3,
      // many digits, and quotients that no float holds: up to 2^276 in f32 and 2^2097 in f64
      0.1,
      -16777215,
      2 ** 53 - 1,
      1e30,
      -3.3e38,
      Number.MAX_VALUE,
      1e-40,
      -(2 ** -149) * 5,
      Number.MIN_VALUE * 3,
      -2.3e-308,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
    ];
    const list = v.flatMap(x => v.map(y => [x, y] as const));
    agree(
      k,
      { N: list.length },
      {
        A: arrayOf(
          d,
          list.map(p => p[0]),
        ),
        B: arrayOf(
          d,
          list.map(p => p[1]),
        ),
      },
    );
  });

test("remainders of random bits are exact", () => {
  const cases = [
    { kernel: remainders32(), want: remaindersOf(n => new Float32Array(n)) },
    { kernel: remainders64(), want: remaindersOf(n => new Float64Array(n)) },
  ];
  for (const { kernel: k, want } of cases) {
    const { A, B } = want;
    assertRemainders(want, runOnce(k, defaultSchedule, { N: A.length }, { A, B }));
  }
});

for (const d of all)
  test(`comparisons and choices of ${d}`, () => {
    const ops = Object.entries(comparisons).filter(
      ([name]) => dtypes[d].kind !== "bool" || name === "eq" || name === "ne",
    );
    const outputs: Signature = Object.fromEntries(
      ops.flatMap(([name]) => [
        [`Y_${name}`, tensor("bool", "N")],
        [`W_${name}`, tensor(d, "N")],
      ]),
    );
    const k = kernel({ A: tensor(d, "N"), B: tensor(d, "N"), ...outputs } as Signature, env => {
      // biome-ignore lint/suspicious/noExplicitAny: the signature is made of data
      const e = env as any;
      grid(e.N.tile(), (n: AnyTile) => {
        for (const [name, f] of ops) {
          e[`Y_${name}`].at(n).set(f(e.A.at(n), e.B.at(n)));
          e[`W_${name}`].at(n).set(where(f(e.A.at(n), e.B.at(n)), e.A.at(n), e.B.at(n)));
        }
      });
    }).ir;
    const { a, b, n } = pairs(d);
    agree(k, { N: n }, { A: a, B: b });
  });

for (const from of all)
  test(`casts of ${from} to every dtype`, () => {
    const outputs: Signature = Object.fromEntries(all.map(to => [`Y_${to}`, tensor(to, "N")]));
    const k = kernel({ A: tensor(from, "N"), ...outputs } as Signature, env => {
      // biome-ignore lint/suspicious/noExplicitAny: the signature is made of data
      const e = env as any;
      grid(e.N.tile(), (n: AnyTile) => {
        for (const to of all) e[`Y_${to}`].at(n).set(e.A.at(n).cast(to));
      });
    }).ir;
    const v = [...numbers[dtypes[from].kind], ...numbers[dtypes[from].kind].slice(0, 3)];
    agree(k, { N: v.length }, { A: arrayOf(from, v) });
  });

for (const d of all.filter(x => x !== "bool"))
  test(`reductions of ${d} along both axes`, () => {
    const acc = dtypes[d].accumulator;
    const byRow = kernel(
      { A: tensor(d, "I J"), rows: tensor(acc, "I"), highest: tensor(d, "I"), squares: tensor(acc, "I") },
      env => {
        // biome-ignore lint/suspicious/noExplicitAny: the dtype is a parameter
        const { A, rows, highest, squares, I, J } = env as any;
        grid(I.tile(), (i: AnyTile) => {
          const j = J.all();
          rows.at(i).set(A.at(i, j).sum(j));
          highest.at(i).set(A.at(i, j).max(j));
          squares.at(i).set(dot(A.at(i, j), A.at(i, j), j));
        });
      },
    ).ir;
    const byColumn = kernel({ A: tensor(d, "I J"), columns: tensor(acc, "J"), lowest: tensor(d, "J") }, env => {
      // biome-ignore lint/suspicious/noExplicitAny: the dtype is a parameter
      const { A, columns, lowest, I, J } = env as any;
      grid(J.tile(), (j: AnyTile) => {
        const i = I.all();
        columns.at(j).set(A.at(i, j).sum(i));
        lowest.at(j).set(A.at(i, j).min(i));
      });
    }).ir;
    // small whole numbers: every order of summation gives the same
    const I = 5;
    const J = 11;
    const A = arrayOf(
      d,
      Array.from({ length: I * J }, (_, p) => ((p * 7) % 13) - (dtypes[d].kind === "unsigned" ? 0 : 6)),
    );
    agree(byRow, { I, J }, { A });
    agree(byColumn, { I, J }, { A });
    agree(byRow, { I, J }, { A }, defaultSchedule);
  });

for (const d of ["f32", "i64", "u8", "f16", "bool"] as const)
  test(`gathers of ${d} along the lane and along rows`, () => {
    const k = kernel(
      { X: tensor(d, "R C"), rows: i64("N"), columns: i32("C"), byRow: tensor(d, "N C"), byColumn: tensor(d, "N C") },
      env => {
        // biome-ignore lint/suspicious/noExplicitAny: the dtype is a parameter
        const { X, rows, columns, byRow, byColumn, N, C } = env as any;
        grid(N.tile(), C.tile(), (n: AnyTile, c: AnyTile) => {
          byRow.at(n, c).set(X.at(rows.at(n), c));
          byColumn.at(n, c).set(X.at(rows.at(n), columns.at(c)));
        });
      },
    ).ir;
    const [R, C, N] = [5, 7, 6];
    const X = arrayOf(
      d,
      Array.from({ length: R * C }, (_, i) => (d === "bool" ? i % 2 : i)),
    );
    const rows = BigInt64Array.from([4n, 0n, 3n, 3n, 1n, 2n]);
    agree(k, { R, C, N }, { X, rows, columns: Int32Array.from([6, 0, 2, 2, 5, 1, 3]) });
  });
