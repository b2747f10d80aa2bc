// A loaded model as users see it: inputs checked before anything runs, outputs wrapped, compiled again only where dims force it.
import { arrayTypes } from "../ir/arrays.js";
import type { Dtype } from "../ir/dtypes.js";
import { bitsOf, integerRange, isFloat } from "../ir/dtypes.js";
import { AzulejoError } from "../support/errors.js";
import { type Check, checkNamed, isSignal } from "../support/named-options.js";
import { type Model, type Report, type RunModelOptions, Tensor, type TensorInfo, TextTensor } from "./api.js";
import { type GpuTensor, isGpuTensor } from "./gpu-tensor.js";
import { type AnyTensor, type HostValue, isSequence, isTensor, isText, type TextData } from "./host-value.js";
import { type Profile, profile } from "./profile.js";
import type { RunOptions } from "./target.js";
import type { TensorData } from "./tensor.js";

export interface SessionParts {
  readonly name: string;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** what the file lists among the inputs and fixes by a value of its own */
  readonly fixedInputs?: readonly string[] | undefined;
  readonly run: (
    inputs: ReadonlyMap<string, TensorData>,
    options: RunOptions,
  ) => Promise<ReadonlyMap<string, HostValue>>;
  readonly report: () => Report;
  readonly dispose: () => void;
}

export class Session implements Model {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly #parts: SessionParts;
  #disposed = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.inputs = parts.inputs;
    this.outputs = parts.outputs;
  }
  async run<Outputs>(inputs: Readonly<Record<string, HostValue>>, options?: RunModelOptions): Promise<Outputs> {
    return this.#run(inputs, options);
  }
  async profile<Outputs>(
    inputs: Readonly<Record<string, HostValue>>,
    given: RunModelOptions & { readonly passes?: number } = {},
  ): Promise<Profile<Outputs>> {
    checkRunOptions(given, [...runOptionNames, "passes"]);
    const { passes = 1, ...options } = given;
    return profile(onStep => this.#run<Outputs>(inputs, options, onStep), passes);
  }
  async #run<Outputs>(
    inputs: Readonly<Record<string, HostValue>>,
    options: RunModelOptions = {},
    onStep?: RunOptions["onStep"],
  ): Promise<Outputs> {
    this.#checkUsable();
    const given = this.#checked(inputs);
    checkRunOptions(options);
    const { signal, seed, outputLocation } = options;
    if (seed !== undefined && !Number.isSafeInteger(seed))
      throw new AzulejoError("option", `seed: ${String(seed)} is no whole number; leave it out to draw anew`);
    const onGpu = this.#onGpu(outputLocation);
    const outputs = await this.#parts.run(given, { signal, seed, onGpu, onStep });
    return Object.fromEntries([...outputs].map(([name, v]) => [name, wrapped(v)])) as Outputs;
  }
  #onGpu(where: RunModelOptions["outputLocation"]): ReadonlySet<string> | undefined {
    if (where === undefined) return undefined;
    const names = this.outputs.map(o => o.name);
    const entries = typeof where === "string" ? names.map(n => [n, where] as const) : Object.entries(where);
    for (const [name, place] of entries) {
      if (!names.includes(name))
        throw new AzulejoError(
          "option",
          `outputLocation names "${name}", which is no output; the outputs are ${names.map(n => `"${n}"`).join(", ")}`,
        );
      if (place !== "cpu" && place !== "gpu-buffer")
        throw new AzulejoError("option", `outputLocation is "${String(place)}"; use "cpu" or "gpu-buffer"`);
    }
    const onGpu = new Set(entries.flatMap(([name, place]) => (place === "gpu-buffer" ? [name] : [])));
    if (onGpu.size === 0) return undefined;
    const { target } = this.#parts.report();
    if (target !== "webgpu")
      throw new AzulejoError(
        "option",
        `outputLocation: "gpu-buffer" needs a model on the GPU, and this one runs on ${target}; load it with { target: "webgpu" }`,
      );
    return onGpu;
  }
  report(): Report {
    return this.#parts.report();
  }
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#parts.dispose();
  }
  #checkUsable(): void {
    if (this.#disposed) throw new AzulejoError("disposed", `Model "${this.#parts.name}" was disposed; load it again`);
  }
  #noInput(name: string, known: readonly string[]): AzulejoError {
    if (this.#parts.fixedInputs?.includes(name))
      return new AzulejoError(
        "input",
        `Input "${name}" has a value in the file, its initializer, and what is compiled relies on it; leave the input out, or take the initializer out of the file to give it in each run`,
      );
    const taken = known.length ? known.map(n => `"${n}"`).join(", ") : "none";
    return new AzulejoError("input", `There is no input "${name}"; the model takes ${taken}`);
  }
  #checked(inputs: Readonly<Record<string, HostValue>>): Map<string, TensorData> {
    if (Object(inputs) !== inputs)
      throw new AzulejoError(
        "input",
        `run() got ${String(inputs)}; give its inputs by name: { ${example(this.inputs)} }`,
      );
    const known = this.inputs.map(i => i.name);
    for (const name of Object.keys(inputs)) if (!known.includes(name)) throw this.#noInput(name, known);
    return new Map(
      this.inputs.map(info => {
        const value = inputs[info.name];
        checkValue(info, value, `Input "${info.name}"`);
        // what runs takes any value where its graph does
        return [info.name, value as TensorData];
      }),
    );
  }
}

