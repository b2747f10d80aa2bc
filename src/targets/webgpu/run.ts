// One run: dispatches are recorded until something has to be read, and submitted together. What is recorded between two readings happens
// without a pause, so that errors of the device belong to the run that caused them.
import { ownerOf } from "../../graph/memory-plan.js";
import type { Buffer, KernelProgram } from "../../graph/program.js";
import { bytesOf } from "../../ir/dtypes.js";
import {
  bufferBytes,
  type GpuBuffer,
  type GpuCommandEncoder,
  type HostGpuBuffer,
  type HostGpuDevice,
  usage,
  wordBytes,
} from "../../runtime/gpu.js";
import { GpuTensor, isGpuTensor } from "../../runtime/gpu-tensor.js";
import { now, throwIfAborted } from "../../runtime/platform.js";
import type { RunOptions, Transfer } from "../../runtime/target.js";
import type { TensorData } from "../../runtime/tensor.js";
import { arrayOf, bytesOfTensor } from "../../runtime/tensor-bytes.js";
import { AzulejoError } from "../../support/errors.js";
import type { SharedDevice } from "./device.js";
import { HostKernel } from "./host-kernel.js";
import { checkSize, type Place, type Plan, type Resident } from "./plan.js";
import { ReadBack } from "./read-back.js";
import type { GpuProgram, GpuStep, KernelStep } from "./steps.js";
import { Stopwatch } from "./stopwatch.js";

type Inputs = ReadonlyMap<string, TensorData>;
export type Outputs = Map<string, TensorData>;

/** A range to read, and what it is, for the report. */
export interface Wanted {
  readonly place: Place;
  readonly what: string;
}
/** Gives what to read, and gets its bytes. */
type Walk = Generator<readonly Wanted[], void, readonly Uint8Array[]>;

export interface RunParts {
  readonly shared: SharedDevice;
  readonly program: KernelProgram;
  readonly gpu: GpuProgram;
  readonly resident: Resident;
  readonly plan: Plan;
}

export class Run {
  submissions = 0;
  readonly transfers: Transfer[] = [];
  readonly #parts: RunParts;
  readonly #options: RunOptions;
  readonly #stopwatch: Stopwatch | undefined;
  /** buffers from outside, by the buffer whose memory they are */
  readonly #bound = new Map<Buffer, GpuBuffer>();
  /** outputs that stay; until the run is over they are its own */
  readonly #kept = new Map<Buffer, GpuBuffer>();
  /** of those, what is copied at the end, because it shares its memory with something else */
  readonly #copied: Buffer[] = [];
  #encoder: GpuCommandEncoder;
  #pass: ReturnType<GpuCommandEncoder["beginComputePass"]> | undefined;

  constructor(parts: RunParts, options: RunOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#stopwatch = options.onStep && new Stopwatch(parts.shared, options.onStep);
    this.#encoder = parts.shared.device.createCommandEncoder();
  }

