// A network of 8 bits made of one of floats, as static quantisers write them: weights symmetric with a scale for each output, activations of u8
// between the extremes that calibration saw, QuantizeLinear and DequantizeLinear around every tensor between layers. Values that only
// move (MaxPool, Concat) share the scale of what they move.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { load, type Tensor } from "../../src/index.js";

const moves: ReadonlySet<string> = new Set(["MaxPool", "Concat"]);

/** `samples`: inputs of the network, by name. */
export async function quantizedModel(
  bytes: Uint8Array,
  samples: readonly Readonly<Record<string, Tensor>>[],
): Promise<Uint8Array> {
  const model = fromBinary(ModelProtoSchema, bytes);
  const graph = model.graph!;
  const weights = new Map(graph.initializer.map(t => [t.name, t]));
  const convolutions = graph.node.filter(n => n.opType === "Conv");
  // activations that convolutions read, and what moves into them
  const group = groupsOf(graph.node);
  const wanted = new Set(convolutions.map(n => group(n.input[0]!)));
  const names = [...new Set(graph.node.flatMap(n => [...n.input.slice(0, 1), ...n.output]))].filter(
    n => !weights.has(n) && wanted.has(group(n)) && !feedsRelu(n, graph.node),
  );
  const ranges = await calibrate(bytes, names, samples, group);
  const out = new QuantizedGraph(weights);
  for (const name of graph.input.map(i => i.name)) if (names.includes(name)) out.quantize(name, group(name), ranges);
  for (const node of graph.node) {
    out.add(node);
    for (const o of node.output) if (names.includes(o)) out.quantize(o, group(o), ranges);
  }
  graph.node = out.nodes;
  graph.initializer = [...graph.initializer.filter(t => !out.replaced.has(t.name)), ...out.constants];
  graph.input = graph.input.filter(i => !weights.has(i.name));
  for (const opset of model.opsetImport) if (opset.domain === "") opset.version = 13n;
  return toBinary(ModelProtoSchema, model);
}

const feedsRelu = (name: string, nodes: readonly NodeProto[]): boolean => {
  const readers = nodes.filter(n => n.input.includes(name));
  return readers.length > 0 && readers.every(n => n.opType === "Relu");
};
/** Names of what shares one scale. */
function groupsOf(nodes: readonly NodeProto[]): (name: string) => string {
  const parent = new Map<string, string>();
  const find = (name: string): string => {
    const up = parent.get(name);
    return up === undefined ? name : find(up);
  };
  for (const n of nodes) {
    if (!moves.has(n.opType)) continue;
    for (const i of n.input) if (find(i) !== find(n.output[0]!)) parent.set(find(i), find(n.output[0]!));
  }
  return find;
}

type Range = readonly [low: number, high: number];
async function calibrate(
  bytes: Uint8Array,
  names: readonly string[],
  samples: readonly Readonly<Record<string, Tensor>>[],
  group: (name: string) => string,
): Promise<ReadonlyMap<string, Range>> {
  const model = fromBinary(ModelProtoSchema, bytes);
  const inputs = new Set(model.graph!.input.map(i => i.name));
  model.graph!.output = names.filter(n => !inputs.has(n)).map(name => create(ValueInfoProtoSchema, { name }));
  const probe = await load(toBinary(ModelProtoSchema, model), { threads: 1, engineFlags: "never" });
  const ranges = new Map<string, Range>();
  const widen = (name: string, data: ArrayLike<number>): void => {
    let [low, high] = ranges.get(group(name)) ?? [0, 0];
    for (let i = 0; i < data.length; i++) {
      low = Math.min(low, data[i]!);
      high = Math.max(high, data[i]!);
    }
    ranges.set(group(name), [low, high]);
  };
  for (const sample of samples) {
    const seen = await probe.run(sample);
    for (const name of names) widen(name, ((seen[name] ?? sample[name]) as Tensor<"f32">).data);
  }
  probe.dispose();
  return ranges;
}

class QuantizedGraph {
  readonly nodes: NodeProto[] = [];
  readonly constants: TensorProto[] = [];
  /** weights whose float form nobody reads any more */
  readonly replaced = new Set<string>();
  readonly #weights: ReadonlyMap<string, TensorProto>;
  readonly #quantized = new Map<string, string>();

  constructor(weights: ReadonlyMap<string, TensorProto>) {
    this.#weights = weights;
  }
  quantize(name: string, group: string, ranges: ReadonlyMap<string, Range>): void {
    const [low, high] = ranges.get(group)!;
    const scale = Math.fround((high - low) / 255) || 1;
    const parameters = [`${group}/scale`, `${group}/zero`];
    if (!this.constants.some(t => t.name === parameters[0])) {
      this.#constant(parameters[0]!, TensorProto_DataType.FLOAT, [], Float32Array.of(scale));
      this.#constant(parameters[1]!, TensorProto_DataType.UINT8, [], Uint8Array.of(Math.round(-low / scale)));
    }
    this.#node("QuantizeLinear", [name, ...parameters], `${name}/q`);
    this.#node("DequantizeLinear", [`${name}/q`, ...parameters], `${name}/d`);
    this.#quantized.set(name, `${name}/d`);
  }
  add(node: NodeProto): void {
    const input = node.input.map(i => this.#quantized.get(i) ?? i);
    if (node.opType === "Conv") input[1] = this.#filters(node.input[1]!);
    this.nodes.push(create(NodeProtoSchema, { ...node, input }));
  }
  /** Symmetric, with a scale for each output. */
  #filters(name: string): string {
    const t = this.#weights.get(name)!;
    const w = t.rawData.length ? new Float32Array(new Uint8Array(t.rawData).buffer) : Float32Array.from(t.floatData);
    const outputs = Number(t.dims[0]);
    const each = w.length / outputs;
    const scales = Float32Array.from({ length: outputs }, (_, k) =>
      Math.fround(w.subarray(k * each, (k + 1) * each).reduce((m, x) => Math.max(m, Math.abs(x)), 1e-30) / 127),
    );
    this.#constant(
      `${name}/i8`,
      TensorProto_DataType.INT8,
      t.dims,
      Int8Array.from(w, (x, i) => Math.round(x / scales[Math.floor(i / each)]!)),
    );
    this.#constant(`${name}/scale`, TensorProto_DataType.FLOAT, [BigInt(outputs)], scales);
    this.#constant(`${name}/zero`, TensorProto_DataType.INT8, [BigInt(outputs)], new Int8Array(outputs));
    this.#node("DequantizeLinear", [`${name}/i8`, `${name}/scale`, `${name}/zero`], `${name}/d`, 0);
    this.replaced.add(name);
    return `${name}/d`;
  }
  #constant(name: string, dataType: TensorProto_DataType, dims: readonly bigint[], data: ArrayBufferView): void {
    const rawData = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    this.constants.push(create(TensorProtoSchema, { name, dataType, dims: [...dims], rawData }));
  }
  #node(opType: string, input: readonly string[], output: string, axis?: number): void {
    const attribute =
      axis === undefined
        ? []
        : [create(AttributeProtoSchema, { name: "axis", type: AttributeProto_AttributeType.INT, i: BigInt(axis) })];
    this.nodes.push(
      create(NodeProtoSchema, { name: `${output}/node`, opType, input: [...input], output: [output], attribute }),
    );
  }
}