const runOptions: Readonly<Record<keyof RunModelOptions, Check>> = {
  signal: isSignal,
  seed: () => undefined,
  outputLocation: value => (value === null ? '"cpu", "gpu-buffer" or one of both by name' : undefined),
};
const runOptionNames = Object.keys(runOptions);
/** @throws AzulejoError option */
const checkRunOptions = (options: RunModelOptions, names = runOptionNames): void =>
  checkNamed(options, names, name => runOptions[name as keyof RunModelOptions] ?? (() => undefined));

const example = (infos: readonly TensorInfo[]): string =>
  infos.map(i => `${JSON.stringify(i.name)}: { dtype: "${i.dtype}", dims, data }`).join(", ");

/** `a Float32Array`, `an Array`, `a number` */
function nameOf(value: unknown): string {
  const name = Object(value) === value ? ((value as object).constructor?.name ?? "object") : typeof value;
  return `${/^[aeiou]/i.test(name) && !name.startsWith("U") ? "an" : "a"} ${name}`;
}

const describe = (i: TensorInfo): string => `${i.dtype} [${i.dims?.join(", ") ?? "any rank"}]`;

/** Tensors as objects of their class. */
function wrapped(v: HostValue): HostValue {
  if (isSequence(v)) return v.map(wrapped);
  if (!isTensor(v) || isGpuTensor(v)) return v;
  return isText(v) ? new TextTensor(v.data, v.dims) : new Tensor(v.dtype, v.data, v.dims);
}

function checkValue(info: TensorInfo, value: HostValue, where: string): void {
  if (info.container === "optional" && value === undefined) return;
  const { container, ...element } = info;
  if (value === undefined)
    throw new AzulejoError(
      "input",
      `${where} is missing; give ${container === "sequence" ? "an array of tensors" : "a tensor"} of ${describe(info)}`,
    );
  if (container === "optional" && isSequence(value)) {
    for (const [i, x] of value.entries()) checkValue(element, x, `${where}, element ${i},`);
  } else if (container === "sequence") {
    if (!isSequence(value))
      throw new AzulejoError("input", `${where} is no array; give an array of tensors of ${describe(info)}`);
    for (const [i, x] of value.entries()) checkValue(element, x, `${where}, element ${i},`);
  } else if (container !== "map") {
    if (isGpuTensor(value)) checkGpuTensor(info, value, where);
    else if (!isTensor(value) || !Array.isArray(value.dims) || value.data === undefined)
      throw noTensor(info, value, where);
    else checkTensor(info, value, where);
  }
}

