// WebGPU as far as this library uses it (https://www.w3.org/TR/webgpu/): the core compiles without the DOM's types. Not here: any decision.

/** A type of the DOM by its global name where the program has the DOM's types, else any object. */
type Global<Name extends string> = typeof globalThis extends Record<Name, { prototype: infer T }> ? T : object;
/** GPUDevice, GPUAdapter and GPUBuffer as programs name them. */
export type HostGpuDevice = Global<"GPUDevice">;
export type HostGpuAdapter = Global<"GPUAdapter">;
export type HostGpuBuffer = Global<"GPUBuffer">;
/** A GPUDevice for models and for programs of one's own, and the adapter that it is of. */
export interface OpenedGpu {
  readonly device: HostGpuDevice;
  /** absent where a device was given without one */
  readonly adapter: HostGpuAdapter | undefined;
  /** of the adapter, for people */
  readonly name: string;
}

export interface Gpu {
  readonly wgslLanguageFeatures?: { has(name: string): boolean };
  requestAdapter(options?: { readonly powerPreference?: "high-performance" | "low-power" }): Promise<GpuAdapter | null>;
}
export interface GpuAdapter {
  readonly info?: {
    readonly vendor: string;
    readonly architecture: string;
    readonly description: string;
    readonly subgroupMinSize?: number;
    readonly subgroupMaxSize?: number;
    /** of "chromium-experimental-subgroup-matrix" */
    readonly subgroupMatrixConfigs?: Iterable<GpuMatrixConfig>;
  };
  readonly features: ReadonlySet<string>;
  readonly limits: Readonly<Record<string, number>>;
  requestDevice(options: {
    readonly requiredLimits: Readonly<Record<string, number>>;
    readonly requiredFeatures: readonly string[];
  }): Promise<GpuDevice>;
}
/** M rows and N columns of the result, K of the depth. */
export interface GpuMatrixConfig {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}
export interface GpuError {
  readonly message: string;
}
export interface GpuDevice {
  readonly features: ReadonlySet<string>;
  /** where the browser tells it */
  readonly adapterInfo?: NonNullable<GpuAdapter["info"]>;
  readonly limits: Readonly<Record<string, number>>;
  readonly queue: GpuQueue;
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  createBuffer(options: {
    readonly size: number;
    readonly usage: number;
    readonly mappedAtCreation?: boolean;
  }): GpuBuffer;
  createQuerySet(options: { readonly type: "timestamp"; readonly count: number }): GpuQuerySet;
  createShaderModule(options: { readonly code: string }): GpuShaderModule;
  createBindGroupLayout(options: { readonly entries: readonly object[] }): object;
  createPipelineLayout(options: { readonly bindGroupLayouts: readonly object[] }): object;
  createComputePipelineAsync(options: {
    readonly layout: object;
    readonly compute: { readonly module: GpuShaderModule; readonly entryPoint: string };
  }): Promise<object>;
  createBindGroup(options: { readonly layout: object; readonly entries: readonly object[] }): object;
  createCommandEncoder(): GpuCommandEncoder;
  pushErrorScope(filter: "validation" | "out-of-memory" | "internal"): void;
  popErrorScope(): Promise<GpuError | null>;
  destroy(): void;
}
export interface GpuShaderModule {
  getCompilationInfo(): Promise<{
    readonly messages: readonly { readonly type: string; readonly message: string; readonly lineNum: number }[];
  }>;
}
export interface GpuQuerySet {
  destroy(): void;
}
export interface GpuBuffer {
  readonly size: number;
  readonly usage: number;
  mapAsync(mode: number): Promise<void>;
  getMappedRange(): ArrayBuffer;
  unmap(): void;
  destroy(): void;
}
export interface GpuQueue {
  writeBuffer(buffer: GpuBuffer, offset: number, data: Uint8Array): void;
  submit(commands: readonly object[]): void;
  onSubmittedWorkDone(): Promise<void>;
}
export interface GpuPass {
  setPipeline(pipeline: object): void;
  setBindGroup(index: number, group: object): void;
  dispatchWorkgroups(x: number, y: number): void;
  end(): void;
}
export interface GpuCommandEncoder {
  beginComputePass(options?: {
    readonly timestampWrites: {
      readonly querySet: GpuQuerySet;
      readonly beginningOfPassWriteIndex: number;
      readonly endOfPassWriteIndex: number;
    };
  }): GpuPass;
  resolveQuerySet(set: GpuQuerySet, first: number, count: number, to: GpuBuffer, offset: number): void;
  clearBuffer(buffer: GpuBuffer): void;
  copyBufferToBuffer(from: GpuBuffer, fromOffset: number, to: GpuBuffer, toOffset: number, size: number): void;
  finish(): object;
}

/** Bits of GPUBufferUsage, GPUMapMode and GPUShaderStage. */
export const usage = {
  mapRead: 1,
  copySource: 4,
  copyTarget: 8,
  uniform: 64,
  storage: 128,
  queryResolve: 512,
} as const;
export const mapRead = 1;
export const computeStage = 4;

/** A size in bytes that buffers and copies may have: whole words. */
export const wordBytes = (n: number): number => Math.ceil(n / 4) * 4;
/** What is bound holds at least one element, of 16 bytes at most. */
export const bufferBytes = (n: number): number => Math.max(16, wordBytes(n));
