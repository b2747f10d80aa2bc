// onnxruntime-node of bench/peers as a judge: a case as an ONNX file of one node, its inputs and outputs.
import { join } from "node:path";
import { encode, numbersOf, typedView } from "../../src/graph/constants.js";
import type { GraphNode, Value } from "../../src/graph/graph.js";
import type { Dtype } from "../../src/ir/dtypes.js";
import { onnxCodeOf } from "../../src/ops/onnx-dtypes.js";
import type { OperatorModule, ReferenceTensor } from "../../src/ops/operator.js";
import type { CaseGraph } from "../../src/testing/case-graph.js";
import { fromTensorData, toTensorData } from "../../src/testing/difference.js";
import { root } from "../../tools/project.js";
import type { AttributeInit } from "../frontends/onnx-model.js";
import { float, floats, int, ints, onnxModel, strings, tensorAttribute, text, value } from "../frontends/onnx-model.js";

export interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<number>;
}
export interface Ort {
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => OrtTensor;
  readonly InferenceSession: {
    create(
      model: Uint8Array,
      options: object,
    ): Promise<{ run(feeds: object, fetches: object): Promise<Record<string, OrtTensor>>; release(): Promise<void> }>;
  };
}

/** where the package is, if it is installed */
export const peer = join(root, "bench/peers/node_modules/onnxruntime-node");

export const ortType = (dtype: Dtype): string =>
  dtype === "bool" ? dtype : dtype.replace(/^u/, "uint").replace(/^i/, "int").replace(/^f/, "float");
const dtypeOf = (type: string): Dtype =>
  (type === "bool" ? type : type.replace("uint", "u").replace("int", "i").replace("float", "f")) as Dtype;

/** The bytes of a constant, copied; of a case's attribute, only numbers may be known. */
const contentOf = async (v: Value): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(v.constant ? await v.constant.read() : encode(v.dtype!, numbersOf(v.known)!));

async function attributesOf(module: OperatorModule, node: GraphNode): Promise<readonly AttributeInit[]> {
  const made = Object.entries(node.attributes).map(async ([name, v]): Promise<readonly AttributeInit[]> => {
    const type = module.operator.attributes![name]!.type;
    if (type === "int") return [int(name, v as number)];
    if (type === "float") return [float(name, v as number)];
    if (type === "string") return [text(name, v as string)];
    if (type === "tensor") {
      const { tensor } = v as { readonly tensor: Value };
      const dims = tensor.dims!.map(d => BigInt(d.constant));
      return [tensorAttribute(name, { dims, dataType: onnxCodeOf(tensor.dtype!), rawData: await contentOf(tensor) })];
    }
    if ((v as readonly unknown[]).length === 0) return [];
    if (type === "strings") return [strings(name, v as string[])];
    return type === "ints" ? [ints(name, v as number[])] : [floats(name, v as number[])];
  });
  return (await Promise.all(made)).flat();
}

/** Domains beside ai.onnx that the peer has, and the version that it is asked for. */
export const peerVersions: Readonly<Record<string, number>> = { "com.microsoft": 1, "ai.onnx.ml": 3 };

/** All inputs become inputs of the graph, in the dims that they have. */
/** Inputs that a file may name: the seed of a run is one of the project's own. */
const namedInFiles = ({ operator }: OperatorModule): number =>
  operator.inputs.filter(name => name !== "run_seed?").length;

export async function peerModelOf(
  module: OperatorModule,
  { graph, want }: CaseGraph,
  opset: number,
): Promise<Uint8Array> {
  const node = graph.nodes[0]!;
  const domain = node.domain;
  const inputs = node.inputs.flatMap(v =>
    v
      ? value(
          v.name,
          onnxCodeOf(v.dtype!),
          v.dims!.map(d => d.constant),
        )
      : [],
  );
  return onnxModel({
    opset,
    irVersion: 10,
    domains: domain ? { [domain]: peerVersions[domain]! } : {},
    inputs,
    outputs: graph.outputs.map((v, i) => value(v.name, onnxCodeOf(want[i]!.dtype))),
    nodes: [
      {
        opType: node.op,
        domain,
        name: "node",
        // absent ones are named too: some kernels of the peer read their list of inputs without asking how long it is
        input: Array.from(
          { length: domain ? Math.max(namedInFiles(module), node.inputs.length) : node.inputs.length },
          (_, i) => node.inputs[i]?.name ?? "",
        ),
        output: node.outputs.map(v => v?.name ?? ""),
        attribute: [...(await attributesOf(module, node))],
      },
    ],
  });
}

