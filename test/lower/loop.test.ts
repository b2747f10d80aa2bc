// Loop IR by itself: printing, checking, outlining; and the text of one small kernel, so that a change of the generated code shows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { integerLinear4 } from "../../src/kernels/integers.js";
import { askAhead } from "../../src/lower/cpu/ahead.js";
import type { Func, Stmt } from "../../src/lower/cpu/loop.js";
import { int, newReg, op, read } from "../../src/lower/cpu/loop.js";
import { printFunc } from "../../src/lower/cpu/loop-print.js";
import { verifyFunc } from "../../src/lower/cpu/loop-verify.js";
import { outlined } from "../../src/lower/cpu/loop-walk.js";
import { lower } from "../../src/lower/cpu/lower.js";
import { deriveSchedule } from "../../src/schedule/derive.js";
import type { MachineProfile } from "../../src/schedule/machine-profile.js";
import { avx2Profile, avx512Profile } from "../../src/schedule/machine-profile.js";
import { memoryAhead } from "../../src/schedule/memory-ahead.js";
import { f32, grid } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";
import * as kernels from "../kernels/stage1.js";
import { defaultSchedule, runOnce } from "./harness.js";

const p = newReg("i32", "p");
const x = newReg("i32", "x");
const func = (...body: Stmt[]): Func => ({ name: "f", params: [p], body });
const set = (value: Parameters<typeof op>[1]): Stmt => ({ kind: "set", reg: x, value });

const broken: readonly (readonly [Func, RegExp])[] = [
  [func(set(read(newReg("i32", "y")))), /y\d+ is read before it is set/],
  [
    func({ kind: "if", condition: int(1), yes: [set(int(1))], no: [] }, { kind: "set", reg: p, value: read(x) }),
    /x\d+ is read before it is set/,
  ],
  [func(set(op("f32.add", int(1), int(2)))), /f32 expected, const is i32/],
  [
    func({ kind: "store", op: "i32", at: { pointer: read(p), offset: 65536 }, value: int(0) }),
    /constant offset 65536 is outside 0\.\.65535/,
  ],
  [func({ kind: "for", counter: x, limit: int(1), step: 1, body: [] }), /loop counter x\d+ is not set/],
];
for (const [f, message] of broken)
  test(`verify finds: ${message.source}`, () => {
    assert.throws(() => verifyFunc(f), message);
  });

test("outlined blocks become functions of the registers that they read", () => {
  const inner: Stmt = {
    kind: "outline",
    name: "inner",
    body: [{ kind: "store", op: "i32", at: { pointer: read(p), offset: 4 }, value: read(x) }],
  };
  const [callee, entry] = outlined(func(set(int(7)), inner));
  assert.equal(printFunc(callee!), "func inner(p.0: i32, x.1: i32)\n  i32[p.0 + 4] = x.1\n");
  assert.equal(printFunc(entry!), "func f(p.0: i32)\n  x.1 = 7\n  call 0(p.0, x.1)\n");
});

test("a block that reads more registers than a function may have parameters stays where it is", () => {
  const block = (count: number): Stmt[] => {
    const registers = Array.from({ length: count }, (_, id) => ({ id: 100 + id, name: "r", type: "i32" as const }));
    const body = registers.map(
      (r, i): Stmt => ({ kind: "store", op: "i32", at: { pointer: read(p), offset: 4 * i }, value: read(r) }),
    );
    const made = registers.map((r): Stmt => ({ kind: "set", reg: r, value: int(1) }));
    return [...made, { kind: "outline", name: "inner", body }];
  };
  assert.equal(outlined(func(...block(999))).length, 2);
  assert.equal(outlined(func(...block(1000))).length, 1);
});

test("the text of an elementwise kernel", () => {
  const k = kernel(
    { X: f32("N"), Y: f32("N") },
    ({ X, Y, N }) =>
      grid(N.tile(), n => {
        Y.at(n).set(X.at(n).mul(2).add(1));
      }),
    { name: "scale" },
  ).ir;
  const { phases } = lower(k, { ...defaultSchedule, stage: { Y: { lane: "n", vectors: 1 } } });
  assert.equal(
    printFunc(phases[0]!.func),
    `func scale(params.0: i32, block.1: i32, scratch.2: i32)
  n.3 = 0
  N.4 = i32[params.0 + 4]
  X.5 = i32[params.0 + 8]
  pool.6 = i32[params.0 + 12]
  k.7 = v128[pool.6]
  k.8 = v128[pool.6 + 16]
  Y.9 = i32[params.0]
  i.10 = i32.shl(n.3, 2)
  i.11 = i32.add(X.5, i.10)
  p.12 = i.11
  i.13 = i32.add(Y.9, i.10)
  p.14 = i.13
  for n.3 + 4 <= N.4
    v.15 = v128[p.12]
    v.16 = f32x4.madd(v.15, k.7, k.8)
    v128[p.14] = v.16
    p.12 = i32.add(p.12, 16)
    p.14 = i32.add(p.14, 16)
  i.17 = i32.shl(n.3, 2)
  i.18 = i32.add(X.5, i.17)
  p.19 = i.18
  i.20 = i32.add(Y.9, i.17)
  p.21 = i.20
  for n.3 + 1 <= N.4
    v.22 = f32[p.19]
    v.23 = f32.mul(v.22, f32(2))
    v.24 = f32.add(v.23, f32(1))
    f32[p.21] = v.24
    p.19 = i32.add(p.19, 4)
    p.21 = i32.add(p.21, 4)
`,
  );
});

