// Devices that programs share, with what each keeps: pipelines by the text of their shader, weights by their source. A lost device is
// forgotten: the next load or run gets another.
import type { GpuLimits } from "../../lower/gpu/lower.js";
import { leastLimits } from "../../lower/gpu/lower.js";
import type { Dispatch } from "../../lower/gpu/lowered.js";
import type { DeviceMatrices } from "../../lower/gpu/matrices.js";
import { matricesText } from "../../lower/gpu/matrices.js";
import type { Gpu, GpuAdapter, GpuDevice, HostGpuAdapter, HostGpuDevice, OpenedGpu } from "../../runtime/gpu.js";
import { computeStage } from "../../runtime/gpu.js";
import { findGpu } from "../../runtime/platform.js";
import { RefusedCode } from "../../runtime/refused-code.js";
import { AzulejoError } from "../../support/errors.js";
import { type Check, checkNamed } from "../../support/named-options.js";
import { Weights } from "./weights.js";

export interface Pipeline {
  readonly pipeline: object;
  readonly layout: object;
}

/** Limits that models profit from; what the adapter has of them is asked for. */
const wanted = [
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
] as const;
/** and features; timestamps time kernels */
const wantedFeatures = ["timestamp-query", "shader-f16", "subgroups"] as const;
/** invocations of the smallest workgroup: a larger subgroup would have idle ones */
const LARGEST_SUBGROUP = 64;
/** a feature of WGSL: dot4I8Packed and its kin */
const PACKED_DOTS = "packed_4x8_integer_dot_product";
/** Chromium's, until WebGPU has them; "subgroup_id" is of WGSL */
const matrixFeatures = ["subgroups", "chromium-experimental-subgroup-matrix"] as const;

/** Kept for models to come, beside those that models have: a dozen networks. On SwiftShader one of an operator alone takes 0.4 MB. */
export const KEPT_PIPELINES = 1024;

export class SharedDevice {
  readonly device: GpuDevice;
  readonly adapter: GpuAdapter | undefined;
  /** of the adapter */
  readonly name: string;
  readonly weights: Weights;
  /** why it can't be used any more */
  lost: string | undefined;
  readonly #pipelines = new Map<string, Promise<Pipeline>>();

  constructor(device: GpuDevice, adapter: GpuAdapter | undefined, onLost?: () => void) {
    this.device = device;
    this.adapter = adapter;
    this.name = titleOf(adapter?.info ?? device.adapterInfo);
    this.weights = new Weights(this);
    void device.lost.then(({ message, reason }) => {
      this.lost = message || reason || "no reason given";
      onLost?.();
    });
  }
  get featuresText(): string {
    return featuresText(this.limits);
  }
  get limits(): GpuLimits {
    return limitsOf(this.device, this.adapter?.info ?? this.device.adapterInfo);
  }
  /** @throws AzulejoError device-lost */
  requireDevice(): void {
    if (this.lost !== undefined)
      throw new AzulejoError(
        "device-lost",
        `The GPU device was lost (${this.lost}); load or run again: what comes next has a new device, and models bring their weights`,
      );
  }
  /**
   * What the device refuses while `work` is done, without a pause, is an error with a name. `numbers`: what of the memory was asked for; `refusal`: whose
   * fault a call that is not valid may be, beside this library's.
   */
  async checked<T>(numbers: () => string, work: () => T, refusal: (why: string) => AzulejoError = bug): Promise<T> {
    const { device } = this;
    device.pushErrorScope("out-of-memory");
    device.pushErrorScope("validation");
    let done: { readonly value: T } | { readonly error: unknown };
    try {
      done = { value: work() };
    } catch (error) {
      done = { error };
    }
    const [invalid, memory] = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
    this.requireDevice();
    if (memory) throw outOfMemory(numbers(), memory.message);
    if ("error" in done) throw done.error;
    if (invalid) throw refusal(invalid.message);
    return done.value;
  }
  pipeline(dispatch: Dispatch): Promise<Pipeline> {
    const { code } = dispatch;
    const made = this.#pipelines.get(code) ?? this.#create(dispatch);
    // what was asked for longest ago comes first, and goes first
    this.#pipelines.delete(code);
    this.#pipelines.set(code, made);
    if (this.#pipelines.size > KEPT_PIPELINES) this.#pipelines.delete(this.#pipelines.keys().next().value!);
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
      throw new RefusedCode(`A shader was refused (${why})`, { cause });
    }
  }
}

