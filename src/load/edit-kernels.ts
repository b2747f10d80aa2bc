// Kernels that a user edited as text: parsed, checked, and put in the place of the ones that the compiler made.
import type { KernelProgram, Step } from "../graph/program.js";
import { canonical } from "../ir/canonical.js";
import { parse } from "../ir/parse.js";
import type { Poly, Sym } from "../ir/poly.js";
import { print } from "../ir/print.js";
import type { Kernel } from "../ir/tile.js";
import { verify } from "../ir/verify.js";
import type { KernelEditor } from "../runtime/api.js";
import { AzulejoError } from "../support/errors.js";

type KernelStep = Extract<Step, { kind: "kernel" }>;

/** @throws AzulejoError parse, kernel: what is wrong with the edited text */
export function editKernels(program: KernelProgram, edit: KernelEditor): KernelProgram {
  const steps = (list: readonly Step[]): Step[] =>
    list.map(step =>
      step.kind === "kernel" ? edited(step, edit) : { ...step, then: steps(step.then), else: steps(step.else) },
    );
  return { ...program, steps: steps(program.steps) };
}

function edited(step: KernelStep, edit: KernelEditor): KernelStep {
  const text = print(step.kernel);
  const wanted = edit(text, { name: step.kernel.name, nodes: step.nodes });
  if (wanted === text) return step;
  const kernel = parse(wanted);
  verify(kernel);
  checkTensors(step.kernel, kernel);
  const sizes = sizesByName(step, text);
  const symbols = new Map<Sym, Poly>();
  for (const s of canonical(kernel).symbols) {
    const size = sizes.get(s.name);
    if (!size)
      throw new AzulejoError(
        "kernel",
        `Kernel "${kernel.name}": ${s.name} is none of the sizes of the kernel it replaces; use ${[...sizes.keys()].join(", ") || "numbers"}`,
      );
    symbols.set(s, size);
  }
  return { ...step, kernel, symbols };
}

/** The program's size for each name in the text: reading the text back gives the same symbols in the same order. */
function sizesByName(step: KernelStep, text: string): Map<string, Poly> {
  const own = canonical(step.kernel).symbols;
  const read = canonical(parse(text)).symbols;
  return new Map(read.map((s, i) => [s.name, step.symbols.get(own[i]!)!]));
}

/** Tensors are the kernel's contract with its neighbours. */
function checkTensors(before: Kernel, after: Kernel): void {
  const describe = (k: Kernel): string[] =>
    k.tensors.map(t => `${t.role} ${t.name}: ${t.dtype} of rank ${t.dims.length}`);
  const [wanted, got] = [describe(before), describe(after)];
  const missing = wanted.find(t => !got.includes(t));
  const extra = got.find(t => !wanted.includes(t));
  if (missing ?? extra)
    throw new AzulejoError(
      "kernel",
      `Kernel "${after.name}": ${missing ? `lacks ${missing}` : `has ${extra} too`}; an edited kernel keeps the tensors of the one it replaces: ${wanted.join(", ")}`,
    );
}
