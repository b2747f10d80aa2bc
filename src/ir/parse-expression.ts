// Expressions of a kernel's text: literals, reads, elementwise operations, reductions.
import type { Dtype } from "./dtypes.js";
import { dtypes, is64BitInteger } from "./dtypes.js";
import { isNarrowFloat, roundToFloat } from "./float-bits.js";
import type { Intrinsic } from "./intrinsic.js";
import type { ParseScope } from "./parse-scope.js";
import type { MapOp, Node, ReduceOp } from "./tile.js";
import { axesOf, isTensor, node, unionAxes } from "./tile.js";

/** a literal that has not met its dtype yet */
interface Untyped {
  readonly literal: string;
}
export type Operand = Node | Untyped;
const isUntyped = (x: Operand): x is Untyped => "literal" in x;

const unaryOps = ["neg", "abs", "sqrt", "floor", "ceil", "round", "trunc", "not"];
const binaryOps = ["add", "sub", "mul", "div", "mod", "rem", "min", "max", "and", "or", "xor", "shl", "shr"];
const compareOps = ["eq", "ne", "lt", "le", "gt", "ge"];
const reduceOps = ["sum", "max", "min", "prod", "dot", "dotPairs", "dotQuads"];
const products: ReadonlySet<string> = new Set(["dot", "dotPairs", "dotQuads"]);
const mapArity = new Map<string, number>([
  ...unaryOps.map(op => [op, 1] as const),
  ...[...binaryOps, ...compareOps].map(op => [op, 2] as const),
  ["select", 3],
]);

export class ExpressionParser {
  readonly #scope: ParseScope;
  constructor(scope: ParseScope) {
    this.#scope = scope;
  }

