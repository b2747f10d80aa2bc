// Makers of operators that compute each element by itself, with ONNX broadcasting where there are several operands.

import type { Dtype } from "../ir/dtypes.js";
import { isFloat } from "../ir/dtypes.js";
import type { AnyTile } from "../tile/index.js";
import { broadcastDims, readB, readBroadcast } from "./broadcast.js";
import { refuse } from "./checks.js";
import type { Fold } from "./folds.js";
import type { KnownElement } from "./known-values.js";
import { elementIn, mapKnown } from "./known-values.js";
import type { AttributeSpec, Attributes, NodeInfo, Operator } from "./operator.js";

interface More extends Pick<Operator, "text" | "derivative"> {
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
  /** dtype of the result where it is not that of the operands */
  readonly result?: Dtype;
  /** the function on elements known at compile time: integers are polynomials over dims, floats numbers */
  readonly fold?: Fold;
}

/** Before opset 7 these two said how B is aligned to A; since opset 7 it is always at the right. */
const legacyAlignment = { axis: { type: "int" }, broadcast: { type: "int", default: 0 } } as const;
/** Opset 1 carried a hint for memory reuse that says nothing about the result. */
export const consumedInputs = { consumed_inputs: { type: "ints" } } as const;

/** `values` of an operator whose elements fold one by one; the operands have one dtype. */
export function foldEach(names: (node: NodeInfo) => readonly string[], output: string, fold: Fold): Operator["values"] {
  return node => {
    const operands = names(node);
    const dtype = node.dtypes[operands[0]!]!;
    return {
      [output]: mapKnown(
        operands.map(n => node.known[n]),
        (...x) => elementIn(dtype, fold(x, isFloat(dtype))),
      ),
    };
  };
}

/** Y = f(X), element by element. Operators whose documentation says "input" and "output" pass their names. */
export function unary(
  name: string,
  f: (x: AnyTile, attributes: Attributes) => AnyTile,
  more: More & { readonly names?: readonly [string, string] } = {},
): Operator {
  const [X, Y] = more.names ?? ["X", "Y"];
  return {
    name,
    inputs: [X],
    outputs: [Y],
    attributes: { ...more.attributes, ...consumedInputs },
    shape: ({ dims }) => ({ [Y]: dims[X]! }),
    ...(more.result ? { dtypes: () => ({ [Y]: more.result! }) } : {}),
    ...(more.derivative ? { derivative: more.derivative } : {}),
    ...(more.fold ? { values: foldEach(() => [X], Y, more.fold) } : {}),
    at: ({ inputs, attributes }) => ({ [Y]: (...i) => f(inputs[X]!.at(...i), attributes) }),
  };
}

/** C = f(A, B) with broadcasting. */
export function binary(
  name: string,
  f: (a: AnyTile, b: AnyTile, attributes: Attributes) => AnyTile,
  more: More = {},
): Operator {
  return {
    name,
    inputs: ["A", "B"],
    outputs: ["C"],
    attributes: { ...more.attributes, ...legacyAlignment, ...consumedInputs },
    shape: node => ({ C: broadcastDims(name, node, ["A", "B"]) }),
    dtypes: node => ({ C: more.result ?? commonDtype(name, node, ["A", "B"]) }),
    ...(more.derivative ? { derivative: more.derivative } : {}),
    ...(more.fold ? { values: foldEach(() => ["A", "B"], "C", more.fold) } : {}),
    ...(more.text ? { text: true } : {}),
    at: context => {
      const { inputs, outputs, attributes } = context;
      return {
        C: (...i) => {
          const a = readBroadcast(inputs.A!, i, outputs.C!);
          return f(a, readB(context, inputs.B!, i, outputs.C!), attributes);
        },
      };
    },
  };
}

/** The result of f over any number of operands, from the left, with broadcasting; `finish` sees how many there were. */
export function variadic(
  name: string,
  output: string,
  f: (a: AnyTile, b: AnyTile) => AnyTile,
  more: { readonly fold?: Fold } & { readonly finish?: (x: AnyTile, count: number) => AnyTile } = {},
): Operator {
  return {
    name,
    inputs: ["X..."],
    outputs: [output],
    attributes: consumedInputs,
    shape: node => ({ [output]: broadcastDims(name, node, node.present) }),
    dtypes: node => ({ [output]: commonDtype(name, node, node.present) }),
    ...(more.fold ? { values: foldEach(node => node.present, output, foldAll(more.fold)) } : {}),
    at: ({ inputs, outputs, present }) => ({
      [output]: (...i) => {
        const x = present.map(n => readBroadcast(inputs[n]!, i, outputs[output]!)).reduce(f);
        return more.finish ? more.finish(x, present.length) : x;
      },
    }),
  };
}

const foldAll =
  (fold: Fold): Fold =>
  ([first, ...rest], float) =>
    rest.reduce<KnownElement>((sum, x) => (sum === undefined ? undefined : fold([sum, x], float)), first);

/** The dtype of operands that must have one. */
export function commonDtype(op: string, node: NodeInfo, names: readonly string[]): Dtype {
  const first = node.dtypes[names[0]!]!;
  const other = names.find(n => node.dtypes[n] !== first);
  if (other)
    refuse(
      "graph-invalid",
      op,
      node,
      `${names[0]} is ${first} and ${other} is ${node.dtypes[other]}; insert a Cast so that they have one dtype`,
    );
  return first;
}