function noTensor(info: TensorInfo, value: HostValue, where: string): AzulejoError {
  const wanted = `{ dtype: "${info.dtype}", dims: [${info.dims?.join(", ") ?? "…"}], data }`;
  return new AzulejoError("input", `${where} is ${nameOf(value)}${lackOf(value)} and no tensor; give ${wanted}`);
}
/** What keeps an object from being a tensor that has something of one. */
function lackOf(value: unknown): string {
  const given = Object(value) as Record<string, unknown>;
  if (given.dims === undefined && given.data === undefined) return "";
  const missing = ["dtype", "dims", "data"].find(name => given[name] === undefined);
  return missing ? ` without ${missing}` : `, whose dims are ${nameOf(given.dims)},`;
}

function checkTensor(info: TensorInfo, tensor: AnyTensor, where: string): void {
  checkDtype(info, tensor, where);
  if (isText(tensor)) checkText(tensor, where);
  else checkArray(info, tensor, where);
  checkDims(info, tensor, where);
  checkCount(tensor, where);
}

/** Its buffer was measured when it was made. @throws AzulejoError input; disposed */
function checkGpuTensor(info: TensorInfo, tensor: GpuTensor, where: string): void {
  checkDtype(info, tensor, where);
  checkDims(info, tensor, where);
  void tensor.gpuBuffer;
}

function checkDtype(info: TensorInfo, tensor: AnyTensor, where: string): void {
  if (tensor.dtype !== info.dtype)
    throw new AzulejoError("input", `${where} is ${tensor.dtype}, and the model takes ${describe(info)}; convert it`);
}

function checkArray(info: TensorInfo, tensor: TensorData, where: string): void {
  const wanted = arrayTypes[info.dtype as Dtype];
  if (!(tensor.data instanceof (wanted as unknown as new () => object)))
    throw new AzulejoError("input", `${where} holds ${nameOf(tensor.data)}; ${info.dtype} travels as ${wanted.name}`);
  if (bitsOf(tensor.dtype) < 8) checkRange(where, tensor.dtype, tensor.data as Uint8Array);
}

function checkText({ data }: TextData, where: string): void {
  if (!Array.isArray(data))
    throw new AzulejoError("input", `${where} holds no array; string travels as an array of strings`);
  const at = data.findIndex(x => typeof x !== "string");
  if (at >= 0) throw new AzulejoError("input", `${where} holds ${nameOf(data[at])} at element ${at}; make it a string`);
}

function checkDims(info: TensorInfo, tensor: AnyTensor, where: string): void {
  if (!tensor.dims.every(d => Number.isSafeInteger(d) && d >= 0))
    throw new AzulejoError("input", `${where} has dims [${tensor.dims.join(", ")}]; use whole numbers from 0`);
  if (info.dims && info.dims.length !== tensor.dims.length)
    throw new AzulejoError(
      "input",
      `${where} has dims [${tensor.dims.join(", ")}], and the model takes [${info.dims.join(", ")}]; give ${info.dims.length} dims`,
    );
}

function checkCount(tensor: AnyTensor, where: string): void {
  const count = tensor.dims.reduce((a, b) => a * b, 1);
  if (count !== tensor.data.length)
    throw new AzulejoError(
      "input",
      `${where} has ${tensor.data.length} elements, and dims [${tensor.dims.join(", ")}] make ${count}; fix dims or data`,
    );
}

/** A byte can hold what an element of fewer bits can't. */
function checkRange(where: string, dtype: Dtype, data: Uint8Array): void {
  const [low, high] = isFloat(dtype) ? [0, 2 ** bitsOf(dtype) - 1] : integerRange(dtype).map(Number);
  const at = data.findIndex(x => x < low! || x > high!);
  if (at >= 0)
    throw new AzulejoError(
      "input",
      `${where} has ${data[at]} at element ${at}, and ${dtype} holds ${low} to ${high}, one element an entry; unpack or clamp it`,
    );
}
