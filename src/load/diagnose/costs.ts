// What one run of a graph costs for given dims: arithmetic, bytes that move, memory. From the program's kernels; nothing is compiled.
import { cut, segmentsOf, usesHost } from "../../graph/cut.js";
import type { Graph } from "../../graph/graph.js";
import { lifetimes } from "../../graph/lifetimes.js";
import { placedBuffers, planArena } from "../../graph/memory-plan.js";
import type { Buffer, KernelProgram, Step } from "../../graph/program.js";
import { countOperations } from "../../ir/count-operations.js";
import { bytesOf } from "../../ir/dtypes.js";
import { Poly } from "../../ir/poly.js";
import type { Registry } from "../../ops/registry.js";
import { programOf, whyConcrete } from "../prepare.js";

export interface Costs {
  /** kernels after fusion */
  readonly kernels: number;
  /** as the kernels do it: a multiply-add counts two, other arithmetic and functions such as exp one; a loop's body counts once */
  readonly flops: number;
  /** what kernels read and write, each tensor once a kernel */
  readonly trafficBytes: number;
  /** constants that kernels read, before they are packed */
  readonly weightBytes: number;
  /** inputs, outputs and all between, as the memory plan places them */
  readonly arenaBytes: number;
  /** weightBytes + arenaBytes: tables of pointers and each thread's scratch memory come on top */
  readonly peakBytes: number;
  /** what is not in these numbers, in sentences */
  readonly notes: readonly string[];
}

/** Memory plans of targets place buffers at multiples of a cache line. */
const ALIGNMENT = 64;

/** What is compiled apart: the whole graph, or the segments between host steps. */
export const partsOf = (graph: Graph, registry: Registry): readonly Graph[] =>
  usesHost(graph, registry) ? [...segmentsOf(cut(graph, registry))].map(s => s.graph) : [graph];

/** The graph went through inference and passes, and its inputs have dims in numbers. @throws AzulejoError as partition does */
export function costsOf(graph: Graph, registry: Registry): Costs {
  const notes: string[] = [];
  const sums = { kernels: 0, flops: 0, trafficBytes: 0 };
  const constants = new Map<unknown, number>();
  let arenaBytes = 0;
  for (const part of partsOf(graph, registry)) {
    const program = whyConcrete(part) === undefined ? programOf(part, registry) : undefined;
    const reason = whyConcrete(part) ?? openSize(part);
    if (!program || reason !== undefined) {
      notes.push(`${part.name} is not counted: ${reason}`);
      continue;
    }
    for (const step of kernelsOf(program.steps)) {
      sums.kernels++;
      sums.flops += evaluate(countOperations(step.kernel), step);
      for (const b of new Set(Object.values(step.buffers))) {
        sums.trafficBytes += sizeOf(b);
        if (b.kind === "constant") constants.set(b.constant ?? b, sizeOf(b));
      }
    }
    arenaBytes = Math.max(arenaBytes, arenaOf(program));
  }
  const weightBytes = [...constants.values()].reduce((a, b) => a + b, 0);
  return { ...sums, weightBytes, arenaBytes, peakBytes: weightBytes + arenaBytes, notes };
}

type KernelStep = Extract<Step, { kind: "kernel" }>;
function* kernelsOf(steps: readonly Step[]): Generator<KernelStep> {
  for (const step of steps)
    if (step.kind === "kernel") yield step;
    else if (step.kind === "loop") yield* kernelsOf(step.body);
    else {
      yield* kernelsOf(step.then);
      yield* kernelsOf(step.else);
    }
}

const evaluate = (p: Poly, { symbols }: KernelStep): number => p.evaluate(s => symbols.get(s)!.constant);
const sizeOf = ({ dims, dtype }: Buffer): number => Poly.product(dims).constant * bytesOf(dtype);

const arenaOf = (program: KernelProgram): number =>
  planArena(placedBuffers(lifetimes(program), sizeOf).items, ALIGNMENT).bytes;

function openSize({ inputs, nodes }: Graph): string | undefined {
  for (const v of [...inputs, ...nodes.flatMap(n => n.outputs)]) {
    const open = v?.dims?.find(d => !d.isConst);
    if (open) return `only a run tells the size of "${v!.name}", ${open.print()}`;
  }
  return undefined;
}
