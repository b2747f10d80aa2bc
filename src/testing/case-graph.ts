// An operator's own cases: one node as a graph, with dims in numbers or as symbols, held against the operator's reference.

import { bindNode, describeNode } from "../graph/bind.js";
import { constantValue } from "../graph/constants.js";
import type { AttributeValue, Graph, GraphNode, Value } from "../graph/graph.js";
import { newestOpset } from "../graph/make.js";
import { bitsOf, dtypes, integerRange, is64BitInteger, isFloat } from "../ir/dtypes.js";
import { roundTo } from "../ir/float-bits.js";
import { Poly, Sym } from "../ir/poly.js";
import { AzulejoError } from "../support/errors.js";
import type { CaseInput, OperatorCase, OperatorModule, ReferenceTensor } from "../ops/operator.js";
import type { Element } from "../ops/reference-tensors.js";
import { numbersOf, sizeOf } from "../ops/reference-tensors.js";
import type { Registry } from "../ops/registry.js";

/** An operator and what judges it. */
type JudgedOperator = Pick<OperatorModule, "operator" | "reference">;

export interface CaseGraph {
  readonly graph: Graph;
  /** of the graph's inputs, by name */
  readonly inputs: Readonly<Record<string, ReferenceTensor>>;
  /** what the reference gives, by position of the outputs */
  readonly want: readonly ReferenceTensor[];
  /** what an absolute tolerance counts in, by position of the outputs */
  readonly scales: readonly number[];
}

/** Small numbers of both signs, the same in every run; integers where the dtype wants them. */
function randomData({ dtype, dims, range }: CaseInput, seed: number): number[] {
  const { kind } = dtypes[dtype];
  const [from, high] =
    range ??
    (kind === "bool"
      ? [0, 1]
      : bitsOf(dtype) < 8 && kind !== "float"
        ? (integerRange(dtype).map(Number) as [number, number])
        : kind === "unsigned"
          ? [0, 20]
          : kind === "signed"
            ? [-10, 10]
            : dtype === "f8e8m0"
              ? [0.25, 4]
              : [-2, 2]);
  const low = kind === "unsigned" ? Math.max(from, 0) : from;
  let state = seed;
  return Array.from({ length: sizeOf(dims) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const x = low + (state / 2 ** 32) * (high - low);
    // so that the reference starts from the same numbers
    return kind === "float" ? roundTo(dtype, x) : Math.round(x);
  });
}

function tensorOf(input: CaseInput, seed: number): ReferenceTensor {
  const { dtype, dims, data = randomData(input, seed) } = input;
  const elements = data.map(x =>
    is64BitInteger(dtype) ? BigInt(x) : isFloat(dtype) ? roundTo(dtype, Number(x)) : Number(x),
  );
  return { dtype, dims, data: elements as number[] };
}

/** The names that the operator gives its inputs, in order; absent ones between present ones are kept as gaps. */
function inputNames(module: JudgedOperator, testCase: OperatorCase): readonly (string | undefined)[] {
  const given = testCase.inputs;
  const names = module.operator.inputs.flatMap(name =>
    name.endsWith("...")
      ? Object.keys(given).filter(k => k.startsWith(name.slice(0, -3)) && /^\d+$/.test(k.slice(name.length - 3)))
      : [name.replace("?", "")],
  );
  const last = names.findLastIndex(n => n in given);
  return names.slice(0, last + 1).map(n => (n in given ? n : undefined));
}

/** The node of a case in a graph of its own, before anything judges it. */
export interface CaseNode {
  readonly graph: Graph;
  /** inputs of the node by the operator's names, constants included */
  readonly tensors: Readonly<Record<string, ReferenceTensor>>;
}

