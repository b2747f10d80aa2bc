// Simplification: nodes that do nothing, and pairs that one node can do. Every rule keeps the values exactly, but for the
// sign of zero (x + 0). What fusion makes free anyway (scalar chains, activations) is left to it.
import type { Dtype } from "../../ir/dtypes.js";
import { dtypes } from "../../ir/dtypes.js";
import { opaque, Poly } from "../../ir/poly.js";
import { constantValue, numberOf } from "../constants.js";
import type { GraphNode, Value } from "../graph.js";
import { sameDims } from "../infer.js";
import { makeNode } from "../make.js";
import type { Pass } from "../pass.js";
import type { Rewrite, RewriteView, Rule } from "../rewrite.js";
import { rewriteEverywhere } from "../rewrite.js";

export const simplify: Pass = {
  name: "simplify",
  run: graph => rewriteEverywhere(graph, removeIdle, combineCasts, combineTransposes, combineReshapes, takeSlices),
};

type Test = (node: GraphNode) => boolean;
const isStandard = (node: GraphNode): boolean => node.domain === "";
const unchanged: Test = ({ inputs: [x], outputs: [y] }) => sameType(x, y);
const sameType = (x: Value | undefined, y: Value | undefined): boolean =>
  !!x?.dims && !!y?.dims && x.dtype === y.dtype && sameDims(x.dims, y.dims);
/** the input consists of this number alone */
const isAll = (v: Value | undefined, number: number): boolean => {
  const data = v?.known?.data;
  // most are not, and the first number says so
  return data !== undefined && data.length > 0 && data.every(x => numberOf(x) === number);
};
const isLone: Test = node => node.inputs.filter(v => v).length === 1;

/** Operators whose first output is their first input, when the test holds; other outputs must be absent. */
const idle: Readonly<Record<string, Test>> = {
  Identity: () => true,
  Dropout: node => !isTraining(node),
  Cast: unchanged,
  CastLike: unchanged,
  Reshape: unchanged,
  Flatten: unchanged,
  Expand: unchanged,
  Tile: unchanged,
  Concat: isLone,
  Sum: isLone,
  Max: isLone,
  Min: isLone,
  Mean: isLone,
  Slice: node => unchanged(node) && (node.inputs[4] === undefined || isAll(node.inputs[4], 1)),
  Pad: node => unchanged(node) && isAll(node.inputs[1], 0),
  Transpose: node => permutation(node)?.every((p, i) => p === i) ?? false,
  Sub: node => unchanged(node) && isAll(node.inputs[1], 0),
  Div: node => unchanged(node) && isAll(node.inputs[1], 1),
  Pow: node => unchanged(node) && isAll(node.inputs[1], 1),
};
/** x ∘ c = x for the commutative ones, c on either side */
const neutral: Readonly<Record<string, number>> = { Add: 0, Mul: 1 };

/** From opset 12 on an input says it; before, the attribute is_test of opset 6 and older did. Models for inference leave both out. */
function isTraining(node: GraphNode): boolean {
  if (node.opset < 12) return false;
  const mode = node.inputs[2];
  return mode !== undefined && numberOf(mode.known?.data[0]) !== 0;
}

const removeIdle: Rule = node => {
  const [output, ...others] = node.outputs;
  if (!isStandard(node) || !output || others.some(o => o)) return undefined;
  const same = idleInput(node, output);
  return same && { nodes: [], values: new Map([[output, same]]) };
};
function idleInput(node: GraphNode, output: Value): Value | undefined {
  const [x, y] = node.inputs;
  if (idle[node.op]?.(node)) return x;
  const nothing = neutral[node.op];
  if (nothing === undefined) return undefined;
  if (isAll(y, nothing) && sameType(x, output)) return x;
  return isAll(x, nothing) && sameType(y, output) ? y : undefined;
}

/** Cast(Cast(x)) is one Cast where the type in between holds every value of the first exactly. */
const combineCasts: Rule = (node, view) => {
  const inner = view.producer(node.inputs[0]);
  if (node.op !== "Cast" || inner?.op !== "Cast" || !isStandard(node) || !isStandard(inner)) return undefined;
  const [x, between] = [inner.inputs[0], inner.outputs[0]];
  if (!x?.dtype || !between?.dtype || !holds(between.dtype, x.dtype)) return undefined;
  return { nodes: [{ ...node, inputs: [x] }] };
};
/** digits of the significand; the formats of 8 bits and fewer hold only themselves, and all but f8e8m0 fit f16 */
const fractionBits: Partial<Record<Dtype, number>> = { f64: 53, f32: 24, f16: 11, bf16: 8 };
const exponents: Partial<Record<Dtype, number>> = { f64: 11, f32: 8, f16: 5, bf16: 8, f8e8m0: 8 };
function holds(wide: Dtype, narrow: Dtype): boolean {
  const [w, n] = [dtypes[wide], dtypes[narrow]];
  if (wide === narrow) return true;
  if (wide === "bool") return false;
  if (n.kind === "bool") return true;
  if (n.kind === "float")
    return (
      wide in fractionBits &&
      fractionBits[wide]! >= (fractionBits[narrow] ?? 4) &&
      exponents[wide]! >= (exponents[narrow] ?? 5)
    );
  // an unsigned integer fits a wider signed one; a signed one fits no unsigned one
  if (w.kind === "float") return wide !== "f16" && n.bits <= (fractionBits[wide] ?? 0);
  return w.kind === n.kind ? w.bits >= n.bits : w.kind === "signed" && w.bits > n.bits;
}

