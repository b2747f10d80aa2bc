// onnxruntime's `env`: plain, enumerable, mutable settings, read when a session is created.
import { openGpu } from "../../index.js";
import type { HostGpuAdapter, HostGpuDevice } from "../../runtime/gpu.js";

export type LogLevel = "verbose" | "info" | "warning" | "error" | "fatal";

export interface WasmFlags {
  /** threads of sessions that don't set intraOpNumThreads; undefined: the number of cores, at most 8 */
  numThreads?: number;
  /** no file is fetched; the value only tells programs that look for it that nothing has to be */
  wasmPaths?: unknown;
  [name: string]: unknown;
}

export interface WebGpuFlags {
  /** The GPUDevice of sessions with the provider "webgpu". Assign one before the first session; read, it is a promise, as in onnxruntime. */
  get device(): Promise<HostGpuDevice>;
  set device(device: HostGpuDevice);
  /** The GPUAdapter: assign one before the first session, and its device is opened; known once there is a device. */
  get adapter(): HostGpuAdapter | undefined;
  set adapter(adapter: HostGpuAdapter);
  [name: string]: unknown;
}

/** Settings for all sessions that are created later. */
export interface Env {
  logLevel?: LogLevel;
  debug?: boolean;
  trace?: boolean;
  readonly versions: {
    readonly common: string;
    readonly web?: string;
    readonly node?: string;
    readonly "react-native"?: string;
  };
  readonly wasm: WasmFlags;
  readonly webgl: Record<string, unknown>;
  readonly webgpu: WebGpuFlags;
  [name: string]: unknown;
}

class WebGpu {
  #given: Promise<Gpu> | undefined;
  #adapter: HostGpuAdapter | undefined;

  /** What sessions run on: that of the user where one was assigned, else the one that all models share; after a loss, its successor. */
  async open(): Promise<Gpu> {
    const gpu = await (this.#given ?? openGpu());
    this.#adapter = gpu.adapter;
    return gpu;
  }
  get isGiven(): boolean {
    return this.#given !== undefined;
  }
  readonly flags: WebGpuFlags = Object.defineProperties({} as WebGpuFlags, {
    device: {
      enumerable: true,
      get: () => this.open().then(gpu => gpu.device),
      set: (device: HostGpuDevice) => {
        this.#given = Promise.resolve({ device, adapter: undefined });
      },
    },
    adapter: {
      enumerable: true,
      get: () => this.#adapter,
      set: (adapter: HostGpuAdapter) => {
        this.#adapter = adapter;
        this.#given = openGpu({ adapter });
        // told by the session that needs it
        this.#given.catch(() => undefined);
      },
    },
  });
}
type Gpu = Omit<Awaited<ReturnType<typeof openGpu>>, "name">;

export const webGpu = new WebGpu();

/** The onnxruntime release whose JavaScript surface this is. */
const surface = "1.30.0";

/** Settings for all sessions that are created later. */
export const env: Env = {
  logLevel: "warning",
  debug: false,
  trace: false,
  versions: { common: surface, web: surface },
  // transformers.js downloads onnxruntime's 27 MB of WebAssembly in advance where this is empty.
  wasm: { numThreads: undefined, wasmPaths: "./" },
  webgl: {},
  webgpu: webGpu.flags,
};
