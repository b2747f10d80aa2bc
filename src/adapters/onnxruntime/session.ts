// onnxruntime's InferenceSession over a loaded model.
import { load } from "../../index.js";
import { bytesOf } from "../../ir/dtypes.js";
import type { Model, ModelSource, RunModelOptions, TensorInfo } from "../../runtime/api.js";
import { type GpuBuffer, type GpuDevice, type HostGpuDevice, wordBytes } from "../../runtime/gpu.js";
import { type GpuTensor, isGpuTensor } from "../../runtime/gpu-tensor.js";
import type { HostValue } from "../../runtime/host-value.js";
import type { TensorArray } from "../../runtime/tensor.js";
import { isBuffer, isUint8Array } from "../../support/bytes.js";
import { AzulejoError } from "../../support/errors.js";
import { env, webGpu } from "./env.js";
import type { ExecutionProvider, ExecutionProviderOption, SessionOptions } from "./session-options.js";
import { deviceOf, isProvider, isQuiet, namesOf, outputLocation, toLoadOptions } from "./session-options.js";
import type { TensorType } from "./tensor.js";
import { fromTensorData, Tensor, toTensorData, typeOfDtype } from "./tensor.js";

interface ValueMetadataBase {
  readonly name: string;
}
interface TensorValueMetadata extends ValueMetadataBase {
  readonly isTensor: true;
  readonly type: TensorType;
  /** empty also where the rank is unknown */
  readonly shape: readonly (number | string)[];
}
/** of sequences, optionals and maps */
interface NonTensorValueMetadata extends ValueMetadataBase {
  readonly isTensor: false;
}
/** Name and type of an input or output; `shape` holds names where the file leaves dims open. */
export type ValueMetadata = TensorValueMetadata | NonTensorValueMetadata;

/** For one run of a session. */
export interface RunOptions {
  /** true: the run is refused, as in onnxruntime */
  terminate?: boolean;
  // Accepted without effect.
  logSeverityLevel?: 0 | 1 | 2 | 3 | 4;
  logVerbosityLevel?: number;
  tag?: string;
  extra?: Record<string, unknown>;
}
/** Inputs of a run, by name; what is undefined counts as absent. */
export type Feeds = Readonly<Record<string, unknown>>;
type TensorsOrNull = Readonly<Record<string, Tensor | null>>;
/** names of outputs, or a Tensor to be filled for each of them */
export type Fetches = readonly string[] | TensorsOrNull;

// Names that would refer to themselves inside the namespace.
type SessionOptionsOf = SessionOptions;
type RunOptionsOf = RunOptions;
type MetadataBase = ValueMetadataBase;
type TensorMetadata = TensorValueMetadata;
type NonTensorMetadata = NonTensorValueMetadata;
type ProviderOption = ExecutionProviderOption;
/** The names of types under which onnxruntime's declarations, and programs that use them, look for these. */
export declare namespace InferenceSession {
  type SessionOptions = SessionOptionsOf;
  type RunOptions = RunOptionsOf;
  type ValueMetadataBase = MetadataBase;
  type TensorValueMetadata = TensorMetadata;
  type NonTensorValueMetadata = NonTensorMetadata;
  type ValueMetadata = TensorMetadata | NonTensorMetadata;
  type ExecutionProviderName = "cpu" | "wasm" | "webgpu";
  type ExecutionProviderOption = ProviderOption;
  type ExecutionProviderConfig = ExecutionProvider;
  type CpuExecutionProviderOption = ProviderOption & { readonly name: "cpu"; useArena?: boolean };
  type WebAssemblyExecutionProviderOption = ProviderOption & { readonly name: "wasm" };
  type WebGpuExecutionProviderOption = ProviderOption & {
    readonly name: "webgpu";
    device?: unknown;
    // accepted without effect
    preferredLayout?: "NCHW" | "NHWC";
    forceCpuNodeNames?: readonly string[];
    validationMode?: "disabled" | "wgpuOnly" | "basic" | "full";
  };
  type OnnxValueMapType = Record<string, Tensor>;
  type NullableOnnxValueMapType = TensorsOrNull;
  type FeedsType = Feeds;
  type FetchesType = Fetches;
  type ReturnType = OnnxValueMapType;
}
/** What makes sessions: the class itself. */
export type InferenceSessionFactory = Pick<typeof InferenceSession, "create">;

