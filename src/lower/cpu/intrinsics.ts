// Calls of intrinsics: the code that their author wrote for the target, as loop IR.
import type { Intrinsic, WasmCode } from "../../ir/intrinsic.js";
import { isLaneDtype, templateParts } from "../../ir/intrinsic.js";
import type { Dtype } from "../../ir/dtypes.js";
import type { NodeOf } from "../../ir/tile.js";
import { AzulejoError, invariant } from "../../support/errors.js";
import { byLane, cell } from "./cells.js";
import { extractLane, registerType, splat } from "./convert.js";
import type { Expr, Type } from "./loop.js";
import { scalar, typeOf, zeroVector } from "./loop.js";
import { type OpName, ops } from "./loop-ops.js";
import type { Lowering, Offsets } from "./state.js";

export function intrinsicCell(l: Lowering, n: NodeOf<"call">, i: Intrinsic, offs: Offsets): Expr {
  const { scalar: one, vector } = l.code === "wasm" ? (i.wasm ?? {}) : {};
  const inLanes = l.lane !== undefined;
  const fits = [n, ...n.args].every(x => isLaneDtype(x.dtype));
  if (inLanes && !(vector !== undefined && fits)) return byLane(l, n, offs);
  const args = n.args.map(a => l.keep(cell(l, a, offs)));
  if (l.code === "c") return inC(i, n, args);
  const build = (code: WasmCode, given: readonly Expr[], type: Type): Expr =>
    new WasmBuilder(l, i, given).typed(code, type);
  if (inLanes) return build(vector!, args, "v128");
  if (one !== undefined) return build(one, args, registerType[n.dtype]);
  const wide = args.map((x, k) => l.keep(splat(n.args[k]!.dtype, x)));
  return extractLane(n.dtype, 0, l.keep(build(vector!, wide, "v128")));
}

/** Unsigned numbers lie in the same registers as signed ones. */
const cTypes: Partial<Record<Dtype, string>> = { u32: "u32", u64: "u64" };
function inC(i: Intrinsic, n: NodeOf<"call">, args: readonly Expr[]): Expr {
  const parts = templateParts(i.c!, i.parameters);
  invariant(parts, `the C code of intrinsic "${i.name}" was not verified`);
  const type = registerType[n.dtype];
  const argument = (k: number): (string | number)[] => [
    `((${cTypes[n.args[k]!.dtype] ?? registerType[n.args[k]!.dtype]})`,
    k,
    ")",
  ];
  const c = [`((${type})(`, ...parts.flatMap(x => (typeof x === "number" ? argument(x) : [x])), "))"];
  return { kind: "given", type, args, code: { c } };
}

class WasmBuilder {
  readonly #lowering: Lowering;
  readonly #intrinsic: Intrinsic;
  readonly #args: readonly Expr[];
  constructor(l: Lowering, i: Intrinsic, args: readonly Expr[]) {
    this.#lowering = l;
    this.#intrinsic = i;
    this.#args = args;
  }
  typed(code: WasmCode, type: Type): Expr {
    const e = this.#expr(code, type);
    if (typeOf(e) !== type) throw this.#wrong(`${JSON.stringify(code)} is ${typeOf(e)} where ${type} is wanted`);
    return e;
  }
  #expr(code: WasmCode, type: Type): Expr {
    if (typeof code === "string") {
      const arg = this.#args[this.#intrinsic.parameters.indexOf(code)];
      if (!arg) throw this.#wrong(`"${code}" is none of its parameters; use ${this.#intrinsic.parameters.join(", ")}`);
      return arg;
    }
    if (typeof code === "number") return this.#constant(code, type);
    if ("bytes" in code) {
      const args = code.of.map(x => this.#expr(x, "v128"));
      return { kind: "given", type: code.gives, args, code: { bytes: code.bytes } };
    }
    const [name, ...operands] = code;
    const op = ops[name as OpName] as (typeof ops)[OpName] | undefined;
    if (!op)
      throw this.#wrong(`${JSON.stringify(name)} is no instruction that the compiler has a word for; give it as bytes`);
    if (op.args.length !== operands.length)
      throw this.#wrong(`${name} takes ${op.args.length} operands, not ${operands.length}`);
    return { kind: "op", op: name as OpName, args: operands.map((x, k) => this.typed(x, op.args[k]!)) };
  }
  /** where a vector is wanted the constant is in all of its lanes, as f32 */
  #constant(value: number, type: Type): Expr {
    if (type !== "v128") return scalar(type, type === "i64" ? BigInt(value) : value);
    if (value === 0 && !Object.is(value, -0)) return zeroVector;
    return splat("f32", scalar("f32", value));
  }
  #wrong(what: string): AzulejoError {
    const { name, source } = this.#intrinsic;
    const kernel = this.#lowering.kernel.name;
    return new AzulejoError(
      "kernel",
      `kernel "${kernel}": the WebAssembly of intrinsic "${name}": ${what}${source ? ` (${source})` : ""}`,
    );
  }
}
