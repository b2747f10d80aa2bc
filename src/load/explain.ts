// explain(): what the compiler makes of a model, one stage at a time, as text. Nothing runs.
import { printGraph } from "../graph/print.js";
import type { KernelProgram, Step } from "../graph/program.js";
import { print } from "../ir/print.js";
import type { LoadOptions, ModelSource } from "../runtime/api.js";
import { AzulejoError } from "../support/errors.js";
import { explainCode, explainLoops } from "../targets/wasm/explain.js";
import { checkOptions, loadOptionNames } from "./check-options.js";
import { prepareGraph, programOf, readModel, registryFor, whyConcrete } from "./prepare.js";

/** In the order in which a model travels through them. */
export type Stage = "graph" | "kernels" | "loops" | "code";

export interface ExplainOptions extends LoadOptions {
  readonly stage: Stage;
}

const printers: Readonly<Record<Exclude<Stage, "graph">, (program: KernelProgram, options: LoadOptions) => string>> = {
  kernels: program => printSteps(program.steps, ""),
  loops: (program, { schedules, engineFlags = "auto" }) => explainLoops(program, { schedules, engineFlags }),
  code: (program, { schedules, engineFlags = "auto" }) => explainCode(program, { schedules, engineFlags }),
};

/** @throws AzulejoError as load() does; "option" where a stage needs dims that the model leaves open */
export async function explain(source: ModelSource, options: ExplainOptions): Promise<string> {
  checkOptions(options, [...loadOptionNames, "stage"]);
  const { stage } = options;
  if (stage !== "graph" && printers[stage] === undefined) {
    throw new AzulejoError(
      "option",
      `stage: "${stage}" is not one of "graph", "kernels", "loops", "code"; choose one of them`,
    );
  }
  const registry = registryFor(options);
  const { graph, close } = await readModel(source, options);
  try {
    const prepared = await prepareGraph(graph, registry, options);
    if (stage === "graph") return printGraph(prepared.graph);
    const reason = whyConcrete(prepared.graph);
    if (reason !== undefined) {
      throw new AzulejoError(
        "option",
        `stage: "${stage}" of this model depends on its input dims (${reason}); fix them with dims`,
      );
    }
    return printers[stage](programOf(prepared.graph, registry, options), options);
  } finally {
    await close();
  }
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
