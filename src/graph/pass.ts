// Passes: named pure functions from graph to graph, run in the order of a list.
import { AzulejoError } from "../support/errors.js";
import type { Graph } from "./graph.js";
import { runSeedName } from "./run-seed.js";
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
    const before = current;
    current = checkedGraph(pass, await pass.run(before));
    // most passes find nothing to do in most graphs
    if (current !== verified) {
      verifyAfter(pass, before, current);
      verified = current;
      nodes = countNodes(current);
    }
    onPass?.({ name: pass.name, nodesBefore, nodesAfter: nodes, timeMs: now() - start }, current);
  }
  return current;
}

function checkedGraph(pass: Pass, given: Graph | undefined): Graph {
  if (given && [given.inputs, given.outputs, given.nodes].every(Array.isArray)) return given;
  throw new AzulejoError(
    "graph-invalid",
    `The pass "${pass.name}" gave back no graph; return one, changed or as it was`,
  );
}

function verifyAfter(pass: Pass, before: Graph, after: Graph): void {
  try {
    verifyGraph(after);
    checkNames("inputs", before, after);
    checkNames("outputs", before, after);
  } catch (cause) {
    const [code, why] =
      cause instanceof AzulejoError
        ? ([cause.code, cause.message] as const)
        : (["graph-invalid", String(cause)] as const);
    throw new AzulejoError(code, `The pass "${pass.name}" broke the graph: ${why}`, { cause });
  }
}

/** Runs give inputs and take outputs by their names; the seed of a run is given beside them. */
function checkNames(side: "inputs" | "outputs", before: Graph, after: Graph): void {
  const namesIn = (graph: Graph): string =>
    graph[side].flatMap(({ name }) => (name === runSeedName ? [] : [`"${name}"`])).join(", ") || "none";
  const [had, has] = [namesIn(before), namesIn(after)];
  if (had !== has)
    throw new AzulejoError("graph-invalid", `its ${side} were ${had} and are ${has}; keep their names and order`);
}
