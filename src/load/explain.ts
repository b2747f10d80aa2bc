// explain(): what the compiler makes of a model, one stage at a time, as text. Nothing runs.
import { cut, segmentsOf, usesHost } from "../graph/cut.js";
import type { Graph } from "../graph/graph.js";
import { printGraph } from "../graph/print.js";
import type { KernelProgram, Step } from "../graph/program.js";
import { print } from "../ir/print.js";
import type { Registry } from "../ops/registry.js";
import type { LoadOptions, ModelSource } from "../runtime/api.js";
import { AzulejoError } from "../support/errors.js";
import { checkOptions, loadOptionNames } from "./check-options.js";
import { compileOptionsOf } from "./compile-options.js";
import { withTuning } from "./tuning.js";
import { cpuCodeOf } from "./cpu-code.js";
import { editedProgramOf, prepareGraph, readModel, registryFor, whyConcrete } from "./prepare.js";

/** In the order in which a model travels through them. */
export type Stage = "graph" | "kernels" | "loops" | "code";

/** For `explain`: options of `load`, and the stage that is asked for. */
export interface ExplainOptions extends LoadOptions {
  readonly stage: Stage;
}

type Printer = (program: KernelProgram, options: LoadOptions) => string | Promise<string>;
const printers: Readonly<Record<Exclude<Stage, "graph">, Printer>> = {
  kernels: program => printSteps(program.steps, ""),
  loops: async (program, options) => {
    if (options.target === "webgpu")
      throw new AzulejoError("option", 'stage: "loops" is of CPU targets; with target: "webgpu" choose "code"');
    const cpu = await cpuCodeOf(options);
    return cpu.printLoops(await cpu.explainCodes(program, await withTuning(compileOptionsOf(options), options)));
  },
  code: async (program, options) => {
    if (options.target === "webgpu")
      return (await import("../targets/webgpu/explain.js")).explainCode(program, options);
    const cpu = await cpuCodeOf(options);
    const compileOptions = await withTuning(compileOptionsOf(options), options);
    return await cpu.printCode(await cpu.explainCodes(program, compileOptions), compileOptions);
  },
};

export async function explain(source: ModelSource, options: ExplainOptions): Promise<string> {
  checkOptions(options, [...loadOptionNames, "stage"]);
  const { stage } = options;
  if (stage !== "graph" && printers[stage] === undefined) {
    throw new AzulejoError(
      "option",
      `stage: "${stage}" is not one of "graph", "kernels", "loops", "code"; choose one of them`,
    );
  }
  const { graph, close } = await readModel(source, options);
  try {
    const registry = await registryFor(graph, options);
    const prepared = await prepareGraph(graph, registry, options);
    if (stage === "graph") return printGraph(prepared.graph);
    if (!usesHost(prepared.graph, registry)) return await explainGraph(prepared.graph, stage, registry, options);
    const texts: string[] = [];
    for (const { graph: part } of segmentsOf(cut(prepared.graph, registry)))
      texts.push(`// segment ${part.name}\n${await explainGraph(part, stage, registry, options)}`);
    return texts.join("\n");
  } finally {
    await close();
  }
}

async function explainGraph(
  graph: Graph,
  stage: Exclude<Stage, "graph">,
  registry: Registry,
  options: ExplainOptions,
): Promise<string> {
  const reason = whyConcrete(graph);
  if (reason !== undefined) {
    throw new AzulejoError(
      "option",
      `stage: "${stage}" of this model depends on its input dims (${reason}); fix them with dims`,
    );
  }
  return printers[stage](await editedProgramOf(graph, registry, options), options);
}

/** Kernels in the order in which they run, each with the graph nodes that it computes. */
function printSteps(steps: readonly Step[], indent: string): string {
  return steps
    .map(step => {
      const nodes = `${indent}// ${step.nodes.join(", ")}\n`;
      if (step.kind === "kernel") return `${nodes}${print(step.kernel).trimEnd().replace(/^/gm, indent)}\n`;
      if (step.kind === "loop")
        return `${nodes}${indent}while ${step.condition.name}\n${printSteps(step.body, `${indent}  `)}`;
      const branches = [step.then, step.else].map(branch => printSteps(branch, `${indent}  `));
      return `${nodes}${indent}if ${step.condition.name}\n${branches[0]}${indent}else\n${branches[1]}`;
    })
    .join("\n");
}
