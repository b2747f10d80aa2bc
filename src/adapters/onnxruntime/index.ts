// `azulejo/onnxruntime`: the classes of onnxruntime-web and onnxruntime-node over Azulejo. Change the import, keep the program.
import { env } from "./env.js";
import { InferenceSession } from "./session.js";
import { listSupportedBackends } from "./session-options.js";
import { Tensor } from "./tensor.js";

export { type Env, env } from "./env.js";
export {
  type Feeds,
  type Fetches,
  InferenceSession,
  type InferenceSessionFactory,
  type RunOptions,
  type ValueMetadata,
} from "./session.js";
export {
  type ExecutionProvider,
  type ExecutionProviderOption,
  type ExternalDataFile,
  listSupportedBackends,
  type SessionOptions,
  type SupportedBackend,
} from "./session-options.js";
export {
  type DataTypeMap,
  type GpuBufferType,
  type OnnxValue,
  type OnnxValueDataLocation,
  Tensor,
  type TensorConstructor,
  type TensorType,
  type TypedTensor,
} from "./tensor.js";

// Programs write both `import * as ort` and `import ort`: onnxruntime has a default export, so this one module has too.
export default { InferenceSession, Tensor, env, listSupportedBackends };
