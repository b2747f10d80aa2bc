// LSTM: one kernel a direction; a block of the batch walks the sequence with the hidden and the cell state in its hands.
// Gates lie in W, R and B in the order input, output, forget, cell.
import type { Dtype } from "../ir/dtypes.js";
import type { Kernel } from "../ir/tile.js";
import {
  type AnyTile,
  type DimValue,
  dot,
  type Environment,
  fold,
  grid,
  i32,
  kernel,
  materialize,
  type Signature,
  tensor,
  type View,
  where,
  zeros,
} from "../tile/index.js";
import { computeDtype, wide } from "./accumulate.js";
import { refuse } from "./checks.js";
import { floats } from "./elementwise-references.js";
import type {
  Attributes,
  NodeInfo,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  ReferenceTensor,
  Tolerance,
} from "./operator.js";
import { activationsOf, clipped, directionsOf, recurrentAttributes, recurrentDims } from "./recurrent.js";
import { elements, tabulate } from "./reference-tensors.js";

type Tensors = Readonly<Record<string, View<Dtype>>>;

/** of the gates, of what goes into the cell, of what comes out of it */
const gateActivations = ["Sigmoid", "Tanh", "Tanh"] as const;

export const operator: Operator = {
  name: "LSTM",
  inputs: ["X", "W", "R", "B?", "sequence_lens?", "initial_h?", "initial_c?", "P?"],
  outputs: ["Y?", "Y_h?", "Y_c?"],
  attributes: { ...recurrentAttributes, input_forget: { type: "int", default: 0 } },
  dtypes: ({ dtypes }) => ({ Y: dtypes.X!, Y_h: dtypes.X!, Y_c: dtypes.X! }),
  shape: node => {
    if (node.attributes.input_forget === 1)
      refuse(
        "operator-unsupported",
        "LSTM",
        node,
        "input_forget = 1 is not supported; export the model with separate gates",
      );
    activationsOf("LSTM", node, 0, gateActivations);
    const { Y, state } = recurrentDims("LSTM", node);
    return { Y, Y_h: state, Y_c: state };
  },
  kernels: node => directionsOf("LSTM", node).map((way, d) => lstmKernel(node, d, way === "reverse")),
};

function lstmKernel(node: NodeInfo, d: number, reverse: boolean): Kernel {
  const dtype = node.dtypes.X!;
  const D = directionsOf("LSTM", node).length;
  const batchFirst = node.attributes.layout === 1;
  const state = batchFirst ? `N ${D} H` : `${D} N H`;
  const words: Readonly<Record<string, string>> = {
    X: batchFirst ? "N S I" : "S N I",
    W: `${D} G I`,
    R: `${D} G H`,
    B: `${D} G2`,
    initial_h: state,
    initial_c: state,
    P: `${D} G3`,
    Y: batchFirst ? `N S ${D} H` : `S ${D} N H`,
    Y_h: state,
    Y_c: state,
  };
  const names = [...node.present, ...node.wanted];
  const signature = Object.fromEntries(
    names.map(name => [name, name === "sequence_lens" ? i32("N") : tensor(dtype, words[name]!)]),
  );
  const body = (env: Environment<Signature>): void =>
    cell(node, env as unknown as Tensors & Record<string, DimValue>, d, reverse);
  return kernel(signature, body, { name: `lstm_${reverse ? "reverse" : "forward"}` }).ir;
}

