// From the dims of a run's inputs to the numbers behind a program's symbols, checked.
import type { Poly, Sym } from "../ir/poly.js";
import { AzulejoError } from "../support/errors.js";
import type { ProgramInterface, Precondition } from "./program.js";

export type SymbolValues = ReadonlyMap<Sym, number>;

/** @throws AzulejoError input, shape, bounds */
export function bindDims(
  program: ProgramInterface,
  dimsOf: (input: string) => readonly number[] | undefined,
  given?: SymbolValues,
): SymbolValues {
  const values = bindInputs(program.inputs, dimsOf, given);
  checkPreconditions(program, values);
  checkOutputs(program, values);
  return values;
}

/**
 * What the symbols in the dims of inputs are, when the inputs have these dims; `given` are those that something else has told already.
 * @throws AzulejoError input
 */
export function bindInputs(
  inputs: readonly { readonly name: string; readonly dims: readonly Poly[] }[],
  dimsOf: (input: string) => readonly number[] | undefined,
  known: SymbolValues = new Map(),
): Map<Sym, number> {
  const values = new Map(known);
  for (const input of inputs) {
    const given = dimsOf(input.name);
    if (!given)
      throw new AzulejoError("input", `Input "${input.name}" is missing; give a tensor of [${print(input.dims)}]`);
    if (given.length !== input.dims.length)
      throw new AzulejoError(
        "input",
        `Input "${input.name}" has dims [${given.join(", ")}], and the model takes [${print(input.dims)}]; give ${input.dims.length} dims`,
      );
    input.dims.forEach((dim, axis) => {
      const sym = dim.isConst ? undefined : [...dim.syms][0]!;
      if (sym && !values.has(sym)) values.set(sym, given[axis]!);
      const want = dim.evaluate(s => values.get(s)!);
      if (want !== given[axis])
        throw new AzulejoError(
          "input",
          `Input "${input.name}" has dims [${given.join(", ")}], and the model takes [${print(input.dims)}]; axis ${axis} must be ${want}${sym ? `, because ${sym.name} is ${values.get(sym)} in an earlier input or axis` : ""}`,
        );
    });
  }
  return values;
}

const print = (dims: readonly Poly[]): string => dims.map(d => d.print()).join(", ");

function checkPreconditions(program: ProgramInterface, values: SymbolValues): void {
  const broken = program.preconditions.find(p => !holds(p, values));
  if (broken) throw new AzulejoError(broken.code ?? "shape", broken.message);
}

/** An image below the size of a window leaves less than nothing. */
function checkOutputs({ outputs }: ProgramInterface, values: SymbolValues): void {
  for (const { name, dims } of outputs) {
    const sizes = dims.map(d => d.evaluate(s => values.get(s)!));
    if (sizes.some(n => n < 0))
      throw new AzulejoError(
        "shape",
        `Output "${name}" would have dims [${sizes.join(", ")}], which are [${print(dims)}] for these inputs; give larger inputs`,
      );
  }
}

function holds(p: Precondition, values: SymbolValues): boolean {
  const [left, right] = [p.left, p.right].map(x => x.evaluate(s => values.get(s)!)) as [number, number];
  return p.relation === "eq" ? left === right : p.relation === "le" ? left <= right : left < right;
}

/** Was the program compiled for dims like these? False where it relied on dims being equal that are not. @throws AzulejoError input */
export function fits(
  program: ProgramInterface,
  dimsOf: (input: string) => readonly number[] | undefined,
  given?: SymbolValues,
): boolean {
  if (program.preconditions.length === 0) return true;
  const values = bindInputs(program.inputs, dimsOf, given);
  return program.preconditions.every(p => p.code === "bounds" || holds(p, values));
}
