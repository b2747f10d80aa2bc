// Normalisation folding: BatchNormalization, and Mul, Add, Sub and Div by a constant per channel, go into the weights of the
// convolution before them. What is left of a BatchNormalization becomes one multiplication and one addition.
//
// All of it is y = scale·x + shift per channel. New weights are computed when they are read, in float64 and rounded once: nothing
// is stored twice. Only f32 and f64: weights of 16 bits would lose what the separate operator keeps.
import { newArray } from "../../ir/arrays.js";
import { bytesOf } from "../../ir/dtypes.js";
import { Poly } from "../../ir/poly.js";
import { constantDims, decode, encode, lazyData, typedView } from "../constants.js";
import type { ConstantData, Dims, GraphNode, Value } from "../graph.js";
import { makeNode, sameType } from "../make.js";
import type { Pass } from "../pass.js";
import type { RewriteView, Rule } from "../rewrite.js";
import { rewriteEverywhere } from "../rewrite.js";
import { sweep } from "./remove-dead-code.js";

export const foldNormalization: Pass = {
  name: "fold-normalization",
  // the old convolutions are dead now; they must not stay, because the new ones have their names
  run: graph =>
    sweep(
      rewriteEverywhere(sweep(rewriteEverywhere(graph, foldIntoWeights, foldIntoNormalization)), splitNormalization),
    ),
};

type Numbers = () => Promise<Float64Array>;
const once = (compute: Numbers): Numbers => {
  let numbers: Promise<Float64Array> | undefined;
  return () => {
    numbers ??= compute();
    return numbers;
  };
};
/** y = scale·x + shift, by channel (axis 1 of x) */
interface Affine {
  readonly x: Value;
  readonly channels: number;
  readonly scale: Numbers | undefined;
  readonly shift: Numbers | undefined;
}

const isWeight = (v: Value | undefined): v is Value => !!v?.constant && (v.dtype === "f32" || v.dtype === "f64");
/** the float64 numbers behind constants that were made here, so that folding twice rounds once */
const exact = new WeakMap<Value, Numbers>();
const numbersIn = (v: Value): Numbers => exact.get(v) ?? (async () => decode(v.dtype!, await v.constant!.read()));

/** The node as a function of one input, if that is what it is. */
function affineOf(node: GraphNode): Affine | undefined {
  if (node.domain !== "") return undefined;
  if (node.op === "BatchNormalization") return normalization(node);
  const [a, b] = node.inputs;
  const commutes = node.op === "Add" || node.op === "Mul";
  const swap = commutes && !!a?.constant;
  const [x, c] = swap ? [b, a] : [a, b];
  const channels = x?.dims?.[1]?.isConst ? x.dims[1].constant : undefined;
  const values = x && channels !== undefined && isWeight(c) ? perChannel(c, x, channels) : undefined;
  if (!x || !values) return undefined;
  const map =
    (f: (n: number) => number): Numbers =>
    async () =>
      (await values()).map(f);
  const [scale, shift] =
    node.op === "Mul"
      ? [values, undefined]
      : node.op === "Div"
        ? [map(n => 1 / n), undefined]
        : [undefined, node.op === "Add" ? values : map(n => -n)];
  return ["Add", "Sub", "Mul", "Div"].includes(node.op) ? { x, channels: channels!, scale, shift } : undefined;
}

/** A constant that has one number for each channel of x, or one for all, and does not widen x by broadcasting. */
function perChannel(c: Value, x: Value, channels: number): Numbers | undefined {
  const dims = constantDims(c.dims)!;
  const rank = x.dims!.length;
  if (dims.length > rank || c.dtype !== x.dtype) return undefined;
  const axisOf = (i: number): number => rank - dims.length + i;
  if (!dims.every((d, i) => d === 1 || (axisOf(i) === 1 && d === channels))) return undefined;
  const numbers = numbersIn(c);
  return async () => {
    const list = await numbers();
    return list.length === channels ? list : new Float64Array(channels).fill(list[0]!);
  };
}

