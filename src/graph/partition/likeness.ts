// What is found of a node or a kernel serves all that are alike: the blocks of a network repeat, mostly with other sizes. Alike are those of
// which bodies are told the same, and what bodies are told of sizes is little: which of them are equal, and the small ones that code is made
// for. A body that asks for the program's own dims is remembered with what it was told, and serves those that would be told the same.
import { opaque, Poly } from "../../ir/poly.js";
import type { Layout } from "../../ir/tile.js";
import type { Operator } from "../../ops/operator.js";
import { attributeText } from "../attribute-text.js";
import type { BoundNode } from "../bind.js";
import type { Value } from "../graph.js";
import { isStatic, isWalkedBy, type KernelScope, type SameDim, structuralLiteral } from "./scope.js";

/** A dim that a body asked for as the program has it. */
export interface AskedDim {
  /** which of the nodes, in the order in which their texts were made */
  readonly node: number;
  readonly input: string;
  readonly dim: number;
}

/** The text of one node or kernel, and what its numbers stand for. Of what is alike the texts are equal, and equal numbers play equal roles. */
export class Likeness {
  readonly sameDim: SameDim;
  readonly nodes: BoundNode[] = [];
  readonly values: Value[] = [];
  /** sizes that have names in the kernel */
  readonly sizes: Poly[] = [];
  readonly #nodes = new Map<BoundNode, number>();
  readonly #values = new Map<Value, number>();
  readonly #sizes = new Map<string, number>();
  readonly #layoutOf: (v: Value) => Layout | undefined;
  text = "";
  /** there is something of which no text tells all */
  isUnlike = false;

  /** `layoutOf` tells how a value lies that the kernel reads from memory; undefined: it is computed on the way */
  constructor(sameDim: SameDim, layoutOf: (v: Value) => Layout | undefined) {
    this.sameDim = sameDim;
    this.#layoutOf = layoutOf;
  }
  node(bound: BoundNode): void {
    if (this.#nodes.has(bound)) return;
    this.#nodes.set(bound, this.nodes.push(bound) - 1);
    const { node, info, operator, inputs, outputs } = bound;
    this.text += `/${numberOf(operator)}:${node.opset}:${info.outputCount}`;
    for (const [name, a] of Object.entries(info.attributes)) {
      if (typeof a === "bigint" || (typeof a === "object" && !Array.isArray(a))) this.isUnlike = true;
      else this.text += `/${name}:${attributeText(a)}`;
    }
    for (const [name, v] of Object.entries(inputs)) this.value(name, v);
    this.text += ">";
    for (const [name, v] of Object.entries(outputs)) this.value(name, v);
  }
  /** `role` says what the value is to whom comes before it. */
  value(role: string, v: Value): void {
    this.text += `/${role}`;
    const known = this.#values.get(v);
    if (known !== undefined) {
      this.text += `#${known}`;
      return;
    }
    this.#values.set(v, this.values.push(v) - 1);
    this.text += `=${v.dtype}`;
    if (v.dims) for (const d of v.dims) this.text += `,${this.#size(d)}`;
    else this.text += "?";
    const literal = structuralLiteral(v);
    if (literal !== undefined) this.text += `=${Object.is(literal, -0) ? "-0" : literal}`;
    const layout = this.#layoutOf(v);
    if (layout) this.layout(v, layout);
    if (v.constant) this.text += "c";
  }
  layout(v: Value, { order, block, strides }: Layout): void {
    this.text += `@${order.join()}`;
    if (block) this.text += `b${block.dim}:${block.size}`;
    // as in the kernel (scope.ts): a stride that is no product of what lies inside is a size of its own
    let dense = Poly.one;
    for (const d of strides ? [...order].reverse() : []) {
      const isPitch = !strides![d]!.equals(dense) && !v.dims![d]!.isOne;
      if (isPitch) dense = strides![d]!;
      this.text += isPitch ? `|${this.#named(dense)}` : "|";
      dense = dense.mul(v.dims![d]!);
    }
  }
  /** how the dims of the output are walked (Operator.phases) */
  phases(dims: readonly Poly[], phases: readonly number[]): void {
    dims.forEach((d, i) => {
      const by = phases[i] ?? 1;
      if (isWalkedBy(d, by)) this.text += `%${i}:${by}:${this.#named(opaque("div", this.sameDim(d), Poly.int(by)))}`;
    });
  }
  #size(dim: Poly): string {
    return this.#named(this.sameDim(dim));
  }
  #named(p: Poly): string {
    if (isStatic(p)) return `${p.constant}`;
    let n = this.#sizes.get(p.key);
    if (n === undefined) {
      n = this.sizes.push(p) - 1;
      this.#sizes.set(p.key, n);
    }
    return `d${n}`;
  }
  /** the number of a size */
  sizeAt(p: Poly): number | undefined {
    return this.#sizes.get(p.key);
  }
  nodeAt(bound: BoundNode): number {
    return this.#nodes.get(bound)!;
  }
  valueAt(v: Value): number | undefined {
    return this.#values.get(v);
  }
  asked({ node, input, dim }: AskedDim): Poly {
    return this.sameDim(this.nodes[node]!.info.dims[input]![dim]!);
  }
}

/** What the bodies of a kernel asked for. */
export const askedIn = ({ asked }: KernelScope, like: Likeness): AskedDim[] =>
  [...asked].flatMap(([bound, inputs]) =>
    [...inputs].flatMap(([input, dims]) => [...dims].map(dim => ({ node: like.nodeAt(bound), input, dim }))),
  );

const numbers = new WeakMap<Operator, number>();
let count = 0;
function numberOf(operator: Operator): number {
  let n = numbers.get(operator);
  if (n === undefined) {
    n = count++;
    numbers.set(operator, n);
  }
  return n;
}

interface Found<T> {
  readonly told: readonly { readonly asked: AskedDim; readonly dim: Poly }[];
  readonly what: T;
}
/** What was found, by likeness. */
export class Alike<T> {
  readonly #byText = new Map<string, Found<T>[]>();

  find(like: Likeness): T | undefined {
    if (like.isUnlike) return undefined;
    const found = this.#byText.get(like.text);
    return found?.find(({ told }) => told.every(({ asked, dim }) => like.asked(asked).equals(dim)))?.what;
  }
  /** `asked` are all dims that it hangs on beyond the text. */
  keep(like: Likeness, asked: readonly AskedDim[], what: T): void {
    if (like.isUnlike) return;
    const found = this.#byText.get(like.text) ?? [];
    found.push({ told: asked.map(a => ({ asked: a, dim: like.asked(a) })), what });
    this.#byText.set(like.text, found);
  }
}
