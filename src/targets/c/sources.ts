// The C files of a program: kernels in parts of about equal size, and the table of entries. The runtime is the same for all programs.
import type { Func } from "../../lower/cpu/loop.js";
import { emitKernel } from "./emit.js";
import { prelude } from "./prelude.js";
import { tableOf } from "./runtime.js";

export interface Sources {
  readonly files: readonly { readonly name: string; readonly text: string }[];
  readonly functions: number;
}

/** A part beyond this size is not worth its share of the prelude's compile time any more. */
const PART_CHARACTERS = 96 * 1024;

/** `funcs` in the order in which instructions count them. */
export function sourcesOf(funcs: readonly Func[], cores: number, registers: number): Sources {
  const kernels = funcs.map((f, i) => emitKernel(f, i, registers));
  const total = kernels.reduce((sum, k) => sum + k.text.length, 0);
  const parts: string[][] = Array.from({ length: partCount(total, cores) }, () => []);
  const sizes = parts.map(() => 0);
  // the largest first, each to the smallest part
  for (const k of [...kernels].sort((a, b) => b.text.length - a.text.length)) {
    const at = sizes.indexOf(Math.min(...sizes));
    parts[at]!.push(k.text);
    sizes[at]! += k.text.length;
  }
  parts[0]!.push(tableOf(kernels.map(k => k.entry)));
  const files = parts.map((texts, i) => ({ name: `kernels${i}`, text: [prelude, ...texts, ""].join("\n") }));
  return { files, functions: kernels.reduce((sum, k) => sum + k.functions, 0) };
}

const partCount = (characters: number, cores: number): number =>
  Math.max(Math.ceil(characters / PART_CHARACTERS), characters > PART_CHARACTERS / 4 ? cores : 1);