test("a dear reduction asks for the next row that it reads, and for the place of the row that is written", () => {
  const { ir } = kernels.softmax({ C: 64 });
  const derivedFor16 = deriveSchedule(ir, { profile: avx512Profile, ahead: memoryAhead, dimHints: () => 128 });
  const text = printFunc(lower(ir, derivedFor16, "c", askAhead).phases[0]!.func);
  const [pass, ...others] = text.split(/^ *for /m).filter(loop => loop.includes("ahead["));
  assert.equal(others.length, 0, "one of the three passes over a row asks");
  const asked = [...pass!.matchAll(/ahead\[(\S+)(?: \+ (\d+))?\]/g)].map(m => [m[1], Number(m[2] ?? 0)] as const);
  const [read, written] = [asked[0]![0], asked[1]![0]];
  // a row has 256 bytes, a vector and a line of memory 64
  assert.deepEqual(
    asked,
    [0, 64, 128, 192].flatMap(at => [[read, 256 + at] as const, [written, at] as const]),
  );
  assert.match(pass!, new RegExp(`= v128\\[${read}\\]`));

  // vectors of 16 bytes: one of four begins a line; WebAssembly can't ask, and computes the same
  const schedule = deriveSchedule(ir, { dimHints: () => 128 });
  const asking = { ...schedule, ahead: derivedFor16.ahead! };
  assert.match(printFunc(lower(ir, asking, "c", askAhead).phases[0]!.func), /ahead\[/);
  const inputs = { X: Float32Array.from({ length: 3 * 64 }, (_, i) => Math.sin(i)) };
  assert.deepEqual(runOnce(ir, asking, { R: 3 }, inputs), runOnce(ir, schedule, { R: 3 }, inputs));
});

test("rows that go by a panel of weights ask for the next one, line by line, in stretches that follow each other", () => {
  const { ir } = kernels.linear();
  Object.assign(ir.tensors.find(t => t.name === "W")!, { constant: true });
  const sizes: Readonly<Record<string, number>> = { M: 49, N: 2048, K: 512 };
  const schedule = deriveSchedule(ir, { profile: avx512Profile, ahead: memoryAhead, dimHints: s => sizes[s.name] });
  const text = printFunc(lower(ir, schedule, "c", askAhead).phases[0]!.func);
  // six rows ask for 3 bytes each of 128 that a step has: by a fourth of their steps' pace, 4 steps ask for two lines
  const [loop] = text.split(/^ *for /m).filter(l => l.includes("ahead["));
  const asked = [...loop!.matchAll(/ahead\[(\S+?)(?: \+ (\d+))?\]/g)];
  assert.deepEqual(
    asked.map(m => Number(m[2] ?? 0)),
    [0, 64],
  );
  assert.match(loop!, new RegExp(`${asked[0]![1]!.replace(".", "\\.")} = i32.add\\(${asked[0]![1]!}, 128\\)`));
  assert.match(loop!, /v128\[p\.\d+ \+ 384\]/);
});

test("a fold's step asks for the vectors of the next one, each line once", () => {
  const { ir } = integerLinear4();
  const sizes: Readonly<Record<string, number>> = { M: 1, G: 128, N: 4096 };
  const asked = (profile: MachineProfile): readonly number[] => {
    const schedule = deriveSchedule(ir, { profile, ahead: memoryAhead, dimHints: s => sizes[s.name] });
    const text = printFunc(lower(ir, schedule, "c", askAhead).phases[0]!.func);
    return [...text.matchAll(/ahead\[\S+?(?: \+ (\d+))?\]/g)].map(m => Number(m[1] ?? 0));
  };
  // a step has four rows of words, one of scales, and what comes next lies behind it
  const lines = (from: number, bytes: number) => Array.from({ length: bytes / 64 }, (_, i) => from + 64 * i);
  const sorted = (list: readonly number[]) => [...list].sort((a, b) => a - b);
  assert.deepEqual(sorted(asked(avx512Profile)), [...lines(512, 512), ...lines(4 * 512, 4 * 512)]);
  assert.deepEqual(sorted(asked(avx2Profile)), [...lines(128, 128), ...lines(4 * 128, 4 * 128)]);
});
