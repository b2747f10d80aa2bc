// The interpreter as a target: programs with windows, reshapes, branches, constants, and what it refuses.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { KernelProgram, Buffer as ProgramBuffer, Step } from "../../src/graph/program.js";
import { Poly, Sym } from "../../src/ir/poly.js";
import type { Kernel, Layout } from "../../src/ir/tile.js";
import type { TensorData } from "../../src/runtime/tensor.js";
import { interpreterTarget } from "../../src/targets/interpreter/target.js";
import { bool, f32, grid } from "../../src/tile/index.js";
import { kernel } from "../../src/tile/tile-kernel.js";

const options = { threads: 1, engineFlags: "never" } as const;
let ids = 0;
const buffer = (
  name: string,
  dims: readonly (Poly | number)[],
  kind: ProgramBuffer["kind"],
  more: Partial<ProgramBuffer> = {},
): ProgramBuffer => {
  const layout: Layout = { order: dims.map((_, d) => d) };
  return { id: ids++, name, dtype: "f32", dims: dims.map(Poly.of), kind, layout, ...more };
};
const floats = (dims: number[], data: number[]): TensorData => ({ dtype: "f32", dims, data: Float32Array.from(data) });
const step = (k: Kernel, buffers: Record<string, ProgramBuffer>): Step => ({
  kind: "kernel",
  kernel: k,
  buffers,
  symbols: new Map(k.dims.map(d => [[...d.size.syms][0]!, dimOf(k, d.name, buffers)])),
  nodes: [k.name],
});
const dimOf = (k: Kernel, name: string, buffers: Record<string, ProgramBuffer>): Poly => {
  for (const t of k.tensors) {
    const d = t.dims.findIndex(p => p.print() === name);
    if (d >= 0) return buffers[t.name]!.dims[d]!;
  }
  throw new Error(name);
};
const program = (
  inputs: ProgramBuffer[],
  outputs: ProgramBuffer[],
  steps: Step[],
  more: Partial<KernelProgram> = {},
): KernelProgram => ({
  name: "test",
  inputs,
  outputs,
  steps,
  symbols: [],
  preconditions: [],
  ...more,
});

const double = () =>
  kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) => grid(N.tile(), i => Y.at(i).set(X.at(i).mul(2))), {
    name: "double",
  }).ir;
const columns = () =>
  kernel(
    { X: f32("M N"), Y: f32("M N") },
    ({ X, Y, M, N }) => grid(M.tile(), N.tile(), (i, j) => Y.at(i, j).set(X.at(i, j).add(1))),
    {
      name: "columns",
    },
  ).ir;

test("windows share the memory of their buffer, and so do reshapes", async () => {
  const n = Poly.sym(new Sym("n"));
  const left = buffer("left", [n, 2], "input");
  const right = buffer("right", [n, 3], "input");
  const all = buffer("all", [n, 5], "arena");
  const window = (name: string, columnsOf: number, offset: number): ProgramBuffer =>
    buffer(name, [n, columnsOf], "arena", {
      layout: { order: [0, 1], strides: [Poly.int(5), Poly.int(1)] },
      window: { of: all, offset: Poly.int(offset) },
    });
  const flat = buffer("flat", [n.mul(5)], "arena", { window: { of: all, offset: Poly.zero } });
  const out = buffer("out", [n.mul(5)], "output");
  const steps = [
    step(columns(), { X: left, Y: window("l", 2, 0) }),
    step(columns(), { X: right, Y: window("r", 3, 2) }),
    step(double(), { X: flat, Y: out }),
  ];
  const e = await interpreterTarget.compile(program([left, right], [out], steps, { symbols: [...n.syms] }), options);
  const inputs = new Map([
    ["left", floats([2, 2], [1, 2, 3, 4])],
    ["right", floats([2, 3], [5, 6, 7, 8, 9, 10])],
  ]);
  const got = await e.run(inputs);
  assert.deepEqual([...got.get("out")!.data], [4, 6, 12, 14, 16, 8, 10, 18, 20, 22]);
  assert.deepEqual(got.get("out")!.dims, [10]);
  assert.deepEqual(e.runSync!(inputs).get("out")!.data, got.get("out")!.data);
  inputs.set("right", floats([1, 3], [5, 6, 7]));
  await assert.rejects(e.run(inputs), {
    code: "input",
    message:
      'Input "right" has dims [1, 3], and the model takes [n, 3]; axis 0 must be 2, because n is 2 in an earlier input or axis',
  });
  e.dispose();
  await assert.rejects(e.run(inputs), { code: "disposed", message: 'model "test" was disposed; load it again' });
});

test("a branch runs one side, constants are read once, an abort stops between kernels", async () => {
  const x = buffer("x", [3], "input");
  const positive = buffer("positive", [], "arena", { dtype: "bool" });
  const out = buffer("out", [3], "output");
  let reads = 0;
  // a Node Buffer inside of a pool, not aligned: its slice() would not copy
  const pool = Buffer.alloc(64);
  const bytes = pool.subarray(3, 15);
  bytes.set(new Uint8Array(Float32Array.of(10, 20, 30).buffer));
  const constant = buffer("c", [3], "constant", {
    constant: {
      byteLength: 12,
      read: () => {
        reads++;
        return bytes;
      },
    },
  });
  const decide = kernel({ X: f32("3"), P: bool("") }, ({ X, P }) => P.at().set(X.at(0).gt(0)), { name: "decide" }).ir;
  const add = kernel(
    { X: f32("N"), C: f32("N"), Y: f32("N") },
    ({ X, C, Y, N }) => grid(N.tile(), i => Y.at(i).set(X.at(i).add(C.at(i)))),
    {
      name: "add",
    },
  ).ir;
  const steps: Step[] = [
    { kind: "kernel", kernel: decide, buffers: { X: x, P: positive }, symbols: new Map(), nodes: ["d"] },
    {
      kind: "if",
      condition: positive,
      then: [step(add, { X: x, C: constant, Y: out })],
      else: [step(double(), { X: x, Y: out })],
      nodes: ["if"],
    },
  ];
  const e = await interpreterTarget.compile(program([x], [out], steps), options);
  const run = async (data: number[]) => [...(await e.run(new Map([["x", floats([3], data)]]))).get("out")!.data];
  assert.deepEqual(await run([1, 2, 3]), [11, 22, 33]);
  assert.deepEqual(await run([-1, 2, 3]), [-2, 4, 6]);
  assert.equal(reads, 1);
  await assert.rejects(e.run(new Map([["x", floats([3], [1, 2, 3])]]), { signal: AbortSignal.abort() }), {
    code: "aborted",
  });
  assert.deepEqual(
    e.report().kernels.map(k => k.name),
    ["decide", "add", "double"],
  );
});

test("an output that nothing writes completely is an error", async () => {
  const x = buffer("x", [4], "input");
  const out = buffer("out", [4], "output");
  const half = kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y }) => Y.at(1).set(X.at(0)), { name: "half" }).ir;
  const e = await interpreterTarget.compile(program([x], [out], [step(half, { X: x, Y: out })]), options);
  await assert.rejects(e.run(new Map([["x", floats([4], [1, 2, 3, 4])]])), {
    code: "bounds",
    message: 'output "out" has no value at [0]; every element must be written',
  });
});