/** What shaders are made for; those of an adapter are those of the devices that are opened on it. */
function limitsOf({ limits, features }: Pick<GpuDevice, "limits" | "features">, info: GpuAdapter["info"]): GpuLimits {
  const largest = info?.subgroupMaxSize ?? Infinity;
  return {
    storageBuffers: limits.maxStorageBuffersPerShaderStage ?? leastLimits.storageBuffers,
    tiles: !isSoftware(titleOf(info)),
    halves: features.has("shader-f16"),
    // none larger than a workgroup
    subgroups: features.has("subgroups") && largest <= LARGEST_SUBGROUP,
    packedDots: languageHas(PACKED_DOTS),
    workgroupBytes: limits.maxComputeWorkgroupStorageSize ?? leastLimits.workgroupBytes,
    matrices: matricesOf({ limits, features }, info),
  };
}
/** Those that sum in f32, of a device that was made with the feature. */
function matricesOf(
  { limits, features }: Pick<GpuDevice, "limits" | "features">,
  info: GpuAdapter["info"],
): DeviceMatrices | undefined {
  if (!matrixFeatures.every(f => features.has(f)) || !languageHas("subgroup_id")) return undefined;
  const { subgroupMinSize: least, subgroupMaxSize: most, subgroupMatrixConfigs = [] } = info ?? {};
  const sizes = [...subgroupMatrixConfigs].flatMap(({ componentType: type, resultComponentType, M, N, K }) =>
    (type === "f32" || type === "f16") && resultComponentType === "f32"
      ? [{ type, rows: Number(M), columns: Number(N), depth: Number(K) } as const]
      : [],
  );
  if (!least || !most || sizes.length === 0) return undefined;
  const invocations = Math.min(limits.maxComputeInvocationsPerWorkgroup ?? 256, limits.maxComputeWorkgroupSizeX ?? 256);
  return { sizes, subgroup: [least, most], invocations };
}
/** Do threads of the processor stand for a GPU? */
const isSoftware = (name: string): boolean => /swiftshader|llvmpipe|lavapipe|basic render/i.test(name);

/** The same in words, as records of tuning name it. */
export const featuresText = ({ tiles, halves, subgroups, workgroupBytes, matrices }: GpuLimits): string =>
  [
    tiles ? `tiles of ${workgroupBytes / 1024} KiB` : "no tiles",
    halves ? "f16" : "",
    subgroups ? "subgroups" : "",
    ...(matrices?.sizes.map(matricesText) ?? []),
  ]
    .filter(Boolean)
    .join(", ");

const bug = (why: string): AzulejoError =>
  new AzulejoError("internal", `WebGPU refused a call (${why}); this is a bug in Azulejo, please report it`);
/** `numbers` is half a sentence: what was asked for. */
export const outOfMemory = (numbers: string, message: string): AzulejoError =>
  new AzulejoError(
    "memory",
    `The GPU has not enough memory: ${numbers} (${message.split("\n")[0]}); run smaller inputs, dispose of models and tensors, or use { target: "wasm" }`,
  );
