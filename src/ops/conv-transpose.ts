// ConvTranspose: what a convolution's gradient does. Here an output gathers: with stride s, output t = o + begin of phase t mod s meets
// the taps t mod s, t mod s + s, …, so no product with an inserted zero is computed.
import type { Dims } from "../graph/graph.js";
import type { Dtype } from "../ir/dtypes.js";
import { isInside } from "../ir/bounds.js";
import { ceilDiv, opaque, Poly } from "../ir/poly.js";
import type { AnyIndex, AnyTile, DimValue } from "../tile/index.js";
import { dimOf, dot, where } from "../tile/index.js";
import { wide } from "./accumulate.js";
import { larger } from "./bounds.js";
import { requireEntries, requireEqual } from "./broadcast.js";
import { printDims, refuse } from "./checks.js";
import { commonDtype } from "./elementwise.js";
import { floats } from "./elementwise-references.js";
import { forEachIndex, stridesOf } from "./known-values.js";
import type {
  Attributes,
  NodeInfo,
  Operand,
  Operator,
  OperatorCase,
  OperatorDoc,
  Reference,
  ReferenceTensor,
  Tolerance,
} from "./operator.js";
import { elements, sizeOf, tabulate } from "./reference-tensors.js";
import { requireMultiple } from "./required-sizes.js";
import { padsOf, perAxis, polyTile, requireSteps, windowAttributes } from "./window.js";

interface Transposed {
  readonly input: Poly;
  readonly taps: Poly;
  readonly stride: number;
  readonly dilation: number;
  readonly begin: Poly;
  readonly output: Poly;
}

export const operator: Operator = {
  name: "ConvTranspose",
  inputs: ["X", "W", "B?"],
  prefers: "channels-last",
  outputs: ["Y"],
  attributes: {
    ...windowAttributes,
    group: { type: "int", default: 1 },
    output_padding: { type: "ints" },
    output_shape: { type: "ints" },
  },
  shape: node => {
    const [X, W] = [node.dims.X!, node.dims.W!];
    check(node, X, W);
    const spatial = transposedAxes(node).map(a => a.output);
    return { Y: [X[0]!, W[1]!.mul(node.attributes.group), ...spatial] };
  },
  phases: node => [1, 1, ...transposedAxes(node).map(a => (a.dilation === 1 ? a.stride : 1))],
  at: context => {
    const { X, W, B } = context.inputs as { X: Operand; W: Operand; B?: Operand };
    const axes = transposedAxes(context);
    return {
      Y: (n, k, ...o) => {
        const taps = o.map((i, j) => gatherTap(i, axes[j]!, W.dims[j + 2]!));
        const { channel, output, over } = channels(k!, X, W, context.dims.W!, context.attributes.group);
        const x = X.at(n!, channel, ...taps.map(t => t.input));
        const held = taps
          .flatMap(t => (t.meets ? [t.meets] : []))
          .reduce<AnyTile | undefined>((a, b) => (a ? a.and(b) : b), undefined);
        const w = W.at(channel, output, ...taps.map(t => t.tap));
        const met = held ? where(held, x, 0) : x;
        const sums = [...over, ...taps.flatMap(t => t.over ?? [])];
        const y = sums.length > 0 ? dot(met, w, ...sums) : wide(met, X.dtype).mul(wide(w, X.dtype));
        return (B ? y.add(B.at(k!).cast(y.dtype)) : y).cast(X.dtype);
      },
    };
  },
};

interface Tap {
  readonly input: AnyTile;
  readonly tap: AnyTile;
  /** absent: there is one tap to meet */
  readonly over?: AnyIndex;
  /** whether this tap meets an element at all; absent: always */
  readonly meets?: AnyTile;
}

/** The taps that output o meets along one axis: o + begin = input · stride + tap · dilation. */
function gatherTap(o: AnyTile, { stride, dilation, begin }: Transposed, taps: DimValue): Tap {
  const t = begin.isZero ? o : o.add(polyTile(begin));
  if (stride === 1) {
    const tap = taps.all("p");
    return { input: t.sub(dilation === 1 ? tap : tap.mul(dilation)), tap, over: tap };
  }
  if (dilation === 1) {
    const steps = ceilDiv(taps.poly, stride);
    // filters no longer than the stride meet one element
    const { quotient, remainder } = divided(t, stride);
    if (steps.isOne) return { input: quotient, tap: remainder };
    // beyond the last tap W reads 0
    const step = dimOf("p", steps).all();
    return { input: quotient.sub(step), tap: remainder.add(step.mul(stride)), over: step };
  }
  const tap = taps.all("p");
  const at = t.sub(tap.mul(dilation));
  return { input: at.idiv(stride), tap, over: tap, meets: at.imod(stride).eq(0) };
}

