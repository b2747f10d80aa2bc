// Random small networks on images: convolutions of all kinds between pooling, activations, residuals, gates and concatenation. What
// fusion, schedules and register tiles make of them is where compilers break.
import fc from "fast-check";
import { constantValue } from "../../src/graph/constants.js";
import type { AttributeValue, GraphNode, Value } from "../../src/graph/graph.js";
import { makeNode } from "../../src/graph/make.js";
import { Poly, Sym } from "../../src/ir/poly.js";
import type { ReferenceTensor } from "../../src/ops/operator.js";
import { sizeOf } from "../../src/ops/reference-tensors.js";
import type { ChainGraph } from "./chains.js";

type Attributes = Readonly<Record<string, AttributeValue>>;

type LayerName =
  | "averagePool"
  | "concat"
  | "conv"
  | "dense"
  | "depthwise"
  | "gate"
  | "grouped"
  | "halves"
  | "hardSwish"
  | "leaky"
  | "maxPool"
  | "normalize"
  | "point"
  | "relu"
  | "residual"
  | "same"
  | "sigmoid"
  | "softmax"
  | "tokens"
  | "transposed"
  | "upsample";
/** A layer as drawn; what its numbers mean is up to the layer, so that whatever is drawn fits. */
export interface Layer {
  readonly op: LayerName;
  /** which earlier image it reads: 0 is the last */
  readonly from: number;
  readonly channels: number;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** top, left, bottom, right */
  readonly pads: readonly [number, number, number, number];
  readonly n: number;
}
export interface Network {
  readonly dims: readonly [number, number, number, number];
  readonly layers: readonly Layer[];
  /** which layer's image is an output as well; beyond the last: none */
  readonly kept: number;
}

interface Image {
  readonly value: Value;
  readonly dims: readonly number[];
}
/** multiply-adds of one layer: references are plain loops */
const workLimit = 400_000;
const sizeLimit = 12_000;

class Building {
  readonly nodes: GraphNode[] = [];
  readonly images: Image[];
  #names = 0;