export const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0)} MiB`;

let shared: Promise<SharedDevice> | undefined;
const given = new WeakMap<GpuDevice, SharedDevice>();

/** A feature of the language, not of a device. */
function languageHas(name: string): boolean {
  const gpu = findGpu() as Gpu | undefined;
  return gpu?.wgslLanguageFeatures?.has(name) ?? false;
}

/** What multiplies 8-bit integers fastest: WGSL's packed products multiply bytes of one sign. */
export const integerProducts = (): "pairs" | "signed-quads" => (languageHas(PACKED_DOTS) ? "signed-quads" : "pairs");

/** That of a device of the user's; without one, the device of this process or page, which it keeps. @throws AzulejoError target, device-lost */
export async function sharedDevice(own?: GpuDevice): Promise<SharedDevice> {
  if (own) return sharedBy(own);
  shared ??= openDevice();
  const opening = shared;
  try {
    return await opening;
  } catch (error) {
    if (shared === opening) shared = undefined;
    throw error;
  }
}

function sharedBy(own: GpuDevice): SharedDevice {
  const known = given.get(own) ?? new SharedDevice(own, undefined);
  given.set(own, known);
  if (known.lost !== undefined)
    throw new AzulejoError(
      "device-lost",
      `The GPU device that was given was lost (${known.lost}); make another, and load the model with it`,
    );
  return known;
}

async function openDevice(own?: GpuAdapter, withMatrices = false): Promise<SharedDevice> {
  const adapter = own ?? (await findAdapter());
  if (typeof adapter === "string") throw new AzulejoError("target", adapter);
  const requiredLimits = Object.fromEntries(
    wanted.flatMap(name => (adapter.limits[name] === undefined ? [] : [[name, adapter.limits[name]]])),
  );
  const missing = withMatrices ? matrixFeatures.filter(f => !adapter.features.has(f)) : [];
  if (missing.length > 0)
    throw new AzulejoError(
      "target",
      `openGpu({ subgroupMatrices: true }): ${titleOf(adapter.info)} has no "${missing[0]}"; Chromium offers it with --enable-unsafe-webgpu on GPUs that have matrices, Dawn with "enable-dawn-features=allow_unsafe_apis"`,
    );
  const features: readonly string[] = withMatrices ? [...wantedFeatures, ...matrixFeatures] : wantedFeatures;
  const requiredFeatures = [...new Set(features)].filter(f => adapter.features.has(f));
  const device = await adapter.requestDevice({ requiredLimits, requiredFeatures }).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new AzulejoError(
      "target",
      `target: "webgpu" gets no device of ${titleOf(adapter.info)} (${why}); request another GPUAdapter, which is good for one device, or use { target: "wasm" }`,
      { cause },
    );
  });
  return new SharedDevice(device, adapter, () => {
    if (!own && !withMatrices) shared = undefined;
  });
}

const titleOf = (info: GpuAdapter["info"]): string =>
  [info?.vendor, info?.architecture, info?.description].filter(Boolean).join(" ") || "an adapter without a name";

/** An adapter, or why there is none. */
async function findAdapter(): Promise<GpuAdapter | string> {
  const gpu = findGpu() as Gpu | undefined;
  if (!gpu)
    return 'target: "webgpu" needs a browser with WebGPU, or in Node the package webgpu; run "npm install webgpu", or use { target: "wasm" }';
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  return adapter ?? 'target: "webgpu" finds no GPU adapter on this machine; use { target: "wasm" }';
}

const isAdapter: Check = value =>
  typeof (Object(value) as Partial<GpuAdapter>).requestDevice === "function" ? undefined : "a GPUAdapter";
const openOptions: Readonly<Record<string, Check>> = {
  adapter: isAdapter,
  subgroupMatrices: value => (typeof value === "boolean" ? undefined : "true or false"),
};

/**
 * The device that models share unless they were told otherwise: for buffers that models are to read, and for programs with kernels of their
 * own. After a loss, another. `adapter`: a device of this GPUAdapter, with the limits that models profit from, for { gpuDevice }.
 * `subgroupMatrices`: one of its own as well, whose models multiply by matrices of subgroups.
 * @throws AzulejoError target, option
 */
export async function openGpu(
  options: { readonly adapter?: HostGpuAdapter; readonly subgroupMatrices?: boolean } = {},
): Promise<OpenedGpu> {
  checkNamed(options, Object.keys(openOptions), name => openOptions[name]!);
  const { adapter: own, subgroupMatrices = false } = options;
  const isApart = own !== undefined || subgroupMatrices;
  const opened = isApart
    ? await openDevice(own as unknown as GpuAdapter | undefined, subgroupMatrices)
    : await sharedDevice();
  if (isApart) given.set(opened.device, opened);
  const { device, adapter, name } = opened;
  return {
    device: device as unknown as HostGpuDevice,
    adapter: adapter as unknown as HostGpuAdapter | undefined,
    name,
  };
}

/** What shaders are made for here, and on what: a device of the user's, else an adapter, else what every device has. Nothing is opened. */
export async function limitsHere(own?: GpuDevice): Promise<{ readonly limits: GpuLimits; readonly name: string }> {
  if (own) return sharedBy(own);
  const adapter = await findAdapter();
  if (typeof adapter === "string") return { limits: leastLimits, name: "any device" };
  // the device that models share is opened without matrices
  return { limits: { ...limitsOf(adapter, adapter.info), matrices: undefined }, name: titleOf(adapter.info) };
}

/** Why the target can't be used here; undefined: it can. And what it would run on. */
export async function gpuState(): Promise<{ readonly problem: string | undefined; readonly facts: readonly string[] }> {
  const adapter = await findAdapter();
  if (typeof adapter === "string") return { problem: adapter, facts: [] };
  const largest = Math.floor((adapter.limits.maxStorageBufferBindingSize ?? 0) / 2 ** 20);
  const features = ["shader-f16", "subgroups", "timestamp-query"].filter(f => adapter.features.has(f));
  const facts = [titleOf(adapter.info), `buffers of ${largest} MiB`, ...(features.length ? [features.join(" ")] : [])];
  return { problem: undefined, facts };
}
