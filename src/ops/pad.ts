// Pad: elements put before and after along some axes: a constant, or the tensor's own, mirrored, repeated or wrapped around.
// Negative pads cut off.
import type { Dims } from "../graph/graph.js";
import { opaque, Poly } from "../ir/poly.js";
import type { AnyTile } from "../tile/index.js";
import { where } from "../tile/index.js";
import { boundsOf, larger, smaller } from "./bounds.js";
import { normalizeAxes, refuse, requireOneOf } from "./checks.js";
import { indexTile, polyOfIndex } from "./index-tiles.js";
import { numberOf, requiredNumbers, requiredPolys } from "./known-values.js";
import type { KernelContext, NodeInfo, Operator, OperatorCase, OperatorDoc, Reference } from "./operator.js";
import { elementOf, elements, exact, movedDtypes, numbersOf, tabulate } from "./reference-tensors.js";
import { requireAtMost } from "./required-sizes.js";

interface PaddedDim {
  readonly size: Poly;
  readonly before: Poly;
  readonly after: Poly;
}

/** Inputs since opset 11, the attribute `pads` (opset 1: `paddings`) before. */
function paddedDims(node: NodeInfo): readonly PaddedDim[] {
  const dims = node.dims.data!;
  const pads = node.dims.pads
    ? requiredPolys("Pad", node, "pads")
    : ((node.attributes.pads ?? node.attributes.paddings ?? []) as readonly number[]).map(n => Poly.int(n));
  const axes = node.dims.axes
    ? normalizeAxes("Pad", node, requiredNumbers("Pad", node, "axes"), dims.length)
    : dims.map((_, d) => d);
  if (pads.length !== 2 * axes.length)
    refuse(
      "shape",
      "Pad",
      node,
      `pads has ${pads.length} elements for ${axes.length} axes; give the begins of all axes, then the ends`,
    );
  return dims.map((size, d) => {
    const k = axes.indexOf(d);
    if (k < 0) return { size, before: Poly.zero, after: Poly.zero };
    const pad = { size, before: pads[k]!, after: pads[k + axes.length]! };
    requireEnough(node, pad, d);
    return pad;
  });
}

/** Negative pads cut off what is there, no more; and what is repeated must be there. */
function requireEnough(node: NodeInfo, pad: PaddedDim, axis: number): void {
  const { kept } = keptOf(pad);
  const [size, cut] = [pad.size.print(), pad.size.sub(kept).print()];
  const most = `negative pads cut ${cut} elements off axis ${axis} with ${size}; cut off at most ${size}`;
  requireAtMost("Pad", node, 0, kept, most);
  const { mode } = node.attributes;
  const nothing = `mode ${mode} finds nothing to repeat along axis ${axis}, of which nothing is left; use constant`;
  if (mode !== "constant") requireAtMost("Pad", node, smaller(sizeOf(pad), 1), kept, nothing);
}

const sizeOf = ({ size, before, after }: PaddedDim): Poly => larger(size.add(before).add(after), 0);
const outputDims = (node: NodeInfo): Dims => paddedDims(node).map(sizeOf);

/** What is left of the dim when negative pads have cut it: its start and its size. */
function keptOf({ size, before, after }: PaddedDim): { start: Poly; kept: Poly } {
  const start = larger(before.mul(-1), 0);
  return { start, kept: size.sub(start).sub(larger(after.mul(-1), 0)) };
}

/** Position in a dim of `size` for a position that may lie outside of it. */
type Outside = (x: Poly, size: Poly, pad: PaddedDim) => Poly;
const outside: Readonly<Record<string, Outside>> = {
  edge: (x, size) => opaque("min", opaque("max", x, Poly.zero), size.sub(1)),
  wrap: (x, size) => opaque("mod", x, size),
  reflect: (x, size, { before, after }) => {
    const last = size.sub(1);
    const period = last.mul(2);
    // one reflection at each side is enough where no pad is as long as the dim
    const once = boundsOf(last.sub(before)).low >= 0 && boundsOf(last.sub(after)).low >= 0;
    const folded = once ? opaque("max", x, x.mul(-1)) : opaque("mod", x, larger(period, 1));
    return opaque("min", folded, period.sub(folded));
  },
};

function readOutside(context: KernelContext, index: readonly AnyTile[], mode: Outside): AnyTile {
  const positions = paddedDims(context).map((pad, d) => {
    if (pad.before.isZero && pad.after.isZero) return index[d]!;
    const { start, kept } = keptOf(pad);
    const x = polyOfIndex(index[d]!).sub(larger(pad.before, 0));
    return indexTile(mode(x, kept, pad).add(start));
  });
  return context.inputs.data!.at(...positions);
}

/** A value known now is what the reader finds outside; a tensor's value is selected. */
function readConstant(context: KernelContext, index: readonly AnyTile[]): AnyTile {
  const { data, constant_value } = context.inputs;
  const pads = paddedDims(context);
  const positions = pads.map((p, d) => index[d]!.sub(indexTile(p.before)));
  const known = constant_value
    ? numberOf(constant_value.known?.data[0])
    : ((context.attributes.value as number | undefined) ?? 0);
  if (known !== undefined) return data!.fill(known).at(...positions);
  const inside = pads.flatMap((p, d) =>
    p.before.isZero && p.after.isZero ? [] : [positions[d]!.ge(0), positions[d]!.lt(indexTile(p.size))],
  );
  const value = constant_value!.at(...constant_value!.dims.map(() => 0));
  return inside.length === 0
    ? data!.at(...positions)
    : where(
        inside.reduce((a, b) => a.and(b)),
        data!.at(...positions),
        value,
      );
}

