// Who may import whom: the whole architecture's dependency graph in one table, enforced by tools/check.ts.
// A layer is a folder below src/; files of one layer import each other freely. Not here: how imports are found.

export interface Layer {
  /** layers whose code it may run */
  readonly uses: readonly string[];
  /** further layers of which it may name types; nothing of them is loaded */
  readonly types?: readonly string[];
  /** packages and Node modules it may import; the core has next to none */
  readonly packages?: readonly string[];
}

const languages = ["support", "ir", "tile"];
const compiler = [...languages, "schedule", "lower"];

export const layers: Readonly<Record<string, Layer>> = {
  support: { uses: [] },
  ir: { uses: ["support"] },
  tile: { uses: ["support", "ir"] },
  // kernels run under watch in the evaluator
  sanitize: { uses: ["support", "ir"] },
  schedule: { uses: languages },
  lower: { uses: [...languages, "schedule"] },
  // A graph node hands itself to its operator, and a graph is made of operators' answers: types go both ways, code one.
  ops: { uses: languages, types: ["graph", "runtime"] },
  runtime: { uses: ["support", "ir"], types: ["ops", "graph", "schedule"] },
  graph: { uses: [...languages, "ops"], types: ["runtime", "schedule"] },
  "targets/interpreter": { uses: [...compiler, "runtime", "graph", "sanitize"] },
  // no target, but what CPU targets share: programs of kernels with their code, constants and plans
  "targets/cpu": { uses: [...compiler, "runtime", "graph"] },
  "targets/c": { uses: [...compiler, "runtime", "graph", "targets/cpu"] },
  "targets/wasm": { uses: [...compiler, "runtime", "graph", "targets/cpu"] },
  "targets/webgpu": { uses: [...compiler, "runtime", "graph"] },
  "frontends/onnx": {
    uses: ["support", "ir", "ops", "graph", "runtime"],
    packages: ["@bufbuild/protobuf"],
  },
  // what all stages made of a model, as data and as a page: it knows none of them
  trace: { uses: [] },
  // The composition root: the one place below the command line where concrete targets and front ends have names.
  load: {
    uses: [
      ...compiler,
      "sanitize",
      "ops",
      "runtime",
      "graph",
      "targets/interpreter",
      "targets/wasm",
      "targets/c",
      "targets/webgpu",
      "frontends/onnx",
      "trace",
    ],
    types: ["targets/cpu"],
  },
  // the language as authors get it: recorded kernels that can run
  author: { uses: ["support", "ir", "tile", "load"], types: ["schedule"] },
  kernels: { uses: ["tile", "author"] },
  // references against bodies, targets against each other: what users test operators and models with
  testing: {
    uses: ["support", "ir", "ops", "runtime", "graph", "frontends/onnx", "load", "sanitize"],
    types: ["schedule"],
  },
  // schedules found by measuring: never loaded by who only runs models
  tune: {
    uses: [...compiler, "ops", "runtime", "graph", "targets/cpu", "targets/wasm", "targets/c", "load"],
  },
  index: { uses: ["support", "ir", "ops", "runtime", "graph", "load"] },
  adapters: { uses: ["support", "ir", "runtime", "index"] },
  cli: {
    uses: ["support", "ir", "runtime", "frontends/onnx", "testing", "tune", "index"],
    types: ["author"],
    packages: ["node:", "commander", "cli-table3", "cli-progress", "sharp"],
  },
};

/** The layer of a file: the longest folder of the table that it lies in; `src/index.ts` is a layer of its own. */
export function layerOf(path: string): string | undefined {
  const inside = path.replace(/^src\//, "").replace(/\.ts$/, "");
  return Object.keys(layers)
    .filter(name => inside === name || inside.startsWith(`${name}/`))
    .sort((a, b) => b.length - a.length)[0];
}

/** Layers along a path of `uses` back to where it began, or undefined: what makes the table a directed acyclic graph. */
export function cycleOf(table: Readonly<Record<string, Layer>>): string[] | undefined {
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (done.has(name)) return undefined;
    for (const next of table[name]?.uses ?? []) {
      const cycle = visit(next, [...path, name]);
      if (cycle !== undefined) return cycle;
    }
    done.add(name);
    return undefined;
  };
  for (const name of Object.keys(table)) {
    const cycle = visit(name, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