export function nodeOfCase(module: JudgedOperator, testCase: OperatorCase, symbolic: boolean): CaseNode {
  const { operator } = module;
  const names = inputNames(module, testCase);
  const tensors: Record<string, ReferenceTensor> = {};
  names.forEach((n, i) => {
    if (n) tensors[n] = tensorOf(testCase.inputs[n]!, i + 1);
  });
  const symbols = new Map<number, Sym>();
  const mayVary = symbolic
    ? symbolicSizes(
        module,
        names.map(n => (n ? tensors[n]!.dims : [])),
      )
    : new Set<number>();
  const dim = (n: number): Poly => {
    if (!mayVary.has(n)) return Poly.int(n);
    const sym = symbols.get(n) ?? new Sym(`d${n}`);
    symbols.set(n, sym);
    return Poly.sym(sym);
  };
  const values = names.map(n => {
    if (!n) return undefined;
    const { dtype, dims, data } = tensors[n]!;
    const isConstant = testCase.inputs[n]!.constant || operator.content?.includes(n);
    if (isConstant) return constantValue(n, dtype, dims, Array.from(data as ArrayLike<Element>));
    return { name: n, dtype, dims: dims.map(dim) } satisfies Value;
  });
  const outputs = outputValues(module, testCase);
  const node: GraphNode = {
    name: testCase.name,
    domain: operator.domain ?? "",
    op: operator.name,
    opset: testCase.opset ?? newestOpset,
    inputs: values,
    outputs,
    attributes: (testCase.attributes ?? {}) as Readonly<Record<string, AttributeValue>>,
  };
  const inputs = values.filter((v): v is Value => v !== undefined && v.constant === undefined);
  const graph = { name: operator.name, inputs, outputs, nodes: [node], symbols: [...symbols.values()] };
  return { graph, tensors };
}

export function graphOfCase(
  module: JudgedOperator,
  testCase: OperatorCase,
  registry: Registry,
  symbolic: boolean,
): CaseGraph {
  const { graph, tensors } = nodeOfCase(module, testCase, symbolic);
  const node = graph.nodes[0]!;
  const bound = bindNode(node, registry);
  const reference = (given: typeof tensors) => module.reference!(given, bound.info.attributes, bound.info);
  const want = reference(tensors);
  // a hole in the array is an element that the reference read from outside an input
  for (const [name, t] of Object.entries(want))
    if (t && Array.prototype.includes.call(t.data, undefined))
      throw new AzulejoError("mismatch", `${describeNode(node)}: the reference leaves elements of ${name} undefined`);
  const scale = reference(mapTensors(tensors, magnitude));
  // outputs that these attributes do not produce (the statistics of training) are left out
  const made = Object.entries(bound.outputs).filter(([name]) => want[name]);
  const outputs = made.map(([, v]) => v);
  return {
    graph: { ...graph, outputs, nodes: [{ ...node, outputs }] },
    inputs: Object.fromEntries(graph.inputs.map(v => [v.name, tensors[v.name]!])),
    want: made.map(([name]) => stored(want[name]!)),
    scales: made.map(([name]) => largest([want[name]!, scale[name]!, ...Object.values(tensors)])),
  };
}

/** The reference's float64 in the dtype it is stored in. */
const stored = (t: ReferenceTensor): ReferenceTensor =>
  isFloat(t.dtype) ? { ...t, data: numbersOf(t).map(x => roundTo(t.dtype, x)) } : t;

/**
 * Sizes that become symbols, equal sizes one symbol. Whole kernels (recurrent layers) relate sizes of their weights by factors, which
 * equal sizes can't say: there, only the length of the sequence varies.
 */
function symbolicSizes({ operator }: JudgedOperator, shapes: readonly (readonly number[])[]): ReadonlySet<number> {
  if (!operator.kernels) return new Set(shapes.flat().filter(n => n > 2));
  const [[length, ...rest], ...others] = shapes as [number[], ...(readonly number[])[]];
  return new Set(length !== undefined && ![...rest, ...others.flat()].includes(length) ? [length] : []);
}

function outputValues({ operator }: JudgedOperator, { outputCount }: OperatorCase): readonly Value[] {
  const variadic = operator.outputs.at(-1)!.endsWith("...");
  const names = variadic
    ? Array.from({ length: outputCount ?? 1 }, (_, i) => `Y${i}`)
    : operator.outputs.slice(0, outputCount).map(n => n.replace("?", ""));
  return names.map(name => ({ name: `${name} out`, dtype: undefined, dims: undefined }));
}

const mapTensors = (
  tensors: Readonly<Record<string, ReferenceTensor>>,
  f: (t: ReferenceTensor) => ReferenceTensor,
): Record<string, ReferenceTensor> => Object.fromEntries(Object.entries(tensors).map(([n, t]) => [n, f(t)]));

/** On magnitudes, a contraction's reference gives Σ|a·b|. */
const magnitude = (t: ReferenceTensor): ReferenceTensor =>
  isFloat(t.dtype) ? { ...t, data: numbersOf(t).map(Math.abs) } : t;

const largest = (tensors: readonly ReferenceTensor[]): number =>
  tensors
    .filter(t => isFloat(t.dtype))
    .flatMap(numbersOf)
    .reduce((m, x) => (Number.isFinite(x) ? Math.max(m, Math.abs(x)) : m), 0);
