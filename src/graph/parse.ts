// Reads what print.ts writes. Types are taken as they stand; contents that inference knew are comments, so infer() afterwards.
// Larger constants are not in the text: they are looked up by name.
import type { Dtype } from "../ir/dtypes.js";
import { dtypes } from "../ir/dtypes.js";
import { Lexer } from "../ir/lexer.js";
import { opaque, Poly, Sym } from "../ir/poly.js";
import type { AzulejoError } from "../support/errors.js";
import { constantValue } from "./constants.js";
import type { AttributeValue, ConstantData, Dims, Graph, GraphNode, Value } from "./graph.js";

/** @throws AzulejoError parse, with the line */
export function parseGraph(text: string, constants: ReadonlyMap<string, ConstantData> = new Map()): Graph {
  return new Parser(text, constants).graph();
}

type Type = Pick<Value, "dtype" | "dims">;

class Parser {
  readonly #in: Lexer;
  readonly #data: ReadonlyMap<string, ConstantData>;
  readonly #symbols = new Map<string, Sym>();
  /** innermost scope last */
  readonly #scopes: Map<string, Value>[] = [];

  constructor(text: string, data: ReadonlyMap<string, ConstantData>) {
    this.#in = new Lexer(text);
    this.#data = data;
  }

  graph(): Graph {
    const graph = this.#graph();
    if (this.#in.peek().kind !== "end")
      throw this.#fail(`the text goes on after the graph with "${this.#in.peek().text}"`);
    const used = new Set(graph.inputs.flatMap(v => v.dims?.flatMap(d => [...d.syms]) ?? []));
    return { ...graph, symbols: [...used].filter(s => !s.def) };
  }
  #graph(): Graph {
    this.#in.expect("graph");
    const name = this.#in.name();
    this.#scopes.push(new Map());
    this.#in.expect("(");
    const inputs = this.#in.list(")", () => this.#define(this.#in.name(), this.#type()));
    this.#in.expect("-");
    this.#in.expect(">");
    this.#in.expect("(");
    const outputNames = this.#in.list(")", () => this.#in.name());
    this.#in.expect("{");
    const nodes: GraphNode[] = [];
    while (!this.#in.take("}"))
      if (this.#in.is("constant")) this.#constant();
      else nodes.push(this.#node());
    const outputs = outputNames.map(n => this.#use(n));
    this.#scopes.pop();
    return { name, inputs, outputs, nodes, symbols: [] };
  }

  #constant(): void {
    this.#in.expect("constant");
    const name = this.#in.name();
    this.#scopes.at(-1)!.set(name, this.#constantBody(name, this.#type()));
  }
  /** `= [numbers]`, or data by name */
  #constantBody(name: string, type: Type): Value {
    const dims = type.dims?.map(d => d.constant);
    if (!type.dtype || !dims) throw this.#fail(`constant "${name}" needs a dtype and dims`);
    if (this.#in.take("=")) {
      const numbers = this.#numbers();
      if (numbers.length !== dims.reduce((a, b) => a * b, 1))
        throw this.#fail(`constant "${name}" has ${numbers.length} numbers, and its dims make another count`);
      return constantValue(name, type.dtype, dims, numbers);
    }
    const data = this.#data.get(name);
    if (!data)
      throw this.#fail(`there is no data for constant "${name}"; hand the constants of the graph to parseGraph`);
    return { name, ...type, constant: data };
  }
  #numbers(): number[] {
    this.#in.expect("[");
    return this.#in.list("]", () => this.#number());
  }
  #number(): number {
    const sign = this.#in.take("-") ? -1 : 1;
    if (this.#in.take("inf")) return sign * Number.POSITIVE_INFINITY;
    if (this.#in.take("nan")) return Number.NaN;
    const token = this.#in.next();
    if (token.kind !== "number") throw this.#fail(`a number is expected before "${token.text}"`);
    return sign * Number(token.text);
  }

  /** nothing, `: f32`, `: f32[N, 3]` */
  #type(): Type {
    if (!this.#in.take(":")) return { dtype: undefined, dims: undefined };
    const word = this.#in.name();
    if (word !== "any" && !Object.hasOwn(dtypes, word)) throw this.#fail(`"${word}" is not a dtype`);
    const dims = this.#in.take("[") ? this.#in.list("]", () => this.#poly()) : undefined;
    return { dtype: word === "any" ? undefined : (word as Dtype), dims };
  }

  #node(): GraphNode {
    const outputs = this.#in.items(() => (this.#in.take("_") ? undefined : { name: this.#in.name(), ...this.#type() }));
    this.#in.expect("=");
    const first = this.#in.name();
    const [domain, op] = this.#in.take(":") ? [first, this.#in.name()] : ["", first];
    this.#in.expect("@");
    const opset = this.#in.integer();
    this.#in.expect("(");
    const inputs = this.#in.list(")", () => (this.#in.take("_") ? undefined : this.#use(this.#in.name())));
    const name = this.#in.name();
    const attributes: Record<string, AttributeValue> = {};
    if (this.#in.take("{"))
      for (const [key, value] of this.#in.list("}", () => this.#attribute())) attributes[key] = value;
    if (this.#in.take("with"))
      while (!this.#in.take("end")) {
        const key = this.#in.name();
        this.#in.expect("=");
        attributes[key] = { graph: this.#graph() };
      }
    const defined = outputs.map(o => o && this.#define(o.name, o));
    return { name, domain, op, opset, inputs, outputs: defined, attributes };
  }
  #attribute(): [string, AttributeValue] {
    const name = this.#in.name();
    this.#in.expect("=");
    return [name, this.#attributeValue()];
  }
  #attributeValue(): AttributeValue {
    const next = this.#in.peek();
    if (next.kind === "name") return this.#in.name();
    if (this.#in.take("tensor")) {
      const type = this.#type();
      return { tensor: this.#constantBody(this.#in.take("named") ? this.#in.name() : "", type) };
    }
    if (this.#in.take("["))
      return this.#in.list("]", () =>
        this.#in.peek().kind === "name" ? this.#in.name() : this.#number(),
      ) as readonly number[];
    const negative = this.#in.is("-");
    const digits = this.#in.peek(negative ? 1 : 0).text;
    const value = this.#number();
    if (!this.#in.take("n")) return value;
    if (!/^\d+$/.test(digits)) throw this.#fail(`${digits}n is not an integer`);
    return BigInt(digits) * (negative ? -1n : 1n);
  }

  // ---- values
  #define(name: string, type: Type): Value {
    const scope = this.#scopes.at(-1)!;
    if (scope.has(name)) throw this.#fail(`"${name}" is defined twice`);
    const value: Value = { name, dtype: type.dtype, dims: type.dims };
    scope.set(name, value);
    return value;
  }
  #use(name: string): Value {
    for (const scope of this.#scopes.toReversed()) {
      const value = scope.get(name);
      if (value) return value;
    }
    throw this.#fail(`nothing before defines "${name}"`);
  }
  #fail(what: string): AzulejoError {
    return this.#in.fail(what);
  }

  // ---- dims
  #poly(): Dims[number] {
    let sum = this.#product();
    while (this.#in.take("+")) sum = sum.add(this.#product());
    return sum;
  }
  #product(): Poly {
    let product = this.#factor();
    while (this.#in.take("*")) product = product.mul(this.#factor());
    return product;
  }
  /** a number, a symbol, `(a div b)`, `(a mod b)`, `min(a, b)`, `max(a, b)` */
  #factor(): Poly {
    if (this.#in.is("-") || this.#in.peek().kind === "number") return Poly.int(this.#in.integer());
    if (this.#in.take("(")) {
      const a = this.#poly();
      const op = (["div", "mod"] as const).find(o => this.#in.take(o));
      const out = op ? opaque(op, a, this.#poly()) : a;
      this.#in.expect(")");
      return out;
    }
    const op = (["min", "max"] as const).find(o => this.#in.take(o));
    if (op) {
      this.#in.expect("(");
      const a = this.#poly();
      this.#in.expect(",");
      const out = opaque(op, a, this.#poly());
      this.#in.expect(")");
      return out;
    }
    const name = this.#in.name();
    const sym = this.#symbols.get(name) ?? new Sym(name);
    this.#symbols.set(name, sym);
    return Poly.sym(sym);
  }
}
