// Slice: start, end and step along some axes, numpy's rules: negative positions count from the end, all are clamped.
import { ceilDiv, Poly } from "../ir/poly.js";
import { larger, smaller } from "./bounds.js";
import { holdEqual } from "./broadcast.js";
import { normalizeAxes, refuse } from "./checks.js";
import { indexTile } from "./index-tiles.js";
import { knownDims, pick, requiredNumbers, requiredPolys, stridesOf } from "./known-values.js";
import type { NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elements, exact, movedDtypes, numbersOf, tabulate } from "./reference-tensors.js";

/** What one dim of the result reads: position start + i·step, for i < size. */
interface Range {
  readonly start: Poly;
  readonly step: number;
  readonly size: Poly;
}

/** Exporters write INT_MAX or INT64_MAX for "to the end"; no dim reaches this. */
const beyondEveryDim = 2 ** 31 - 1;

/** A position that may count from the end, clamped to low..high; to high where the dim is empty. */
function clampPosition(position: Poly, dim: Poly, low: number, high: Poly): Poly {
  if (position.isConst && position.constant >= beyondEveryDim) return high;
  if (position.isConst && position.constant <= -beyondEveryDim) return smaller(low, high);
  // 1 where the position is negative, else 0
  const fromEnd = larger(smaller(position.mul(-1), 1), 0);
  return smaller(larger(position.add(dim.mul(fromEnd)), low), high);
}

function rangeOf(dim: Poly, start: Poly, end: Poly, step: number): Range {
  const high = step > 0 ? dim : dim.sub(1);
  const first = clampPosition(start, dim, 0, high);
  const last = clampPosition(end, dim, step > 0 ? 0 : -1, high);
  const between = larger(step > 0 ? last.sub(first) : first.sub(last), 0);
  // one step leads beyond all that there is, and kernels can't count so far
  if (Math.abs(step) >= beyondEveryDim) return { start: first, step: 1, size: smaller(between, 1) };
  return { start: first, step, size: ceilDiv(between, Math.abs(step)) };
}

/** Kernels count in 32 bits: where a run's positions go beyond, it is compiled for these very numbers, which are clamped. */
function assumeCountable(node: NodeInfo, position: Poly): void {
  for (const clamped of [smaller(position, beyondEveryDim), larger(position, -beyondEveryDim)])
    if (!clamped.equals(position) && !position.isConst) holdEqual(node, clamped, position);
}

/** Inputs since opset 10, attributes before. */
function polys(node: NodeInfo, name: string): readonly Poly[] | undefined {
  if (node.dims[name]) return requiredPolys("Slice", node, name);
  return (node.attributes[name] as readonly number[] | undefined)?.map(n => Poly.int(n));
}
function numbers(node: NodeInfo, name: string): readonly number[] | undefined {
  return node.dims[name] ? requiredNumbers("Slice", node, name) : node.attributes[name];
}

function rangesOf(node: NodeInfo): readonly Range[] {
  const dims = node.dims.data!;
  const starts = polys(node, "starts") ?? [];
  const ends = polys(node, "ends") ?? [];
  const axes = normalizeAxes("Slice", node, numbers(node, "axes") ?? starts.map((_, k) => k), dims.length);
  const steps = numbers(node, "steps") ?? starts.map(() => 1);
  if (starts.length !== axes.length || ends.length !== axes.length || steps.length !== axes.length)
    refuse(
      "shape",
      "Slice",
      node,
      `starts, ends, axes and steps have ${starts.length}, ${ends.length}, ${axes.length} and ${steps.length} elements; give one each for every axis`,
    );
  for (const start of starts) assumeCountable(node, start);
  if (steps.includes(0)) refuse("operator-attribute", "Slice", node, "a step is 0; use a positive or a negative one");
  return dims.map((dim, d) => {
    const k = axes.indexOf(d);
    return k < 0 ? { start: Poly.zero, step: 1, size: dim } : rangeOf(dim, starts[k]!, ends[k]!, steps[k]!);
  });
}

