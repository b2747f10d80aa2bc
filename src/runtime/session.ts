// A loaded model as users see it: inputs checked before anything runs, outputs wrapped, compiled again only where dims force it.
import type { Dtype } from "../ir/dtypes.js";
import { AzulejoError } from "../support/errors.js";
import { type Model, type Report, Tensor, type TensorInfo } from "./api.js";
import type { Executable } from "./target.js";
import type { TensorData } from "./tensor.js";
import { arrayTypes } from "./tensor-bytes.js";

export interface SessionParts {
  readonly name: string;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** for models whose ranks depend on dims: one executable per set of input dims */
  readonly executableFor: (
    inputs: ReadonlyMap<string, TensorData>,
    signal: AbortSignal | undefined,
  ) => Executable | Promise<Executable>;
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
  async run(
    inputs: Readonly<Record<string, TensorData>>,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Record<string, Tensor>> {
    this.#checkUsable();
    const checked = this.#checked(inputs);
    const executable = await this.#parts.executableFor(checked, options.signal);
    const outputs = await executable.run(checked, options);
    return Object.fromEntries([...outputs].map(([name, t]) => [name, new Tensor(t.dtype, t.data, t.dims)]));
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
  #checked(inputs: Readonly<Record<string, TensorData>>): Map<string, TensorData> {
    const known = this.inputs.map(i => i.name);
    for (const name of Object.keys(inputs))
      if (!known.includes(name))
        throw new AzulejoError(
          "input",
          `There is no input "${name}"; the model takes ${known.map(n => `"${n}"`).join(", ")}`,
        );
    return new Map(
      this.inputs.map(info => {
        const tensor = inputs[info.name];
        if (!tensor)
          throw new AzulejoError("input", `Input "${info.name}" is missing; give a tensor of ${describe(info)}`);
        checkTensor(info, tensor);
        return [info.name, tensor];
      }),
    );
  }
}

const describe = (i: TensorInfo): string => `${i.dtype} [${i.dims?.join(", ") ?? "any rank"}]`;

function checkTensor(info: TensorInfo, tensor: TensorData): void {
  const where = `Input "${info.name}"`;
  if (tensor.dtype !== info.dtype)
    throw new AzulejoError("input", `${where} is ${tensor.dtype}, and the model takes ${describe(info)}; convert it`);
  const wanted = arrayTypes[info.dtype as Dtype];
  if (!(tensor.data instanceof (wanted as unknown as new () => object)))
    throw new AzulejoError(
      "input",
      `${where} holds a ${tensor.data?.constructor?.name ?? typeof tensor.data}; ${info.dtype} travels as ${wanted.name}`,
    );
  if (!tensor.dims.every(d => Number.isSafeInteger(d) && d >= 0))
    throw new AzulejoError("input", `${where} has dims [${tensor.dims.join(", ")}]; use whole numbers from 0`);
  if (info.dims && info.dims.length !== tensor.dims.length)
    throw new AzulejoError(
      "input",
      `${where} has dims [${tensor.dims.join(", ")}], and the model takes [${info.dims.join(", ")}]; give ${info.dims.length} dims`,
    );
  const count = tensor.dims.reduce((a, b) => a * b, 1);
  if (count !== tensor.data.length)
    throw new AzulejoError(
      "input",
      `${where} has ${tensor.data.length} elements, and dims [${tensor.dims.join(", ")}] make ${count}; fix dims or data`,
    );
}
