// Operators with the channels last in terms of those that have them second: transposes around them, which fusion turns into indices.
import type { Dims, Value } from "../../graph/graph.js";
import type { Attributes, NodeInfo, Operator, OperatorCase, Reference, ReferenceTensor } from "../operator.js";
import { reference as transposed } from "../transpose.js";

/** Dims or axes with the channels moved from last to second, and back. */
export const toChannelsFirst = <T>(x: readonly T[]): readonly T[] =>
  x.length < 3 ? x : [x[0]!, x.at(-1)!, ...x.slice(1, -1)];
export const toChannelsLast = <T>(x: readonly T[]): readonly T[] => (x.length < 3 ? x : [x[0]!, ...x.slice(2), x[1]!]);
export const axes = (rank: number): readonly number[] => Array.from({ length: rank }, (_, d) => d);

interface Form {
  readonly name: string;
  readonly domain: string;
  /** inputs that have the channels last */
  readonly moved: readonly string[];
  readonly attributes?: Operator["attributes"] & object;
  /** what the other operator is given; absent: all attributes */
  readonly inner?: (attributes: Attributes) => Attributes;
  /** whether this node has them last; absent: always */
  readonly isLast?: (attributes: Attributes) => boolean;
}

/** `base` has one output; the result has its channels last too. */
export function channelsLastOperator(base: Operator, form: Form): Operator {
  const { moved, inner = a => a, isLast = () => true, attributes = base.attributes } = form;
  const output = base.outputs[0]!;
  return {
    name: form.name,
    domain: form.domain,
    inputs: base.inputs,
    outputs: base.outputs,
    ...(attributes ? { attributes } : {}),
    ...(base.dtypes ? { dtypes: base.dtypes } : {}),
    shape: node => {
      const info: NodeInfo = { ...node, attributes: inner(node.attributes) };
      if (!isLast(node.attributes)) return base.shape(info);
      const dims = Object.entries(node.dims).map(([n, d]) => [n, moved.includes(n) ? toChannelsFirst(d) : d]);
      return {
        [output]: toChannelsLast<Dims[number]>(base.shape({ ...info, dims: Object.fromEntries(dims) })[output]!),
      };
    },
    expand: ({ inputs, attributes }, build) => {
      const last = isLast(attributes);
      const rank = inputs[moved[0]!]!.dims!.length;
      const given = base.inputs.map((n): Value | undefined => {
        const name = n.replace("?", "");
        const x = inputs[name];
        return x && last && moved.includes(name)
          ? build.node("Transpose", [x], { perm: toChannelsFirst(axes(rank)) })
          : x;
      });
      const y = build.node(base.name, given, inner(attributes), base.domain);
      return { [output]: last ? build.node("Transpose", [y], { perm: toChannelsLast(axes(rank)) }) : y };
    },
  };
}

export const channelsLastReference =
  (
    base: Reference,
    output: string,
    { moved, inner = a => a, isLast = () => true }: Pick<Form, "moved" | "inner" | "isLast">,
  ): Reference =>
  (inputs, attributes, node) => {
    if (!isLast(attributes)) return base(inputs, inner(attributes), node);
    const all = axes(inputs[moved[0]!]!.dims.length);
    const permuted = (data: ReferenceTensor, perm: readonly number[]): ReferenceTensor =>
      transposed({ data }, { perm }, node).transposed!;
    const given = Object.entries(inputs).map(([n, t]) => [
      n,
      moved.includes(n) ? permuted(t, toChannelsFirst(all)) : t,
    ]);
    const made = base(Object.fromEntries(given), inner(attributes), node)[output]!;
    return { [output]: permuted(made, toChannelsLast(all)) };
  };

export const channelsLastCases = (cases: readonly OperatorCase[], moved: readonly string[]): readonly OperatorCase[] =>
  cases.map(c => ({
    ...c,
    inputs: Object.fromEntries(
      Object.entries(c.inputs).map(([n, t]) => [n, moved.includes(n) ? { ...t, dims: toChannelsLast(t.dims) } : t]),
    ),
  }));
