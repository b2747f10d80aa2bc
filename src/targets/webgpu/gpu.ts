// WebGPU as far as this target uses it (https://www.w3.org/TR/webgpu/): the core compiles without the DOM's types. Not here: any decision.

export interface Gpu {
  requestAdapter(options?: { readonly powerPreference?: "high-performance" | "low-power" }): Promise<GpuAdapter | null>;
}
export interface GpuAdapter {
  readonly info?: { readonly vendor: string; readonly architecture: string; readonly description: string };
  readonly features: ReadonlySet<string>;
  readonly limits: Readonly<Record<string, number>>;
  requestDevice(options: { readonly requiredLimits: Readonly<Record<string, number>> }): Promise<GpuDevice>;
}
export interface GpuError {
  readonly message: string;
}
export interface GpuDevice {
  readonly limits: Readonly<Record<string, number>>;
  readonly queue: GpuQueue;
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  createBuffer(options: { readonly size: number; readonly usage: number }): GpuBuffer;
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
export interface GpuBuffer {
  readonly size: number;
  mapAsync(mode: number): Promise<void>;
  getMappedRange(): ArrayBuffer;
  unmap(): void;
  destroy(): void;
}
export interface GpuQueue {
  writeBuffer(buffer: GpuBuffer, offset: number, data: Uint8Array): void;
  submit(commands: readonly object[]): void;
}
export interface GpuPass {
  setPipeline(pipeline: object): void;
  setBindGroup(index: number, group: object): void;
  dispatchWorkgroups(x: number, y: number): void;
  end(): void;
}
export interface GpuCommandEncoder {
  beginComputePass(): GpuPass;
  clearBuffer(buffer: GpuBuffer): void;
  copyBufferToBuffer(from: GpuBuffer, fromOffset: number, to: GpuBuffer, toOffset: number, size: number): void;
  finish(): object;
}

/** Bits of GPUBufferUsage, GPUMapMode and GPUShaderStage. */
export const usage = { mapRead: 1, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 } as const;
export const mapRead = 1;
export const computeStage = 4;