function cell(node: NodeInfo, env: Tensors & Record<string, DimValue>, d: number, reverse: boolean): void {
  const { X, W, R, B, P, sequence_lens, initial_h, initial_c, Y, Y_h, Y_c } = env as Tensors;
  const { S, N, I, H } = env as unknown as Record<string, DimValue>;
  const batchFirst = node.attributes.layout === 1;
  const dtype = node.dtypes.X!;
  const [f, g, h] = activationsOf("LSTM", node, d, gateActivations);
  const wideOf = (x: AnyTile): AnyTile => wide(x, dtype);
  grid(N!.tile(), n => {
    const [j, k, i] = [H!.all("j"), H!.all("k"), I!.all("i")];
    const stateAt = (v: View<Dtype>) => (batchFirst ? v.at(n, d, j) : v.at(d, n, j));
    const start = (v: View<Dtype> | undefined): AnyTile => (v ? wideOf(stateAt(v)) : zeros(computeDtype(dtype), n, j));
    const row = (q: number): AnyTile => H!.size.mul(q).add(j);
    const step = (s: AnyTile, [hidden, memory]: [AnyTile, AnyTile]): [AnyTile, AnyTile] => {
      const t = reverse ? S!.size.sub(1).sub(s) : s;
      const before = materialize(hidden, n, j).at(n, k);
      const x = wideOf(batchFirst ? X!.at(n, t, i) : X!.at(t, n, i));
      const gate = (q: number, peephole?: AnyTile): AnyTile => {
        const sum = dot(x, wideOf(W!.at(d, row(q), i)), i).add(dot(before, wideOf(R!.at(d, row(q), k)), k));
        const biased = B ? sum.add(wideOf(B.at(d, row(q))).add(wideOf(B.at(d, row(q + 4))))) : sum;
        return clipped(peephole ? biased.add(peephole) : biased, node.attributes.clip);
      };
      // P holds the peepholes of input, output and forget gate
      const peephole = (q: number, c: AnyTile): AnyTile | undefined => (P ? wideOf(P.at(d, row(q))).mul(c) : undefined);
      const input = f!(gate(0, peephole(0, memory)));
      const forget = f!(gate(2, peephole(2, memory)));
      const next = forget.mul(memory).add(input.mul(g!(gate(3))));
      const out = f!(gate(1, peephole(1, next))).mul(h!(next));
      const active = sequence_lens && t.lt(sequence_lens.at(n));
      const y = (active ? where(active, out, 0) : out).cast(dtype);
      if (Y) (batchFirst ? Y.at(n, t, d, j) : Y.at(t, d, n, j)).set(y);
      return active ? [where(active, out, hidden), where(active, next, memory)] : [out, next];
    };
    const [last, memory] = fold(S!.steps(), [start(initial_h), start(initial_c)], step);
    if (Y_h) stateAt(Y_h).set(last.cast(dtype));
    if (Y_c) stateAt(Y_c).set(memory.cast(dtype));
  });
}

export const doc: OperatorDoc = {
  summary:
    "Long short-term memory over a sequence: forward, reverse or both, with peepholes, initial states, lengths, clipping and any activations",
  dtypes: "float",
  opsets: [1, 22],
};
export const tolerance: Tolerance = { relative: 32, absolute: 32 };

const referenceActivations: Readonly<Record<string, (x: number, alpha: number | undefined) => number>> = {
  sigmoid: x => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  relu: x => Math.max(x, 0),
  leakyrelu: (x, alpha = 0.01) => (x >= 0 ? x : alpha * x),
};

