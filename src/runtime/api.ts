// The public surface of `azulejo`: what load() takes and gives.
// platform.ts declares AbortSignal and URL for programs that have neither the DOM's types nor Node's.
/// <reference path="./platform.ts" preserve="true" />
import { type Dtype } from "../ir/dtypes.js";
import type { Pass } from "../graph/pass.js";
import { type Operator } from "../ops/operator.js";
import { type Progress, type TargetReport } from "./target.js";
import { type HostValue, type TextData } from "./host-value.js";
import { type HostGpuDevice } from "./gpu.js";
import { type DecodedImage, type ImageDecoder } from "./image.js";
import { type Profile } from "./profile.js";
import { type TensorArrays, type TensorData } from "./tensor.js";

export type { DecodedImage, ImageDecoder, Pass };

/** Path (in Node), URL (in pages and their workers also a relative one), or the bytes of an ONNX file, which are copied. A file is to stay as it is until dispose(). */
export type ModelSource = string | URL | Uint8Array | ArrayBuffer;

/** Gets the text of a kernel, as explain() prints it, and gives it back: as it was, or edited. */
export type KernelEditor = (
  text: string,
  kernel: { readonly name: string; readonly nodes: readonly string[] },
) => string;

/** How `load` compiles a model, and where it will run. */
export interface LoadOptions {
  /** "wasm" (default): compiled code on worker threads; "native" (Node): machine code by the system's C compiler; "cpu": native where it is possible, else wasm; "webgpu": shaders, in browsers that have it, and in Node with the package webgpu; "interpreter": walks tile IR, slow, checks everything */
  readonly target?: "wasm" | "native" | "cpu" | "webgpu" | "interpreter";
  /** with target "webgpu", what becomes of kernels that GPUs have no means for, such as f64: "error" (default): loading fails; "host": the interpreter computes them, slowly, and the report names each. "error", where it is given, refuses steps that only the host can do (sequences, text) too; these run on the host with every target, and the report names them and what was transferred */
  readonly onUnsupported?: "error" | "host";
  /** with target "webgpu", the GPUDevice to run on; default: one that all models share, which openGpu() gives */
  readonly gpuDevice?: HostGpuDevice;
  /** 1 to 64; default: the number of cores, at most 8. Where memory can't be shared, as in a page that is not isolated, always 1 */
  readonly threads?: number;
  /** operators of the user, before the built-in ones */
  readonly operators?: readonly Operator[];
  /** the list of passes to run, made from the built-in one: remove, replace, reorder, add */
  readonly passes?: (builtIn: readonly Pass[]) => readonly Pass[];
  /** edits kernels before they are compiled; the text is parsed and checked */
  readonly editKernels?: KernelEditor;
  /** fix dims that the file leaves open, by name: `{ batch: 1 }`; what is not fixed may differ from run to run */
  readonly dims?: Readonly<Record<string, number>>;
  /** called while loading: the phase, and how much of it is done, 0 to 1; what it throws ends the load */
  readonly onProgress?: (progress: Progress) => void;
  /** ends the load with code "aborted"; runs take signals of their own */
  readonly signal?: AbortSignal;
  /** pinned fields of schedules, by kernel name as report() and explain() print them; with target "webgpu" a schedule has "parts" alone */
  readonly schedules?: Readonly<Record<string, object>>;
  /**
   * Tuned schedules to use: true (default) those that come with the package and those that `azulejo tune` found on this machine, in
   * $AZULEJO_CACHE/knowledge.jsonl or $AZULEJO_TUNING; false: none; a path: those of this file alone; a list: its records, as pages have to hand them in.
   */
  readonly tuning?: boolean | string | readonly object[];
  /** "auto": V8 flags that give optimised code on the first run, and suit the compiler, restored after compiling; "never": leave the engine alone */
  readonly engineFlags?: "auto" | "never";
  /**
   * Keep what is compiled, and take it from there at later loads of the same file with the same options? Default: true, on CPU targets. In
   * Node it lies in $AZULEJO_CACHE, else in `azulejo` in the user's cache folder, limited by $AZULEJO_CACHE_BYTES; in pages in the storage
   * of their origin.
   */
  readonly cache?: boolean;
  /**
   * Runs kernels under watch in the interpreter, which is then the target: what results may hide is an error (sanitize) at the end of the run, with the line of
   * the operator's source. Slow.
   */
  readonly sanitize?: boolean;
  /** reads files that the model names (external data), relative to the model; default: file system or fetch. Its bytes are not copied: leave them alone until dispose() */
  readonly readExternal?: (name: string) => Promise<Uint8Array>;
  /** decodes the pictures of ImageDecoder before anyone else; undefined for a format leaves it to the built-in decoders */
  readonly imageDecoder?: ImageDecoder;
}

