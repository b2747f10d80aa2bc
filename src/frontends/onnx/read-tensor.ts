// One serialized TensorProto on its own, as the .pb files of ONNX's test suites and tools hold it.
import type { TensorData } from "../../runtime/tensor.js";
import { arrayOf } from "../../runtime/tensor-bytes.js";
import type { ByteSource } from "../../support/byte-source.js";
import { memorySource } from "../../support/byte-source.js";
import { AzulejoError } from "../../support/errors.js";
import type { ReadContext } from "./context.js";
import { decodeTensor, type TensorProto } from "./proto.js";
import { readTensor } from "./tensor.js";

/** `name` is the file's, for messages. @throws AzulejoError model-format, model-external-data, operator-unsupported */
export async function readOnnxTensor(bytes: Uint8Array, name: string): Promise<TensorData> {
  const source = memorySource(bytes, name);
  const proto = decode(await source.read(0, source.size), name);
  const { dtype, constant, text } = await readTensor(proto, proto.name, `"${name}"`, alone(source));
  if (text)
    throw new AzulejoError(
      "operator-unsupported",
      `"${name}" holds text, and the command reads tensors of numbers; give numbers`,
    );
  // readTensor always knows both: a tensor without data is refused there.
  const content = new Uint8Array(await constant!.read());
  return { dtype: dtype!, dims: proto.dims.map(Number), data: arrayOf(dtype!, content) };
}

function decode(bytes: Uint8Array, name: string): TensorProto {
  try {
    return decodeTensor(bytes);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AzulejoError("model-format", `"${name}" is not a serialized ONNX tensor (${why}); write it anew`, {
      cause,
    });
  }
}

/** A tensor that no model surrounds. */
function alone(source: ByteSource): ReadContext {
  const external = async (location: string): Promise<never> => {
    throw new AzulejoError(
      "model-external-data",
      `"${source.name}" keeps its data in "${location}", and a tensor file must hold it itself; save it with its data`,
    );
  };
  const nothing = {
    payloads: [],
    irVersion: 0,
    opsets: new Map<string, number>(),
    functions: [],
    inlined: { nodes: 0 },
    symbols: new Map(),
  };
  return { ...nothing, source, external, fixedDims: {}, declaredTypes: false };
}