const invalid = (message: string): AzulejoError => new AzulejoError("input", message);

/** A model that runs: `await InferenceSession.create("model.onnx")`, then `await session.run({ x })`. */
export class InferenceSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputMetadata: readonly ValueMetadata[];
  readonly outputMetadata: readonly ValueMetadata[];
  readonly #model: Model;
  readonly #place: Placement;

  /** Sessions are made by `create`. */
  constructor(model: Model, place: Placement = { outputs: undefined, device: async () => undefined }) {
    this.#model = model;
    this.#place = place;
    this.inputNames = model.inputs.map(({ name }) => name);
    this.outputNames = model.outputs.map(({ name }) => name);
    this.inputMetadata = model.inputs.map(metadata);
    this.outputMetadata = model.outputs.map(metadata);
  }

  /**
   * Loads a model from a path or URL, or from bytes.
   * @throws AzulejoError as load() does
   */
  static create(path: string, options?: SessionOptions): Promise<InferenceSession>;
  static create(bytes: Uint8Array | ArrayBufferLike, options?: SessionOptions): Promise<InferenceSession>;
  static create(
    buffer: ArrayBufferLike,
    byteOffset: number,
    byteLength?: number,
    options?: SessionOptions,
  ): Promise<InferenceSession>;
  static async create(model: string | Uint8Array | ArrayBufferLike, ...rest: unknown[]): Promise<InferenceSession> {
    const { source, options } = modelArguments(model, rest);
    const warn = (message: string): void => console.warn(message);
    const loading = toLoadOptions(await withoutMissingGpu(options), env, warn);
    if (loading.target !== "webgpu") return sessionOf(await load(source, loading));
    const own = deviceOf(options);
    // the shared device has a successor after a loss; one of the user's is named
    const device = async () => own ?? (await webGpu.open()).device;
    const gpuDevice = own || webGpu.isGiven ? { gpuDevice: await device() } : {};
    // as in onnxruntime, what the provider lacks is computed by the CPU, with a warning
    const loaded = await load(source, { ...loading, onUnsupported: "host", ...gpuDevice });
    for (const { name, schedule, nodes } of loaded.report().kernels)
      if (schedule === "on the host" && !isQuiet(options, env))
        console.warn(`azulejo/onnxruntime computes kernel "${name}" (${nodes.join(", ")}) on the host: the GPU can't`);
    return sessionOf(loaded, { outputs: outputLocation(options), device });
  }

  /**
   * Outputs by name: all of them, those that `fetches` lists, or those that it has keys for, into the tensors that stand there.
   * @throws AzulejoError as run() of a model does
   */
  run(feeds: Feeds, options?: RunOptions): Promise<Record<string, Tensor>>;
  run(feeds: Feeds, fetches: Fetches, options?: RunOptions): Promise<Record<string, Tensor>>;
  async run(feeds: Feeds, second?: Fetches | RunOptions, third?: RunOptions): Promise<Record<string, Tensor>> {
    const { fetches, options } = fetchArguments(this.outputNames, second, third);
    if (options.terminate) throw new AzulejoError("aborted", "this run was not started: its options say terminate");
    checkFeeds(feeds);
    // Names that the model doesn't have, and those that are missing, are reported by the runtime.
    const device = await this.#place.device();
    const inputs = Object.fromEntries(
      Object.entries(feeds)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => [name, toTensorData(name, value, device)]),
    );
    const outputs = await this.#model.run<Record<string, HostValue>>(inputs, {
      outputLocation: this.#outputs(fetches),
    });
    // what nobody fetches takes no memory of the GPU
    for (const [name, value] of Object.entries(outputs))
      if (!Object.hasOwn(fetches, name) && isGpuTensor(value)) value.dispose();
    return Object.fromEntries(
      Object.entries(fetches).map(([name, into]) => {
        const result = fromTensorData(name, outputs[name]);
        return [name, into === null ? result : fill(name, into, result)];
      }),
    );
  }

  /** Where outputs lie: as the session was told, and where the tensors are that are to be filled. */
  #outputs(fetches: Readonly<Record<string, Tensor | null>>): RunModelOptions["outputLocation"] {
    const { outputs } = this.#place;
    const filled = Object.entries(fetches).flatMap(([name, into]) =>
      into === null ? [] : [[name, into.location === "gpu-buffer" ? "gpu-buffer" : "cpu"] as const],
    );
    if (filled.length === 0) return outputs;
    const all =
      typeof outputs === "string" ? Object.fromEntries(this.outputNames.map(name => [name, outputs])) : outputs;
    return { ...all, ...Object.fromEntries(filled) };
  }

  /** Frees memory and workers; a later run() fails with code "disposed". */
  async release(): Promise<void> {
    this.#model.dispose();
  }

  /** Not here: profile() of a model that load() gives, or `azulejo profile`, tells where time goes. @throws AzulejoError, always */
  startProfiling(): void {
    throw new AzulejoError(
      "target",
      "azulejo/onnxruntime records no profile; use the command azulejo profile, or profile() of load()'s model",
    );
  }

  /** Not here, as startProfiling(). @throws AzulejoError, always */
  endProfiling(): void {
    this.startProfiling();
  }
}

