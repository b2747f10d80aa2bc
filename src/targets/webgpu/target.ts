// WebGPU as a target: programs become WGSL shaders over storage buffers. In browsers, and in Node with the package webgpu.
import { ownerOf } from "../../graph/memory-plan.js";
import type { Buffer, KernelProgram, Step } from "../../graph/program.js";
import { kernelsOf } from "../../graph/program.js";
import { canonical } from "../../ir/canonical.js";
import type { Dispatch } from "../../lower/gpu/lowered.js";
import type { GpuDevice, HostGpuBuffer, HostGpuDevice } from "../../runtime/gpu.js";
import { bufferBytes, usage, wordBytes } from "../../runtime/gpu.js";
import { GpuTensor } from "../../runtime/gpu-tensor.js";
import { now, throwIfAborted } from "../../runtime/platform.js";
import { namingIntrinsics } from "../../runtime/refused-code.js";
import type { CompileOptions, Target } from "../../runtime/target.js";
import type { TensorData } from "../../runtime/tensor.js";
import { bytesOfTensor } from "../../runtime/tensor-bytes.js";
import type { GpuChoice } from "../../schedule/choices.js";
import type { Tuning } from "../../schedule/knowledge.js";
import type { Pipeline, SharedDevice } from "./device.js";
import { mib, sharedDevice } from "./device.js";
import type { OnDevice } from "./executable.js";
import { GpuExecutable } from "./executable.js";
import { pinnedChoice } from "./pins.js";
import type { Choice, KernelStep } from "./steps.js";
import { dispatchesOf, gpuProgram } from "./steps.js";

export { gpuState, integerProducts, openGpu } from "./device.js";

export interface WebGpuOptions {
  /** what becomes of kernels that WGSL has no means for; absent: "error" */
  readonly onUnsupported?: "error" | "host" | undefined;
  /** do workgroups share tiles of contractions? absent: not on adapters of software, which take seconds to compile one and gain nothing */
  readonly tiles?: boolean;
  /** do invocations join what they reduced by operations of subgroups? absent: where the device has them */
  readonly subgroups?: boolean;
  /** are products of four bytes one operation? absent: where WGSL has it */
  readonly packedDots?: boolean;
  /** storage buffers that a shader may bind; absent: as many as the device says */
  readonly storageBuffers?: number;
  /** by name of kernel: how workgroups share it; tuning does not count then */
  readonly choices?: ReadonlyMap<string, GpuChoice> | undefined;
  /** a GPUDevice of the user's; absent: the one that models share */
  readonly device?: object | undefined;
}

export const webgpuTarget = (options: WebGpuOptions = {}): Target => ({
  name: "webgpu",
  async compile(program, compileOptions) {
    const { signal: _, onProgress: __, ...later } = compileOptions;
    const on = await load(program, options, compileOptions);
    return new GpuExecutable(program, on, () => load(program, options, later));
  },
  async place(tensor) {
    return upload(await sharedDevice(options.device as GpuDevice | undefined), tensor);
  },
});

