// A program on the GPU: a run is one submission unless a condition or a kernel on the host has to be read on the way.
import { ownerOf } from "../../graph/memory-plan.js";
import type { Buffer, KernelProgram } from "../../graph/program.js";
import { bindDims } from "../../graph/program-dims.js";
import { bytesOf } from "../../ir/dtypes.js";
import { runKernel } from "../../ir/evaluate/kernel.js";
import { denseStrides, type Storage } from "../../ir/evaluate/memory.js";
import type { Tensor } from "../../ir/tile.js";
import { throwIfAborted } from "../../runtime/platform.js";
import type { Executable, KernelReport, RunOptions, TargetReport } from "../../runtime/target.js";
import type { TensorData } from "../../runtime/tensor.js";
import { arrayOf, bytesOfTensor } from "../../runtime/tensor-bytes.js";
import { AzulejoError } from "../../support/errors.js";
import type { SharedDevice } from "./device.js";
import { type GpuBuffer, type GpuCommandEncoder, mapRead, usage } from "./gpu.js";
import { bufferBytes, checkSize, type Place, Plan, type Resident, wordBytes } from "./plan.js";
import { type GpuProgram, type GpuStep, type KernelStep, kernelsOf } from "./steps.js";

type Inputs = ReadonlyMap<string, TensorData>;
type Outputs = Map<string, TensorData>;

export class GpuExecutable implements Executable {
  readonly program: KernelProgram;
  readonly #shared: SharedDevice;
  readonly #gpu: GpuProgram;
  #resident: Resident | undefined;
  readonly #constantBytes: number;
  readonly #timesMs: Readonly<Record<string, number>>;
  #plan: { readonly key: string; readonly plan: Plan } | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #submissions = 0;

  constructor(
    program: KernelProgram,
    shared: SharedDevice,
    gpu: GpuProgram,
    resident: Resident,
    constantBytes: number,
    timesMs: Readonly<Record<string, number>>,
  ) {
    this.program = program;
    this.#shared = shared;
    this.#gpu = gpu;
    this.#resident = resident;
    this.#constantBytes = constantBytes;
    this.#timesMs = timesMs;
  }

