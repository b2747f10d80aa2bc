// Contents of inputs as symbols: a graph that waits for a shape which the caller or an earlier segment gives is compiled once, for
// every shape of numbers from 2. Smaller ones mean something of their own to many operators (−1: the rest, 1: stretch) and are
// compiled apart.
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

/** undefined: contents of integers don't decide what is open */
export function withContentSymbols(graph: Graph, registry: Registry): ContentSymbols | undefined {
  const names = decidingInputs(graph, registry);
  const deciding = graph.inputs.filter(v => names.includes(v.name));
  const whole = ({ dtype }: Value): boolean => !!dtype && /signed$/.test(dtypes[dtype].kind);
  if (deciding.length === 0 || !deciding.every(whole)) return undefined;
  const contents = new Map<string, readonly (Sym | undefined)[]>();
  const renewed = new Map<Value, Value>();
  for (const v of deciding) {
    const dims = constantDims(v.dims)!;
    const count = dims.reduce((a, b) => a * b, 1);
    const before = v.known?.data ?? new Array<undefined>(count).fill(undefined);
    const symbols = before.map((x, i) => (x === undefined ? newMeasured(`${v.name}_${i}`) : undefined));
    contents.set(v.name, symbols);
    renewed.set(v, { ...v, known: { dims, data: before.map((x, i) => x ?? Poly.sym(symbols[i]!)) } });
  }
  const made = [...contents.values()].flat().filter(s => s !== undefined);
  const inner = substituteValues(graph, v => renewed.get(v) ?? v);
  return {
    graph: { ...inner, inputs: graph.inputs.map(v => renewed.get(v) ?? v), symbols: [...graph.symbols, ...made] },
    contents,
    preconditions: made.map(s => ({
      left: Poly.int(2),
      relation: "le",
      right: Poly.sym(s),
      message: `${s.name} is below 2, and the compiled code relies on more`,
    })),
  };
}
