// From the dims of a run's inputs to the numbers behind a program's symbols, checked.
import type { Poly, Sym } from "../ir/poly.js";
import { AzulejoError } from "../support/errors.js";
import type { KernelProgram } from "./program.js";

export type SymbolValues = ReadonlyMap<Sym, number>;

/** @throws AzulejoError input, shape */
export function bindDims(
  program: KernelProgram,
  dimsOf: (input: string) => readonly number[] | undefined,
): SymbolValues {
  const values = new Map<Sym, number>();
  for (const input of program.inputs) {
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
  checkPreconditions(program, values);
  return values;
}

const print = (dims: readonly Poly[]): string => dims.map(d => d.print()).join(", ");

function checkPreconditions(program: KernelProgram, values: SymbolValues): void {
  for (const p of program.preconditions) {
    const [left, right] = [p.left, p.right].map(x => x.evaluate(s => values.get(s)!)) as [number, number];
    const holds = p.relation === "eq" ? left === right : p.relation === "le" ? left <= right : left < right;
    if (!holds) throw new AzulejoError("shape", p.message);
  }
}
