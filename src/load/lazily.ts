// What needs the compiler, loaded when it is called: importing the library costs what running a kept model needs.
import type { LoadOptions, ModelSource } from "../runtime/api.js";

/**
 * Compiles a kernel. The result runs like a model: inputs and outputs are the kernel's tensors; one that is read and written is both.
 * @throws AzulejoError "kernel" where tensors are not dense or a size is unknown, "input" where a constant is missing or of another type
 */
export const compileKernel: typeof import("./compile-kernel.js").compileKernel = async (source, options) =>
  (await import("./compile-kernel.js")).compileKernel(source, options);

/** What this host has to run models on, as data. Nothing is compiled and nothing changes. */
export const doctor: typeof import("./doctor.js").doctor = async () => (await import("./doctor.js")).doctor();

/**
 * The GPUDevice that models with target "webgpu" share unless load() was given another, and its adapter: for buffers that models are to read,
 * and for programs with shaders of their own. After a loss it gives a new one. With an adapter of yours it opens a device for { gpuDevice }.
 * With { subgroupMatrices: true } too: its contractions multiply matrices of subgroups where they fit. That is an experiment of Chromium's, which no
 * GPU at hand could run.
 * @throws AzulejoError target: there is no WebGPU, no adapter, none with matrices, or one that gives no device; option
 */
export const openGpu: typeof import("../targets/webgpu/target.js").openGpu = async options =>
  (await import("../targets/webgpu/target.js")).openGpu(options);

/**
 * Whether a model would run, where, and at what cost: operators, dims, memory, numbers that may not fit. Nothing is compiled or run.
 * @throws AzulejoError where the file can't be read, or an option is wrong; what its operators lack is in the result
 */
export const diagnose: typeof import("./diagnose/diagnose.js").diagnose = async (source, options) =>
  (await import("./diagnose/diagnose.js")).diagnose(source, options);

/**
 * What the compiler makes of a model, one stage at a time, as text. Nothing runs.
 * @throws AzulejoError as load() does; "option" where a stage needs dims that the model leaves open
 */
export const explain: typeof import("./explain.js").explain = async (source, options) =>
  (await import("./explain.js")).explain(source, options);

/**
 * All stages of a model as one self-contained HTML page: the graph after each pass with what changed, what was fused and why, each kernel's
 * tile IR, schedule, loops and code, the memory plan. Nothing runs.
 * @throws AzulejoError as load() does
 */
export async function explainHtml(source: ModelSource, options: LoadOptions = {}): Promise<string> {
  const [{ traceModel }, { tracePage }] = await Promise.all([import("./trace-model.js"), import("../trace/page.js")]);
  return tracePage(await traceModel(source, options));
}