export const operator: Operator = {
  name: "Slice",
  inputs: ["data", "starts?", "ends?", "axes?", "steps?"],
  outputs: ["output"],
  attributes: { starts: { type: "ints" }, ends: { type: "ints" }, axes: { type: "ints" } },
  content: ["starts", "ends", "axes", "steps"],
  shape: node => ({ output: rangesOf(node).map(r => r.size) }),
  values: node => {
    const known = node.known.data;
    const ranges = rangesOf(node);
    const dims = knownDims(ranges.map(r => r.size));
    if (!known || !dims || !ranges.every(r => r.start.isConst)) return {};
    const strides = stridesOf(known.dims);
    const position = (index: readonly number[]): number =>
      ranges.reduce((at, r, d) => at + (r.start.constant + index[d]! * r.step) * strides[d]!, 0);
    return { output: pick(known, dims, position) };
  },
  at: context => {
    const ranges = rangesOf(context);
    return {
      output: (...index) =>
        context.inputs.data!.at(...ranges.map((r, d) => index[d]!.mul(r.step).add(indexTile(r.start)))),
    };
  },
  text: true,
};

export const reference: Reference = ({ data, starts, ends, axes, steps }, attributes) => {
  const list = (t: typeof starts, name: string): number[] | undefined => (t ? numbersOf(t) : attributes[name]);
  const from = list(starts, "starts")!;
  const to = list(ends, "ends")!;
  const along = (list(axes, "axes") ?? from.map((_, k) => k)).map(a => (a < 0 ? a + data!.dims.length : a));
  const positions = data!.dims.map((n, d) => {
    const k = along.indexOf(d);
    const all = Array.from({ length: n }, (_, i) => i);
    if (k < 0) return all;
    const step = (steps ? numbersOf(steps) : [])[k] ?? 1;
    const [a, b] = [from[k]!, to[k]!].map(x => (x < 0 ? x + n : x)) as [number, number];
    const out: number[] = [];
    if (step > 0) for (let i = Math.max(a, 0); i < Math.min(b, n); i += step) out.push(i);
    else for (let i = Math.min(a, n - 1); i > Math.max(b, -1); i += step) out.push(i);
    return out;
  });
  const read = elements(data!);
  return {
    output: tabulate(
      data!.dtype,
      positions.map(p => p.length),
      i => read(i.map((x, d) => positions[d]![x]!))!,
    ),
  };
};

const list = (...data: (number | bigint)[]) => ({ dtype: "i64", dims: [data.length], data }) as const;
const data = { dtype: "f32", dims: [10, 21, 5] } as const;
export const cases = (): readonly OperatorCase[] => [
  { name: "leading axes", inputs: { data, starts: list(0, 3), ends: list(3, 10) } },
  { name: "named axis and step", inputs: { data, starts: list(1), ends: list(20), axes: list(1), steps: list(4) } },
  {
    name: "backwards",
    inputs: { data, starts: list(20, 4), ends: list(0, -100), axes: list(1, 2), steps: list(-3, -1) },
  },
  { name: "from the end", inputs: { data, starts: list(-4), ends: list(-1), axes: list(-2) } },
  { name: "clamped", inputs: { data, starts: list(-99, 8), ends: list(2 ** 40, 99) } },
  ...[2 ** 31 - 1, 2 ** 31, 2 ** 40, 2n ** 63n - 1n].map(
    (step): OperatorCase => ({
      name: `one step of ${step}`,
      inputs: { data, starts: list(1), ends: list(9), axes: list(0), steps: list(step) },
    }),
  ),
  ...[-(2 ** 31), -(2 ** 40), -(2n ** 63n)].map(
    (step): OperatorCase => ({
      name: `one step of ${step}, backwards`,
      inputs: { data, starts: list(8), ends: list(-99), axes: list(0), steps: list(step) },
    }),
  ),
  {
    name: "a step beyond nothing",
    inputs: { data, starts: list(8), ends: list(3), axes: list(0), steps: list(2 ** 40) },
  },
  { name: "nothing", inputs: { data, starts: list(8), ends: list(3), axes: list(0) } },
  { name: "attributes of opset 9", opset: 9, attributes: { starts: [1], ends: [4], axes: [2] }, inputs: { data } },
  { name: "integers", inputs: { data: { dtype: "i64", dims: [9] }, starts: list(2), ends: list(7) } },
  ...movedDtypes.map(
    (dtype): OperatorCase => ({
      name: `${dtype}, every second, backwards`,
      inputs: { data: { dtype, dims: [3, 37] }, starts: list(35), ends: list(1), axes: list(1), steps: list(-2) },
    }),
  ),
  ...movedDtypes.map(
    (dtype): OperatorCase => ({
      name: `${dtype}, a run`,
      inputs: { data: { dtype, dims: [3, 37] }, starts: list(3), ends: list(36), axes: list(1) },
    }),
  ),
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "Every step-th element between start and end along some axes",
  dtypes: "any",
  opsets: [1, 13],
  limits: "axes and steps must be known at compile time, starts and ends up to dims of other tensors",
};