  run(inputs: Inputs, options: RunOptions = {}): Promise<Outputs> {
    const result = this.#queue.then(() => this.#run(inputs, options));
    this.#queue = result.catch(() => undefined);
    return result;
  }
  async #run(inputs: Inputs, { signal, symbols: given }: RunOptions): Promise<Outputs> {
    const { device } = this.#shared;
    const resident = this.#resident;
    if (!resident) throw new AzulejoError("disposed", `model "${this.program.name}" was disposed; load it again`);
    this.#shared.requireDevice();
    throwIfAborted(signal, `run of "${this.program.name}"`);
    const symbols = bindDims(this.program, name => inputs.get(name)?.dims, given);
    const plan = await checked(this.#shared, () => this.#planFor(symbols, resident));
    return checked(this.#shared, async () => {
      for (const b of this.program.inputs) write(device, plan.place(b), bytesOfTensor(inputs.get(b.name)!));
      const run = new Run(this.#shared, plan, resident, this.program, signal);
      await run.steps(this.#gpu.steps);
      const outputs = await run.finish();
      this.#submissions = run.submissions;
      return outputs;
    });
  }
  #planFor(symbols: ReturnType<typeof bindDims>, resident: Resident): Plan {
    const key = [...symbols].map(([s, n]) => `${s.id}:${n}`).join();
    if (this.#plan?.key === key) return this.#plan.plan;
    this.#plan?.plan.destroy();
    this.#plan = undefined;
    const plan = new Plan(this.program, this.#shared, this.#gpu, resident, symbols);
    this.#plan = { key, plan };
    return plan;
  }

  report(): TargetReport {
    const steps = kernelsOf(this.#gpu.steps);
    const onHost = steps.flatMap(s =>
      s.kind === "host" ? [`kernel "${s.step.kernel.name}" runs on the host: ${s.reason}`] : [],
    );
    const dispatches = steps.flatMap(s => (s.kind === "kernel" ? s.dispatches : []));
    return {
      target: "webgpu",
      threads: 1,
      codeBytes: [...new Set(dispatches.map(d => d.code))].reduce((sum, c) => sum + c.length, 0),
      functions: new Set(dispatches.map(d => d.code)).size,
      kernels: steps.map(
        (s): KernelReport => ({
          name: s.step.kernel.name,
          nodes: s.step.nodes,
          function: s.kind === "host" ? "" : "main",
          schedule: s.kind === "host" ? "on the host" : s.summary,
        }),
      ),
      constantBytes: this.#constantBytes,
      arenaBytes: this.#plan?.plan.arenaBytes ?? 0,
      arenaLowerBoundBytes: this.#plan?.plan.lowerBoundBytes ?? 0,
      flags: [],
      notes: [
        `runs on ${this.#shared.adapter}`,
        `${dispatches.length} dispatches, ${this.#submissions || 1} submission${this.#submissions > 1 ? "s" : ""} a run`,
        ...onHost,
      ],
      timesMs: this.#timesMs,
    };
  }
  dispose(): void {
    const resident = this.#resident;
    if (!resident) return;
    this.#resident = undefined;
    // a run that is under way ends first
    void this.#queue.then(() => {
      this.#plan?.plan.destroy();
      for (const b of resident.constants.values()) b.destroy();
      resident.failure.destroy();
    });
  }
}

/** What the device refuses while `work` is done is an error with a name. */
export const checked = <T>(shared: SharedDevice, work: () => T | Promise<T>): Promise<T> =>
  shared.inTurn(() => inScopes(shared, work));

async function inScopes<T>(shared: SharedDevice, work: () => T | Promise<T>): Promise<T> {
  const { device } = shared;
  device.pushErrorScope("out-of-memory");
  device.pushErrorScope("validation");
  const settled = await Promise.resolve()
    .then(work)
    .then(
      value => ({ value }),
      (error: unknown) => ({ error }),
    );
  const [invalid, memory] = [await device.popErrorScope(), await device.popErrorScope()];
  shared.requireDevice();
  if (memory)
    throw new AzulejoError(
      "memory",
      `The GPU has not enough memory (${memory.message}); run smaller inputs, or use { target: "wasm" }`,
    );
  if ("error" in settled) throw settled.error;
  if (invalid)
    throw new AzulejoError(
      "internal",
      `WebGPU refused a call (${invalid.message}); this is a bug in Azulejo, please report it`,
    );
  return settled.value;
}

function write(device: SharedDevice["device"], place: Place, bytes: Uint8Array): void {
  if (bytes.byteLength === 0) return;
  let whole = bytes;
  if (bytes.byteLength % 4 !== 0) {
    whole = new Uint8Array(wordBytes(bytes.byteLength));
    whole.set(bytes);
  }
  device.queue.writeBuffer(place.buffer, place.offsetBytes, whole);
}

export async function upload(
  shared: SharedDevice,
  buffers: readonly Buffer[],
  onProgress: (fraction: number) => void,
): Promise<{ readonly constants: ReadonlyMap<Buffer, GpuBuffer>; readonly bytes: number }> {
  const { device } = shared;
  const constants = new Map<Buffer, GpuBuffer>();
  let total = 0;
  for (const [i, b] of buffers.entries()) {
    const bytes = await b.constant!.read();
    if (bytes.byteLength % bytesOf(b.dtype) !== 0)
      throw new AzulejoError(
        "model-format",
        `constant "${b.name}" has ${bytes.byteLength} bytes, which is no multiple of ${bytesOf(b.dtype)}; export the model again`,
      );
    checkSize(device.limits, bytes.byteLength, b.name);
    const buffer = device.createBuffer({
      size: bufferBytes(bytes.byteLength),
      usage: usage.storage | usage.copySource | usage.copyTarget,
    });
    write(device, { buffer, offsetBytes: 0, bytes: bytes.byteLength, dims: [] }, bytes);
    constants.set(b, buffer);
    total += bytes.byteLength;
    onProgress((i + 1) / buffers.length);
  }
  return { constants, bytes: total };
}

/** One run: dispatches are recorded until something has to be read. */
class Run {
  submissions = 0;
  readonly #shared: SharedDevice;
  readonly #plan: Plan;
  readonly #resident: Resident;
  readonly #program: KernelProgram;
  readonly #signal: AbortSignal | undefined;
  #encoder: GpuCommandEncoder;
  #pass: ReturnType<GpuCommandEncoder["beginComputePass"]> | undefined;

  constructor(
    shared: SharedDevice,
    plan: Plan,
    resident: Resident,
    program: KernelProgram,
    signal: AbortSignal | undefined,
  ) {
    this.#shared = shared;
    this.#plan = plan;
    this.#resident = resident;
    this.#program = program;
    this.#signal = signal;
    this.#encoder = shared.device.createCommandEncoder();
    this.#encoder.clearBuffer(resident.failure);
  }