export const reference: Reference = (inputs, attributes) => {
  const { X, W, R, B, P, sequence_lens: lengths, initial_h, initial_c } = inputs as Record<string, ReferenceTensor>;
  const [x, w, r] = [elements(X!), elements(W!), elements(R!)];
  const batchFirst = attributes.layout === 1;
  const [S, N] = batchFirst ? [X!.dims[1]!, X!.dims[0]!] : [X!.dims[0]!, X!.dims[1]!];
  const [I, H, D] = [X!.dims[2]!, R!.dims[2]!, W!.dims[0]!];
  const state = batchFirst ? [N, D, H] : [D, N, H];
  const stateIndex = (d: number, n: number, j: number): number[] => (batchFirst ? [n, d, j] : [d, n, j]);
  const optional = (t: ReferenceTensor | undefined, index: readonly number[]): number =>
    t ? Number(elements(t)(index)) : 0;
  const limit = attributes.clip
    ? (v: number) => Math.max(-attributes.clip, Math.min(attributes.clip, v))
    : (v: number) => v;
  const act = (d: number, which: number, v: number): number => {
    const name = attributes.activations?.[d * 3 + which] ?? (which === 0 ? "Sigmoid" : "Tanh");
    return referenceActivations[name.toLowerCase()]!(limit(v), attributes.activation_alpha?.[0]);
  };
  const outputs = new Map<string, number>();
  const [lastH, lastC] = [new Map<string, number>(), new Map<string, number>()];
  for (let d = 0; d < D; d++)
    for (let n = 0; n < N; n++) {
      const length = lengths ? Number(lengths.data[n]) : S;
      let h = Array.from({ length: H }, (_, j) => optional(initial_h, stateIndex(d, n, j)));
      let c = Array.from({ length: H }, (_, j) => optional(initial_c, stateIndex(d, n, j)));
      for (let s = 0; s < length; s++) {
        const t = d === 1 || attributes.direction === "reverse" ? length - 1 - s : s;
        const [oldH, oldC] = [h, c];
        const gate = (q: number, j: number): number => {
          let sum = optional(B, [d, q * H + j]) + optional(B, [d, (q + 4) * H + j]);
          for (let i = 0; i < I; i++)
            sum += Number(x(batchFirst ? [n, t, i] : [t, n, i])) * Number(w([d, q * H + j, i]));
          for (let k = 0; k < H; k++) sum += oldH[k]! * Number(r([d, q * H + j, k]));
          return sum;
        };
        c = oldC.map((old, j) => {
          const input = act(d, 0, gate(0, j) + optional(P, [d, j]) * old);
          const forget = act(d, 0, gate(2, j) + optional(P, [d, 2 * H + j]) * old);
          return forget * old + input * act(d, 1, gate(3, j));
        });
        h = c.map((now, j) => act(d, 0, gate(1, j) + optional(P, [d, H + j]) * now) * act(d, 2, now));
        h.forEach((v, j) => {
          outputs.set(String([t, d, n, j]), v);
        });
      }
      h.forEach((v, j) => {
        lastH.set(String([d, n, j]), v);
      });
      c.forEach((v, j) => {
        lastC.set(String([d, n, j]), v);
      });
    }
  const Y = tabulate(
    X!.dtype,
    batchFirst ? [N, S, D, H] : [S, D, N, H],
    ([a, b, e, j]) => outputs.get(String(batchFirst ? [b, e, a, j] : [a, b, e, j])) ?? 0,
  );
  const last = (m: Map<string, number>): ReferenceTensor =>
    tabulate(X!.dtype, state, ([a, b, j]) => m.get(String(batchFirst ? [b, a, j] : [a, b, j]))!);
  return { Y, Y_h: last(lastH), Y_c: last(lastC) };
};

interface Sizes {
  readonly S: number;
  readonly N: number;
  readonly I: number;
  readonly H: number;
}
function caseOf(
  name: string,
  { S, N, I, H }: Sizes,
  attributes: Attributes = {},
  optional: readonly string[] = ["B"],
  dtype: Dtype = "f32",
): OperatorCase {
  const D = attributes.direction === "bidirectional" ? 2 : 1;
  const state = attributes.layout === 1 ? [N, D, H] : [D, N, H];
  const dims: Readonly<Record<string, readonly number[]>> = {
    X: attributes.layout === 1 ? [N, S, I] : [S, N, I],
    W: [D, 4 * H, I],
    R: [D, 4 * H, H],
    B: [D, 8 * H],
    initial_h: state,
    initial_c: state,
    P: [D, 3 * H],
  };
  const lengths = {
    dtype: "i32" as const,
    dims: [N],
    data: Array.from({ length: N }, (_, n) => (n * 2 + 1) % (S + 1)),
  };
  const names = ["X", "W", "R", ...optional];
  return {
    name: `${dtype} ${name}`,
    attributes: { hidden_size: H, ...attributes },
    inputs: Object.fromEntries(
      names.map(n => [n, n === "sequence_lens" ? lengths : { dtype, dims: dims[n]!, range: [-1, 1] as const }]),
    ),
  };
}
const small: Sizes = { S: 3, N: 2, I: 5, H: 7 };
const everything = ["B", "sequence_lens", "initial_h", "initial_c", "P"];
export const cases: readonly OperatorCase[] = [
  ...floats.map(d => caseOf("forward", small, {}, ["B"], d)),
  caseOf("without bias", { S: 4, N: 1, I: 3, H: 5 }, {}, []),
  caseOf("reverse", small, { direction: "reverse" }),
  caseOf("bidirectional, everything", small, { direction: "bidirectional" }, everything),
  caseOf("layout 1, everything", small, { direction: "bidirectional", layout: 1 }, everything),
  caseOf("reverse with lengths", { S: 5, N: 3, I: 2, H: 3 }, { direction: "reverse" }, ["B", "sequence_lens"]),
  caseOf("clip", small, { clip: 0.3 }),
  caseOf("activations", small, { activations: ["Sigmoid", "Relu", "LeakyRelu"], activation_alpha: [0.2] }),
  caseOf("one step, one unit", { S: 1, N: 1, I: 1, H: 1 }),
];
