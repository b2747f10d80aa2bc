// The device that programs share, and its pipelines by the text of their shader. A lost device is forgotten: the next load gets another.
import type { Dispatch } from "../../lower/gpu/lowered.js";
import { findGpu } from "../../runtime/platform.js";
import { AzulejoError } from "../../support/errors.js";
import { computeStage, type Gpu, type GpuAdapter, type GpuDevice } from "./gpu.js";

export interface Pipeline {
  readonly pipeline: object;
  readonly layout: object;
}

/** Limits that models profit from; what the adapter has of them is asked for. */
const wanted = ["maxStorageBufferBindingSize", "maxBufferSize", "maxStorageBuffersPerShaderStage"] as const;
/** what a shader binds that declares none: the default of the specification */
const STORAGE_BUFFERS = 8;

export class SharedDevice {
  readonly device: GpuDevice;
  readonly adapter: string;
  /** why it can't be used any more */
  lost: string | undefined;
  readonly #pipelines = new Map<string, Promise<Pipeline>>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(device: GpuDevice, adapter: string, onLost: () => void) {
    this.device = device;
    this.adapter = adapter;
    void device.lost.then(({ message, reason }) => {
      this.lost = message || reason || "no reason given";
      onLost();
    });
  }
  get storageBuffers(): number {
    return this.device.limits.maxStorageBuffersPerShaderStage ?? STORAGE_BUFFERS;
  }
  /** @throws AzulejoError target */
  requireDevice(): void {
    if (this.lost !== undefined)
      throw new AzulejoError("target", `The GPU device was lost (${this.lost}); load the model again`);
  }
  /** Scopes of errors belong to the device: who opens some waits until those of others are closed. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
  pipeline(dispatch: Dispatch): Promise<Pipeline> {
    let made = this.#pipelines.get(dispatch.code);
    if (!made) {
      made = this.#create(dispatch);
      this.#pipelines.set(dispatch.code, made);
    }
    return made;
  }
  async #create({ code, bindings, scratchWords, fails }: Dispatch): Promise<Pipeline> {
    const { device } = this;
    const storage = bindings.map(b => (b.writes ? "storage" : "read-only-storage"));
    if (scratchWords) storage.push("storage");
    if (fails) storage.push("storage");
    const entries = [...storage, "uniform"].map((type, binding) => ({
      binding,
      visibility: computeStage,
      buffer: { type },
    }));
    const layout = device.createBindGroupLayout({ entries });
    const module = device.createShaderModule({ code });
    try {
      const pipeline = await device.createComputePipelineAsync({
        layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: "main" },
      });
      return { pipeline, layout };
    } catch (cause) {
      this.requireDevice();
      const { messages } = await module.getCompilationInfo();
      const first = messages.find(m => m.type === "error");
      const why = first
        ? `line ${first.lineNum}: ${first.message}`
        : cause instanceof Error
          ? cause.message
          : String(cause);
      throw new AzulejoError("internal", `A shader was refused (${why}); this is a bug in Azulejo, please report it`, {
        cause,
      });
    }
  }
}

let shared: Promise<SharedDevice> | undefined;

/** The device of this process or page, which it keeps: with it go the pipelines. @throws AzulejoError target */
export async function sharedDevice(): Promise<SharedDevice> {
  shared ??= openDevice();
  const opening = shared;
  try {
    return await opening;
  } catch (error) {
    if (shared === opening) shared = undefined;
    throw error;
  }
}

async function openDevice(): Promise<SharedDevice> {
  const adapter = await findAdapter();
  if (typeof adapter === "string") throw new AzulejoError("target", adapter);
  const requiredLimits = Object.fromEntries(
    wanted.flatMap(name => (adapter.limits[name] === undefined ? [] : [[name, adapter.limits[name]]])),
  );
  const device = await adapter.requestDevice({ requiredLimits });
  return new SharedDevice(device, titleOf(adapter), () => {
    shared = undefined;
  });
}

const titleOf = ({ info }: GpuAdapter): string =>
  [info?.vendor, info?.architecture, info?.description].filter(Boolean).join(" ") || "an adapter without a name";

/** An adapter, or why there is none. */
async function findAdapter(): Promise<GpuAdapter | string> {
  const gpu = findGpu() as Gpu | undefined;
  if (!gpu)
    return 'target: "webgpu" needs a browser with WebGPU, or in Node the package webgpu; run "npm install webgpu", or use { target: "wasm" }';
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  return adapter ?? 'target: "webgpu" finds no GPU adapter on this machine; use { target: "wasm" }';
}

/** Why the target can't be used here; undefined: it can. And what it would run on. */
export async function gpuState(): Promise<{ readonly problem: string | undefined; readonly facts: readonly string[] }> {
  const adapter = await findAdapter();
  if (typeof adapter === "string") return { problem: adapter, facts: [] };
  const mib = Math.floor((adapter.limits.maxStorageBufferBindingSize ?? 0) / 2 ** 20);
  const features = ["shader-f16", "subgroups", "timestamp-query"].filter(f => adapter.features.has(f));
  const facts = [titleOf(adapter), `buffers of ${mib} MiB`, ...(features.length ? [features.join(" ")] : [])];
  return { problem: undefined, facts };
}
