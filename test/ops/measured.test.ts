// Operators whose results have a size that only a run tells, compiled, against their bodies on the host: any sizes, every dtype, several runs
// of one model.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { newArray } from "../../src/ir/arrays.js";
import type { AnyTensor } from "../../src/runtime/host-value.js";
import { load, Tensor } from "../../src/index.js";
import { operator as compress } from "../../src/ops/compress.js";
import { operator as nonZero } from "../../src/ops/non-zero.js";
import { operator as unique } from "../../src/ops/unique.js";
import type { Dtype } from "../../src/index.js";
import type { HostNode, Operator } from "../../src/ops/operator.js";
import { onnxCodeOf } from "../../src/ops/onnx-dtypes.js";
import type { AttributeInit } from "../frontends/onnx-model.js";
import { int, node, onnxModel, value } from "../frontends/onnx-model.js";
import { isInTurn } from "../rotation.js";
import { nativeProblem } from "../../src/targets/c/native-problem.js";

interface Subject {
  readonly operator: Operator;
  readonly attributes?: Readonly<Record<string, number>>;
  readonly rank: number;
  readonly dtype: Dtype;
  /** further inputs for one of these dims */
  readonly more?: (dims: readonly number[], seed: number) => Readonly<Record<string, Tensor>>;
}
const drawn = (seed: number, n: number, of: number): number[] =>
  Array.from({ length: n }, (_, i) => ((Math.imul(seed + i, 2654435761) >>> 7) * (i + 3)) % of);
const tensor = (dtype: Dtype, dims: readonly number[], seed: number): Tensor => {
  const data = newArray(
    dtype,
    dims.reduce((a, b) => a * b, 1),
  );
  // half of them zeros, and numbers that meet
  drawn(seed, data.length, 8).forEach((x, i) => {
    const v = Math.max(0, x - 4);
    (data as unknown as (number | bigint)[])[i] =
      typeof data[0] === "bigint" ? BigInt(v) : dtype === "bool" ? Number(v > 0) : v;
  });
  return new Tensor(dtype, data as never, [...dims]);
};
const conditions = (n: number, seed: number): Tensor => new Tensor("bool", Uint8Array.from(drawn(seed, n, 2)), [n]);

const dtypes = ["f32", "f64", "i32", "i64", "u8", "bool", "f16"] as const;
const subjects: readonly Subject[] = [
  ...dtypes.map((dtype, i): Subject => ({ operator: nonZero, rank: i % 4, dtype })),
  ...dtypes.map(
    (dtype, i): Subject => ({
      operator: compress,
      rank: 1 + (i % 3),
      dtype,
      attributes: { axis: i % 2 ? -1 : 0 },
      more: (dims, seed) => ({ condition: conditions(Math.max(0, dims.at(i % 2 ? -1 : 0)! - (seed % 3)), seed) }),
    }),
  ),
  ...(["f32", "i64", "bool"] as const).flatMap((dtype, i): Subject[] => [
    { operator: unique, rank: 1 + (i % 2), dtype, attributes: { sorted: i % 2 } },
    { operator: unique, rank: 2 + (i % 2), dtype, attributes: { sorted: (i + 1) % 2, axis: i % 3 ? -1 : 0 } },
  ]),
  {
    operator: compress,
    rank: 2,
    dtype: "f32",
    more: (dims, seed) => ({ condition: conditions(Math.max(0, dims[0]! * dims[1]! - (seed % 2)), seed) }),
  },
];

const named = (x: AnyTensor) => ({ dtype: x.dtype, dims: [...x.dims], data: Array.from(x.data as ArrayLike<unknown>) });

const EVERY = { interpreter: 4, wasm: 3, native: subjects.length } as const;
for (const target of ["interpreter", "wasm", "native"] as const)
  test(`sizes that a run tells, on ${target}`, async t => {
    const problem = target === "native" && (await nativeProblem());
    if (problem) return t.skip(problem);
    // what is sorted takes a C compiler six seconds
    const due = subjects.filter((_, i) => isInTurn(i, EVERY[target]));
    for (const { operator, attributes = {}, rank, dtype, more } of due) {
      const list: AttributeInit[] = Object.entries(attributes).map(([name, v]) => int(name, v));
      const [first] = operator.inputs as readonly [string];
      const outputs = operator.outputs.map(name => name.replace("?", ""));
      const others = Object.entries(more?.(new Array(rank).fill(1), 0) ?? {});
      const model = await load(
        onnxModel({
          opset: 13,
          inputs: [
            value(
              first,
              onnxCodeOf(dtype),
              Array.from({ length: rank }, (_, d) => `d${d}`),
            ),
            ...others.map(([name, x]) =>
              value(
                name,
                onnxCodeOf(x.dtype as Dtype),
                x.dims.map((_, d) => `${name}${d}`),
              ),
            ),
          ],
          outputs: outputs.map(name => value(name, onnxCodeOf("i64"))),
          nodes: [node(operator.name, [first, ...others.map(([name]) => name)], outputs, list)],
        }),
        { target, threads: 1 },
      );
      try {
        await fc.assert(
          fc.asyncProperty(
            fc.array(fc.nat(7), { minLength: rank, maxLength: rank }),
            fc.nat(1e6),
            async (dims, seed) => {
              const x = tensor(dtype, dims, seed);
              const inputs = { [first]: x, ...more?.(dims, seed) };
              const info = {
                name: "n",
                attributes,
                present: Object.keys(inputs),
                wanted: outputs,
              } as unknown as HostNode;
              const want = (await operator.host!.run!(inputs as never, info, undefined as never)) as Record<
                string,
                AnyTensor
              >;
              const got = await model.run(inputs);
              for (const name of outputs)
                assert.deepEqual(
                  named(got[name] as unknown as AnyTensor),
                  named(want[name]!),
                  `${operator.name} ${dtype}`,
                );
            },
          ),
          // a sort is thousands of steps, which the interpreter walks
          { numRuns: process.env.AZULEJO_SWEEP === "all" ? 200 : target === "interpreter" ? 5 : 20 },
        );
        // it is compiled, and the host only cuts
        const steps = model.report().notes.find(note => note.startsWith("host steps: "))!;
        assert.match(steps, /^host steps: (Prefix "[^"]*" \(only a run tells how much of its result counts\)(; )?)+$/);
      } finally {
        model.dispose();
      }
    }
  });
