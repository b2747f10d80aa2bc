// Split: consecutive parts of a tensor along an axis. Windows of one buffer where the planner can.
import { ceilDiv, opaque, Poly } from "../ir/poly.js";
import { smaller } from "./bounds.js";
import { requireEqual } from "./broadcast.js";
import { normalizeAxis, refuse } from "./checks.js";
import { indexTile } from "./index-tiles.js";
import { knownDims, pick, requiredPolys, stridesOf } from "./known-values.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elements, exact, movedDtypes, numbersOf, tabulate } from "./reference-tensors.js";
import { requireMultiple } from "./required-sizes.js";

interface Part {
  readonly output: string;
  readonly start: Poly;
  readonly size: Poly;
}

const axisOf = (node: NodeInfo): number => normalizeAxis("Split", node, node.attributes.axis, node.dims.input!.length);

/** Sizes by the input `split`, or by the attribute of old opsets; else as even as can be. */
function sizesOf(node: NodeInfo): readonly Poly[] {
  const total = node.dims.input![axisOf(node)]!;
  if (node.dims.split) return checked(node, requiredPolys("Split", node, "split"), total);
  const listed = (node.attributes.split as readonly number[] | undefined)?.map(n => Poly.int(n));
  return listed ? checked(node, listed, total) : evenSizes(node, total);
}

/** Since opset 18, num_outputs admits a rest: the last parts are smaller, or empty. */
function evenSizes(node: NodeInfo, total: Poly): readonly Poly[] {
  const asked = node.attributes.num_outputs as number | undefined;
  const count = asked ?? node.outputCount;
  if (count !== node.outputCount)
    refuse(
      "operator-attribute",
      "Split",
      node,
      `num_outputs is ${count} for ${node.outputCount} outputs; make them equal`,
    );
  if (asked === undefined) {
    const sentence = `${total.print()} elements do not split evenly into ${count} outputs; give the sizes in split`;
    requireMultiple("Split", node, total, count, sentence);
    return Array.from({ length: count }, () => opaque("div", total, Poly.int(count)));
  }
  const size = ceilDiv(total, count);
  const starts = Array.from({ length: count + 1 }, (_, k) => smaller(size.mul(k), total));
  return starts.slice(1).map((end, k) => end.sub(starts[k]!));
}

function checked(node: NodeInfo, sizes: readonly Poly[], total: Poly): readonly Poly[] {
  const sum = sizes.reduce((a, b) => a.add(b), Poly.zero);
  const sentence = `split [${sizes.map(s => s.print()).join(", ")}] sums to ${sum.print()}, but the axis has ${total.print()} elements; make them equal`;
  requireEqual("Split", node, sum, total, sentence);
  if (sizes.length !== node.outputCount)
    refuse(
      "shape",
      "Split",
      node,
      `split lists ${sizes.length} sizes for ${node.outputCount} outputs; give one for each`,
    );
  return sizes;
}

function partsOf(node: NodeInfo): readonly Part[] {
  let start = Poly.zero;
  return sizesOf(node).map((size, k) => {
    const part = { output: `Y${k}`, start, size };
    start = start.add(size);
    return part;
  });
}

const record = <T>(parts: readonly Part[], f: (part: Part) => T): Record<string, T> =>
  Object.fromEntries(parts.map(p => [p.output, f(p)]));

export const operator: Operator = {
  name: "Split",
  inputs: ["input", "split?"],
  outputs: ["Y..."],
  attributes: { axis: { type: "int", default: 0 }, num_outputs: { type: "int" }, split: { type: "ints" } },
  content: ["split"],
  dtypes: node => Object.fromEntries(node.wanted.map(name => [name, node.dtypes.input!])),
  shape: node => {
    const axis = axisOf(node);
    return record(partsOf(node), p => node.dims.input!.map((d, k) => (k === axis ? p.size : d)));
  },
  values: node => {
    const known = node.known.input;
    if (!known) return {};
    const axis = axisOf(node);
    const strides = stridesOf(known.dims);
    return record(partsOf(node), p => {
      const dims = knownDims(node.dims.input!.map((d, k) => (k === axis ? p.size : d)));
      if (!dims || !p.start.isConst) return undefined;
      return pick(known, dims, index =>
        index.reduce((at, i, d) => at + (d === axis ? i + p.start.constant : i) * strides[d]!, 0),
      );
    });
  },
  at: context => {
    const axis = axisOf(context);
    return record(
      partsOf(context),
      p =>
        (...index) =>
          context.inputs.input!.at(...index.map((i, d) => (d === axis ? i.add(indexTile(p.start)) : i))),
    );
  },
  text: true,
};

export const reference: Reference = ({ input, split }, attributes, { outputCount }) => {
  const rank = input!.dims.length;
  const axis = ((attributes.axis ?? 0) + rank) % rank;
  const total = input!.dims[axis]!;
  const count: number = attributes.num_outputs ?? outputCount;
  const even = Math.ceil(total / count);
  const sizes: number[] = split
    ? numbersOf(split)
    : (attributes.split ?? Array.from({ length: count }, (_, k) => Math.min(even, Math.max(total - even * k, 0))));
  const read = elements(input!);
  let start = 0;
  return Object.fromEntries(
    sizes.map((size, k) => {
      const from = start;
      start += size;
      const dims = input!.dims.map((n, d) => (d === axis ? size : n));
      return [`Y${k}`, tabulate(input!.dtype, dims, i => read(i.map((x, d) => (d === axis ? x + from : x)))!)];
    }),
  );
};

const sizes = (...data: number[]) => ({ dtype: "i64", dims: [data.length], data }) as const;
export const cases = (): readonly OperatorCase[] => [
  {
    name: "sizes as an attribute, opset 1",
    opset: 1,
    outputCount: 2,
    attributes: { split: [2, 4], axis: 1 },
    inputs: { input: { dtype: "f32", dims: [3, 6] } },
  },
  { name: "even", outputCount: 3, attributes: { num_outputs: 3 }, inputs: { input: { dtype: "f32", dims: [6, 5] } } },
  { name: "uneven", outputCount: 4, attributes: { num_outputs: 4 }, inputs: { input: { dtype: "f32", dims: [7] } } },
  {
    name: "too few",
    outputCount: 4,
    attributes: { num_outputs: 4 },
    inputs: { input: { dtype: "i32", dims: [5, 2] } },
  },
  {
    name: "listed sizes",
    outputCount: 3,
    attributes: { axis: -1 },
    inputs: { input: { dtype: "f32", dims: [3, 21] }, split: sizes(16, 1, 4) },
  },
  {
    name: "an empty part",
    outputCount: 3,
    attributes: { axis: 1 },
    inputs: { input: { dtype: "i64", dims: [2, 4] }, split: sizes(1, 0, 3) },
  },
  { name: "opset 13", opset: 13, outputCount: 2, inputs: { input: { dtype: "u8", dims: [4, 3] } } },
  {
    name: "attribute of opset 11",
    opset: 11,
    outputCount: 2,
    attributes: { split: [1, 3] },
    inputs: { input: { dtype: "f32", dims: [4, 3] } },
  },
  ...movedDtypes.map(
    (dtype): OperatorCase => ({
      name: `${dtype}, columns`,
      outputCount: 2,
      attributes: { axis: 1, num_outputs: 2 },
      inputs: { input: { dtype, dims: [3, 17] } },
    }),
  ),
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "Consecutive parts along an axis",
  dtypes: "any",
  opsets: [1, 18],
  limits: "split must be known at compile time, up to dims of other tensors",
};