  constructor(input: Image) {
    this.images = [input];
  }
  /** Small numbers of both signs; `terms` of them added up stay near one. */
  weight(dims: readonly number[], terms = 1): Value {
    const name = `c${this.#names++}`;
    const data = Array.from({ length: sizeOf(dims) }, (_, i) =>
      Math.fround(Math.sin(i * 1.3 + this.#names) / Math.sqrt(terms)),
    );
    return constantValue(name, "f32", dims, data);
  }
  positive(dims: readonly number[]): Value {
    const data = Array.from({ length: sizeOf(dims) }, (_, i) => 0.5 + (i % 7) / 8);
    return constantValue(`c${this.#names++}`, "f32", dims, data);
  }
  integers(data: readonly number[]): Value {
    return constantValue(`c${this.#names++}`, "i64", [data.length], data);
  }
  node(op: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}): Value {
    const k = this.#names++;
    const output: Value = { name: `v${k}`, dtype: undefined, dims: undefined };
    this.nodes.push(makeNode(`n${k}`, op, inputs, [output], attributes));
    return output;
  }
}

/** Adds nodes for a layer after `x`; undefined: it does not fit. */
type Make = (b: Building, x: Image, layer: Layer) => Image | undefined;

const activation =
  (op: string, attributes: Attributes = {}): Make =>
  (b, { value, dims }) => ({ value: b.node(op, [value], attributes), dims });

/** Output sizes of a window and its attributes; a window that is larger than the image shrinks to one tap. */
function windowOf({ dims }: Image, layer: Layer) {
  const taps: number[] = [];
  const pads = [...layer.pads];
  const spatial = [0, 1].map(j => {
    const size = dims[j + 2]!;
    const reach = (k: number): number => (k - 1) * layer.dilation[j]! + 1;
    const wanted = layer.kernel[j]!;
    const fits = reach(wanted) <= size + pads[j]! + pads[j + 2]!;
    const k = fits ? wanted : 1;
    taps.push(k);
    return Math.floor((size + pads[j]! + pads[j + 2]! - reach(k)) / layer.stride[j]!) + 1;
  });
  return { taps, spatial, attributes: { strides: layer.stride, dilations: layer.dilation, pads } };
}
/** Pooling must not see windows of padding alone, for they have no mean and no largest. */
function poolWindow(x: Image, layer: Layer): Layer {
  const kernel = layer.kernel.map((k, j) => Math.min(k, x.dims[j + 2]!)) as unknown as Layer["kernel"];
  const pads = layer.pads.map((p, i) => Math.min(p, kernel[i % 2]! - 1)) as unknown as Layer["pads"];
  return { ...layer, kernel, pads, dilation: [1, 1] };
}

function convolution(b: Building, x: Image, layer: Layer, outputs: number, group: number): Image | undefined {
  const { taps, spatial, attributes } = windowOf(x, layer);
  const perGroup = x.dims[1]! / group;
  const dims = [x.dims[0]!, outputs, ...spatial];
  const terms = perGroup * sizeOf(taps);
  if (sizeOf(dims) > sizeLimit || sizeOf(dims) * terms > workLimit) return undefined;
  const inputs = [x.value, b.weight([outputs, perGroup, ...taps], terms)];
  if (layer.n % 2) inputs.push(b.weight([outputs]));
  return { value: b.node("Conv", inputs, { ...attributes, group }), dims };
}
const same = (a: readonly number[], b: readonly number[]): boolean => a.join() === b.join();

const pool =
  (op: string): Make =>
  (b, x, layer) => {
    const { taps, spatial, attributes } = windowOf(x, poolWindow(x, layer));
    const more: Attributes = op === "AveragePool" ? { count_include_pad: layer.n % 2 } : {};
    return {
      value: b.node(op, [x.value], { ...attributes, kernel_shape: taps, ...more }),
      dims: [...x.dims.slice(0, 2), ...spatial],
    };
  };

const layers: Readonly<Record<LayerName, Make>> = {
  conv: (b, x, l) => convolution(b, x, l, l.channels, 1),
  /** keeps the size, so that a residual can follow */
  same: (b, x, l) =>
    convolution(
      b,
      x,
      { ...l, kernel: [3, 3], stride: [1, 1], dilation: [1, 1], pads: [1, 1, 1, 1] },
      x.dims[1]!,
      l.n % 3 ? 1 : x.dims[1]!,
    ),
  point: (b, x, l) => convolution(b, x, { ...l, kernel: [1, 1], stride: [1, 1], pads: [0, 0, 0, 0] }, l.channels, 1),
  depthwise: (b, x, l) => convolution(b, x, l, x.dims[1]! * ((l.n % 3) + 1), x.dims[1]!),
  grouped: (b, x, l) => {
    const group = [2, 3, 5, 7].find(g => x.dims[1]! % g === 0);
    return group ? convolution(b, x, l, group * ((l.channels % 9) + 1), group) : undefined;
  },
  transposed: (b, x, l) => {
    const { kernel, stride } = l;
    const spatial = [0, 1].map(j => (x.dims[j + 2]! - 1) * stride[j]! + kernel[j]!);
    const outputs = (l.channels % 9) + 1;
    const terms = x.dims[1]! * sizeOf(kernel);
    const dims = [x.dims[0]!, outputs, ...spatial];
    if (sizeOf(dims) > sizeLimit || sizeOf(x.dims) * outputs * sizeOf(kernel) > workLimit) return undefined;
    return {
      value: b.node("ConvTranspose", [x.value, b.weight([x.dims[1]!, outputs, ...kernel], terms)], { strides: stride }),
      dims,
    };
  },
  relu: activation("Relu"),
  sigmoid: activation("Sigmoid"),
  hardSwish: activation("HardSwish"),
  leaky: activation("LeakyRelu", { alpha: 0.25 }),
  residual: (b, x, l) => {
    const others = b.images.filter(i => i !== x && same(i.dims, x.dims));
    const other = others[l.n % Math.max(1, others.length)];
    return { value: b.node("Add", [x.value, other?.value ?? b.weight([x.dims[1]!, 1, 1])]), dims: x.dims };
  },
  normalize: (b, x) => {
    const c = [x.dims[1]!];
    const inputs = [x.value, b.positive(c), b.weight(c), b.weight(c), b.positive(c)];
    return { value: b.node("BatchNormalization", inputs), dims: x.dims };
  },
  maxPool: pool("MaxPool"),
  averagePool: pool("AveragePool"),
  /** squeeze and excite */
  gate: (b, x, l) => {
    const inner = (l.channels % 9) + 1;
    const c = x.dims[1]!;
    const squeezed = b.node("Relu", [
      b.node("Conv", [b.node("GlobalAveragePool", [x.value]), b.weight([inner, c, 1, 1], c)]),
    ]);
    const gates = b.node("HardSigmoid", [b.node("Conv", [squeezed, b.weight([c, inner, 1, 1], inner)])]);
    return { value: b.node("Mul", [x.value, gates]), dims: x.dims };
  },
  concat: (b, x, l) => {
    const fits = b.images.filter(i => same(i.dims.toSpliced(1, 1), x.dims.toSpliced(1, 1)));
    const other = fits[l.n % fits.length]!;
    const dims = x.dims.with(1, x.dims[1]! + other.dims[1]!);
    if (sizeOf(dims) > sizeLimit) return undefined;
    return { value: b.node("Concat", [x.value, other.value], { axis: 1 }), dims };
  },
  /** every convolution reads all before it: in the order in which they were made, or another one */
  dense: (b, x, l) => {
    const parts = [x];
    const joined = (): Image => {
      const dims = x.dims.with(
        1,
        parts.reduce((sum, p) => sum + p.dims[1]!, 0),
      );
      if (parts.length === 1) return x;
      return {
        value: b.node(
          "Concat",
          parts.map(p => p.value),
          { axis: 1 },
        ),
        dims,
      };
    };
    for (let i = 0; i < 2 + (l.n % 3); i++) {
      const { value, dims } = joined();
      const terms = dims[1]! * 9;
      if (sizeOf(dims) > sizeLimit || sizeOf(x.dims) * terms * 2 > workLimit) return undefined;
      const y = b.node("Conv", [value, b.weight([2, dims[1]!, 3, 3], terms)], { pads: [1, 1, 1, 1] });
      const made = { value: l.n % 2 ? b.node("Relu", [y]) : y, dims: x.dims.with(1, 2) };
      parts.splice(l.n % 5 === i ? 0 : parts.length, 0, made);
    }
    return joined();
  },
  upsample: (b, x) => {
    const dims = [...x.dims.slice(0, 2), x.dims[2]! * 2, x.dims[3]! * 2];
    if (sizeOf(dims) > sizeLimit) return undefined;
    const scales = constantValue(`s${b.nodes.length}`, "f32", [4], [1, 1, 2, 2]);
    const attributes = { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };
    return { value: b.node("Resize", [x.value, undefined, scales], attributes), dims };
  },
  halves: (b, x, l) => {
    const half = Math.floor(x.dims[1]! / 2);
    if (half === 0) return undefined;
    const [from, to] = l.n % 2 ? [0, half] : [half, 2 * half];
    const sliced = b.node("Slice", [x.value, b.integers([from]), b.integers([to]), b.integers([1])]);
    return { value: sliced, dims: x.dims.with(1, half) };
  },
  softmax: (b, x) => ({ value: b.node("Softmax", [x.value], { axis: 1 }), dims: x.dims }),
  /** a product over the channels of each pixel, as transformers on images have it */
  tokens: (b, x, l) => {
    const c = x.dims[1]!;
    if (sizeOf(x.dims) * l.channels > workLimit) return undefined;
    const last = b.node("Transpose", [x.value], { perm: [0, 2, 3, 1] });
    const normal = b.node("LayerNormalization", [last, b.positive([c]), b.weight([c])], { axis: -1 });
    const product = b.node("Add", [b.node("MatMul", [normal, b.weight([c, l.channels], c)]), b.weight([l.channels])]);
    return { value: b.node("Transpose", [product], { perm: [0, 3, 1, 2] }), dims: x.dims.with(1, l.channels) };
  },
};

const both = (a: fc.Arbitrary<number>): fc.Arbitrary<readonly [number, number]> =>
  fc.oneof({ weight: 2, arbitrary: a.map(n => [n, n] as const) }, { weight: 1, arbitrary: fc.tuple(a, a) });
const channels = fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(1, 3, 8, 16, 24, 32, 64));
const layer: fc.Arbitrary<Layer> = fc.record({
  op: fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(...(Object.keys(layers) as LayerName[])) },
    { weight: 1, arbitrary: fc.constantFrom<LayerName>("conv", "same", "point", "depthwise", "residual") },
  ),
  from: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(5) }),
  channels,
  kernel: both(fc.constantFrom(1, 2, 3, 3, 4, 5, 7)),
  stride: both(fc.constantFrom(1, 1, 2, 3)),
  dilation: both(fc.constantFrom(1, 1, 1, 2)),
  pads: fc.oneof(
    fc.constantFrom<Layer["pads"]>([0, 0, 0, 0], [1, 1, 1, 1], [2, 2, 2, 2]),
    fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(3)),
  ),
  n: fc.nat(11),
});
export const network: fc.Arbitrary<Network> = fc.record({
  dims: fc.tuple(fc.constantFrom(1, 1, 2), channels, fc.integer({ min: 1, max: 15 }), fc.integer({ min: 1, max: 15 })),
  layers: fc.array(layer, { minLength: 1, maxLength: 7 }),
  kept: fc.nat(10),
});

