// Passes: named pure functions from graph to graph, run in the order of a list.
import { AzulejoError } from "../support/errors.js";
import type { Graph } from "./graph.js";
import { countNodes } from "./values.js";
import { verifyGraph } from "./verify.js";

/** A named pure function from graph to graph. */
export interface Pass {
  readonly name: string;
  readonly run: (graph: Graph) => Graph | Promise<Graph>;
}

export interface PassReport {
  readonly name: string;
  readonly nodesBefore: number;
  readonly nodesAfter: number;
  readonly timeMs: number;
}

export interface RunPassesOptions {
  readonly onPass?: (report: PassReport, graph: Graph) => void;
  /** milliseconds since any moment; absent: all times are 0 (the ES library has no precise clock) */
  readonly now?: () => number;
  /** an AbortSignal, or anything with its `aborted` */
  readonly signal?: { readonly aborted: boolean } | undefined;
}

/** @throws what the passes throw; AzulejoError aborted; graph-invalid where a pass leaves a graph that is none */
export async function runPasses(graph: Graph, passes: readonly Pass[], options: RunPassesOptions = {}): Promise<Graph> {
  const { onPass, now = () => 0, signal } = options;
  let current = graph;
  let nodes = countNodes(graph);
  let verified: Graph | undefined;
  for (const pass of passes) {
    if (signal?.aborted)
      throw new AzulejoError("aborted", `Stopped before the pass "${pass.name}", as the signal asked`);
    const start = now();
    const nodesBefore = nodes;
    current = await pass.run(current);
    // most passes find nothing to do in most graphs
    if (current !== verified) {
      verifyAfter(pass, current);
      verified = current;
      nodes = countNodes(current);
    }
    onPass?.({ name: pass.name, nodesBefore, nodesAfter: nodes, timeMs: now() - start }, current);
  }
  return current;
}

function verifyAfter(pass: Pass, graph: Graph): void {
  try {
    verifyGraph(graph);
  } catch (cause) {
    if (!(cause instanceof AzulejoError)) throw cause;
    throw new AzulejoError(cause.code, `The pass "${pass.name}" broke the graph: ${cause.message}`, { cause });
  }
}