function normalization(node: GraphNode): Affine | undefined {
  const [x, scale, bias, mean, variance] = node.inputs;
  const channels = x?.dims?.[1];
  const constants = [scale, bias, mean, variance];
  if (!channels?.isConst || !constants.every(v => isWeight(v) && v.dims?.length === 1)) return undefined;
  const { training_mode, is_test, spatial, epsilon = 1e-5 } = node.attributes;
  const trains = training_mode === 1 || (node.opset < 7 && is_test !== 1);
  if (trains || spatial === 0 || node.outputs.some((o, i) => i > 0 && o)) return undefined;
  const read = constants.map(v => numbersIn(v!)) as [Numbers, Numbers, Numbers, Numbers];
  // weights that are read in parts ask for each of them, and the offsets once more
  const factors = once(async () => {
    const [s, v] = await Promise.all([read[0](), read[3]()]);
    return s.map((n, c) => n / Math.sqrt(v[c]! + Number(epsilon)));
  });
  const offsets: Numbers = async () => {
    const [f, b, m] = await Promise.all([factors(), read[1](), read[2]()]);
    return b.map((n, c) => n - m[c]! * f[c]!);
  };
  return { x: x!, channels: channels.constant, scale: factors, shift: offsets };
}

/** Conv(x, w, b)·scale + shift = Conv(x, w·scale, b·scale + shift) */
const foldIntoWeights: Rule = (node, view) => {
  const affine = affineOf(node);
  const conv = affine && soleProducer(affine.x, view);
  if (!affine || !conv || conv.domain !== "" || !(conv.op === "Conv" || conv.op === "ConvTranspose")) return undefined;
  const [x, weight, bias] = conv.inputs;
  if (!isWeight(weight) || (bias && !isWeight(bias))) return undefined;
  const output = node.outputs[0]!;
  const { scale, shift, channels } = affine;
  const newWeight = scale ? scaledWeight(conv, weight, scale, `${output.name}/weight`) : weight;
  const newBias = derivedChannels(weight, `${output.name}/bias`, channels, async () => {
    const b = bias ? await numbersIn(bias)() : new Float64Array(channels);
    return affineMap(b, await scale?.(), await shift?.());
  });
  return { nodes: [{ ...conv, inputs: [x, newWeight, newBias], outputs: [output] }] };
};

function soleProducer(v: Value, view: RewriteView): GraphNode | undefined {
  return view.readers(v) === 1 ? view.producer(v) : undefined;
}

function affineMap(b: Float64Array, scale: Float64Array | undefined, shift: Float64Array | undefined): Float64Array {
  const out = new Float64Array(b.length);
  for (let c = 0; c < b.length; c++) out[c] = b[c]! * (scale?.[c] ?? 1) + (shift?.[c] ?? 0);
  return out;
}

/** weights that were scaled here, and what they were scaled from: scaling twice multiplies the scales */
const scaled = new WeakMap<Value, { readonly from: Value; readonly scale: Numbers }>();

/** Computed when it is read, number by number in float64: beside the old weights only the new ones are in memory. */
function scaledWeight(conv: GraphNode, weight: Value, scale: Numbers, name: string): Value {
  const before = scaled.get(weight);
  const from = before?.from ?? weight;
  const all: Numbers = before ? async () => affineMap(await before.scale(), await scale(), undefined) : scale;
  const source = from.constant!;
  const dtype = from.dtype!;
  const constant: ConstantData = {
    byteLength: source.byteLength,
    read: async () => {
      const numbers = typedView(dtype, await source.read()) as Floats;
      const out = newArray(dtype, numbers.length) as Floats;
      scaleRuns(conv, from, { numbers, first: 0, out }, await all());
      return new Uint8Array(out.buffer, 0, out.byteLength);
    },
    ...(source.readInto && {
      readInto: async (target: Uint8Array, offset: number) => {
        await source.readInto!(target, offset);
        const numbers = typedView(dtype, target) as Floats;
        const part = { numbers, first: offset / bytesOf(dtype), out: numbers };
        scaleRuns(conv, from, part, await all());
      },
    }),
  };
  const value: Value = { name, dtype: weight.dtype, dims: weight.dims, constant };
  scaled.set(value, { from, scale: all });
  return value;
}