/** ⌊t / by⌋ and the rest. Where t = q·by + r with r an axis shorter than `by` (a phase), they are q and r, without a division. */
function divided(t: AnyTile, by: number): { quotient: AnyTile; remainder: AnyTile } {
  const p = t.node.kind === "index" ? t.node.index : undefined;
  const rest = p && opaque("mod", p, Poly.int(by)).terms[0]?.s[0]?.def;
  if (p && rest?.op === "mod" && isInside(rest.a, Poly.int(by)))
    return { quotient: t.sub(indexOfPoly(rest.a)).idiv(by), remainder: indexOfPoly(rest.a) };
  return { quotient: t.idiv(by), remainder: t.imod(by) };
}
const indexOfPoly = (p: Poly): AnyTile => dimOf("phase", p).size;

/** Channels of X are spread over the groups; W's outputs are counted within a group. */
function channels(
  k: AnyTile,
  X: Operand,
  W: Operand,
  sizes: Dims,
  group: number,
): { channel: AnyTile; output: AnyTile | number; over: readonly AnyIndex[] } {
  const perGroup = opaque("div", sizes[0]!, Poly.int(group));
  if (group === 1) {
    const c = X.dims[1]!.all();
    return { channel: c, output: k, over: [c] };
  }
  const outputs = W.dims[1]!;
  const [g, output] = sizes[1]!.isOne ? [k, 0] : [k.idiv(outputs.size), k.imod(outputs.size)];
  if (perGroup.isOne) return { channel: g, output, over: [] };
  const inGroup = dimOf("C", opaque("div", W.dims[0]!.poly, Poly.int(group)));
  const c = inGroup.all();
  return { channel: g.mul(inGroup.size).add(c), output, over: [c] };
}

function check(node: NodeInfo, X: Dims, W: Dims): void {
  const group = node.attributes.group as number;
  commonDtype("ConvTranspose", node, ["X", "W"]);
  if (X.length < 3 || W.length !== X.length)
    refuse(
      "shape",
      "ConvTranspose",
      node,
      `X of ${printDims(X)} and W of ${printDims(W)} are not batch×channels×space and channels×outputs×taps of one rank`,
    );
  const channels = `X has ${X[1]!.print()} channels and W takes ${W[0]!.print()}; they must agree`;
  requireEqual("ConvTranspose", node, X[1]!, W[0]!, channels);
  requireEntries("ConvTranspose", node, "B", { input: "W", what: "outputs", count: W[1]!.mul(group) });
  const groups = `${W[0]!.print()} channels do not divide into ${group} groups; use a number of channels that does`;
  requireMultiple("ConvTranspose", node, W[0]!, group, groups);
}

/** Sizes and padding as the specification's formulas have them. */
function transposedAxes(node: NodeInfo): readonly Transposed[] {
  const input = node.dims.X!.slice(2);
  const count = input.length;
  const strides = perAxis("ConvTranspose", node, "strides", count, 1);
  const dilations = perAxis("ConvTranspose", node, "dilations", count, 1);
  const extra = perAxis("ConvTranspose", node, "output_padding", count, 0);
  const pads = padsOf("ConvTranspose", node, count);
  const auto = node.attributes.auto_pad as string;
  const given = node.attributes.output_shape as readonly number[] | undefined;
  return input.map((size, j) => {
    const axis = { input: size, taps: node.dims.W![j + 2]!, stride: strides[j]!, dilation: dilations[j]! };
    requireSteps("ConvTranspose", node, axis, j);
    const full = size.sub(1).mul(axis.stride).add(extra[j]!).add(axis.taps.sub(1).mul(axis.dilation).add(1));
    const wanted = given
      ? Poly.int(given[given.length - count + j]!)
      : auto.startsWith("SAME")
        ? size.mul(axis.stride)
        : undefined;
    if (!wanted) {
      const [begin, end] = auto === "VALID" ? [0, 0] : pads[j]!;
      return { ...axis, begin: Poly.int(begin), output: full.sub(begin + end) };
    }
    const total = larger(full.sub(wanted), 0);
    const half = opaque("div", auto === "SAME_UPPER" ? total : total.add(1), Poly.int(2));
    return { ...axis, begin: half, output: wanted };
  });
}

export const doc: OperatorDoc = {
  summary: "Transposed convolution: the gradient of Conv with respect to its input, plus the bias B",
  dtypes: "float",
  opsets: [1, 22],
};
/** worst measured on wasm in f32: 16 ε of the input */
export const tolerance: Tolerance = { relative: 4, absolute: 16 };

