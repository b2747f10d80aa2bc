// What the training operators share: any number of tensors, each with its gradient and its states, updated alike.
import type { AnyTile } from "../../tile/index.js";
import { mayBeEqual } from "../broadcast.js";
import { printDims, refuse } from "../checks.js";
import type { AttributeSpec, Attributes, NodeInfo, Operator, OperatorCase, Reference } from "../operator.js";
import { numbersOf } from "../reference-tensors.js";

interface Step {
  readonly name: string;
  readonly attributes: Readonly<Record<string, AttributeSpec>>;
  /** how many states each tensor has beside itself and its gradient */
  readonly states: number;
  /** the new tensor and its new states; rate and count are scalars of the tensors' dtype */
  readonly update: (
    at: {
      readonly rate: AnyTile;
      readonly count: AnyTile;
      readonly x: AnyTile;
      readonly g: AnyTile;
      readonly states: readonly AnyTile[];
    },
    attributes: Attributes,
  ) => readonly AnyTile[];
}

/** R (rate), T (update count), then all tensors, all gradients, and all of each state. */
export function optimizerStep({ name, attributes, states, update }: Step): Operator {
  const groups = states + 2;
  const tensorsOf = (node: NodeInfo): number => {
    const count = node.present.length - 2;
    if (count % groups !== 0)
      refuse(
        "graph-invalid",
        name,
        node,
        `there are ${count} inputs behind R and T; give tensors, gradients and ${states} state${states === 1 ? "" : "s"} for each, ${groups} in all`,
      );
    return count / groups;
  };
  /** a gradient and a state belong to one tensor each */
  const requireAlike = (node: NodeInfo): void => {
    const n = tensorsOf(node);
    for (let k = n; k < n * groups; k++) {
      const [x, own] = [node.dims[`inputs${k % n}`]!, node.dims[`inputs${k}`]!];
      if (x.length === own.length && own.every((d, i) => mayBeEqual(node, d, x[i]!))) continue;
      const what = k < 2 * n ? "gradient" : "state";
      refuse(
        "shape",
        name,
        node,
        `tensor ${k % n} is ${printDims(x)} and its ${what} ${printDims(own)}; both need the same dims`,
      );
    }
  };
  /** output k is a tensor or one of its states: tensor k mod n, group 0 or 2 and up */
  const sourceOf = (k: number, n: number): string => `inputs${k < n ? k : k + n}`;
  const each = <T>(node: NodeInfo, f: (source: string) => T): Record<string, T> => {
    const n = tensorsOf(node);
    return Object.fromEntries(Array.from({ length: n * (states + 1) }, (_, k) => [`outputs${k}`, f(sourceOf(k, n))]));
  };
  return {
    name,
    domain: "ai.onnx.preview.training",
    inputs: ["R", "T", "inputs..."],
    outputs: ["outputs..."],
    attributes,
    shape: node => {
      requireAlike(node);
      return each(node, source => node.dims[source]!);
    },
    dtypes: node => each(node, source => node.dtypes[source]!),
    at: context => {
      const n = tensorsOf(context);
      const { R, T } = context.inputs;
      const one = (x: typeof R, dtype: AnyTile["dtype"]): AnyTile => x!.at(...x!.dims.map(() => 0)).cast(dtype);
      return Object.fromEntries(
        Array.from({ length: n * (states + 1) }, (_, k) => {
          const [tensor, part] = [k % n, Math.floor(k / n)];
          const body = (...i: AnyTile[]): AnyTile => {
            const read = (group: number): AnyTile => context.inputs[`inputs${group * n + tensor}`]!.at(...i);
            const x = read(0);
            const given = { rate: one(R, x.dtype), count: one(T, x.dtype), x, g: read(1) };
            const old = Array.from({ length: states }, (_, s) => read(s + 2));
            return update({ ...given, states: old }, context.attributes)[part]!;
          };
          return [`outputs${k}`, body];
        }),
      );
    },
  };
}

/** The same on numbers. */
export const optimizerReference =
  (
    states: number,
    update: (
      at: {
        readonly rate: number;
        readonly count: number;
        readonly x: number;
        readonly g: number;
        readonly states: readonly number[];
      },
      attributes: Attributes,
    ) => readonly number[],
  ): Reference =>
  (inputs, attributes, { present }) => {
    const n = (present.length - 2) / (states + 2);
    const [rate, count] = [numbersOf(inputs.R!)[0]!, numbersOf(inputs.T!)[0]!];
    const out = Array.from({ length: n * (states + 1) }, (_, k) => {
      const [tensor, part] = [k % n, Math.floor(k / n)];
      const group = (j: number): readonly number[] => numbersOf(inputs[`inputs${j * n + tensor}`]!);
      const groups = Array.from({ length: states + 2 }, (_, j) => group(j));
      const data = groups[0]!.map((x, i) => {
        const old = groups.slice(2).map(s => s[i]!);
        return update({ rate, count, x, g: groups[1]![i]!, states: old }, attributes)[part]!;
      });
      const { dtype, dims } = inputs[`inputs${tensor}`]!;
      return [`outputs${k}`, { dtype, dims, data }] as const;
    });
    return Object.fromEntries(out);
  };

export function optimizerCases(states: number, attributes: readonly Attributes[]): readonly OperatorCase[] {
  const of = (name: string, shapes: readonly (readonly number[])[], count: number, more: Attributes): OperatorCase => {
    const inputs = Array.from({ length: states + 2 }, (_, group) =>
      shapes.map(dims => ({ dtype: "f32", dims, range: group < 2 ? [-2, 2] : [0.1, 2] }) as const),
    ).flat();
    return {
      name: `${name}, update ${count} ${JSON.stringify(more)}`,
      attributes: more,
      outputCount: shapes.length * (states + 1),
      inputs: {
        R: { dtype: "f32", dims: [], data: [0.1] },
        T: { dtype: "i64", dims: [], data: [count] },
        ...Object.fromEntries(inputs.map((t, k) => [`inputs${k}`, t])),
      },
    };
  };
  return attributes.flatMap(a => [of("one tensor", [[3, 5]], 0, a), of("two tensors", [[17], [2, 3]], 4, a)]);
}
