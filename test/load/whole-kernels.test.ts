// Operators that bring whole kernels (sums along an axis, sorting, scatter, recurrent cells) read and write tensors wherever the partition
// puts them: channels last beside convolutions, in parts of concatenations, as slices. The interpreter, which goes by buffers, is the judge.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "../../src/index.js";
import type { NodeInit, TensorInit } from "../frontends/onnx-model.js";
import {
  elementType,
  f32Tensor,
  graphAttribute,
  i64Tensor,
  int,
  node,
  onnxModel,
  value,
} from "../frontends/onnx-model.js";

const { f32, bool } = elementType;
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => ((i * 7) % 13) - 6);
const weights = (name: string, dims: readonly number[]): TensorInit =>
  f32Tensor(
    name,
    dims,
    numbers(dims.reduce((a, b) => a * b, 1)).map(x => x / 8),
  );
const constants = [
  weights("w", [4, 3, 3, 3]),
  weights("filter", [2, 3, 3]),
  weights("W", [1, 16, 5]),
  weights("R", [1, 16, 4]),
  weights("updates", [1, 1, 2, 2]),
  i64Tensor("one", [], [1]),
  i64Tensor("three", [1], [3]),
  i64Tensor("places", [1, 1, 2, 2], [0, 1, 2, 3]),
  i64Tensor("starts", [1], [1]),
  i64Tensor("ends", [1], [4]),
  i64Tensor("last", [1], [-1]),
];

const cases: readonly { readonly title: string; readonly dims: readonly number[]; readonly nodes: NodeInit[] }[] = [
  {
    title: "sums along the channels of a convolution",
    dims: [1, 3, 6, 6],
    nodes: [node("Conv", ["x", "w"], ["c"]), node("CumSum", ["c", "one"], ["y"])],
  },
  {
    title: "a convolution of sums",
    dims: [1, 3, 6, 6],
    nodes: [node("CumSum", ["x", "one"], ["s"]), node("Conv", ["s", "w"], ["y"])],
  },
  {
    title: "the largest of a convolution's channels",
    dims: [1, 3, 6, 6],
    nodes: [node("Conv", ["x", "w"], ["c"]), node("TopK", ["c", "three"], ["y", ""], [int("axis", 1)])],
  },
  {
    title: "scatter into a convolution",
    dims: [1, 3, 6, 6],
    nodes: [
      node("Conv", ["x", "w"], ["c"]),
      node("ScatterElements", ["c", "places", "updates"], ["y"], [int("axis", 1)]),
    ],
  },
  {
    title: "a recurrent cell over a convolution",
    dims: [5, 3, 7],
    nodes: [node("Conv", ["x", "filter"], ["c"]), node("LSTM", ["c", "W", "R"], ["y"], [int("hidden_size", 4)])],
  },
  {
    title: "sums of a part of a concatenation, and of a slice",
    dims: [3, 5],
    nodes: [
      node("Softmax", ["x"], ["p"]),
      node("Concat", ["x", "p", "x"], ["joined"], [int("axis", 1)]),
      node("CumSum", ["p", "one"], ["of part"]),
      node("Softmax", ["joined"], ["q"]),
      node("Slice", ["q", "starts", "ends", "last"], ["slice"]),
      node("CumSum", ["slice", "one"], ["of slice"]),
      node("Concat", ["of part", "of slice", "joined", "q"], ["y"], [int("axis", 1)]),
    ],
  },
  {
    title: "sums in a branch whose result a convolution reads",
    dims: [1, 3, 6, 6],
    nodes: [
      node(
        "If",
        ["condition"],
        ["c"],
        [
          graphAttribute("then_branch", { outputs: [value("s", f32)], nodes: [node("CumSum", ["x", "one"], ["s"])] }),
          graphAttribute("else_branch", { outputs: [value("n", f32)], nodes: [node("Neg", ["x"], ["n"])] }),
        ],
      ),
      node("Conv", ["c", "w"], ["y"]),
    ],
  },
];

for (const { title, dims, nodes } of cases)
  for (const symbolic of [false, true])
    test(`${title}, dims as ${symbolic ? "symbols" : "numbers"}`, async () => {
      const model = onnxModel({
        inputs: [value("x", f32, symbolic ? ["n", ...dims.slice(1)] : dims), value("condition", bool, [])],
        outputs: [value("y", f32)],
        initializers: constants,
        nodes,
      });
      const data = Float32Array.from(numbers(dims.reduce((a, b) => a * b, 1)));
      const results = [];
      for (const target of ["interpreter", "wasm"] as const) {
        const net = await load(model, { target, cache: false });
        const { y } = await net.run({
          x: { dtype: "f32", dims, data },
          condition: { dtype: "bool", dims: [], data: Uint8Array.of(1) },
        });
        results.push(y!);
        net.dispose();
      }
      const [want, got] = results;
      assert.deepEqual(got!.dims, want!.dims);
      (want!.data as Float32Array).forEach((w, i) => {
        const g = (got!.data as Float32Array)[i]!;
        assert.ok(Math.abs(g - w) <= 1e-5 * Math.max(1, Math.abs(w)), `element ${i}: ${g} for ${w}`);
      });
    });