/** The network as a graph; with symbols, batch, height and width of the input are open. */
export function graphOfNetwork({ dims, layers: drawn, kept }: Network, symbolic: boolean): ChainGraph {
  const symbols = ["batch", "height", "width"].map(name => new Sym(name));
  const [batch, height, width] = symbols.map(s => Poly.sym(s));
  const input: Value = {
    name: "x",
    dtype: "f32",
    dims: symbolic ? [batch!, Poly.int(dims[1]), height!, width!] : dims.map(Poly.int),
  };
  const b = new Building({ value: input, dims });
  const outputs = new Set<Value>();
  for (const [k, l] of drawn.entries()) {
    const made = layers[l.op](b, b.images.at(-1 - (l.from % b.images.length))!, l);
    if (!made) continue;
    b.images.push(made);
    if (k === kept) outputs.add(made.value);
  }
  if (b.images.length === 1) b.images.push(layers.relu(b, b.images[0]!, drawn[0]!)!);
  outputs.add(b.images.at(-1)!.value);
  const data = Array.from({ length: sizeOf(dims) }, (_, i) => Math.fround(Math.sin(i * 1.7 + 1)));
  const x: ReferenceTensor = { dtype: "f32", dims, data };
  return {
    graph: {
      name: "network",
      inputs: [input],
      outputs: [...outputs],
      nodes: b.nodes,
      symbols: symbolic ? symbols : [],
    },
    inputs: { x },
  };
}