  typed(x: Operand, dtype: Dtype | undefined): Node {
    if (!isUntyped(x)) return x;
    if (!dtype)
      throw this.#scope.in.fail(`the literal ${x.literal} has no dtype here; write for example "f32 ${x.literal}"`);
    return node<"full">({ kind: "full", value: this.#value(x.literal, dtype), axes: [], dtype });
  }
  #value(text: string, dtype: Dtype): number | bigint {
    const special: Record<string, number> = {
      true: 1,
      false: 0,
      inf: Number.POSITIVE_INFINITY,
      "-inf": Number.NEGATIVE_INFINITY,
      nan: Number.NaN,
    };
    const x = special[text] ?? Number(text);
    if (dtypes[dtype].kind !== "float" && !Number.isInteger(x))
      throw this.#scope.in.fail(`${text} is no ${dtype}; write an integer`);
    if (isNarrowFloat(dtype)) return roundToFloat(dtype, x);
    return is64BitInteger(dtype) ? BigInt(/^-?\d+$/.test(text) ? text : x) : x;
  }
  operand(): Operand {
    const x = this.#scope.in;
    const t = x.peek();
    if (t.kind === "sign" && t.text === "[") return this.#indexValue("i32");
    if (t.kind === "number" || x.is("-") || ["inf", "nan", "true", "false"].some(w => x.is(w)))
      return { literal: this.#literal() };
    if (t.kind === "word" && t.text === "full") return this.#full();
    if (t.kind === "word" && t.text in dtypes) {
      const dtype = this.#scope.dtype();
      if (x.is("[")) return this.#indexValue(dtype);
      return this.typed({ literal: this.#literal() }, dtype);
    }
    const after = x.peek(1);
    if (after.kind === "sign" && after.text === "[") return this.#load();
    if (t.kind === "word" && after.kind === "sign" && after.text === "(") return this.#operation();
    return this.#scope.known(this.#scope.nodes, "value");
  }
  #literal(): string {
    const sign = this.#scope.in.take("-") ? "-" : "";
    return sign + this.#scope.in.next().text;
  }
  #full(): Node {
    this.#scope.in.expect("full");
    const dtype = this.#scope.dtype();
    const value = this.#value(this.#literal(), dtype);
    const axes = this.#scope.in.take("over")
      ? this.#scope.in.items(() => this.#scope.known(this.#scope.axes, "axis"))
      : [];
    return node<"full">({ kind: "full", value, axes, dtype });
  }
  #indexValue(dtype: Dtype): Node {
    const [index] = this.#scope.index();
    if (!index || (dtype !== "i32" && dtype !== "i64"))
      throw this.#scope.in.fail("an index is one expression of i32 or i64 in brackets");
    return node<"index">({ kind: "index", index, axes: axesOf(index), dtype });
  }
  #load(): Node {
    const name = this.#scope.in.name();
    const tensor = this.#scope.views.get(name) ?? this.#scope.tensors.get(name);
    if (!tensor)
      throw this.#scope.in.fail(`tensor or view "${name}" is not defined above; define it or correct the name`);
    const dtype = isTensor(tensor) ? tensor.dtype : tensor.value.dtype;
    const index = this.#scope.index();
    const fill = this.#value(this.#scope.in.take("else") ? this.#literal() : "0", dtype);
    return node<"load">({ kind: "load", tensor, index, fill, axes: unionAxes(...index.map(axesOf)), dtype });
  }
  #operation(): Node {
    const x = this.#scope.in;
    const op = x.name();
    x.expect("(");
    if (op === "cast" || op === "bitcast") return this.#conversion(op);
    const args = x.list(")", () => this.operand());
    if (x.is("over") || x.is("as")) return this.#reduction(op, args);
    const intrinsic = this.#scope.intrinsics.get(op);
    if (intrinsic) return this.#intrinsic(intrinsic, args);
    return this.#elementwise(op, args);
  }
  #conversion(op: "cast" | "bitcast"): Node {
    const arg = this.typed(this.operand(), undefined);
    this.#scope.in.expect(",");
    const dtype = this.#scope.dtype();
    this.#scope.in.expect(")");
    return node<"map">({ kind: "map", op, args: [arg], axes: arg.axes, dtype });
  }
  #reduction(op: string, operands: readonly Operand[]): Node {
    const x = this.#scope.in;
    if (!reduceOps.includes(op)) throw x.fail(`"${op}" is no reduction; use one of ${reduceOps.join(", ")}`);
    if (operands.length !== (products.has(op) ? 2 : 1))
      throw x.fail(`${op} takes ${products.has(op) ? "two values" : "one value"}, not ${operands.length}`);
    const over = x.take("over") ? x.items(() => this.#scope.known(this.#scope.axes, "axis")) : [];
    x.expect("as");
    const dtype = this.#scope.dtype();
    const args = operands.map(o => this.typed(o, dtype));
    const axes = unionAxes(...args.map(a => a.axes)).filter(a => !over.includes(a));
    return node<"reduce">({ kind: "reduce", op: op === "dot" ? "sum" : (op as ReduceOp), args, over, axes, dtype });
  }
  #intrinsic(intrinsic: Intrinsic, operands: readonly Operand[]): Node {
    const args = operands.map(o => this.typed(o, undefined));
    this.#scope.in.expect("means");
    const meaning = this.typed(this.operand(), undefined);
    const axes = unionAxes(...args.map(a => a.axes));
    return node<"call">({ kind: "call", fn: intrinsic.name, args, axes, dtype: meaning.dtype, intrinsic, meaning });
  }
  #elementwise(op: string, operands: readonly Operand[]): Node {
    const arity = mapArity.get(op);
    if (operands.length === 0)
      throw this.#scope.in.fail(`${op} takes at least one value; write it between the parentheses`);
    if (arity !== undefined && operands.length !== arity)
      throw this.#scope.in.fail(`${op} takes ${arity} values, not ${operands.length}`);
    const data = op === "select" ? operands.slice(1) : operands;
    const adopted = data.find(o => !isUntyped(o)) as Node | undefined;
    const args = operands.map((o, k) => this.typed(o, op === "select" && k === 0 ? "bool" : adopted?.dtype));
    const axes = unionAxes(...args.map(a => a.axes));
    const dtype = args.at(-1)!.dtype;
    if (arity === undefined) return node<"call">({ kind: "call", fn: op, args, axes, dtype });
    return node<"map">({ kind: "map", op: op as MapOp, args, axes, dtype: compareOps.includes(op) ? "bool" : dtype });
  }
}
