// A transformer's layers as exporters write them, in the precisions that transformers.js names: one description of a network, and
// the nodes of fp32, fp16, q8 (dynamic quantisation) or q4 (blocks of 4 bits). Weights are random numbers with a seed.
import { floatToBits } from "../../src/ir/float-bits.js";
import type { AttributeInit, NodeInit, TensorInit, ValueInit } from "../frontends/onnx-model.js";
import {
  elementType,
  float,
  graphAttribute,
  i64Tensor,
  int,
  ints,
  node,
  onnxModel,
  value,
} from "../frontends/onnx-model.js";
import { randomNumbers } from "../models/inventory.js";

export type Precision = "fp32" | "fp16" | "q8" | "q4" | "q4f16";

const BLOCK = 32;
export const microsoft = "com.microsoft";

export class ModelBuilder {
  readonly precision: Precision;
  /** of activations between the inputs and outputs of the file */
  readonly real: "f32" | "f16";
  readonly #weightBytes: "u8" | "i8";
  #nodes: NodeInit[] = [];
  readonly #initializers: TensorInit[] = [];
  readonly #constants = new Map<string, string>();
  #count = 0;
  #drawn = 0;

  /** `weightBytes`: of q8; the exporters' script takes u8 where the model has convolutions, else i8 */
  constructor(precision: Precision, weightBytes: "u8" | "i8" = "i8") {
    this.precision = precision;
    this.real = precision === "fp16" || precision === "q4f16" ? "f16" : "f32";
    this.#weightBytes = weightBytes;
  }