/** Name, dtype and dims of an input or output of a model. */
export interface TensorInfo {
  readonly name: string;
  /** of the elements, where it is a sequence or an optional */
  readonly dtype: Dtype | "string";
  /** absent: a tensor. Sequences are arrays, an empty optional is undefined, maps are Maps. */
  readonly container?: "sequence" | "optional" | "map";
  /** numbers where the file fixes them, names where it does not; undefined: unknown rank */
  readonly dims: readonly (number | string)[] | undefined;
}

/** A tensor of text: an array of strings, row-major. */
export class TextTensor implements TextData {
  readonly dtype = "string";
  readonly dims: readonly number[];
  readonly data: readonly string[];
  constructor(data: readonly string[], dims: readonly number[] = [data.length]) {
    this.data = data;
    this.dims = dims;
  }
}

/**
 * A typed n-dimensional array, row-major. `data.length` is the product of `dims`; `dims` is `[]` for a scalar. The dtype decides the
 * array: `new Tensor("i64", BigInt64Array.of(1n, 2n), [2])`. Nothing is copied; run() checks it.
 */
export class Tensor<D extends Dtype = Dtype> implements TensorData {
  readonly dtype: D;
  readonly dims: readonly number[];
  readonly data: TensorArrays[D];
  constructor(dtype: D, data: TensorArrays[D], dims: readonly number[]) {
    this.dtype = dtype;
    this.data = data;
    this.dims = dims;
  }
  /** A GpuTensor says "gpu-buffer". */
  get location(): "cpu" {
    return "cpu";
  }
  /** Itself: what is written for a GpuTensor works for both. */
  async download(): Promise<Tensor<D>> {
    return this;
  }
  /** Nothing: the engine frees what nobody holds. */
  dispose(): void {}
}

/** What the compiler and the last run did. Times are milliseconds. */
export interface Report extends TargetReport {
  /** name of the graph in the file */
  readonly model: string;
  /** in the order in which they ran */
  readonly passes: readonly {
    readonly name: string;
    readonly nodesBefore: number;
    readonly nodesAfter: number;
    readonly timeMs: number;
  }[];
}

/** For one run of a model. */
export interface RunModelOptions {
  readonly signal?: AbortSignal | undefined;
  /** of random numbers for which the model gives none, a whole number; absent: every run draws anew */
  readonly seed?: number | undefined;
  /**
   * With target "webgpu", where outputs lie afterwards: all of them, or some by name. "gpu-buffer" gives GpuTensors, which are yours to
   * dispose() of. Default: "cpu"
   */
  readonly outputLocation?: "cpu" | "gpu-buffer" | Readonly<Record<string, "cpu" | "gpu-buffer">> | undefined;
}

/** A compiled model. */
export interface Model {
  /** What a run takes: those of the file, without inputs that an initializer gives a value, which are constants. */
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /**
   * Inputs by name; resolves with all outputs by name. Never blocks the event loop for longer than a quarter of a
   * millisecond, and runs in a row let it turn every 3 ms. Concurrent calls queue. Leave inputs alone until the promise settles; outputs are the caller's to keep. Most models have tensors alone; the types of others are the caller's to say: `run<{ words: TextTensor; boxes: Tensor[] }>(…)`,
   * and `run<{ y: Tensor<"f32"> }>(…)` makes `y.data` a Float32Array.
   * An input may be a GpuTensor, on the device that the model runs on; nothing is copied to the host and back.
   * @throws AzulejoError input: a wrong name, dtype, rank, size or array; shape: dims that the model can't work with; bounds: an index in
   * the data that leaves its tensor; memory: these dims need more than there is; device-lost: the GPU went away, and the next run gets another; aborted; disposed
   */
  run<Outputs = Record<string, Tensor>>(
    inputs: Readonly<Record<string, HostValue>>,
    options?: RunModelOptions,
  ): Promise<Outputs>;
  /**
   * Runs the model, kernel by kernel, and tells how long each took: on GPUs by timestamps. Such runs are slower than others.
   * @throws AzulejoError as run() does; target: the interpreter, and pages' main threads, time nothing
   */
  profile<Outputs = Record<string, Tensor>>(
    inputs: Readonly<Record<string, HostValue>>,
    options?: RunModelOptions & { /** default: 1 */ readonly passes?: number },
  ): Promise<Profile<Outputs>>;
  /** What was compiled, and the memory of the last run: plain data, new at each call. */
  report(): Report;
  /** Frees memory and workers; later calls of run() fail with code "disposed". */
  dispose(): void;
}
