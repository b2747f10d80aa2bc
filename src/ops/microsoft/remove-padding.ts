// RemovePadding of com.microsoft: the tokens of padded sequences, one behind another, and where each was.
import type { AnyTensor } from "../../runtime/host-value.js";
import { Poly } from "../../ir/poly.js";
import { requireRanks } from "../checks.js";
import { gather, numbers } from "../host-tensors.js";
import { tensorType } from "../host-types.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type { Operator, OperatorDoc } from "../operator.js";
import type { Value } from "../../graph/graph.js";

const op = "RemovePadding";

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["input", "sequence_token_count"],
  outputs: ["output", "token_offset", "cumulated_seq_len", "max_seq_len"],
  shape: () => ({}),
  measured: true,
  expand: ({ inputs }, build) => {
    const { input, sequence_token_count: counts } = inputs;
    const vector = (...x: number[]): Value => build.constant("i64", [x.length], x);
    const number = (x: number): Value => build.constant("i64", [], [x]);
    const shape = build.node("Shape", [input]);
    const places = build.node("Range", [number(0), build.node("Gather", [shape, number(1)]), number(1)]);
    const isToken = build.node("Less", [
      places,
      build.node("Cast", [build.node("Unsqueeze", [counts, vector(1)])], { to: onnxCodeOf("i64") }),
    ]);
    const flat = build.node("Reshape", [isToken, vector(-1)]);
    const [order, count] = build.several("StablePartition", 2, [flat], {}, "azulejo");
    const tokens = build.node("Prefix", [count, order], {}, "azulejo");
    const rows = build.node("Flatten", [input], { axis: 2 });
    const zero = build.constant("i32", [1], [0]);
    const wholes = build.node("Cast", [counts], { to: onnxCodeOf("i32") });
    return {
      output: build.node("Gather", [rows, tokens]),
      token_offset: build.node("Reshape", [order, build.node("Slice", [shape, vector(0), vector(2), vector(0)])], {
        allowzero: 1,
      }),
      cumulated_seq_len: build.node("Concat", [zero, build.node("CumSum", [wholes, number(0)])], { axis: 0 }),
      max_seq_len: build.node("Max", [build.node("ReduceMax", [wholes, vector(0)]), zero]),
    };
  },
  host: {
    reason: "the data decide how many tokens there are",
    types: node => {
      requireRanks(op, node, { input: [3], sequence_token_count: [1] });
      const { dtype, dims } = node.types.input!;
      return {
        output: tensorType(dtype, dims && [node.unknownDim("output", 0), dims[2]!]),
        token_offset: tensorType("i32", dims?.slice(0, 2)),
        cumulated_seq_len: tensorType("i32", dims && [dims[0]!.add(1)]),
        max_seq_len: tensorType("i32", [Poly.one]),
      };
    },
    run: ({ input, sequence_token_count }) => {
      const x = input as AnyTensor;
      const [batch, sequence, hidden] = x.dims as readonly [number, number, number];
      const counts = numbers(sequence_token_count as AnyTensor);
      const offsets = Array.from({ length: batch * sequence }, (_, at) => at);
      const isToken = (at: number): boolean => at % sequence < counts[Math.floor(at / sequence)]!;
      const tokens = offsets.filter(isToken);
      const elements = tokens.flatMap(t => Array.from({ length: hidden }, (_, h) => t * hidden + h));
      const ends = counts.reduce((sums, n) => [...sums, sums.at(-1)! + n], [0]);
      const int32 = (values: readonly number[], dims: readonly number[]): AnyTensor => ({
        dtype: "i32",
        dims,
        data: Int32Array.from(values),
      });
      return {
        output: gather(x, elements, [tokens.length, hidden]),
        token_offset: int32([...tokens, ...offsets.filter(at => !isToken(at))], [batch, sequence]),
        cumulated_seq_len: int32(ends, [batch + 1]),
        max_seq_len: int32([Math.max(0, ...counts)], [1]),
      };
    },
  },
};

export const doc: OperatorDoc = {
  summary: "The tokens of padded sequences, one behind another, with where each was and where sequences begin",
  dtypes: "float",
  opsets: [1, 1],
};