  /** Adds a node; gives the name of its output. */
  add(op: string, inputs: string[], attributes: AttributeInit[] = [], domain = ""): string {
    return this.addMany(op, inputs, ["output"], attributes, domain)[0]!;
  }
  /** `outputs`: names that tell them apart; the file has none where they are empty */
  addMany(op: string, inputs: string[], outputs: string[], attributes: AttributeInit[] = [], domain = ""): string[] {
    const base = `${op}_${this.#count++}`;
    const names = outputs.map(output => output && `${base}/${output}`);
    this.#nodes.push({ ...node(op, inputs, names, attributes, base), domain });
    return names;
  }
  /** A branch of an If: what `build` adds, and the values that it gives. Weights are the file's. */
  branch(name: string, build: () => string[]): AttributeInit {
    const outside = this.#nodes;
    this.#nodes = [];
    const outputs = build().map(output => value(output, elementType.f32));
    const branch = graphAttribute(name, { outputs, nodes: this.#nodes });
    this.#nodes = outside;
    return branch;
  }
  /** Gives a value the name that the file promises. */
  output(value: string, name: string): void {
    this.#nodes.push(node("Identity", [value], [name], [], `output ${name}`));
  }

  ints(...values: number[]): string {
    return this.#shared(`ints ${values}`, name => i64Tensor(name, [values.length], values));
  }
  int(value: number): string {
    return this.#shared(`int ${value}`, name => i64Tensor(name, [], [value]));
  }
  /** a scalar of the activations' type */
  scalar(value: number): string {
    return this.#shared(`scalar ${value}`, name => this.#realTensor(name, [], Float32Array.of(value)));
  }
  #shared(name: string, make: (name: string) => TensorInit): string {
    if (!this.#constants.has(name)) {
      this.#constants.set(name, name);
      this.#initializers.push(make(name));
    }
    return name;
  }

  /** random numbers of the activations' type, between `centre` − `spread` and `centre` + `spread`; drawn once, for both branches of an If */
  weight(name: string, dims: readonly number[], spread: number, centre = 0): string {
    return this.#shared(name, () => this.#realTensor(name, dims, this.#draw(dims, spread, centre)));
  }
  /** given numbers in the activations' type: tables of angles */
  table(name: string, dims: readonly number[], values: Float32Array): string {
    this.#initializers.push(this.#realTensor(name, dims, values));
    return name;
  }
  #draw(dims: readonly number[], spread: number, centre = 0): Float32Array {
    const count = dims.reduce((a, b) => a * b, 1);
    // seeds far apart: those of neighbours give sequences that begin alike
    return randomNumbers(count, 2 * spread, 1 + 15_485_863 * ++this.#drawn).map(x => x + centre);
  }
  #realTensor(name: string, dims: readonly number[], values: Float32Array): TensorInit {
    const half = this.real === "f16";
    const data = half ? Uint16Array.from(values, v => floatToBits("f16", v)) : values;
    return this.#tensor(name, half ? elementType.f16 : elementType.f32, dims, data);
  }
  #tensor(name: string, dataType: number, dims: readonly number[], data: ArrayBufferView): TensorInit {
    return {
      name,
      dataType,
      dims: dims.map(BigInt),
      rawData: new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength),
    };
  }
  #initializer(name: string, dataType: number, dims: readonly number[], data: ArrayBufferView): string {
    this.#initializers.push(this.#tensor(name, dataType, dims, data));
    return name;
  }

  /** x · W + b with W [from, to]: what each precision makes of a linear layer */
  linear(x: string, name: string, from: number, to: number, bias = true): string {
    const spread = 2 / Math.sqrt(from);
    const product =
      this.precision === "q8"
        ? this.#quantisedProduct(x, name, [from, to], spread)
        : this.precision === "q4" || this.precision === "q4f16"
          ? this.#blockProduct(x, name, from, to, spread)
          : this.add("MatMul", [x, this.weight(`${name}.weight`, [from, to], spread)]);
    return bias ? this.add("Add", [this.weight(`${name}.bias`, [to], 0.1), product]) : product;
  }

  /** onnxruntime's dynamic quantisation: activations in u8 by their own range, weights in 8 bits for the whole tensor */
  #quantisedProduct(x: string, name: string, dims: readonly number[], spread: number): string {
    return this.#dynamic(x, name, dims, spread, (q, zero, w) =>
      this.add("MatMulInteger", [q, w.data, zero, w.zeroPoint]),
    );
  }
  #dynamic(
    x: string,
    name: string,
    dims: readonly number[],
    spread: number,
    multiply: (q: string, zero: string, weight: { data: string; zeroPoint: string }) => string,
  ): string {
    const [q, scale, zero] = this.addMany("DynamicQuantizeLinear", [x], ["y", "scale", "zero"]) as [
      string,
      string,
      string,
    ];
    const weight = this.#bytes(name, dims, this.#draw(dims, spread));
    const scales = this.add("Mul", [scale, weight.scale]);
    return this.add("Mul", [this.add("Cast", [multiply(q, zero, weight)], [int("to", elementType.f32)]), scales]);
  }
  #bytes(
    name: string,
    dims: readonly number[],
    values: Float32Array,
  ): { data: string; scale: string; zeroPoint: string } {
    const signed = this.#weightBytes === "i8";
    const low = values.reduce((a, b) => Math.min(a, b));
    const high = values.reduce((a, b) => Math.max(a, b));
    const scale = Math.fround(signed ? Math.max(-low, high) / 127 : (high - low) / 255);
    const zero = signed ? 0 : Math.round(-low / scale);
    const [least, most] = signed ? [-128, 127] : [0, 255];
    const Bytes = signed ? Int8Array : Uint8Array;
    const data = new Bytes(values.map(v => Math.max(least!, Math.min(most!, Math.round(v / scale) + zero))));
    const type = elementType[this.#weightBytes];
    return {
      data: this.#initializer(`${name}_quantized`, type, dims, data),
      scale: this.#initializer(`${name}_scale`, elementType.f32, [], Float32Array.of(scale)),
      zeroPoint: this.#initializer(`${name}_zero_point`, type, [], Bytes.of(zero)),
    };
  }

  #blockProduct(x: string, name: string, from: number, to: number, spread: number): string {
    const { packed, scales } = blocksOf4Bits(this.#draw([to, from], spread), from);
    const blocks = Math.ceil(from / BLOCK);
    const inputs = [
      x,
      this.#initializer(`${name}_Q4`, elementType.u8, [to, blocks, BLOCK / 2], packed),
      this.table(`${name}_scales`, [to * blocks], scales),
    ];
    const sizes = [int("K", from), int("N", to), int("bits", 4), int("block_size", BLOCK)];
    return this.add("MatMulNBits", inputs, sizes, microsoft);
  }

  /** rows of a table [rows, width] by index */
  embedding(indices: string, name: string, rows: number, width: number): string {
    const values = (): Float32Array => this.#draw([rows, width], 1);
    if (this.precision === "q8") {
      const { data, scale, zeroPoint } = this.#bytes(name, [rows, width], values());
      return this.add("DequantizeLinear", [this.add("Gather", [data, indices]), scale, zeroPoint]);
    }
    if (this.precision !== "q4" && this.precision !== "q4f16")
      return this.add("Gather", [this.weight(name, [rows, width], 1), indices]);
    const { packed, scales } = blocksOf4Bits(values(), width);
    const blocks = Math.ceil(width / BLOCK);
    const inputs = [
      this.#initializer(`${name}_Q4`, elementType.u8, [rows, width / 2], packed),
      indices,
      this.table(`${name}_scales`, [rows, blocks], scales),
    ];
    const how = [int("gather_axis", 0), int("quantize_axis", 1), int("block_size", BLOCK), int("bits", 4)];
    return this.add("GatherBlockQuantized", inputs, how, microsoft);
  }

  /** a convolution of patches; quantised by ConvInteger in q8 */
  patches(x: string, name: string, [to, from, size]: readonly [number, number, number]): string {
    const dims = [to, from, size, size];
    const spread = 2 / Math.sqrt(from * size * size);
    const how = [ints("kernel_shape", [size, size]), ints("strides", [size, size])];
    const bias = this.weight(`${name}.bias`, [to], 0.1);
    if (this.precision !== "q8") return this.add("Conv", [x, this.weight(`${name}.weight`, dims, spread), bias], how);
    const product = this.#dynamic(x, name, dims, spread, (q, zero, w) =>
      this.add("ConvInteger", [q, w.data, zero, w.zeroPoint], how),
    );
    return this.add("Add", [product, this.add("Reshape", [bias, this.ints(1, to, 1, 1)])]);
  }

  layerNorm(x: string, name: string, width: number): string {
    const scale = this.weight(`${name}.weight`, [width], 0.2, 1);
    return this.add(
      "LayerNormalization",
      [x, scale, this.weight(`${name}.bias`, [width], 0.1)],
      [int("axis", -1), float("epsilon", 1e-5)],
    );
  }

  /** extent of `x` along an axis, as an integer tensor of one element */
  extent(x: string, axis: number): string {
    const dim = this.add("Gather", [this.add("Shape", [x]), this.int(axis)], [int("axis", 0)]);
    return this.add("Unsqueeze", [dim, this.ints(0)]);
  }
  /** dims of a Reshape: numbers as they are, names are integer tensors of one element */
  reshape(x: string, ...dims: (number | string)[]): string {
    const parts = dims.map(d => (typeof d === "number" ? this.ints(d) : d));
    return this.add("Reshape", [x, this.add("Concat", parts, [int("axis", 0)])]);
  }
  transpose(x: string, ...order: number[]): string {
    return this.add("Transpose", [x], [ints("perm", order)]);
  }
  /** to the activations' type */
  toReal(x: string): string {
    return this.add("Cast", [x], [int("to", elementType[this.real])]);
  }
  toFloat(x: string): string {
    return this.real === "f32" ? x : this.add("Cast", [x], [int("to", elementType.f32)]);
  }

  model(inputs: ValueInit[], outputs: ValueInit[]): Uint8Array {
    return onnxModel({
      opset: 17,
      domains: { [microsoft]: 1 },
      inputs,
      outputs,
      nodes: this.#nodes,
      initializers: this.#initializers,
    });
  }
}

/** Rows of `width` in blocks along the row: 4 bits an element, 8 for zero, the first of two in the lower half of a byte. */
function blocksOf4Bits(values: Float32Array, width: number): { packed: Uint8Array; scales: Float32Array } {
  const packed = new Uint8Array(values.length / 2);
  const scales = new Float32Array(values.length / BLOCK);
  for (let block = 0; block < scales.length; block++) {
    const part = values.subarray(block * BLOCK, (block + 1) * BLOCK);
    const largest = part.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0);
    scales[block] = largest / -8;
    part.forEach((v, i) => {
      const q = Math.max(0, Math.min(15, Math.round(v / scales[block]!) + 8));
      const at = block * BLOCK + i;
      packed[at >> 1]! |= q << (4 * (at & 1));
    });
  }
  if (width % BLOCK !== 0) throw new Error(`rows of ${width} are no whole blocks of ${BLOCK}`);
  return { packed, scales };
}
