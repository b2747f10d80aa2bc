// A graph that is in memory already becomes a model: for tools that make or change graphs. Nothing is kept on disk.
import type { Graph } from "../graph/graph.js";
import type { LoadOptions, Model } from "../runtime/api.js";
import { Session } from "../runtime/session.js";
import { checkOptions } from "./check-options.js";
import { compileRead } from "./compile-model.js";
import { CompilerFlags } from "./compiler-flags.js";
import { compileOptionsOf } from "./compile-options.js";
import { seeded } from "./seeded.js";

/** The constants of the graph must stay readable until the model is disposed. @throws AzulejoError as load() does */
export async function loadGraph(graph: Graph, options: LoadOptions = {}): Promise<Model> {
  checkOptions(options);
  const compileOptions = compileOptionsOf(options);
  const flags = new CompilerFlags(compileOptions);
  const given = { options, compileOptions, flags };
  const { info, runnable } = await flags.during(() => compileRead(graph, given));
  return new Session({
    ...info,
    run: (inputs, runOptions) => runnable.run(seeded(inputs, info, runOptions.seed), runOptions),
    report: () => {
      const report = runnable.report();
      return {
        ...report,
        model: info.name,
        passes: info.passes,
        flags: [...flags.applied, ...report.flags],
        notes: [...info.notes, ...report.notes],
      };
    },
    dispose: () => runnable.dispose(),
  });
}
