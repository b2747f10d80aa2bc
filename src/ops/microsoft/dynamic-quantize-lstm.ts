// DynamicQuantizeLSTM of com.microsoft: LSTM with weights of 8 bits, transposed. They are made real once; what flows through the cells
// stays in floats, which ONNX Runtime rounds to 8 bits for each product.
import type { Value } from "../../graph/graph.js";
import { requireEqual } from "../broadcast.js";
import { printDims, refuse, requireRanks } from "../checks.js";
import * as lstm from "../lstm.js";
import { onnxCodeOf } from "../onnx-dtypes.js";
import type {
  Attributes,
  Builder,
  NodeInfo,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  ReferenceTensor,
} from "../operator.js";
import { elements, tabulate } from "../reference-tensors.js";

const op = "DynamicQuantizeLSTM";
const transposed = (dims: NodeInfo["dims"][string]) => [dims[0]!, dims[2]!, dims[1]!];
const { layout: _, ...attributes } = lstm.operator.attributes!;

export const operator: Operator = {
  name: op,
  domain: "com.microsoft",
  inputs: [
    "X",
    "W",
    "R",
    "B?",
    "sequence_lens?",
    "initial_h?",
    "initial_c?",
    "P?",
    "W_scale",
    "W_zero_point",
    "R_scale",
    "R_zero_point",
  ],
  outputs: ["Y?", "Y_h?", "Y_c?"],
  attributes,
  dtypes: ({ dtypes }) => ({ Y: dtypes.X!, Y_h: dtypes.X!, Y_c: dtypes.X! }),
  shape: node => {
    const parameter = [1, 2];
    requireRanks(op, node, {
      W: [3],
      R: [3],
      W_scale: parameter,
      W_zero_point: parameter,
      R_scale: parameter,
      R_zero_point: parameter,
    });
    const { W, R, ...dims } = node.dims;
    for (const [n, weights] of Object.entries({ W: W!, R: R! }))
      if (!weights.every(d => d.isConst))
        refuse("operator-unsupported", op, node, `${n} of ${printDims(weights)} must have dims in numbers; fix them`);
    // one parameter a direction, or one for each column as well
    for (const n of ["W", "R"] as const)
      for (const name of [`${n}_scale`, `${n}_zero_point`]) {
        const [weights, parameters] = [node.dims[n]!, node.dims[name]!];
        const sentence = `${n} is ${printDims(weights)} and ${name} ${printDims(parameters)}; give one for each direction, or for each of its columns`;
        requireEqual(op, node, weights[0]!, parameters[0]!, sentence);
        if (parameters.length === 2) requireEqual(op, node, weights[2]!, parameters[1]!, sentence);
      }
    return lstm.operator.shape({ ...node, dims: { ...dims, W: transposed(W!), R: transposed(R!) } });
  },
  expand: ({ inputs, dims, attributes: given, wanted }, build) => {
    const { X, B, sequence_lens, initial_h, initial_c, P } = inputs;
    const weights = (n: "W" | "R"): Value => {
      const [scale, zero] = [`${n}_scale`, `${n}_zero_point`].map(p => spread(build, inputs[p]!, dims[p]!.length));
      const wide = (x: Value): Value => build.node("Cast", [x], { to: onnxCodeOf("f32") });
      const real = build.node("Mul", [build.node("Sub", [wide(inputs[n]!), wide(zero!)]), scale]);
      return build.node("Transpose", [real], { perm: [0, 2, 1] });
    };
    const all = [X, weights("W"), weights("R"), B, sequence_lens, initial_h, initial_c, P];
    const [Y, Y_h, Y_c] = build.several("LSTM", 3, all, given) as [Value, Value, Value];
    const results: Record<string, Value> = { Y, Y_h, Y_c };
    return Object.fromEntries(wanted.map(n => [n, results[n]!]));
  },
};

/** One parameter a direction, or one for each column as well, beside directions×rows×columns. */
const spread = (build: Builder, x: Value, rank: number): Value =>
  build.node("Unsqueeze", [x, build.constant("i64", [3 - rank], rank === 1 ? [1, 2] : [1])]);

export const doc: OperatorDoc = {
  summary: "LSTM with weights of 8 bits, which are made real once",
  dtypes: "X f32, weights u8 or i8",
  opsets: [1, 1],
  limits: "X and the hidden state are not quantised on the way, as they are in ONNX Runtime",
};
export const tolerance = lstm.tolerance;

export const reference: Reference = (inputs, given, node) => {
  const { W_scale, W_zero_point, R_scale, R_zero_point, W, R, ...rest } = inputs;
  const weights = (t: ReferenceTensor, scale: ReferenceTensor, zero: ReferenceTensor): ReferenceTensor => {
    const read = elements(t);
    const of = (p: ReferenceTensor, d: number, c: number): number =>
      Number(p.data[p.dims.length === 1 ? d : d * p.dims[1]! + c]);
    return tabulate("f64", [t.dims[0]!, t.dims[2]!, t.dims[1]!], ([d, c, r]) => {
      return (Number(read([d!, r!, c!])) - of(zero, d!, c!)) * of(scale, d!, c!);
    });
  };
  const real = { W: weights(W!, W_scale!, W_zero_point!), R: weights(R!, R_scale!, R_zero_point!) };
  return lstm.reference({ ...rest, ...real }, given, node);
};

interface More {
  readonly dtype?: "u8" | "i8";
  readonly columns?: boolean;
  readonly bias?: boolean;
  readonly states?: boolean;
  readonly lengths?: boolean;
}
function of(name: string, more: More, given: Attributes = {}): OperatorCase {
  const { dtype = "i8", columns, bias, states, lengths } = more;
  const [T, B, I, H] = [5, 3, 4, 6];
  const D = given.direction === "bidirectional" ? 2 : 1;
  const dims = columns ? [D, 4 * H] : [D];
  const state = { dtype: "f32", dims: [D, B, H] } as const;
  const [full, middle] =
    dtype === "u8"
      ? ([
          [0, 255],
          [110, 140],
        ] as const)
      : ([
          [-128, 127],
          [-9, 9],
        ] as const);
  const parameters = (n: string) => ({
    [`${n}_scale`]: { dtype: "f32" as const, dims, range: [0.003, 0.006] as const },
    [`${n}_zero_point`]: { dtype, dims, range: middle },
  });
  return {
    name: `${dtype} ${name}`,
    attributes: { hidden_size: H, ...given },
    outputCount: 3,
    inputs: {
      X: { dtype: "f32", dims: [T, B, I] },
      W: { dtype, dims: [D, I, 4 * H], range: full },
      R: { dtype, dims: [D, H, 4 * H], range: full },
      ...(bias ? { B: { dtype: "f32" as const, dims: [D, 8 * H] } } : {}),
      ...(lengths ? { sequence_lens: { dtype: "i32" as const, dims: [B], data: [5, 2, 3] } } : {}),
      ...(states ? { initial_h: state, initial_c: state } : {}),
      ...parameters("W"),
      ...parameters("R"),
    },
  };
}
export const cases = (): readonly OperatorCase[] => [
  of("single parameters", { bias: true }),
  of("by column, both directions", { columns: true, bias: true, states: true }, { direction: "bidirectional" }),
  of("reverse, lengths", { dtype: "u8", lengths: true }, { direction: "reverse" }),
];