export const operator: Operator = {
  name: "Pad",
  inputs: ["data", "pads?", "constant_value?", "axes?"],
  outputs: ["output"],
  attributes: {
    mode: { type: "string", default: "constant" },
    value: { type: "float", default: 0 },
    pads: { type: "ints" },
    paddings: { type: "ints" },
  },
  content: ["pads", "axes"],
  shape: node => {
    requireOneOf("Pad", node, "mode", ["constant", ...Object.keys(outside)]);
    return { output: outputDims(node) };
  },
  at: context => {
    const position = outside[context.attributes.mode as string];
    return {
      output: (...index) => (position ? readOutside(context, index, position) : readConstant(context, index)),
    };
  },
  text: true,
};

/** Positions of one padded dim, found by walking; −1 stands for the constant. */
function walk(mode: string, size: number, before: number, after: number): number[] {
  const kept = Array.from({ length: size }, (_, i) => i).slice(Math.max(-before, 0), size - Math.max(-after, 0));
  const last = kept.length - 1;
  const at = (i: number): number => {
    if (i >= 0 && i <= last) return kept[i]!;
    if (mode === "constant") return -1;
    if (mode === "edge") return kept[i < 0 ? 0 : last]!;
    if (mode === "wrap") return at(i < 0 ? i + kept.length : i - kept.length);
    return last === 0 ? kept[0]! : at(i < 0 ? -i : 2 * last - i);
  };
  const length = kept.length + Math.max(before, 0) + Math.max(after, 0);
  return Array.from({ length }, (_, i) => at(i - Math.max(before, 0)));
}

export const reference: Reference = ({ data, pads, constant_value, axes }, attributes) => {
  const rank = data!.dims.length;
  const list: number[] = pads ? numbersOf(pads) : (attributes.pads ?? attributes.paddings);
  const along = axes ? numbersOf(axes).map(a => (a + rank) % rank) : data!.dims.map((_, d) => d);
  const value = constant_value?.data[0] ?? elementOf(data!.dtype, attributes.value ?? 0);
  const positions = data!.dims.map((n, d) => {
    const k = along.indexOf(d);
    return walk(attributes.mode ?? "constant", n, list[k] ?? 0, k < 0 ? 0 : list[k + along.length]!);
  });
  const read = elements(data!);
  const dims = positions.map(p => p.length);
  return { output: tabulate(data!.dtype, dims, i => read(i.map((x, d) => positions[d]![x]!)) ?? value) };
};

const data = { dtype: "f32", dims: [3, 5] } as const;
const around = { dtype: "i64", dims: [4], data: [1, 2, 0, 3] } as const;
const last = { dtype: "i64", dims: [1], data: [-1] } as const;
const value = { dtype: "f32", dims: [], data: [2.5] } as const;
export const cases = (): readonly OperatorCase[] => [
  { name: "zeros", inputs: { data, pads: around } },
  { name: "a constant", inputs: { data, pads: around, constant_value: value } },
  { name: "one axis, cut and padded", inputs: { data, pads: { dtype: "i64", dims: [2], data: [-2, 4] }, axes: last } },
  { name: "edge", attributes: { mode: "edge" }, inputs: { data, pads: around } },
  { name: "reflect", attributes: { mode: "reflect" }, inputs: { data, pads: around } },
  { name: "wrap", attributes: { mode: "wrap" }, inputs: { data, pads: around } },
  {
    name: "reflect more than once",
    attributes: { mode: "reflect" },
    inputs: { data, pads: { dtype: "i64", dims: [2], data: [9, 6] }, axes: last },
  },
  {
    name: "reflect what is left after cutting",
    attributes: { mode: "reflect" },
    inputs: { data, pads: { dtype: "i64", dims: [2], data: [-1, 3] }, axes: last },
  },
  { name: "attributes of opset 10", opset: 10, attributes: { pads: [0, 1, 2, 0], value: -1 }, inputs: { data } },
  { name: "integers", inputs: { data: { dtype: "i64", dims: [4] }, pads: { dtype: "i64", dims: [2], data: [2, 1] } } },
  ...movedDtypes.map(
    (dtype): OperatorCase => ({
      name: `${dtype}, with 1`,
      inputs: { data: { dtype, dims: [3, 17] }, pads: around, constant_value: { dtype, dims: [], data: [1] } },
    }),
  ),
  ...movedDtypes.map(
    (dtype): OperatorCase => ({
      name: `${dtype}, with a 1 that is known`,
      inputs: {
        data: { dtype, dims: [3, 17] },
        pads: around,
        constant_value: { dtype, dims: [], data: [1], constant: true },
      },
    }),
  ),
  ...movedDtypes.map(
    (dtype): OperatorCase => ({
      name: `${dtype}, reflected`,
      attributes: { mode: "reflect" },
      inputs: { data: { dtype, dims: [3, 17] }, pads: around },
    }),
  ),
];

export const tolerance = exact;

export const doc: OperatorDoc = {
  summary: "Elements put before and after, or cut off, along some axes",
  dtypes: "number",
  opsets: [1, 25],
  limits: "pads and axes must be known at compile time, pads up to dims of other tensors",
};
