// Graphs as text, for people, diffs and edits; parse.ts reads it back. Constants of a few numbers are printed in full, larger ones
// by name and size: their bytes stay where they are.

import { is64BitInteger } from "../ir/dtypes.js";
import type { Poly, Sym } from "../ir/poly.js";
import { printType } from "./bind.js";
import { numbersOf } from "./constants.js";
import type { AttributeValue, ConstantData, Dims, Graph, GraphNode, KnownValue, Value } from "./graph.js";
import { captured, valuesRead } from "./values.js";

/** constants of at most this many numbers are printed in full */
const printedNumbers = 16;

/** A graph as text, as `explain` prints it; it can be read back, edited, and compared line by line. */
export const printGraph = (graph: Graph): string => printed(graph).text;

/** The text, and the constants that it refers to by name: what parseGraph takes. */
export function printed(graph: Graph): {
  readonly text: string;
  readonly constants: ReadonlyMap<string, ConstantData>;
} {
  const names = new Names();
  const lines: string[] = [];
  const constants: string[] = [];
  printBody(graph, names, constants, lines, "  ");
  const text = [`graph ${word(graph.name)}(${header(graph, names)}) {`, ...constants, ...lines, "}", ""].join("\n");
  return { text, constants: names.constants };
}

/** Names of values in the text: the file's, with a number where two values share one. */
class Names {
  readonly #byValue = new Map<Value, string>();
  readonly #used = new Set<string>();
  readonly #symbols = new Map<Sym, string>();
  readonly #usedSymbols = new Set<string>();
  readonly constants = new Map<string, ConstantData>();

