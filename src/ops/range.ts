// Range: start, start + delta, … below (or, for a negative delta, above) limit.
import type { KnownValue } from "../graph/graph.js";
import { isFloat } from "../ir/dtypes.js";
import { ceilDiv, Poly } from "../ir/poly.js";
import { literal } from "../tile/index.js";
import { larger } from "./bounds.js";
import { refuse } from "./checks.js";
import { indexTile } from "./index-tiles.js";
import { knownDims, requiredNumber, requiredPoly } from "./known-values.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elementOf, numbersOf, tabulate } from "./reference-tensors.js";

const ofFloats = (node: NodeInfo): boolean => isFloat(node.dtypes.start!);

function deltaOf(node: NodeInfo): number {
  const delta = requiredNumber("Range", node, "delta");
  if (delta === 0) refuse("operator-attribute", "Range", node, "delta is 0; use a positive or a negative one");
  return delta;
}

function lengthOf(node: NodeInfo): Poly {
  const delta = deltaOf(node);
  if (ofFloats(node)) {
    const [start, limit] = [requiredNumber("Range", node, "start"), requiredNumber("Range", node, "limit")];
    return Poly.int(Math.max(Math.ceil((limit - start) / delta), 0));
  }
  const span = requiredPoly("Range", node, "limit").sub(requiredPoly("Range", node, "start"));
  return larger(ceilDiv(span.mul(Math.sign(delta)), Math.abs(delta)), 0);
}

function elementsOf(node: NodeInfo): KnownValue | undefined {
  const dims = knownDims([lengthOf(node)]);
  if (!dims) return undefined;
  const delta = deltaOf(node);
  const steps = Array.from({ length: dims[0]! }, (_, i) => i * delta);
  if (ofFloats(node)) {
    const start = requiredNumber("Range", node, "start");
    return { dims, data: steps.map(s => start + s) };
  }
  const start = requiredPoly("Range", node, "start");
  return { dims, data: steps.map(s => start.add(s)) };
}

export const operator: Operator = {
  name: "Range",
  inputs: ["start", "limit", "delta"],
  outputs: ["output"],
  attributes: { stash_type: { type: "int", default: 1 } },
  content: ["start", "limit", "delta"],
  shape: node => ({ output: [lengthOf(node)] }),
  values: node => ({ output: elementsOf(node) }),
  at: context => {
    const { start: dtype } = context.dtypes;
    const delta = deltaOf(context);
    if (!ofFloats(context)) {
      const start = requiredPoly("Range", context, "start");
      return { output: i => i!.mul(delta).add(indexTile(start)).cast(dtype!) };
    }
    const start = requiredNumber("Range", context, "start");
    const compute = dtype === "f64" ? "f64" : "f32";
    return { output: i => i!.cast(compute).mul(delta).add(literal(compute, start)).cast(dtype!) };
  },
};

export const reference: Reference = ({ start, limit, delta }) => {
  const [a, b, d] = [numbersOf(start!)[0]!, numbersOf(limit!)[0]!, numbersOf(delta!)[0]!];
  const dtype = start!.dtype;
  const length = Math.max(Math.ceil((b - a) / d), 0);
  return { output: tabulate(dtype, [length], ([i]) => elementOf(dtype, a + i! * d)) };
};

export const cases = (): readonly OperatorCase[] => [
  {
    name: "integers, down",
    inputs: {
      start: { dtype: "i32", dims: [], data: [10] },
      limit: { dtype: "i32", dims: [], data: [-7] },
      delta: { dtype: "i32", dims: [], data: [-3] },
    },
  },
  {
    name: "64-bit integers",
    inputs: {
      start: { dtype: "i64", dims: [], data: [1] },
      limit: { dtype: "i64", dims: [], data: [40] },
      delta: { dtype: "i64", dims: [], data: [2] },
    },
  },
  {
    name: "floats",
    inputs: {
      start: { dtype: "f32", dims: [], data: [1] },
      limit: { dtype: "f32", dims: [], data: [5] },
      delta: { dtype: "f32", dims: [], data: [0.25] },
    },
  },
  {
    name: "nothing",
    inputs: {
      start: { dtype: "i64", dims: [], data: [3] },
      limit: { dtype: "i64", dims: [], data: [3] },
      delta: { dtype: "i64", dims: [], data: [1] },
    },
  },
];

/** i·delta and the sum are rounded */
export const tolerance = { relative: 2, absolute: 2 };

export const doc: OperatorDoc = {
  summary: "Numbers from start to limit by delta",
  dtypes: "number",
  opsets: [11, 27],
  limits: "delta must be known at compile time, integer start and limit up to dims of other tensors",
};
