// debug() of tiles: the same values on every target, in eager execution block by block, and a bounded text.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cells,
  type DebugTile,
  debugText,
  f32,
  fold,
  grid,
  i32,
  kernel,
  where,
  zeros,
} from "../../src/author/index.js";
import { compileKernel, load } from "../../src/index.js";
import { nativeProblem } from "../../src/targets/c/native-problem.js";
import { gpuState } from "../../src/targets/webgpu/target.js";
import { elementType, node, onnxModel, value } from "../frontends/onnx-model.js";

const numbers = (dims: readonly number[]) =>
  ({
    dtype: "f32",
    dims,
    data: Float32Array.from({ length: dims.reduce((p, n) => p * n, 1) }, (_, i) => ((i * 7) % 11) - 5),
  }) as const;

/** points in the grid's body, in a fold over tiles with a merge and `until`, and in one over steps */
const watched = () =>
  kernel(
    { X: f32("R C"), Y: f32("R"), Z: f32("R") },
    ({ X, Y, Z, R, C }) =>
      grid(R.tile(), r => {
        const c = C.all();
        const most = X.at(r, c).max(c).debug("most");
        const even = X.at(r, c).cast("i32").and(1).eq(0).debug("even");
        Z.at(r).set(where(even, X.at(r, c), 0).sum(c).cast("f16").debug("half").cast("f32"));
        const [sum] = fold(
          C.tile("t"),
          [zeros("f32", r)] as const,
          (t, [s]) => {
            const x = X.at(r, t).sub(most).debug("x");
            return [s.add(x.sum(t)).debug("sum")] as const;
          },
          { merge: ([a], [b]) => [a.add(b)] as const },
        );
        const [steps] = fold(
          C.steps("k"),
          [zeros("f32", r)] as const,
          (k, [s]) => [s.mul(0.5).add(X.at(r, k)).debug("steps")] as const,
        );
        Y.at(r).set(sum.add(steps));
      }),
    { name: "watched" },
  );

const [R, C] = [2, 3];
const X = numbers([R, C]);
const at = (r: number, c: number): number => X.data[r * C + c]!;
const rows = [0, 1];
const columns = [0, 1, 2];
const most = rows.map(r => Math.max(...columns.map(c => at(r, c))));
const stepsOf = (r: number, k: number): number => (k < 0 ? 0 : stepsOf(r, k - 1) * 0.5 + at(r, k));
const want: Readonly<Record<string, readonly number[]>> = {
  most,
  even: rows.flatMap(r => columns.map(c => Number(at(r, c) % 2 === 0))),
  half: rows.map(r => columns.reduce((s, c) => s + (at(r, c) % 2 === 0 ? at(r, c) : 0), 0)),
  x: columns.flatMap(t => rows.map(r => at(r, t) - most[r]!)),
  sum: rows.map(r => columns.reduce((s, t) => s + at(r, t) - most[r]!, 0)),
  steps: columns.flatMap(k => rows.map(r => stepsOf(r, k))),
};
/** in the order of the text's axes: what varies over a fold's steps has them first */
function assertShown(shown: readonly DebugTile[]): void {
  assert.deepEqual(
    shown.map(t => t.name),
    ["most", "even", "half", "x", "sum", "steps"],
  );
  for (const tile of shown) {
    assert.deepEqual(Array.from(tile.data, Number), want[tile.name], tile.name);
    assert.match(tile.source!, /debug\.test\.js:\d+$/);
  }
  assert.deepEqual(
    shown.map(t => t.axes.map(a => `${a.name} ${a.start} ${a.length}`).join()),
    ["r 0 2", "r 0 2,c 0 3", "r 0 2", "t 0 3,r 0 2", "r 0 2", "k 0 3,r 0 2"],
  );
  assert.deepEqual(
    shown.map(t => t.dtype),
    ["f32", "bool", "f16", "f32", "f32", "f32"],
  );
}
for (const target of ["interpreter", "wasm", "native", "webgpu"] as const)
  test(`debug on ${target}`, async t => {
    const problem =
      target === "native" ? await nativeProblem() : target === "webgpu" ? (await gpuState()).problem : undefined;
    if (problem) return t.skip(problem);
    const k = watched();
    const shown: DebugTile[] = [];
    const results = await k.run({ X }, { target, threads: 1, onDebug: tile => shown.push(tile) });
    assertShown(shown);
    assert.deepEqual(Object.keys(results), ["X", "Y", "Z"]);
    const { Y, Z } = k.eager({ X }, { onDebug: () => {} });
    assert.deepEqual([results.Y.data, results.Z.data], [Y.data, Z.data]);
    // fields of the schedule stay pinned, and a fold whose points are watched is not cut
    const pinned = k.with({ ...(target === "webgpu" ? {} : { block: { r: 1, t: 2 } }), parts: { t: 2 } });
    await pinned.run({ X }, { target, threads: 1, onDebug: tile => shown.push(tile) });
    assertShown(shown.slice(6));
    pinned.dispose();
    k.dispose();
  });