/** What has no session to own it is freed. */
function sessionOf(model: Model, place?: Placement): InferenceSession {
  try {
    return new InferenceSession(model, place);
  } catch (error) {
    model.dispose();
    throw error;
  }
}

function checkFeeds(feeds: unknown): void {
  const isList = feeds instanceof Tensor || Array.isArray(feeds);
  if (Object(feeds) === feeds && !isList) return;
  const what = feeds instanceof Tensor ? "a Tensor" : isList ? "an array" : "not an object";
  throw invalid(`feeds is ${what}; pass { inputName: tensor }`);
}

function metadata({ name, dtype, dims, container }: TensorInfo): ValueMetadata {
  if (container) return { name, isTensor: false };
  const type = typeOfDtype(dtype);
  if (type === undefined)
    throw invalid(`"${name}" is ${dtype}, which onnxruntime's Tensor has no type for; use load() of "azulejo"`);
  return { name, isTensor: true, type, shape: dims ?? [] };
}

interface ModelArguments {
  readonly source: ModelSource;
  readonly options: SessionOptions;
}

/** The overloads of `create`: (path | bytes, options) and (buffer, byteOffset, byteLength?, options?). */
export function modelArguments(model: unknown, rest: readonly unknown[]): ModelArguments {
  if (typeof model === "string" || isUint8Array(model)) return { source: model, options: optionsOf(rest[0]) };
  if (!isBuffer(model))
    throw invalid("a session is created from a path, a Uint8Array or an ArrayBuffer; pass one of them");
  if (typeof rest[0] !== "number") return { source: new Uint8Array(model), options: optionsOf(rest[0]) };
  const [byteOffset, given, third] = rest;
  const byteLength = typeof given === "number" ? given : model.byteLength - byteOffset;
  const fits =
    Number.isSafeInteger(byteOffset) && byteOffset >= 0 && Number.isSafeInteger(byteLength) && byteLength > 0;
  if (!fits || byteOffset + byteLength > model.byteLength) {
    throw invalid(
      `the model is said to be ${byteLength} bytes at ${byteOffset} of a buffer of ${model.byteLength}; correct byteOffset and byteLength`,
    );
  }
  return {
    source: new Uint8Array(model, byteOffset, byteLength),
    options: optionsOf(typeof given === "number" ? third : (given ?? third)),
  };
}

function optionsOf(value: unknown, of: "session" | "run" = "session"): SessionOptions & RunOptions {
  if (value === undefined) return {};
  if (typeof value === "object" && value !== null) return value;
  throw new AzulejoError("option", `options of a ${of} are an object; got ${String(value)}`);
}

interface FetchArguments {
  readonly fetches: Readonly<Record<string, Tensor | null>>;
  readonly options: RunOptions;
}