/** A tensor as it travels to the peer: onnxruntime's name of the type, and the array that it takes. */
export interface PeerTensor {
  readonly name: string;
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

export async function peerInputsOf({ graph, inputs }: CaseGraph): Promise<readonly PeerTensor[]> {
  const all = graph.nodes[0]!.inputs.filter(v => v !== undefined);
  return Promise.all(
    all.map(async v => {
      if (v.constant) {
        const data = typedView(v.dtype!, await contentOf(v));
        return { name: v.name, type: ortType(v.dtype!), dims: v.dims!.map(d => d.constant), data };
      }
      const { dtype, dims, data } = toTensorData(inputs[v.name]!);
      return { name: v.name, type: ortType(dtype), dims, data };
    }),
  );
}

/** f16 as bits: where the engine has Float16Array, onnxruntime gives one, which no message can hold. */
export function bitsOf({ type, data }: Pick<PeerTensor, "type" | "data">): unknown {
  if (type !== "float16") return data;
  const { buffer, byteOffset, length } = data as Uint16Array;
  return new Uint16Array(buffer, byteOffset, length);
}
export const fromPeer = ({ type, dims, data }: Omit<PeerTensor, "name">): ReferenceTensor =>
  fromTensorData({ dtype: dtypeOf(type), dims, data: bitsOf({ type, data }) as never });

type FloatArray = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => unknown;
const float16Array = (globalThis as { readonly Float16Array?: FloatArray }).Float16Array;
/** Bits of f16 as the array that onnxruntime takes for them in this engine. */
function arrayFor({ type, data }: PeerTensor): unknown {
  if (type !== "float16" || !float16Array) return data;
  const { buffer, byteOffset, length } = data as Uint16Array;
  return new float16Array(buffer, byteOffset, length);
}

/** Outputs that kernels of the peer write into the memory of an input, and refuse to write elsewhere. */
const inPlace: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  SparseAttention: { present_key: "past_key", present_value: "past_value" },
};

/** The outputs of a case by name: the input whose memory each takes, or none. */
export function outputsOf(module: OperatorModule, { graph }: CaseGraph): Readonly<Record<string, string | undefined>> {
  const { operator } = module;
  const node = graph.nodes[0]!;
  const plain = (names: readonly string[]) => names.map(n => n.replace(/\?|\.\.\./, ""));
  const [inputs, outputs] = [plain(operator.inputs), plain(operator.outputs)];
  return Object.fromEntries(
    graph.outputs.map(v => {
      const from = inPlace[operator.name]?.[outputs[node.outputs.findIndex(o => o?.name === v.name)]!];
      return [v.name, from && node.inputs[inputs.indexOf(from)]!.name];
    }),
  );
}

/** One model, one run; outputs by name. */
export async function runPeerModel(
  ort: Ort,
  model: Uint8Array,
  inputs: readonly PeerTensor[],
  outputs: Readonly<Record<string, string | undefined>>,
): Promise<Record<string, OrtTensor>> {
  const session = await ort.InferenceSession.create(model, {
    logSeverityLevel: 4,
    graphOptimizationLevel: "disabled",
    intraOpNumThreads: 1,
  });
  try {
    const feeds = Object.fromEntries(inputs.map(i => [i.name, new ort.Tensor(i.type, arrayFor(i), i.dims)]));
    const fetches = Object.entries(outputs).map(([name, from]) => [name, from === undefined ? null : feeds[from]]);
    return await session.run(feeds, Object.fromEntries(fetches));
  } finally {
    await session.release();
  }
}

/** A case on the peer. */
export async function runOnPeer(
  ort: Ort,
  module: OperatorModule,
  opset: number,
  given: CaseGraph,
): Promise<ReferenceTensor[]> {
  const model = await peerModelOf(module, given, opset);
  const results = await runPeerModel(ort, model, await peerInputsOf(given), outputsOf(module, given));
  return given.graph.outputs.map(v => fromPeer(results[v.name]!));
}
