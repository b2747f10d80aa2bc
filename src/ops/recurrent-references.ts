// Recurrent layers in plain numbers, and their cases. Only references, cases and tests import this.

import type { Dtype } from "../ir/dtypes.js";
import { floats } from "./elementwise-references.js";
import type { Attributes, CaseInput, OperatorCase, ReferenceTensor } from "./operator.js";
import { elements, tabulate } from "./reference-tensors.js";

/** One step of one sample: vectors over the hidden units. */
export interface ReferenceStep {
  input(gate: number): number[];
  hidden(gate: number, h?: readonly number[]): number[];
  readonly state: readonly (readonly number[])[];
  readonly direction: number;
}
type Inputs = Readonly<Record<string, ReferenceTensor>>;

export function recurrentReference(
  inputs: Inputs,
  attributes: Attributes,
  gates: number,
  letters: readonly string[],
  step: (at: ReferenceStep) => readonly (readonly number[])[],
): Record<string, ReferenceTensor> {
  const { X, W, G, R, B, sequence_lens: lengths } = inputs as { R: ReferenceTensor } & Inputs;
  const [x, w, g, b] = [X, W, G, B].map(t => t && elements(t));
  const r = elements(R);
  const batchFirst = attributes.layout === 1;
  const sequence = (X ?? G)!;
  const [first, second] = sequence.dims as readonly [number, number];
  const [S, N] = batchFirst ? [second, first] : [first, second];
  const [D, I, H] = [R.dims[0]!, X?.dims[2] ?? 0, R.dims.at(-1)!];
  /** where a gate's unit lies: products have a dim of gates */
  const unit = (gate: number, j: number): readonly number[] => (G ? [gate, j] : [gate * H + j]);
  const units = Array.from({ length: H }, (_, j) => j);
  const stateDims = batchFirst ? [N, D, H] : [D, N, H];
  const last = new Map<string, readonly (readonly number[])[]>();
  const outputs = new Map<string, readonly number[]>();
  const walk = (d: number, n: number): void => {
    const length = lengths ? Number(lengths.data[n]) : S;
    let state: readonly (readonly number[])[] = letters.map(letter => {
      const given = inputs[`initial_${letter}`];
      return units.map(j => (given ? Number(elements(given)(batchFirst ? [n, d, j] : [d, n, j])) : 0));
    });
    for (let s = 0; s < length; s++) {
      const t = d === 1 || attributes.direction === "reverse" ? length - 1 - s : s;
      const when = batchFirst ? [n, t] : [t, n];
      const bias = (gate: number, j: number): number => (b ? Number(b([d, ...unit(gate, j)])) : 0);
      const before = state;
      state = step({
        state,
        direction: d,
        input: gate =>
          units.map(j => {
            let sum = bias(gate, j);
            if (g) return sum + Number(g([...when, d, gate, j]));
            for (let i = 0; i < I; i++) sum += Number(x!([...when, i])) * Number(w!([d, ...unit(gate, j), i]));
            return sum;
          }),
        hidden: (gate, h = before[0]!) =>
          units.map(j => h.reduce((sum, v, k) => sum + v * Number(r([d, ...unit(gate, j), k])), bias(gate + gates, j))),
      });
      outputs.set(`${t} ${d} ${n}`, state[0]!);
    }
    last.set(`${d} ${n}`, state);
  };
  for (let d = 0; d < D; d++) for (let n = 0; n < N; n++) walk(d, n);
  const Y = tabulate(sequence.dtype, batchFirst ? [N, S, D, H] : [S, D, N, H], ([p, q, o, j]) => {
    const [t, d, n] = batchFirst ? [q, o, p] : [p, q, o];
    return outputs.get(`${t} ${d} ${n}`)?.[j!] ?? 0;
  });
  const states = letters.map((letter, at) => [
    `Y_${letter}`,
    tabulate(sequence.dtype, stateDims, ([p, q, j]) => last.get(batchFirst ? `${q} ${p}` : `${p} ${q}`)![at]![j!]!),
  ]);
  return { Y, ...Object.fromEntries(states) };
}

interface Sizes {
  readonly S: number;
  readonly N: number;
  readonly I: number;
  readonly H: number;
}
const small: Sizes = { S: 3, N: 2, I: 5, H: 7 };

export function recurrentCase(
  name: string,
  gates: number,
  { S, N, I, H }: Sizes = small,
  attributes: Attributes = {},
  optional: readonly string[] = ["B"],
  dtype: Dtype = "f32",
): OperatorCase {
  const D = attributes.direction === "bidirectional" ? 2 : 1;
  const state = attributes.layout === 1 ? [N, D, H] : [D, N, H];
  const dims: Readonly<Record<string, readonly number[]>> = {
    X: attributes.layout === 1 ? [N, S, I] : [S, N, I],
    W: [D, gates * H, I],
    R: [D, gates * H, H],
    B: [D, 2 * gates * H],
    P: [D, 3 * H],
  };
  const lengths: CaseInput = {
    dtype: "i32",
    dims: [N],
    data: Array.from({ length: N }, (_, n) => (n * 2 + 1) % (S + 1)),
  };
  const input = (n: string): CaseInput =>
    n === "sequence_lens" ? lengths : { dtype, dims: dims[n] ?? state, range: [-1, 1] };
  return {
    name: `${dtype} ${name}`,
    attributes: { hidden_size: H, ...attributes },
    inputs: Object.fromEntries(["X", "W", "R", ...optional].map(n => [n, input(n)])),
  };
}

/** The same with weights that are the same in every run, as models have them: they are packed. */
const withConstantWeights = (c: OperatorCase): OperatorCase => ({
  ...c,
  name: `${c.name}, constant weights`,
  inputs: Object.fromEntries(
    Object.entries(c.inputs).map(([n, input]) => [n, n === "W" || n === "R" ? { ...input, constant: true } : input]),
  ),
});

/** Directions, layouts, absent and present inputs, sizes 1, odd and prime. */
export function recurrentCases(
  gates: number,
  states: readonly string[],
  attributes: Attributes = {},
): readonly OperatorCase[] {
  const everything = ["B", "sequence_lens", ...states.map(s => `initial_${s}`)];
  const of = (
    name: string,
    more: Attributes,
    optional?: readonly string[],
    sizes?: Sizes,
    dtype?: Dtype,
  ): OperatorCase => recurrentCase(name, gates, sizes, { ...attributes, ...more }, optional, dtype);
  return [
    of("bidirectional, everything", { direction: "bidirectional" }, everything),
    of("layout 1, everything", { direction: "bidirectional", layout: 1 }, everything),
    ...floats.map(d => of("forward", {}, ["B"], small, d)),
    of("without bias", {}, [], { S: 4, N: 1, I: 3, H: 5 }),
    of("reverse", { direction: "reverse" }),
    of("reverse with lengths", { direction: "reverse" }, ["B", "sequence_lens"], { S: 5, N: 3, I: 2, H: 3 }),
    of("one step, one unit", {}, ["B"], { S: 1, N: 1, I: 1, H: 1 }),
    of("no batch", {}, ["B"], { S: 2, N: 0, I: 3, H: 3 }),
    withConstantWeights(of("both ways", { direction: "bidirectional" }, ["B"], { S: 3, N: 2, I: 5, H: 19 })),
    withConstantWeights(of("long rows", {}, ["B"], { S: 2, N: 1, I: 7, H: 37 }, "f16")),
  ];
}
