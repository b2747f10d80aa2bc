// Kernels of a model under watch while the interpreter runs them: findings of one run. Bounds, double writes and what nothing has written are
// errors of the interpreter itself.
import { isFloat } from "../ir/dtypes.js";
import type { EvaluateOptions } from "../ir/evaluate/evaluator.js";
import type { Storage } from "../ir/evaluate/memory.js";
import { decoder } from "../ir/evaluate/memory.js";
import { product } from "../ir/evaluate/values.js";
import type { Kernel, Tensor } from "../ir/tile.js";
import { AzulejoError } from "../support/errors.js";
import { type Finding, type FindingKind, findingText } from "./finding.js";
import { Watch } from "./watch.js";

/** findings that an error names */
const NAMED = 5;

/** @throws AzulejoError sanitize, if there are any */
export function refuseFindings(findings: readonly Finding[]): void {
  if (findings.length === 0) return;
  const rest = findings.length - NAMED;
  const lines = findings.slice(0, NAMED).map(findingText);
  throw new AzulejoError("sanitize", [...lines, ...(rest > 0 ? [`and ${rest} more`] : [])].join("; "));
}

export class StepSanitizer {
  readonly findings: Finding[] = [];
  readonly #told = new Set<string>();

  /** Runs a kernel with what `run` hands to the evaluator. */
  kernel(
    kernel: Kernel,
    storages: ReadonlyMap<Tensor, Storage>,
    run: (options: Pick<EvaluateOptions, "observer">) => void,
  ): void {
    const tell = (kind: FindingKind, message: string, source?: string): void => {
      const key = `${kind} ${source ?? `${kernel.name} ${message}`}`;
      if (this.#told.has(key)) return;
      this.#told.add(key);
      this.findings.push({ kernel: kernel.name, kind, message, source, dims: {} });
    };
    const watch = new Watch(kernel, (kind, _, message, source) => tell(kind, message, source));
    const wasFinite = [...storages].every(([t, s]) => t.role === "output" || notFiniteAt(s) === undefined);
    run({ observer: watch });
    if (!wasFinite) return;
    for (const [t, storage] of storages) {
      const at = t.role === "input" ? undefined : notFiniteAt(storage);
      const blamed = at && watch.blame(kernel, t, at);
      if (blamed) tell("not-finite", blamed.message, blamed.source);
    }
  }
}

/** The first element, in row-major order, that is NaN or infinite. */
export function notFiniteAt({
  dtype,
  dims,
  data,
  offset,
  strides,
}: Storage): { readonly element: number; readonly value: number } | undefined {
  if (!isFloat(dtype)) return undefined;
  const decode = decoder(dtype);
  const count = product(dims);
  for (let element = 0; element < count; element++) {
    let rest = element;
    let flat = offset;
    for (let d = dims.length - 1; d >= 0; d--) {
      flat += (rest % dims[d]!) * strides[d]!;
      rest = Math.floor(rest / dims[d]!);
    }
    const bits = data[flat] as number;
    const value = decode ? decode(bits) : bits;
    if (!Number.isFinite(value)) return { element, value };
  }
  return undefined;
}