/** Scatters as the definition says: every input element adds a copy of the filter to the output. */
export const reference: Reference = (inputs, attributes) => {
  const { X, W, B } = inputs as { X: ReferenceTensor; W: ReferenceTensor; B?: ReferenceTensor };
  const group = attributes.group ?? 1;
  const space = X.dims.slice(2);
  const list = (name: string, otherwise: number): readonly number[] => attributes[name] ?? space.map(() => otherwise);
  const [strides, dilations, extra] = [list("strides", 1), list("dilations", 1), list("output_padding", 0)];
  const axes = space.map((size, j) => {
    const full = strides[j]! * (size - 1) + extra[j]! + (W.dims[j + 2]! - 1) * dilations[j]! + 1;
    const same = String(attributes.auto_pad ?? "").startsWith("SAME");
    const wanted = attributes.output_shape?.at(j - space.length) ?? (same ? size * strides[j]! : undefined);
    if (wanted === undefined) {
      const [begin, end] = [attributes.pads?.[j] ?? 0, attributes.pads?.[j + space.length] ?? 0];
      return { begin, output: full - begin - end };
    }
    const total = Math.max(full - wanted, 0);
    return {
      begin: attributes.auto_pad === "SAME_UPPER" ? Math.floor(total / 2) : Math.ceil(total / 2),
      output: wanted,
    };
  });
  const outputs = W.dims[1]!;
  const dims = [X.dims[0]!, outputs * group, ...axes.map(a => a.output)];
  const strideOf = stridesOf(dims);
  const data = new Array<number>(sizeOf(dims)).fill(0);
  const [x, w] = [elements(X), elements(W)];
  forEachIndex(X.dims, ([n, c, ...i]) => {
    const first = Math.floor(c! / (X.dims[1]! / group)) * outputs;
    forEachIndex(W.dims.slice(1), ([k, ...p]) => {
      const o = i.map((v, j) => v * strides[j]! + p[j]! * dilations[j]! - axes[j]!.begin);
      if (o.some((v, j) => v < 0 || v >= axes[j]!.output)) return;
      const at = [n!, first + k!, ...o].reduce((sum, v, d) => sum + v * strideOf[d]!, 0);
      data[at]! += Number(x([n!, c!, ...i])) * Number(w([c!, k!, ...p]));
    });
  });
  const y = elements({ dtype: X.dtype, dims, data });
  return { Y: tabulate(X.dtype, dims, i => Number(y(i)) + (B ? Number(B.data[i[1]!]) : 0)) };
};

const of = (
  name: string,
  x: readonly number[],
  w: readonly number[],
  attributes: Attributes = {},
  dtype: Dtype = "f32",
): OperatorCase => ({
  name: `${dtype} ${name}`,
  attributes,
  inputs: { X: { dtype, dims: x }, W: { dtype, dims: w }, B: { dtype, dims: [w[1]! * (attributes.group ?? 1)] } },
});
export const cases = (): readonly OperatorCase[] => [
  ...floats.map(d => of("2×2, stride 2", [1, 3, 5, 7], [3, 4, 2, 2], { strides: [2, 2] }, d)),
  of("3×3", [2, 3, 5, 4], [3, 2, 3, 3]),
  of("3×3, stride 2", [1, 3, 5, 4], [3, 2, 3, 3], { strides: [2, 2], pads: [1, 0, 1, 1], output_padding: [1, 0] }),
  of("1-D", [1, 2, 11], [2, 3, 5], { strides: [3], pads: [1, 2] }),
  of("3-D", [1, 2, 3, 4, 2], [2, 1, 2, 3, 2], { strides: [1, 2, 3] }),
  of("dilation", [1, 2, 5, 4], [2, 2, 3, 2], { dilations: [2, 3] }),
  of("stride and dilation", [1, 2, 5, 4], [2, 2, 3, 2], { strides: [2, 3], dilations: [3, 2], pads: [1, 1, 0, 2] }),
  of("groups", [1, 6, 3, 4], [6, 2, 3, 3], { group: 3, strides: [2, 1] }),
  of("depthwise", [1, 5, 3, 4], [5, 1, 2, 2], { group: 5, strides: [2, 2] }),
  of("output_shape", [1, 2, 3, 3], [2, 2, 3, 3], { strides: [3, 2], output_shape: [10, 8] }),
  of("SAME_UPPER", [1, 2, 3, 3], [2, 2, 3, 4], { strides: [2, 1], auto_pad: "SAME_UPPER" }),
  of("SAME_LOWER", [1, 2, 3, 3], [2, 2, 3, 4], { strides: [2, 1], auto_pad: "SAME_LOWER" }),
  of("one element", [1, 1, 1, 1], [1, 1, 1, 1]),
];