function permutation(node: GraphNode): readonly number[] | undefined {
  const rank = node.inputs[0]?.dims?.length;
  const given = node.attributes.perm;
  if (Array.isArray(given)) return given as readonly number[];
  return rank === undefined ? undefined : Array.from({ length: rank }, (_, i) => rank - 1 - i);
}

const combineTransposes: Rule = (node, view) => {
  const inner = view.producer(node.inputs[0]);
  if (node.op !== "Transpose" || inner?.op !== "Transpose" || !isStandard(node) || !isStandard(inner)) return undefined;
  const [outer, first] = [permutation(node), permutation(inner)];
  if (!outer || !first || outer.length !== first.length) return undefined;
  return { nodes: [{ ...node, inputs: [inner.inputs[0]], attributes: { perm: outer.map(p => first[p]!) } }] };
};

/** readers of an input of the graph from which on it is read step by step, as by a cell that is written out for each step of its sequence */
const STEPS = 4;
/**
 * A step of a sequence that comes from outside, by a known index, is a slice: a part of memory, so that the code that reads it is the same for all steps (an LSTM
 * written out in 20 steps: 15 MB of native code, two minutes of a C compiler).
 */
const takeSlices: Rule = (node, view) => {
  const [X, index] = node.inputs;
  const [element] = index?.known?.data ?? [];
  const at = element === undefined ? undefined : numberOf(element);
  if (node.op !== "Gather" || !isStandard(node) || !X?.dims || at === undefined || index!.dims?.length !== 0)
    return undefined;
  if (X.constant || view.producer(X) || view.readers(X) < STEPS) return undefined;
  const given = (node.attributes.axis as number | undefined) ?? 0;
  const axis = given < 0 ? given + X.dims.length : given;
  const size = X.dims[axis];
  if (!size?.isConst) return undefined;
  const start = at < 0 ? at + size.constant : at;
  if (!(start >= 0 && start < size.constant)) return undefined;
  const bound = (what: string, n: number): Value => constantValue(`${node.name}/${what}`, "i64", [1], [n]);
  const axes = bound("axes", axis);
  const slice: Value = { name: `${node.name}/slice`, dtype: X.dtype, dims: X.dims.with(axis, Poly.one) };
  return {
    nodes: [
      makeNode(slice.name, "Slice", [X, bound("starts", start), bound("ends", start + 1), axes], [slice]),
      makeNode(node.name, "Squeeze", [slice, axes], node.outputs),
    ],
  };
};

/** keep the row-major order of elements */
const reshaping: ReadonlySet<string> = new Set(["Reshape", "Squeeze", "Unsqueeze", "Flatten"]);

/**
 * A chain of reshapes is one Reshape, and a Reshape to computed dims becomes one to given dims, so that what computes them dies:
 * 0 copies a dim of the input, -1 stands for the one that is left over.
 */
const combineReshapes: Rule = (node, view) => {
  if (!reshaping.has(node.op) || !isStandard(node)) return undefined;
  const output = node.outputs[0];
  const x = sourceOfReshapes(node, view);
  const computed = node.op === "Reshape" && node.inputs[1] !== undefined && !node.inputs[1].constant;
  if (!x?.dims || !output?.dims || (x === node.inputs[0] && !computed)) return undefined;
  if (sameType(x, output)) return { nodes: [], values: new Map([[output, x]]) };
  return reshapeTo(node, x, output);
};
function sourceOfReshapes(node: GraphNode, view: RewriteView): Value | undefined {
  let x = node.inputs[0];
  for (let p = view.producer(x); p && reshaping.has(p.op) && isStandard(p); p = view.producer(x)) x = p.inputs[0];
  return x;
}
function reshapeTo(node: GraphNode, x: Value, output: Value): Rewrite | undefined {
  const target: number[] = [];
  let rest = Poly.product(x.dims!);
  for (const [i, d] of output.dims!.entries()) {
    const copies = x.dims![i]?.equals(d) ?? false;
    if (d.isZero && !copies) return undefined;
    target.push(d.isZero ? 0 : d.isConst ? d.constant : copies ? 0 : -1);
    if (target[i] !== -1) rest = opaque("div", rest, d);
  }
  const open = target.indexOf(-1);
  // inference must find the same dims again, and -1 must not have to be guessed from 0 elements
  if (open !== target.lastIndexOf(-1) || (open >= 0 && !rest.equals(output.dims![open]!))) return undefined;
  const shape = constantValue(`${node.name}/shape`, "i64", [target.length], target);
  return { nodes: [makeNode(node.name, "Reshape", [x, shape], node.outputs)] };
}