  async steps(steps: readonly GpuStep[]): Promise<void> {
    for (const s of steps) {
      if (s.kind === "kernel") this.#kernel(s.step);
      else if (s.kind === "host") await this.#onHost(s.step);
      else if (s.kind === "if") await this.steps((await this.#condition(s.condition)) ? s.then : s.else);
      else while (await this.#condition(s.condition)) await this.steps(s.body);
    }
  }
  #kernel(step: KernelStep): void {
    for (const { pipeline, group, x, y } of this.#plan.calls.get(step) ?? []) {
      this.#pass ??= this.#encoder.beginComputePass();
      this.#pass.setPipeline(pipeline);
      this.#pass.setBindGroup(0, group);
      this.#pass.dispatchWorkgroups(x, y);
    }
  }

  // ---- reading
  /** Submits what was recorded, with copies of these ranges, and gives their bytes. */
  async #read(places: readonly Place[]): Promise<readonly Uint8Array[]> {
    throwIfAborted(this.#signal, `run of "${this.#program.name}"`);
    const { device } = this.#shared;
    this.#pass?.end();
    this.#pass = undefined;
    // copies go by whole words, from whole words
    const ranges = places.map(p => {
      const from = p.offsetBytes - (p.offsetBytes % 4);
      return { ...p, from, length: p.bytes === 0 ? 0 : wordBytes(p.offsetBytes + p.bytes - from) };
    });
    const size = ranges.reduce((sum, r) => sum + r.length, 0) + 4;
    const staging = device.createBuffer({ size, usage: usage.mapRead | usage.copyTarget });
    try {
      let at = 0;
      for (const r of ranges) {
        if (r.length > 0) this.#encoder.copyBufferToBuffer(r.buffer, r.from, staging, at, r.length);
        at += r.length;
      }
      this.#encoder.copyBufferToBuffer(this.#resident.failure, 0, staging, at, 4);
      device.queue.submit([this.#encoder.finish()]);
      this.submissions++;
      this.#encoder = device.createCommandEncoder();
      await staging.mapAsync(mapRead).catch((cause: unknown) => {
        this.#shared.requireDevice();
        throw cause;
      });
      const bytes = new Uint8Array(staging.getMappedRange().slice(0));
      staging.unmap();
      if (bytes[at] !== 0)
        throw new AzulejoError(
          "bounds",
          `A kernel of "${this.#program.name}" met an index outside its tensor; check the indices among the inputs of the model, or load it with { target: "interpreter" }, which names tensor and index`,
        );
      let start = 0;
      return ranges.map(r => {
        const part = bytes.subarray(start + r.offsetBytes - r.from, start + r.offsetBytes - r.from + r.bytes);
        start += r.length;
        return part;
      });
    } finally {
      staging.destroy();
    }
  }
  async #condition(b: Buffer): Promise<boolean> {
    const [byte] = await this.#read([this.#plan.place(b)]);
    return byte![0] !== 0;
  }
  async finish(): Promise<Outputs> {
    const places = this.#program.outputs.map(b => this.#plan.place(b));
    const parts = await this.#read(places);
    return new Map(
      this.#program.outputs.map((b, i) => {
        // a copy: the caller keeps it, and the mapped range held all outputs
        const data = arrayOf(b.dtype, parts[i]!.slice());
        return [b.name, { dtype: b.dtype, dims: places[i]!.dims, data }];
      }),
    );
  }

  // ---- kernels that the GPU can't compute
  async #onHost(step: KernelStep): Promise<void> {
    const plan = this.#plan;
    const owners = [...new Set(Object.values(step.buffers).map(b => ownerOf(b)))];
    const wholes = owners.map((b): Place => ({ ...plan.place(b), buffer: plan.memory(b) }));
    const parts = await this.#read(wholes);
    const arrays = new Map(owners.map((b, i) => [b, arrayOf(b.dtype, parts[i]!.slice())]));
    const symbols = plan.symbolsOf(step);
    const storages = new Map<Tensor, Storage>(
      step.kernel.tensors.map(t => {
        const b = step.buffers[t.name]!;
        const dims = b.dims.map(plan.size);
        const order = b.constant ? dims.map((_, d) => d) : b.layout.order;
        const strides = dims.map(() => 0);
        denseStrides(order.map(d => dims[d]!)).forEach((n, k) => {
          strides[order[k]!] = n;
        });
        const own = b.layout.strides && !b.constant ? b.layout.strides.map(plan.size) : strides;
        const { offsetBytes } = plan.place(b);
        return [
          t,
          { dtype: t.dtype, dims, strides: own, offset: offsetBytes / bytesOf(t.dtype), data: arrays.get(ownerOf(b))! },
        ];
      }),
    );
    runKernel(step.kernel, storages, { symbols });
    for (const t of step.kernel.tensors) {
      if (t.role === "input") continue;
      const owner = ownerOf(step.buffers[t.name]!);
      const data = arrays.get(owner)!;
      write(this.#shared.device, plan.place(owner), new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  }
}