  has(v: Value): boolean {
    return this.#byValue.has(v);
  }
  of(v: Value): string {
    const known = this.#byValue.get(v);
    if (known !== undefined) return known;
    const plain = unique(v.name, this.#used);
    if (v.constant) this.constants.set(plain, v.constant);
    const name = word(plain);
    this.#byValue.set(v, name);
    return name;
  }
  readonly symbol = (s: Sym): string => {
    const known = this.#symbols.get(s);
    if (known !== undefined) return known;
    const name = word(unique(s.name, this.#usedSymbols));
    this.#symbols.set(s, name);
    return name;
  };
  /** Terms, and arguments of min and max, sorted as text: the order inside a polynomial depends on when its symbols were made. */
  poly(p: Poly): string {
    const terms = p.terms.map(({ c, s }) => {
      const factors = s.map(x => this.#factor(x)).sort();
      return c === 1 && factors.length > 0 ? factors.join("*") : [c, ...factors].join("*");
    });
    const [constant, rest] = p.constant === 0 ? [[], terms] : [[String(p.constant)], terms.slice(1)];
    return [...constant, ...rest.sort()].join(" + ") || "0";
  }
  #factor(s: Sym): string {
    if (!s.def || s.def.op === "value") return this.symbol(s);
    const [a, b] = [this.poly(s.def.a), this.poly(s.def.b)];
    if (s.def.op === "div" || s.def.op === "mod") return `(${a} ${s.def.op} ${b})`;
    return `${s.def.op}(${[a, b].sort().join(", ")})`;
  }
  /** `: f32[N, 3]`; `: f32` where the rank is unknown; nothing where nothing is known */
  type(v: { readonly dtype: Value["dtype"]; readonly dims: Dims | undefined }): string {
    if (!v.dtype && !v.dims) return "";
    return `: ${v.dtype ?? "any"}${v.dims ? `[${v.dims.map(d => this.poly(d)).join(", ")}]` : ""}`;
  }
}

function unique(name: string, used: Set<string>): string {
  let out = name;
  for (let k = 2; used.has(out); k++) out = `${name}#${k}`;
  used.add(out);
  return out;
}

const reserved: ReadonlySet<string> = new Set([
  "_",
  "graph",
  "constant",
  "with",
  "end",
  "tensor",
  "named",
  "inf",
  "nan",
  "min",
  "max",
  "div",
  "mod",
  "any",
]);
/** Bare where a reader can't take it for something else, else quoted. */
const word = (name: string): string =>
  /^[A-Za-z_](?:[\w.]|\/(?!\/))*$/.test(name) && !reserved.has(name) ? name : JSON.stringify(name);

function header(graph: Graph, names: Names): string {
  const inputs = graph.inputs.map(v => `${names.of(v)}${names.type(v)}`).join(", ");
  const outputs = graph.outputs.map(v => names.of(v)).join(", ");
  return `${inputs}) -> (${outputs}`;
}

function printBody(graph: Graph, names: Names, constants: string[], lines: string[], indent: string): void {
  for (const v of graph.inputs) names.of(v);
  for (const n of graph.nodes) {
    declareConstants(valuesRead(n), names, constants);
    for (const o of n.outputs) if (o) names.of(o);
    printNode(n, names, constants, lines, indent);
  }
  declareConstants(graph.outputs, names, constants);
}

function declareConstants(values: Iterable<Value>, names: Names, constants: string[]): void {
  for (const v of values)
    if (v.constant && !names.has(v)) constants.push(`  constant ${names.of(v)}${names.type(v)}${content(v)}`);
}
function content(v: Value): string {
  const numbers = v.known && v.known.data.length <= printedNumbers ? numbersOf(v.known) : undefined;
  if (v.strings) return ` // ${v.strings.length} texts`;
  if (!numbers) return ` // ${v.constant!.byteLength} bytes`;
  const endless = is64BitInteger(v.dtype!) ? 2 ** 63 : undefined;
  return ` = [${numbers.map(x => number(x, endless)).join(", ")}]`;
}
/** the ends of the 64-bit range are stored as ±2^63, which means "to the end" */
function number(x: number, endless = Number.POSITIVE_INFINITY): string {
  if (Math.abs(x) >= endless) return x < 0 ? "-inf" : "inf";
  return Number.isNaN(x) ? "nan" : Object.is(x, -0) ? "-0" : String(x);
}

function printNode(n: GraphNode, names: Names, constants: string[], lines: string[], indent: string): void {
  const outputs = n.outputs.map(o => (o ? `${names.of(o)}${names.type(o)}` : "_")).join(", ");
  const op = `${n.domain === "" ? "" : `${word(n.domain)}:`}${word(n.op)}@${n.opset}`;
  const inputs = n.inputs.map(v => (v ? names.of(v) : "_")).join(", ");
  const known = n.outputs.flatMap(o => (o?.known ? symbolic(o.known, names) : []));
  const tail = known.length ? ` // = ${known.join("; ")}` : "";
  const plain: string[] = [];
  const graphs: [string, Graph][] = [];
  for (const [name, a] of Object.entries(n.attributes)) {
    if (typeof a === "object" && "graph" in a) graphs.push([name, a.graph]);
    else plain.push(`${word(name)} = ${attribute(a, names)}`);
  }
  const open = `${indent}${outputs} = ${op}(${inputs}) ${word(n.name)}${plain.length ? ` {${plain.join(", ")}}` : ""}`;
  if (graphs.length === 0) {
    lines.push(open + tail);
    return;
  }
  lines.push(`${open} with${tail}`);
  for (const [name, graph] of graphs) {
    declareConstants(captured(graph), names, constants);
    const inner: string[] = [];
    printBody(graph, names, constants, inner, `${indent}  `);
    lines.push(`${indent}${word(name)} = graph ${word(graph.name)}(${header(graph, names)}) {`, ...inner, `${indent}}`);
  }
  lines.push(`${indent}end`);
}

const symbolic = (k: KnownValue, names: Names): string[] => [
  `[${k.data.map(x => (x === undefined ? "?" : typeof x === "number" ? x : names.poly(x))).join(", ")}]`,
];

function attribute(a: Exclude<AttributeValue, { graph: Graph }>, names: Names): string {
  if (typeof a === "string") return JSON.stringify(a);
  if (typeof a === "bigint") return `${a}n`;
  if (typeof a === "number") return number(a);
  if (Array.isArray(a)) return `[${a.map(x => (typeof x === "string" ? JSON.stringify(x) : number(x))).join(", ")}]`;
  if ("type" in a) return JSON.stringify(printType(a.type));
  const { tensor } = a as { tensor: Value };
  const inline = content(tensor);
  return `tensor${names.type(tensor)}${inline.startsWith(" =") ? inline : ` named ${names.of(tensor)}`}`;
}