test("what varies by segment is shown for each index of the axis that is walked in segments", async () => {
  const k = kernel(
    { X: f32("M K"), S: f32("G"), O: i32("B"), Y: f32("M") },
    ({ X, S, O, Y, M, K }) =>
      grid(M.segments(O), m => {
        const scale = S.at(m.seg).mul(10).debug("scale");
        const [carried] = fold(K.steps(), [zeros("f32")] as const, (_, [s]) => [s.add(S.at(m.seg))] as const);
        carried.debug("carried");
        X.at(0, 0).debug("same");
        Y.at(m).set(X.at(m, 0).mul(scale));
      }),
    { name: "k" },
  );
  const tensors = {
    X: numbers([5, 2]),
    S: numbers([3]),
    O: { dtype: "i32", dims: [4], data: Int32Array.of(0, 2, 2, 5) },
  };
  const [first, , last] = tensors.S.data as unknown as readonly [number, number, number];
  const bySegment = [first, first, last, last, last];
  for (const target of ["interpreter", "wasm"] as const) {
    const shown: DebugTile[] = [];
    await k.run(tensors as never, { target, threads: 1, onDebug: tile => shown.push(tile) });
    assert.deepEqual(
      shown.map(t => [t.name, t.axes, Array.from(t.data)]),
      [
        ["scale", [{ name: "m", start: 0, length: 5 }], bySegment.map(s => s * 10)],
        ["carried", [{ name: "m", start: 0, length: 5 }], bySegment.map(s => s * 2)],
        ["same", [], [tensors.X.data[0]]],
      ],
    );
  }
  k.dispose();
});

test("eager execution shows block by block, with the position, and not without end", () => {
  const shown: DebugTile[] = [];
  watched().eager({ X }, { block: 1, foldTile: 2, onDebug: tile => shown.push(tile) });
  const sums = shown.filter(t => t.name === "sum");
  const position = (t: DebugTile) => [
    ...t.at.map(p => `${p.name}=${p.index}`),
    ...t.axes.map(a => `${a.name} ${a.start}+${a.length}`),
  ];
  assert.deepEqual(sums.map(position), [
    ["t=0", "r 0+1"],
    ["t=2", "r 0+1"],
    ["t=0", "r 1+1"],
    ["t=2", "r 1+1"],
  ]);
  assert.equal(sums.at(-1)!.data[0], want.sum![1]);
  const many: DebugTile[] = [];
  watched().eager({ X: numbers([50, 3]) }, { block: 1, onDebug: tile => many.push(tile) });
  const ends = many.filter(t => t.name === "most");
  assert.deepEqual([ends.length, ends.at(-1)!.isLast, ends[0]!.isLast], [16, true, false]);
});

