// Kernels among the exports of a user's module.
import type { Library } from "./library.js";

export type ExportedKernel = Extract<Parameters<Library["checkKernel"]>[0], { readonly ir: unknown }>;

export function isKernel(value: unknown): value is ExportedKernel {
  const ir = (Object(value) as { ir?: { tensors?: unknown; stores?: unknown } }).ir;
  return Array.isArray(ir?.tensors) && Array.isArray(ir.stores);
}
