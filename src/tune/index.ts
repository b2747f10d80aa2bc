// `azulejo tune` as functions: kernels in, the best schedules that measuring finds into a knowledge base. Node only; nothing that runs models imports this.
import { countOperations } from "../ir/count-operations.js";
import type { Kernel } from "../ir/tile.js";
import { sizesOf } from "../load/measure/contest.js";
import type { ModelSource } from "../runtime/api.js";
import type { TensorData } from "../runtime/tensor.js";
import type { TuneOptions, TuneReport } from "./report.js";
import { type NamedSubject, subjectOfKernel, subjectsOfModel } from "./subjects.js";
import { rooflineOf } from "./tune-step.js";
import { Tuner } from "./tuner.js";

export type { CpuTarget, Rates } from "../load/measure/roofs.js";
export type { TunedKernel, TuneOptions, TuneProgress, TuneReport } from "./report.js";

/** Tunes a kernel for each of these sets of sizes. `tensors`: content of inputs that must fit each other, by name. */
export async function tuneKernel(
  kernel: Kernel | { readonly ir: Kernel },
  dims: readonly Readonly<Record<string, number>>[],
  options: TuneOptions = {},
  tensors: Readonly<Record<string, TensorData>> = {},
): Promise<TuneReport> {
  return tuneKernels([{ kernel, dims, tensors }], options);
}

/** A kernel, the sets of sizes to tune it for, and content of inputs that must fit each other, by name. */
export interface KernelToTune {
  readonly kernel: Kernel | { readonly ir: Kernel };
  readonly dims: readonly Readonly<Record<string, number>>[];
  readonly tensors?: Readonly<Record<string, TensorData>> | undefined;
}

/** Tunes several kernels, within one budget. */
export async function tuneKernels(kernels: readonly KernelToTune[], options: TuneOptions = {}): Promise<TuneReport> {
  const list = kernels.flatMap(({ kernel, dims, tensors }) => {
    const ir = "ir" in kernel ? kernel.ir : kernel;
    return dims.map(d => ({ ...subjectOfKernel(ir, d, tensors), dims: d }));
  });
  return new Tuner(options).tune(list, 0, 0);
}

/** What less of a model's predicted time is left alone. */
const SMALL_SHARE = 0.004;

/** Tunes the distinct kernels of a model, those that take most time first. Dims that the file leaves open are to be fixed with `dims`. */
export async function tuneModel(source: ModelSource, options: TuneOptions = {}): Promise<TuneReport> {
  const { dims, operators, readExternal, signal } = options;
  const { list, open, close } = await subjectsOfModel(source, {
    ...(dims ? { dims } : {}),
    ...(operators ? { operators } : {}),
    ...(readExternal ? { readExternal } : {}),
    ...(signal ? { signal } : {}),
  });
  try {
    const weights = list.map(weightOf);
    const total = weights.reduce((a, b) => a + b, 0);
    const order = list
      .map((subject, i) => ({ subject, weight: weights[i]! }))
      .filter(({ weight }) => weight >= SMALL_SHARE * total)
      .sort((a, b) => b.weight - a.weight);
    const chosen = order.map(({ subject }) => ({ ...subject, dims: writtenDims(subject) }));
    return await new Tuner(options).tune(chosen, open, list.length - chosen.length);
  } finally {
    await close();
  }
}

/** arithmetic of all its runs, bytes counted as the machine's roofs trade them */
function weightOf(subject: NamedSubject): number {
  const perByte = 4;
  const size = sizesOf(subject);
  const flops = countOperations(subject.step.kernel).evaluate(s => size(s)!);
  return subject.count * (flops + perByte * 1e6 * rooflineOf(subject, { peak: Number.POSITIVE_INFINITY, copy: 1 }));
}
function writtenDims({ step, values }: NamedSubject): Record<string, number> {
  const first = step.kernel.tensors.find(t => t.role !== "input");
  const dims = first ? step.buffers[first.name]!.dims : [];
  return Object.fromEntries(dims.map((d, i) => [`d${i}`, d.evaluate(s => values.get(s)!)]));
}
