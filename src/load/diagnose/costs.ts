// What one run of a graph costs for given dims: arithmetic, bytes that move, memory. From the program's kernels; nothing is compiled.
import { bindNode, describeNode } from "../../graph/bind.js";
import { numberOf } from "../../graph/constants.js";
import { cut, type HostProgram, programsIn, usesHost } from "../../graph/cut.js";
import type { Graph, GraphNode } from "../../graph/graph.js";
import { isIteration, rolesOf, scanAxes } from "../../graph/iteration.js";
import { lifetimes } from "../../graph/lifetimes.js";
import { placedBuffers, planArena } from "../../graph/memory-plan.js";
import type { Buffer, KernelProgram, Step } from "../../graph/program.js";
import { countOperations } from "../../ir/count-operations.js";
import { bytesOf } from "../../ir/dtypes.js";
import { Poly } from "../../ir/poly.js";
import type { Registry } from "../../ops/registry.js";
import { everyNode } from "../../graph/values.js";
import { programOf, whyConcrete } from "../prepare.js";

/** What one run costs, for given dims. */
export interface Costs {
  /** kernels after fusion */
  readonly kernels: number;
  /** as the kernels do it: a multiply-add counts two, other arithmetic and functions such as exp one; a loop's body counts as often as it may run */
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

/** A graph that is compiled apart, and how often it runs. */
export interface Part {
  readonly graph: Graph;
  readonly turns: number;
}
/** What is compiled apart: the whole graph, or the segments between host steps, those of bodies as often as they may run. */
export function partsOf(graph: Graph, registry: Registry, rounds: Rounds = new Rounds(registry)): readonly Part[] {
  if (!usesHost(graph, registry)) return [{ graph, turns: 1 }];
  const parts = (program: HostProgram, turns: number): readonly Part[] =>
    program.steps.flatMap(step => {
      if (step.kind === "segment") return [{ graph: step.segment.graph, turns }];
      const inner = "body" in step ? turns * rounds.of(step.node) : turns;
      return programsIn(step).flatMap(p => parts(p, inner));
    });
  return parts(cut(graph, registry), 1);
}

/** How often bodies of loops run at most; those of which only a run tells are noted, and count once. */
class Rounds {
  readonly #registry: Registry;
  readonly notes: string[] = [];
  constructor(registry: Registry) {
    this.#registry = registry;
  }
  of(node: GraphNode): number {
    const found = this.#find(node);
    if (found === undefined)
      this.notes.push(`the body of ${describeNode(node)} is counted once: only a run tells how often it runs`);
    return found ?? 1;
  }
  #find(node: GraphNode): number | undefined {
    if (node.op === "Loop") return numberOf(node.inputs[0]?.known?.data[0]);
    if (node.op !== "Scan") return undefined;
    const { attributes } = bindNode(node, this.#registry).info;
    const { slices } = rolesOf(node, attributes);
    const [axis = 0] = scanAxes(attributes, "scan_input_axes", slices.length);
    const size = slices[0]?.dims?.at(node.opset < 9 ? axis + 1 : axis);
    return size?.isConst ? size.constant : undefined;
  }
}

/** The graph went through inference and passes, and its inputs have dims in numbers. @throws AzulejoError as partition does */
export function costsOf(graph: Graph, registry: Registry): Costs {
  const notes: string[] = [];
  const rounds = new Rounds(registry);
  const sums = { kernels: 0, flops: 0, trafficBytes: 0 };
  const constants = new Map<unknown, number>();
  let arenaBytes = 0;
  for (const { graph: part, turns } of partsOf(graph, registry, rounds)) {
    const program = whyConcrete(part) === undefined ? programOf(part, registry) : undefined;
    const reason = whyConcrete(part) ?? openSize(part);
    if (!program || reason !== undefined) {
      notes.push(`${part.name} is not counted: ${reason}`);
      continue;
    }
    const loops = new Map([...everyNode(part)].filter(isIteration).map(n => [n.name, n]));
    const roundsOf = ([name]: readonly string[]): number => (loops.has(name!) ? rounds.of(loops.get(name!)!) : 1);
    for (const { step, times } of kernelsOf(program.steps, turns, roundsOf)) {
      sums.kernels++;
      sums.flops += times * evaluate(countOperations(step.kernel), step);
      for (const b of new Set(Object.values(step.buffers))) {
        sums.trafficBytes += times * sizeOf(b);
        if (b.kind === "constant") constants.set(b.constant ?? b, sizeOf(b));
      }
    }
    arenaBytes = Math.max(arenaBytes, arenaOf(program));
  }
  const weightBytes = [...constants.values()].reduce((a, b) => a + b, 0);
  return { ...sums, weightBytes, arenaBytes, peakBytes: weightBytes + arenaBytes, notes: [...notes, ...rounds.notes] };
}

type KernelStep = Extract<Step, { kind: "kernel" }>;
interface CountedStep {
  readonly step: KernelStep;
  readonly times: number;
}
function* kernelsOf(
  steps: readonly Step[],
  times: number,
  roundsOf: (nodes: readonly string[]) => number,
): Generator<CountedStep> {
  for (const step of steps)
    if (step.kind === "kernel") yield { step, times };
    else if (step.kind === "loop") yield* kernelsOf(step.body, times * roundsOf(step.nodes), roundsOf);
    else {
      yield* kernelsOf(step.then, times, roundsOf);
      yield* kernelsOf(step.else, times, roundsOf);
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
