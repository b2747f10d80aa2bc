// Kernels that a user edited as text: parsed, checked, and put in the place of the ones that the compiler made.
import type { KernelProgram, Precondition, Step } from "../graph/program.js";
import { canonical } from "../ir/canonical.js";
import { parse } from "../ir/parse.js";
import type { Poly } from "../ir/poly.js";
import { print, symbolNames } from "../ir/print.js";
import type { Kernel } from "../ir/tile.js";
import { verify } from "../ir/verify.js";
import type { KernelEditor } from "../runtime/api.js";
import { AzulejoError } from "../support/errors.js";

type KernelStep = Extract<Step, { kind: "kernel" }>;

/** @throws AzulejoError parse, kernel: what is wrong with the edited text; option where the editor gives none */
export function editKernels(program: KernelProgram, edit: KernelEditor): KernelProgram {
  const preconditions = [...program.preconditions];
  const steps = (list: readonly Step[]): Step[] =>
    list.map(step => {
      if (step.kind === "loop") return { ...step, body: steps(step.body) };
      if (step.kind === "if") return { ...step, then: steps(step.then), else: steps(step.else) };
      const { changed, conditions } = edited(step, edit);
      preconditions.push(...conditions);
      return changed;
    });
  return { ...program, steps: steps(program.steps), preconditions };
}

/** The step with the edited kernel, and what the sizes of a run must keep so that it writes inside of its tensors. */
function edited(step: KernelStep, edit: KernelEditor): { changed: KernelStep; conditions: readonly Precondition[] } {
  const text = print(step.kernel);
  const wanted = edit(text, { name: step.kernel.name, nodes: step.nodes });
  if (typeof wanted !== "string")
    throw new AzulejoError(
      "option",
      `editKernels gave back ${wanted === undefined ? "nothing" : `a ${typeof wanted}`} for kernel "${step.kernel.name}"; return its text, edited or as it was`,
    );
  if (wanted === text) return { changed: step, conditions: [] };
  const kernel = parse(wanted, step.kernel);
  const { conditions } = verify(kernel);
  checkTensors(step.kernel, kernel);
  checkSizes(step, kernel);
  const ofProgram = (p: Poly): Poly => p.subst(s => step.symbols.get(s));
  return {
    changed: { ...step, kernel },
    conditions: conditions.map(c => ({ ...c, left: ofProgram(c.left), right: ofProgram(c.right) })),
  };
}

function checkSizes(step: KernelStep, kernel: Kernel): void {
  const stranger = canonical(kernel).symbols.find(s => !step.symbols.has(s));
  if (!stranger) return;
  const known = [...symbolNames(step.kernel).values()].join(", ");
  throw new AzulejoError(
    "kernel",
    `Kernel "${kernel.name}": ${stranger.name} is none of the sizes of the kernel it replaces; use ${known || "numbers"}`,
  );
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
