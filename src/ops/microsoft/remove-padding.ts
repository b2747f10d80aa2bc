// RemovePadding of com.microsoft: the tokens of padded sequences, one behind another, and where each was.
import type { AnyTensor } from "../../runtime/host-value.js";
import { Poly } from "../../ir/poly.js";
import { requireRanks } from "../checks.js";
import { gather, numbers } from "../host-tensors.js";
import { tensorType } from "../host-types.js";
import type { Operator, OperatorDoc } from "../operator.js";

const op = "RemovePadding";

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["input", "sequence_token_count"],
  outputs: ["output", "token_offset", "cumulated_seq_len", "max_seq_len"],
  shape: () => ({}),
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