async function load(
  program: KernelProgram,
  { onUnsupported = "error", tiles, subgroups, packedDots, storageBuffers, choices, device: own }: WebGpuOptions,
  { onProgress, signal, tuning, schedules = {} }: CompileOptions,
): Promise<OnDevice> {
  const shared = await sharedDevice(own as GpuDevice | undefined);
  const { limits } = shared;
  const tuned = tunedChoices(shared, tuning);
  const start = now();
  const gpu = gpuProgram(program, {
    limits: {
      ...limits,
      storageBuffers: storageBuffers ?? limits.storageBuffers,
      tiles: tiles ?? limits.tiles,
      subgroups: subgroups ?? limits.subgroups,
      packedDots: packedDots ?? limits.packedDots,
    },
    onUnsupported,
    choiceOf: step => (choices ? givenChoice(step, choices) : (pinnedChoice(step, schedules) ?? tuned(step))),
  });
  const lowered = now();
  const pipelines = await compile(shared, dispatchesOf(gpu.steps), fraction =>
    onProgress?.({ phase: "compile", fraction }),
  ).catch(error => {
    throw namingIntrinsics(error, kernelsOf(program), "wgsl");
  });
  throwIfAborted(signal, `loading "${program.name}"`);
  const compiled = now();
  const failure = await shared.checked(
    () => "a word is wanted",
    () => shared.device.createBuffer({ size: 4, usage: usage.storage | usage.copySource | usage.copyTarget }),
  );
  const { buffers, bytes } = await shared.weights
    .take(constantsOf(program), fraction => {
      onProgress?.({ phase: "weights", fraction });
      throwIfAborted(signal, `loading "${program.name}"`);
    })
    .catch(error => {
      failure.destroy();
      throw error;
    });
  return {
    shared,
    gpu,
    resident: { constants: buffers, constantBytes: bytes, failure, pipelines },
    timesMs: { lower: lowered - start, engine: compiled - lowered, weights: now() - compiled },
  };
}

function givenChoice({ kernel }: KernelStep, choices: ReadonlyMap<string, GpuChoice>): Choice | undefined {
  const choice = choices.get(kernel.name);
  return choice && { choice };
}

/** What tuning found for kernels whose sizes are known, on this adapter or one like it. */
function tunedChoices(shared: SharedDevice, tuning: Tuning | undefined): (step: KernelStep) => Choice | undefined {
  const here = tuning?.on(shared.name);
  if (!here) return () => undefined;
  return ({ kernel, symbols }) => {
    const own = canonical(kernel);
    const sizes = own.symbols.map(s => (symbols.get(s)?.isConst ? symbols.get(s)!.constant : undefined));
    const choice = here.choices(kernel, own, sizes, shared.featuresText)?.gpu;
    return choice && { choice, tuned: true };
  };
}

/** All at once: the driver compiles on threads of its own. */
async function compile(
  shared: SharedDevice,
  dispatches: readonly Dispatch[],
  onProgress: (fraction: number) => void,
): Promise<ReadonlyMap<Dispatch, Pipeline>> {
  let done = 0;
  const made = dispatches.map(async (d): Promise<[Dispatch, Pipeline]> => {
    const pipeline = await shared.pipeline(d);
    onProgress(++done / dispatches.length);
    return [d, pipeline];
  });
  return new Map(await Promise.all(made));
}

/** A tensor of the host's in a buffer of its own. */
async function upload(shared: SharedDevice, tensor: TensorData): Promise<GpuTensor> {
  const { device } = shared;
  const bytes = bytesOfTensor(tensor);
  const whole = new Uint8Array(wordBytes(bytes.byteLength));
  whole.set(bytes);
  const buffer = await shared.checked(
    () => `a tensor takes ${mib(bytes.byteLength)}`,
    () => {
      const made = device.createBuffer({
        size: bufferBytes(bytes.byteLength),
        usage: usage.storage | usage.copySource | usage.copyTarget,
      });
      device.queue.writeBuffer(made, 0, whole);
      return made;
    },
  );
  const memory = { device: device as unknown as HostGpuDevice, buffer: buffer as unknown as HostGpuBuffer };
  return new GpuTensor(tensor.dtype, memory, tensor.dims);
}

function constantsOf(program: KernelProgram): readonly Buffer[] {
  const all = new Set<Buffer>();
  const add = (b: Buffer): void => {
    if (ownerOf(b).constant) all.add(ownerOf(b));
  };
  const walk = (steps: readonly Step[]): void => {
    for (const s of steps)
      if (s.kind === "kernel") Object.values(s.buffers).forEach(add);
      else {
        add(s.condition);
        walk(s.kind === "loop" ? s.body : [...s.then, ...s.else]);
      }
  };
  program.outputs.forEach(add);
  walk(program.steps);
  return [...all];
}
