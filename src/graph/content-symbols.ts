// Contents of inputs as symbols: a graph that waits for a shape which the caller or an earlier segment gives is compiled once for all
// shapes like it. Numbers from 2 are symbols. Others mean something of their own to many operators (−1: the rest, 1: stretch): a program
// is made for them as they are, and relies on it.
import { dtypes } from "../ir/dtypes.js";
import type { Sym } from "../ir/poly.js";
import { Poly } from "../ir/poly.js";
import type { Registry } from "../ops/registry.js";
import { decidingInputs } from "./concretize.js";
import { constantDims } from "./constants.js";
import type { Graph, Value } from "./graph.js";
import type { Precondition } from "./program.js";
import { newMeasured } from "./value-types.js";
import { substituteValues } from "./values.js";

export interface ContentSymbols {
  /** to be prepared anew */
  readonly graph: Graph;
  /** input → the symbol of each element that a run tells */
  readonly contents: ReadonlyMap<string, readonly (Sym | undefined)[]>;
  readonly preconditions: readonly Precondition[];
}

/** What a run has in its inputs, for a program that serves all runs like it. */
export interface ContentPattern {
  readonly contentOf: (input: string) => readonly number[];
  readonly dimsOf: (input: string) => readonly number[];
  /** a number that is also the dim of another input at the same place is taken for it: the batch in a list of sizes */
  readonly dims: boolean;
}

/** undefined: contents of integers don't decide what is open */
export function withContentSymbols(
  graph: Graph,
  registry: Registry,
  pattern: ContentPattern,
): ContentSymbols | undefined {
  const names = decidingInputs(graph, registry);
  const deciding = graph.inputs.filter(v => names.includes(v.name));
  const whole = ({ dtype }: Value): boolean => !!dtype && /signed$|bool/.test(dtypes[dtype].kind);
  if (deciding.length === 0 || !deciding.every(whole)) return undefined;
  const others = graph.inputs.filter(v => v.dims && !deciding.includes(v));
  const contents = new Map<string, readonly (Sym | undefined)[]>();
  const preconditions: Precondition[] = [];
  const renewed = new Map<Value, Value>();
  for (const v of deciding) {
    const dims = constantDims(v.dims)!;
    const count = dims.reduce((a, b) => a * b, 1);
    const numbers = pattern.contentOf(v.name);
    const before = v.known?.data ?? new Array<undefined>(count).fill(undefined);
    const symbols = before.map((x, i) => (x === undefined ? newMeasured(`${v.name}_${i}`) : undefined));
    const data = before.map((x, i) => {
      const symbol = symbols[i];
      if (!symbol) return x;
      const likeDim = pattern.dims && v.dtype !== "bool" ? dimLike(numbers[i]!, i, others, pattern) : undefined;
      const exact = likeDim ?? (isOfItsOwn(numbers[i]!) ? Poly.int(numbers[i]!) : undefined);
      preconditions.push(relation(symbol, exact));
      return exact ?? Poly.sym(symbol);
    });
    contents.set(v.name, symbols);
    renewed.set(v, { ...v, known: { dims, data } });
  }
  const made = [...contents.values()].flat().filter(s => s !== undefined);
  const inner = substituteValues(graph, v => renewed.get(v) ?? v);
  return {
    graph: { ...inner, inputs: graph.inputs.map(v => renewed.get(v) ?? v), symbols: [...graph.symbols, ...made] },
    contents,
    preconditions,
  };
}

/** Numbers that mean something of their own to many operators: −1, 0, 1, and the ends of the 64-bit range. */
const isOfItsOwn = (n: number): boolean => n < 2 || n === 2 ** 63;

/** The dim of another input at this place, if it is a symbol of that value. */
function dimLike(n: number, place: number, others: readonly Value[], { dimsOf }: ContentPattern): Poly | undefined {
  const alike = others.filter(v => dimsOf(v.name)[place] === n).map(v => v.dims![place]!);
  return alike.find(dim => !dim.isConst);
}

const relation = (symbol: Sym, exact: Poly | undefined): Precondition =>
  exact
    ? {
        left: Poly.sym(symbol),
        relation: "eq",
        right: exact,
        message: `${symbol.name} is not ${exact.print()}, and the compiled code relies on it`,
      }
    : {
        left: Poly.int(2),
        relation: "le",
        right: Poly.sym(symbol),
        message: `${symbol.name} is below 2, and the compiled code relies on more`,
      };
