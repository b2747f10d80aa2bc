// Kernels among the exports of a user's module.
import { AzulejoError } from "../support/errors.js";
import type { Library } from "./library.js";

export type ExportedKernel = Extract<Parameters<Library["checkKernel"]>[0], { readonly ir: unknown }>;

export function isKernel(value: unknown): value is ExportedKernel {
  const ir = (Object(value) as { ir?: { tensors?: unknown; stores?: unknown } }).ir;
  return Array.isArray(ir?.tensors) && Array.isArray(ir.stores);
}

/** The kernels by name; one whose author gave it no name is called as it is exported. @throws AzulejoError option */
export function kernelsOf(
  exported: Readonly<Record<string, unknown>>,
  file: string,
): readonly (readonly [string, ExportedKernel])[] {
  const kernels = Object.entries(exported).filter((e): e is [string, ExportedKernel] => isKernel(e[1]));
  if (kernels.length === 0)
    throw new AzulejoError(
      "option",
      `"${file}" exports no kernel; export what kernel(…) of azulejo/tile gives, as docs/kernel-language.md shows`,
    );
  for (const [name, { ir }] of kernels) if (ir.name === "kernel") (ir as { name: string }).name = name;
  return kernels;
}

export const dimsOf = ({ ir }: ExportedKernel): string[] => ir.dims.map(d => d.name);

/** A size of `--dims` that no kernel has is refused, not dropped. @throws AzulejoError option */
export function refuseUnknownDims(
  sizes: Readonly<Record<string, number>>,
  kernels: readonly (readonly [string, ExportedKernel])[],
): void {
  const known = [...new Set(kernels.flatMap(([, kernel]) => dimsOf(kernel)))];
  const unknown = Object.keys(sizes).find(name => !known.includes(name));
  if (unknown !== undefined)
    throw new AzulejoError("option", `--dims: no kernel has a dim "${unknown}"; there are ${known.join(", ")}`);
}
