// Ways to damage an ONNX file: bytes, which mostly hit the decoder, and fields, which hit what comes after it.

import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { AttributeProto, ModelProto } from "onnx-buf";
import { ModelProtoSchema } from "onnx-buf";
import { mulberry32 } from "../../src/testing/random.js";

/** a number from 0 (inclusive) to the argument (exclusive) */
export type Random = (below: number) => number;

/** repeatable */
export function generator(seed: number): Random {
  const next = mulberry32((seed * 2654435761) >>> 0);
  return below => next() % below;
}
const pick = <T>(list: readonly T[], random: Random): T | undefined => list[random(Math.max(1, list.length))];

function splice(b: Uint8Array, at: number, drop: number, insert: Uint8Array): Uint8Array {
  const rest = b.subarray(Math.min(at + drop, b.length));
  const out = new Uint8Array(at + insert.length + rest.length);
  out.set(b.subarray(0, at));
  out.set(insert, at);
  out.set(rest, at + insert.length);
  return out;
}

const byteMutations: readonly ((b: Uint8Array, random: Random) => Uint8Array)[] = [
  (b, r) => b.slice(0, r(b.length)),
  (b, r) => splice(b, r(b.length), 1, Uint8Array.of(r(256))),
  (b, r) => splice(b, r(b.length), 1, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f)),
  (b, r) => splice(b, r(b.length), 1, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)),
  (b, r) => splice(b, r(b.length), 1 + r(20), new Uint8Array(0)),
  (b, r) => splice(b, r(b.length), 0, b.slice(r(b.length), r(b.length))),
  (b, r) => splice(b, r(b.length), 0, b),
  (b, r) => {
    const out = b.slice();
    for (let left = 1 + r(8); left > 0; left--) out[r(b.length)]! ^= 1 << r(8);
    return out;
  },
];

const strangeNumbers = [
  0n,
  1n,
  -1n,
  2n,
  7n,
  1000n,
  -(2n ** 31n),
  2n ** 31n,
  2n ** 32n,
  2n ** 53n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];
const strangeNames = ["", "x", "y", "nobody", "\u0000", "💥", "constructor", "__proto__", "../../x"];
const operators = [
  "Conv",
  "Reshape",
  "If",
  "Loop",
  "Concat",
  "Split",
  "Slice",
  "Pad",
  "Constant",
  "Resize",
  "LSTM",
  "Nobody",
  "Gather",
  "Cast",
  "MatMul",
  "Tile",
  "ConstantOfShape",
  "Expand",
  "Range",
  "Transpose",
];

function damageAttribute(a: AttributeProto, r: Random): void {
  switch (r(7)) {
    case 0:
      a.i = pick(strangeNumbers, r)!;
      break;
    case 1:
      a.ints = a.ints.map(x => (r(2) === 0 ? pick(strangeNumbers, r)! : x));
      break;
    case 2:
      a.ints = a.ints.slice(r(3));
      break;
    case 3:
      a.type = r(15);
      break;
    case 4:
      a.name = pick(["axis", "pads", "strides", "to", "perm", ...strangeNames], r)!;
      break;
    case 5:
      a.f = pick([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e38], r)!;
      break;
    default:
      if (a.g) damageGraph(a.g, r);
      a.s = Uint8Array.of(r(256));
  }
}

type GraphProto = NonNullable<ModelProto["graph"]>;
function damageGraph(g: GraphProto, r: Random): void {
  const node = pick(g.node, r);
  const tensor = pick(g.initializer, r);
  const names = [...strangeNames, ...g.node.flatMap(n => n.output), ...g.initializer.map(t => t.name)];
  switch (r(12)) {
    case 0:
      if (node) node.input[r(node.input.length + 1)] = pick(names, r)!;
      break;
    case 1:
      if (node) node.output[r(node.output.length + 1)] = pick(names, r)!;
      break;
    case 2:
      if (node) node.opType = pick(operators, r)!;
      break;
    case 3:
      g.node.splice(r(g.node.length + 1), 1);
      break;
    case 4:
      if (node) g.node.push(node);
      break;
    case 5:
      if (tensor) tensor.dims = tensor.dims.map(d => (r(2) === 0 ? pick(strangeNumbers, r)! : d));
      break;
    case 6:
      if (tensor) tensor.dataType = r(30);
      break;
    case 7: {
      const dims = pick([...g.input, ...g.output], r)?.type?.value;
      const dim = dims?.case === "tensorType" ? pick(dims.value.shape?.dim ?? [], r) : undefined;
      if (dim) dim.value = { case: "dimValue", value: pick(strangeNumbers, r)! };
      break;
    }
    case 8:
      g.node.reverse();
      break;
    case 9:
      if (tensor) tensor.int64Data.push(pick(strangeNumbers, r)!);
      break;
    case 10:
      if (node) node.input.splice(r(node.input.length + 1), 1);
      break;
    default: {
      const attribute = node && pick(node.attribute, r);
      if (attribute) damageAttribute(attribute, r);
    }
  }
}

function damageFields(bytes: Uint8Array, r: Random): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes as Uint8Array<ArrayBuffer>);
  const import_ = pick(model.opsetImport, r);
  if (r(10) === 0 && import_) import_.version = BigInt(r(30));
  if (model.graph) for (let times = 1 + r(3); times > 0; times--) damageGraph(model.graph, r);
  return toBinary(ModelProtoSchema, model);
}

/** The file that belongs to a seed: one of the corpus, damaged once to three times. */
export function mutated(seed: number, corpus: readonly Uint8Array[]): Uint8Array {
  const random = generator(seed);
  let bytes = corpus[random(corpus.length)]!;
  if (random(3) > 0) bytes = damageFields(bytes, random);
  if (random(3) > 0) return bytes;
  for (let times = 1 + random(2); times > 0 && bytes.length > 0; times--)
    bytes = pick(byteMutations, random)!(bytes, random);
  return bytes;
}