type Floats = Float32Array | Float64Array;
/** Conv has weights [M, C/group, …] for M output channels, ConvTranspose [C, M/group, …]: runs of weights share a channel. */
function scaleRuns(
  conv: GraphNode,
  weight: Value,
  { numbers, first, out }: { readonly numbers: Floats; readonly first: number; readonly out: Floats },
  scale: Float64Array,
): void {
  const dims = constantDims(weight.dims)!;
  const inner = dims.slice(2).reduce((a, b) => a * b, 1);
  const columns = dims[1]!;
  const rowsPerGroup = dims[0]! / Number(conv.attributes.group ?? 1);
  const [run, channelOf] =
    conv.op === "Conv"
      ? [columns * inner, (i: number) => i]
      : [inner, (i: number) => Math.floor(i / columns / rowsPerGroup) * columns + (i % columns)];
  for (let k = 0; k < numbers.length; ) {
    const i = Math.floor((first + k) / run);
    const factor = scale[channelOf(i)]!;
    for (const end = Math.min(numbers.length, (i + 1) * run - first); k < end; k++) out[k] = numbers[k]! * factor;
  }
}

/** a constant of the same type as another, with other numbers */
const derived = (like: Value, name: string, numbers: Numbers): Value => constantOf(like, name, like.dims!, numbers);
/** one number a channel, followed by dims of 1 */
const derivedChannels = (like: Value, name: string, channels: number, numbers: Numbers, ones = 0): Value =>
  constantOf(like, name, [Poly.int(channels), ...Array.from({ length: ones }, () => Poly.one)], numbers);

function constantOf({ dtype }: Value, name: string, dims: Dims, numbers: Numbers): Value {
  const bytes = Poly.product(dims).constant * bytesOf(dtype!);
  const value: Value = { name, dtype, dims, constant: lazyData(bytes, async () => encode(dtype!, await numbers())) };
  exact.set(value, numbers);
  return value;
}

/** BatchNormalization(x)·scale + shift = BatchNormalization(x) with other scale and bias */
const foldIntoNormalization: Rule = (node, view) => {
  const affine = affineOf(node);
  const inner = affine && soleProducer(affine.x, view);
  if (inner?.op !== "BatchNormalization" || !affineOf(inner)) return undefined;
  const [x, scale, bias, mean, variance] = inner.inputs as [Value, Value, Value, Value, Value];
  const output = node.outputs[0]!;
  const newScale = derived(scale, `${output.name}/scale`, async () =>
    affineMap(await numbersIn(scale)(), await affine?.scale?.(), undefined),
  );
  const newBias = derived(bias, `${output.name}/bias`, async () =>
    affineMap(await numbersIn(bias)(), await affine?.scale?.(), await affine?.shift?.()),
  );
  return { nodes: [{ ...inner, inputs: [x, newScale, newBias, mean, variance], outputs: [output] }] };
};

/** x·scale + shift: two constants a channel instead of four and a square root */
const splitNormalization: Rule = node => {
  if (node.op !== "BatchNormalization") return undefined;
  const affine = affineOf(node);
  const output = node.outputs[0];
  const scale = node.inputs[1];
  if (!affine || !output || scale?.dtype !== affine.x.dtype) return undefined;
  const ones = affine.x.dims!.length - 2;
  const factor = derivedChannels(scale!, `${output.name}/scale`, affine.channels, affine.scale!, ones);
  const offset = derivedChannels(scale!, `${output.name}/shift`, affine.channels, affine.shift!, ones);
  const product = sameType(output, `${output.name}/scaled`);
  return {
    nodes: [
      makeNode(`${node.name}/scale`, "Mul", [affine.x, factor], [product]),
      makeNode(node.name, "Add", [product, offset], [output]),
    ],
  };
};