  async outputs(inputs: Inputs): Promise<Outputs> {
    try {
      return await this.#outputs(inputs);
    } catch (error) {
      for (const b of this.#kept.values()) b.destroy();
      throw error;
    } finally {
      this.#stopwatch?.destroy();
    }
  }
  async #outputs(inputs: Inputs): Promise<Outputs> {
    const { shared, plan, gpu, program } = this.#parts;
    const walk = this.#steps(gpu.steps);
    const down = program.outputs.filter(b => !this.#staysOnGpu(b));
    let started = false;
    let bytes: readonly Uint8Array[] = [];
    for (;;) {
      this.#throwIfAborted();
      const given = bytes;
      const record = () => {
        if (!started) this.#start(inputs);
        started = true;
        const next = walk.next(given);
        if (!next.done) return { done: false, read: this.#submit(next.value) };
        this.#copyOutputs();
        return {
          done: true,
          read: this.#submit(down.map(b => ({ place: plan.place(b, this.#bound), what: `output "${b.name}"` }))),
        };
      };
      const reading = await shared.checked(plan.numbers, record, refusalOf(inputs));
      bytes = await reading.read();
      if (!reading.done) continue;
      this.#throwIfAborted();
      return this.#results(down, bytes);
    }
  }
  #throwIfAborted(): void {
    throwIfAborted(this.#options.signal, `run of "${this.#parts.program.name}"`);
  }
  #results(down: readonly Buffer[], bytes: readonly Uint8Array[]): Outputs {
    const { program, plan, shared } = this.#parts;
    return new Map(
      program.outputs.map((b): [string, TensorData] => {
        const dims = b.dims.map(plan.size);
        const kept = this.#kept.get(b);
        if (!kept) return [b.name, { dtype: b.dtype, dims, data: arrayOf(b.dtype, bytes[down.indexOf(b)]!) }];
        const device = shared.device as unknown as HostGpuDevice;
        return [b.name, new GpuTensor(b.dtype, { device, buffer: kept as unknown as HostGpuBuffer }, dims)];
      }),
    );
  }
  #staysOnGpu = (b: Buffer): boolean => this.#options.onGpu?.has(b.name) ?? false;

  // ---- what comes in and goes out
  #start(inputs: Inputs): void {
    this.#encoder.clearBuffer(this.#parts.resident.failure);
    for (const b of this.#parts.program.inputs) this.#input(b, inputs.get(b.name)!);
    for (const b of this.#parts.program.outputs) if (this.#staysOnGpu(b)) this.#output(b);
  }
  #input(b: Buffer, tensor: TensorData): void {
    const { plan, shared, gpu } = this.#parts;
    if (!isGpuTensor(tensor)) {
      this.#upload(plan.place(b), bytesOfTensor(tensor), `input "${b.name}"`);
      return;
    }
    if ((tensor.gpuDevice as unknown) !== shared.device)
      throw new AzulejoError(
        "input",
        `Input "${b.name}" lies on another GPU device than the model, or on one that was lost; download() it, or load the model with { gpuDevice }`,
      );
    const buffer = tensor.gpuBuffer as unknown as GpuBuffer;
    const root = plan.rootOf(b);
    if (isBindable(buffer, shared.device.limits) && root === b && !gpu.written.has(root)) {
      this.#bound.set(root, buffer);
      return;
    }
    if ((buffer.usage & usage.copySource) === 0)
      throw new AzulejoError(
        "input",
        `The buffer of input "${b.name}" can neither be bound nor copied from; create it with usage STORAGE or COPY_SRC`,
      );
    const place = plan.place(b);
    if (place.bytes > 0)
      this.#encoder.copyBufferToBuffer(buffer, 0, place.buffer, place.offsetBytes, wordBytes(place.bytes));
  }
  #output(b: Buffer): void {
    const { plan, shared, gpu, resident } = this.#parts;
    const bytes = b.dims.map(plan.size).reduce((p, n) => p * n, bytesOf(b.dtype));
    checkSize(shared.device.limits, bytes, b.name);
    const size = bufferBytes(bytes);
    const buffer = shared.device.createBuffer({ size, usage: usage.storage | usage.copySource | usage.copyTarget });
    this.#kept.set(b, buffer);
    const root = plan.rootOf(b);
    const own = !b.window && gpu.written.has(root) && !resident.constants.has(root) && !this.#bound.has(root);
    const isInput = this.#parts.program.inputs.some(i => plan.rootOf(i) === root);
    if (own && !isInput) this.#bound.set(root, buffer);
    else this.#copied.push(b);
  }
  #copyOutputs(): void {
    const { plan } = this.#parts;
    this.#endPass();
    for (const b of this.#copied) {
      const place = plan.place(b, this.#bound);
      if (place.offsetBytes % 4 !== 0)
        throw new AzulejoError(
          "target",
          `output "${b.name}" begins within a word of another value's memory and can't stay on the GPU; leave it out of outputLocation`,
        );
      if (place.bytes > 0)
        this.#encoder.copyBufferToBuffer(
          place.buffer,
          place.offsetBytes,
          this.#kept.get(b)!,
          0,
          wordBytes(place.bytes),
        );
    }
  }
  #upload(place: Place, bytes: Uint8Array, what: string): void {
    this.transfers.push({ direction: "up", what, bytes: bytes.byteLength });
    if (bytes.byteLength === 0) return;
    let whole = bytes;
    if (bytes.byteLength % 4 !== 0) {
      whole = new Uint8Array(wordBytes(bytes.byteLength));
      whole.set(bytes);
    }
    this.#parts.shared.device.queue.writeBuffer(place.buffer, place.offsetBytes, whole);
  }

  // ---- steps
  *#steps(steps: readonly GpuStep[]): Walk {
    const apart = this.#stopwatch?.isByClock ?? false;
    if (apart) yield [];
    yield* this.#walk(steps);
    if (apart) yield [];
  }
  *#walk(steps: readonly GpuStep[]): Walk {
    for (const s of steps) {
      if (s.kind === "kernel") yield* this.#kernel(s.step);
      else if (s.kind === "host") yield* this.#onHost(s.step);
      else if (s.kind === "if") yield* this.#walk((yield* this.#condition(s.condition)) ? s.then : s.else);
      else while (yield* this.#condition(s.condition)) yield* this.#walk(s.body);
    }
  }
  *#kernel(step: KernelStep): Walk {
    for (const { pipeline, group, x, y, copies } of this.#parts.plan.calls.get(step) ?? []) {
      if (this.#stopwatch?.isFull) yield [];
      if (copies.length > 0) this.#endPass();
      for (const c of copies) {
        const source = this.#parts.plan.memory(c.source, this.#bound);
        this.#encoder.copyBufferToBuffer(source, c.fromBytes, c.target, c.toBytes, c.bytes);
      }
      const timed = this.#stopwatch?.begin(step.kernel.name, step.nodes);
      if (timed) this.#endPass();
      this.#pass ??= this.#encoder.beginComputePass(timed?.pass);
      this.#pass.setPipeline(pipeline);
      this.#pass.setBindGroup(0, group(this.#bound));
      this.#pass.dispatchWorkgroups(x, y);
    }
  }
  #endPass(): void {
    this.#pass?.end();
    this.#pass = undefined;
  }
  *#condition(b: Buffer): Generator<readonly Wanted[], boolean, readonly Uint8Array[]> {
    const place = this.#parts.plan.place(b, this.#bound);
    const [byte] = yield [{ place, what: `condition "${b.name}"` }];
    return byte![0] !== 0;
  }
  /** A kernel that the GPU can't compute. */
  *#onHost(step: KernelStep): Walk {
    const { plan } = this.#parts;
    const what = `kernel "${step.kernel.name}" on the host`;
    const owners = [...new Set(Object.values(step.buffers).map(b => ownerOf(b)))];
    const parts = yield owners.map(b => ({ place: plan.place(b, this.#bound), what }));
    const start = now();
    const kernel = new HostKernel(step, plan, new Map(owners.map((b, i) => [b, parts[i]!])));
    kernel.run();
    for (const [owner, bytes] of kernel.written) this.#upload(plan.place(owner, this.#bound), bytes, what);
    this.#stopwatch?.onHost(step.kernel.name, step.nodes, start);
  }

  // ---- reading
  /** Submits what was recorded, with copies of these ranges; what it gives waits for their bytes. */
  #submit(wanted: readonly Wanted[]): () => Promise<readonly Uint8Array[]> {
    const { shared, resident, gpu } = this.#parts;
    const { device } = shared;
    this.#endPass();
    for (const { place, what } of wanted) this.transfers.push({ direction: "down", what, bytes: place.bytes });
    const places = wanted.map(w => w.place);
    this.submissions++;
    const encoder = this.#encoder;
    this.#encoder = device.createCommandEncoder();
    const timed = this.#stopwatch?.resolve(encoder);
    // nothing to read and nothing that can fail: the run need not wait
    if (places.every(p => p.bytes === 0) && !timed && !gpu.fails) {
      device.queue.submit([encoder.finish()]);
      return async () => places.map(() => new Uint8Array());
    }
    const failure = { buffer: resident.failure, offsetBytes: 0, bytes: 4 };
    const back = new ReadBack(device, encoder, [failure, ...places]);
    device.queue.submit([encoder.finish()]);
    const mapped = Promise.all([back.bytes(), timed?.read()]);
    mapped.catch(() => undefined);
    return async () => {
      const [[failed, ...bytes]] = await mapped.catch((cause: unknown) => {
        shared.requireDevice();
        throw cause;
      });
      if (failed![0] !== 0) throw this.#outside();
      return bytes;
    };
  }
  #outside(): AzulejoError {
    return new AzulejoError(
      "bounds",
      `A kernel of "${this.#parts.program.name}" met an index outside its tensor; check the indices among the inputs, or take { target: "interpreter" }, which names tensor and index, and the line of a kernel of yours`,
    );
  }
}

/** Buffers of the user's may be destroyed, mapped or another device's: nothing tells but the device's refusal. */
function refusalOf(inputs: Inputs): ((why: string) => AzulejoError) | undefined {
  const names = [...inputs].flatMap(([name, t]) => (isGpuTensor(t) ? [`"${name}"`] : []));
  if (names.length === 0) return undefined;
  return why =>
    new AzulejoError(
      "input",
      `WebGPU refused a run with the buffers of ${names.join(", ")} (${why.split("\n")[0]}); give buffers of the model's device that are neither mapped nor destroyed`,
    );
}

/** As a whole, as buffers of the plan are. */
const isBindable = ({ usage: own, size }: GpuBuffer, limits: Readonly<Record<string, number>>): boolean =>
  (own & usage.storage) !== 0 &&
  size % 4 === 0 &&
  size >= bufferBytes(1) &&
  size <= (limits.maxStorageBufferBindingSize ?? 2 ** 27);
