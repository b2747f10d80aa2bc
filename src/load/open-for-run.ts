// Programs for more than one run of a graph that waits for its inputs: ranks and contents become known only as far as they decide
// something, and stay symbols beyond.
import type { ContentPattern, ContentSymbols } from "../graph/content-symbols.js";
import { withContentSymbols } from "../graph/content-symbols.js";
import type { Graph, Value } from "../graph/graph.js";
import type { KernelProgram, Precondition } from "../graph/program.js";
import { substituteValues } from "../graph/values.js";
import { isFloat } from "../ir/dtypes.js";
import { Poly, Sym } from "../ir/poly.js";
import type { TensorData } from "../runtime/tensor.js";
import { AzulejoError } from "../support/errors.js";
import type { CompileContext } from "./compile-graph.js";
import { numbersOf } from "./per-run.js";
import { editedProgramOf, prepareGraph, whyConcrete } from "./prepare.js";

type Inputs = ReadonlyMap<string, TensorData>;
type Preparing = Pick<CompileContext, "registry" | "options">;
interface Opened {
  readonly program: KernelProgram;
  readonly contents: ContentSymbols["contents"];
}

/** The program for inputs like these, other dims and contents included; undefined: some operator wants numbers. */
export async function openForRun(graph: Graph, context: Preparing, inputs: Inputs): Promise<Opened | undefined> {
  const ranked = withRanks(graph, inputs);
  return unlessNumbersAreWanted(async () => {
    const prepared = ranked === graph ? graph : (await prepareGraph(ranked, context.registry, context.options)).graph;
    if (whyConcrete(prepared) === undefined)
      return { program: await editedProgramOf(prepared, context.registry, context.options), contents: new Map() };
    const given = (dims: boolean): ContentPattern => ({
      contentOf: name => numbersOf(inputs.get(name)!),
      dimsOf: name => inputs.get(name)!.dims,
      dims,
    });
    return (
      (await unlessNumbersAreWanted(() => opened(prepared, context, given(true)))) ??
      (await opened(prepared, context, given(false)))
    );
  });
}

async function opened(
  graph: Graph,
  { registry, options }: Preparing,
  pattern: ContentPattern,
): Promise<Opened | undefined> {
  const contents = new Map<string, readonly (Sym | undefined)[]>();
  const preconditions: Precondition[] = [];
  let current = graph;
  // what one content opens may wait for the next; each round knows more inputs
  while (whyConcrete(current) !== undefined) {
    const symbolic = withContentSymbols(current, registry, pattern);
    if (!symbolic || [...symbolic.contents.keys()].every(name => contents.has(name))) return undefined;
    for (const [name, list] of symbolic.contents) contents.set(name, list);
    preconditions.push(...symbolic.preconditions);
    current = (await prepareGraph(symbolic.graph, registry, options)).graph;
  }
  const program = await editedProgramOf(current, registry, options);
  return { program: { ...program, preconditions: [...program.preconditions, ...preconditions] }, contents };
}

/** an operator that wants numbers gets them when they are known */
async function unlessNumbersAreWanted(make: () => Promise<Opened | undefined>): Promise<Opened | undefined> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof AzulejoError && error.code === "operator-unsupported") return undefined;
    throw error;
  }
}

/** small tensors of integers that have no rank in the file: lists of axes and sizes, whose length is a part of what they say */
const listLimit = 64;

/** Inputs without a rank get that of a run: dims are symbols, but numbers for what may be a list of axes or sizes. */
function withRanks(graph: Graph, inputs: Inputs): Graph {
  const made: Sym[] = [];
  const renewed = new Map<Value, Value>();
  for (const v of graph.inputs) {
    if (v.dims || v.container || !v.dtype) continue;
    const { dims, data } = inputs.get(v.name)!;
    const isList = !isFloat(v.dtype) && data.length <= listLimit;
    const symbols = isList ? [] : dims.map((_, axis) => new Sym(`${v.name}_${axis}`));
    made.push(...symbols);
    renewed.set(v, { ...v, dims: isList ? dims.map(Poly.int) : symbols.map(Poly.sym) });
  }
  if (renewed.size === 0) return graph;
  const inner = substituteValues(graph, v => renewed.get(v) ?? v);
  return { ...inner, inputs: graph.inputs.map(v => renewed.get(v) ?? v), symbols: [...graph.symbols, ...made] };
}
