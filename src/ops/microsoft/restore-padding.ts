// RestorePadding of com.microsoft: packed tokens put back where they were, zeros between them.
import type { Value } from "../../graph/graph.js";
import { requireRanks } from "../checks.js";
import type { Builder, Operator, OperatorCase, OperatorDoc, Reference } from "../operator.js";
import { elements, exact, numbersOf, tabulate } from "../reference-tensors.js";

const op = "RestorePadding";

/** Offsets of the tokens that are no padding: the first ones of token_offset, as many as rows of `packed`. */
export function tokenOffsets(build: Builder, packed: Value, token_offset: Value): Value {
  const vector = (...x: number[]): Value => build.constant("i64", [x.length], x);
  const count = build.node("Slice", [build.node("Shape", [packed]), vector(0), vector(1)]);
  return build.node("Slice", [build.node("Reshape", [token_offset, vector(-1)]), vector(0), count, vector(0)]);
}

/** tokens×hidden as batch×sequence×hidden */
export function restored(build: Builder, packed: Value, token_offset: Value): Value {
  const vector = (...x: number[]): Value => build.constant("i64", [x.length], x);
  const hidden = build.node("Slice", [build.node("Shape", [packed]), vector(1), vector(2)]);
  const dims = build.node("Shape", [token_offset]);
  const rows = build.node("ReduceProd", [dims, vector(0)]);
  const zero = build.node("CastLike", [build.constant("f32", [], [0]), packed]);
  const empty = build.node("Expand", [zero, build.node("Concat", [rows, hidden], { axis: 0 })]);
  const places = build.node("Unsqueeze", [tokenOffsets(build, packed, token_offset), vector(1)]);
  // there are no more tokens than places
  const tokens = build.node("Slice", [packed, vector(0), rows, vector(0)]);
  const scattered = build.node("ScatterND", [empty, places, tokens]);
  return build.node("Reshape", [scattered, build.node("Concat", [dims, hidden], { axis: 0 })]);
}

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: ["input", "token_offset"],
  outputs: ["output"],
  shape: node => {
    requireRanks(op, node, { input: [2], token_offset: [2] });
    return { output: [...node.dims.token_offset!, node.dims.input![1]!] };
  },
  expand: ({ inputs: { input, token_offset } }, build) => ({ output: restored(build, input!, token_offset!) }),
};

export const doc: OperatorDoc = {
  summary: "Packed tokens put back where they were, zeros for padding",
  dtypes: "float",
  opsets: [1, 1],
};
export const tolerance = exact;

export const reference: Reference = ({ input, token_offset }) => {
  const [tokens, hidden] = input!.dims as [number, number];
  const offsets = numbersOf(token_offset!).slice(0, tokens);
  const read = elements(input!);
  const S = token_offset!.dims[1]!;
  const output = tabulate(input!.dtype, [...token_offset!.dims, hidden], ([b, s, h]) => {
    const token = offsets.indexOf(b! * S + s!);
    return token < 0 ? 0 : read([token, h!])!;
  });
  return { output };
};

/** The offsets of the documentation: three sequences of 1, 2 and 4 tokens in rows of 4. */
export const exampleOffsets = { dtype: "i32", dims: [3, 4], data: [0, 4, 5, 8, 9, 10, 11, 1, 2, 3, 6, 7] } as const;
const of = (dtype: "f32" | "f16"): OperatorCase => ({
  name: dtype,
  inputs: { input: { dtype, dims: [7, 5] }, token_offset: exampleOffsets },
});
export const cases = (): readonly OperatorCase[] => [of("f32"), of("f16")];