/** The overloads of `run`: an object is fetches if it holds null or a Tensor under the name of an output, else options. */
export function fetchArguments(names: readonly string[], second: unknown, third: unknown): FetchArguments {
  const all = Object.fromEntries(names.map(name => [name, null]));
  if (second === undefined) return { fetches: all, options: optionsOf(third, "run") };
  if (second instanceof Tensor) throw invalid("fetches is a Tensor; pass { outputName: tensor }");
  if (Array.isArray(second)) {
    const unknown = second.find(name => !names.includes(name));
    if (unknown !== undefined || second.length === 0) {
      const what = second.length === 0 ? "fetches is empty" : `fetches names "${unknown}", which is no output`;
      throw invalid(`${what}; the outputs are ${names.join(", ")}`);
    }
    return { fetches: Object.fromEntries(second.map(name => [name, null])), options: optionsOf(third, "run") };
  }
  const entries = Object.entries(optionsOf(second, "run")).filter(
    ([name, value]) => names.includes(name) && isFetch(value),
  );
  if (entries.length === 0) return { fetches: all, options: optionsOf(second, "run") };
  return { fetches: Object.fromEntries(entries) as Record<string, Tensor | null>, options: optionsOf(third, "run") };
}

const isFetch = (value: unknown): boolean =>
  value === null || (typeof value === "object" && "dims" in value && "type" in value && "data" in value);

/** The list is an order of preference: where there is no WebGPU, the next provider is what the caller asked for. */
async function withoutMissingGpu(options: SessionOptions): Promise<SessionOptions> {
  const [first, ...others] = namesOf(options).filter(isProvider);
  if (first !== "webgpu" || others.length === 0 || deviceOf(options)) return options;
  try {
    await webGpu.open();
    return options;
  } catch (error) {
    if (!(error instanceof AzulejoError) || error.code !== "target") throw error;
    if (!isQuiet(options, env))
      console.warn(`azulejo/onnxruntime: ${error.message}; the next execution provider of the list is used`);
    return { ...options, executionProviders: namesOf(options).filter(name => name !== "webgpu") };
  }
}

interface Placement {
  readonly outputs: RunModelOptions["outputLocation"];
  /** of GPU buffers that are fed or filled; undefined: the session runs on the CPU */
  readonly device: () => Promise<HostGpuDevice | undefined>;
}

/** Both lie on the device of the session. */
function copyOnGpu(into: Tensor, result: Tensor): void {
  const made = (result as unknown as { readonly gpuTensor: GpuTensor }).gpuTensor;
  const device = made.gpuDevice as unknown as GpuDevice;
  const [from, to] = [result.gpuBuffer, into.gpuBuffer] as unknown as [GpuBuffer, GpuBuffer];
  const bytes = wordBytes(bytesOf(made.dtype) * made.dims.reduce((a, b) => a * b, 1));
  const encoder = device.createCommandEncoder();
  if (bytes > 0) encoder.copyBufferToBuffer(from, 0, to, 0, bytes);
  device.queue.submit([encoder.finish()]);
  result.dispose();
}

/** Copies a result into the Tensor that the caller prepared for it. */
function fill(name: string, into: Tensor, result: Tensor): Tensor {
  const onGpu = into.location === "gpu-buffer";
  const same = into.type === result.type && into.dims.join() === result.dims.join();
  if (!same || !(onGpu || into.data.length === result.data.length)) {
    const [got, want] = [result, into].map(({ type, dims }) => `${type}[${dims.join(", ")}]`);
    const length = same ? ` with ${into.data.length} entries` : "";
    throw invalid(
      `output "${name}" is ${got}, but the Tensor given to be filled is ${want}${length}; pass null or a fitting one`,
    );
  }
  if (onGpu) copyOnGpu(into, result);
  else if (into.type === "string") Object.assign(into.data, result.data);
  // bytes, because one of both may be a Float16Array and the other its bits
  else byteView(into).set(byteView(result));
  return into;
}
const byteView = ({ data }: Tensor): Uint8Array => {
  const { buffer, byteOffset, byteLength } = data as TensorArray;
  return new Uint8Array(buffer, byteOffset, byteLength);
};
