// What the commands need from the library and from the terminal, so that tests can hand in their own. Types only.
import type { Diagnosis, ExplainOptions, HostReport, Stage } from "../index.js";
import type { checkKernel, CheckModelOptions, ModelCheck } from "../testing/index.js";
import type { tuneKernels, tuneModel } from "../tune/index.js";
import type { LoadOptions, Model, ModelSource } from "../runtime/api.js";

export const stages: readonly Stage[] = ["graph", "kernels", "loops", "code"];

export interface Library {
  load(source: ModelSource, options: LoadOptions): Promise<Model>;
  explain(source: ModelSource, options: ExplainOptions): Promise<string>;
  explainHtml(source: ModelSource, options: LoadOptions): Promise<string>;
  doctor(): Promise<HostReport>;
  diagnose(source: ModelSource, options: LoadOptions): Promise<Diagnosis>;
  checkModel(
    source: ModelSource,
    inputs: Readonly<Record<string, import("../runtime/tensor.js").TensorData>>,
    options: CheckModelOptions,
  ): Promise<ModelCheck>;
  readonly checkKernel: typeof checkKernel;
  readonly tuneKernels: typeof tuneKernels;
  readonly tuneModel: typeof tuneModel;
  /** The tensor of a serialized ONNX TensorProto; `name` is the file's, for errors. */
  decodeTensor(bytes: Uint8Array, name: string): Promise<import("../runtime/tensor.js").TensorData>;
}

export interface Terminal {
  /** results: standard output */
  out(text: string): void;
  /** everything else: standard error */
  err(text: string): void;
  /** progress bars are drawn only for people */
  readonly interactive: boolean;
  /** fires on Ctrl-C */
  readonly signal: AbortSignal;
}