test("what is printed says what and where, and a few values", t => {
  const lines: string[] = [];
  t.mock.method(console, "log", (line: string) => lines.push(line));
  const k = kernel(
    { X: f32("R C"), Y: f32("R C") },
    ({ X, Y, R, C }) =>
      grid(R.tile(), C.tile(), (r, c) => {
        Y.at(r, c).set(X.at(r, c).mul(0.1).debug("tenth"));
      }),
    { name: "k" },
  );
  k.eager({ X: numbers([1, 3]) }, { block: 2 });
  assert.equal(
    lines.join("\n").replace(/\(.*\)/g, "(here)"),
    `debug "tenth" of kernel "k": f32 at r 0…0, c 0…1 (here)
  [0] -0.5 0.2
debug "tenth" of kernel "k": f32 at r 0…0, c 2…2 (here)
  [0] -0.2`,
  );
  const tile: DebugTile = {
    ...{ kernel: "k", name: "n", dtype: "i64", source: undefined, isLast: true },
    axes: [
      { name: "a", start: 5, length: 100 },
      { name: "b", start: 0, length: 9 },
    ],
    at: [{ name: "t", index: 7 }],
    data: Array.from({ length: 900 }, (_, i) => BigInt(i)),
  };
  assert.equal(
    debugText(tile),
    `debug "n" of kernel "k": i64 at t 7, a 5…104, b 0…8
  [5] 0 1 2 … 6 7 8
  [6] 9 10 11 … 15 16 17
  [7] 18 19 20 … 24 25 26
  …
  [102] 873 874 875 … 879 880 881
  [103] 882 883 884 … 888 889 890
  [104] 891 892 893 … 897 898 899
  more tiles of "n" are not shown`,
  );
  assert.equal(
    debugText({ ...tile, axes: [], at: [], data: [1 / 3], isLast: false }),
    'debug "n" of kernel "k": i64\n  0.333333',
  );
  assert.match(debugText({ ...tile, axes: [{ name: "a", start: 0, length: 0 }], data: [] }), /nothing$/);
  const deep = [4, 4, 4, 2].map((length, i) => ({ name: "abcd"[i]!, start: 0, length }));
  assert.ok(debugText({ ...tile, axes: deep, data: new Int32Array(128) }).split("\n").length < 20);
});

test("debug where nothing could be shown is refused", async () => {
  const message = (text: RegExp) => ({ code: "kernel", message: text });
  await assert.rejects(
    compileKernel(watched()),
    message(/^kernel "watched": debug\("most"\) shows tiles in run\(\) and eager\(\) of a kernel by itself; remove it/),
  );
  const inCells = () =>
    kernel({ X: f32("N"), Y: f32("N") }, ({ X, Y, N }) =>
      grid(N.tile(), n => {
        Y.at(n).set(cells(n, n => X.at(n).debug("x")));
      }),
    );
  assert.throws(inCells, message(/debug\("x"\) is called inside of cells; show what cells\(\) gives/));
  const { f32: element } = elementType;
  const bytes = onnxModel({
    domains: { "com.example": 1 },
    inputs: [value("x", element, ["n"])],
    outputs: [value("y", element)],
    nodes: [{ ...node("Shown", ["x"], ["y"], [], "here"), domain: "com.example" }],
  });
  const operator = {
    ...{ name: "Shown", domain: "com.example", inputs: ["X"], outputs: ["Y"] },
    shape: ({ dims }: { dims: Record<string, never> }) => ({ Y: dims.X! }),
    at: ({ inputs }: { inputs: Record<string, { at(i: never): { debug(n: string): never } }> }) => ({
      Y: (i: never) => inputs.X!.at(i).debug("x"),
    }),
  };
  await assert.rejects(
    load(bytes, { operators: [operator as never] }),
    message(/debug\("x"\) is called outside of a kernel; tiles are shown in the body that kernel\(\) got/),
  );
  const large = numbers([1, 1]);
  const k = kernel({ X: f32("1 1"), I: i32("T"), Y: f32("") }, ({ X, I, Y, T }) => {
    const [s] = fold(T.tile("t"), [zeros("f32")] as const, (t, [s]) => {
      const [a] = fold(T.tile("u"), [s] as const, (u, [a]) => [a.add(I.at(u).cast("f32").sum(u)).debug("a")] as const);
      return [a.add(I.at(t).cast("f32").sum(t))] as const;
    });
    Y.at().set(s.add(X.at(0, 0)));
  });
  await assert.rejects(k.run({ X: large, I: { dtype: "i32", dims: [5000], data: new Int32Array(5000) } }), {
    code: "memory",
    message: /debug "a" varies over 25000000 elements, with all steps of its folds; use smaller sizes, or eager\(\)/,
  });
});
