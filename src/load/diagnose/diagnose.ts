// diagnose(): whether a model would run, where, and at what cost, before anything is compiled or run. All that is wrong is told, not the
// first.
import type { Graph, GraphNode } from "../../graph/graph.js";
import { infer } from "../../graph/infer.js";
import { constantsOf } from "../../graph/values.js";
import { bitsOf } from "../../ir/dtypes.js";
import { Poly } from "../../ir/poly.js";
import type { Registry } from "../../ops/registry.js";
import type { LoadOptions, ModelSource, TensorInfo } from "../../runtime/api.js";
import type { ErrorCode } from "../../support/errors.js";
import { AzulejoError } from "../../support/errors.js";
import { checkOptions } from "../check-options.js";
import type { TargetState } from "../doctor.js";
import { targetStates } from "../doctor.js";
import { openModel } from "../source.js";
import { prepareGraph, programOf, readGraph, registryFor, whyConcrete } from "../prepare.js";
import { tensorInfo, withDeclared } from "../tensor-info.js";
import type { Costs } from "./costs.js";
import { costsOf, partsOf } from "./costs.js";
import type { Errors, MissingOperator, OperatorUse } from "./operator-uses.js";
import { keyOf, missingOperators, operatorUses } from "./operator-uses.js";
import type { Risk, Risks } from "./risks.js";
import { risksOf } from "./risks.js";

/** What `diagnose` found out about a model. */
export interface Diagnosis {
  /** name of the graph in the file */
  readonly model: string;
  /** nothing stands in the way of a run on this machine: no problems, and a target that is there */
  readonly runs: boolean;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly operators: readonly OperatorUse[];
  readonly targets: readonly TargetState[];
  /** nodes that can't run, and what else keeps the model from being compiled */
  readonly problems: readonly Problem[];
  readonly missing: readonly MissingOperator[];
  /** of the file's constants, packed as in the file */
  readonly parameters: { readonly count: number; readonly bytes: number };
  readonly dims: OpenDims;
  /** absent: see `costsProblem` */
  readonly costs?: Costs;
  /** why there are no costs, and what to do */
  readonly costsProblem?: string;
  readonly risks: readonly Risk[];
  /** constants of a large model that were not looked into for risks */
  readonly unread: Risks["unread"];
}

/** Something that keeps a model from running. */
export interface Problem {
  /** absent: it is no node's */
  readonly node?: string;
  readonly code: ErrorCode;
  readonly message: string;
}

/** Dims that the file leaves open, by name. */
export interface OpenDims {
  readonly given: Readonly<Record<string, number>>;
  /** leading dims that nobody gave are taken for batches of 1 */
  readonly assumed: Readonly<Record<string, number>>;
  /** what costs can't be told without */
  readonly open: readonly string[];
}

/** @throws AzulejoError where the file can't be read, or an option is wrong; what its operators lack is in the result */
export async function diagnose(source: ModelSource, options: LoadOptions = {}): Promise<Diagnosis> {
  checkOptions(options);
  const opened = await openModel(source, options);
  try {
    const read = await readGraph(opened, options, true);
    const registry = await registryFor(read, options);
    const { graph, errors, problems } = inferAll(read, registry);
    const dims = openDims(read, options.dims ?? {});
    const fixed = { ...options, dims: { ...dims.given, ...dims.assumed } };
    // what is known of sums and sizes hangs on dims: with numbers, more is
    const concrete = await readGraph(opened, fixed, problems.length > 0);
    const { costs, problem, reason } =
      problems.length > 0
        ? { reason: "it can't be compiled as it is" }
        : await tryCosts(concrete, registry, fixed, dims);
    if (problem) problems.push(problem);
    const targets = await targetStates();
    return {
      model: read.name,
      runs: problems.length === 0 && targets.some(t => t.problem === undefined),
      inputs: read.inputs.map(tensorInfo),
      outputs: graph.outputs.map((v, i) => tensorInfo(withDeclared(v, read.outputs[i]!))),
      operators: operatorUses(graph, registry, errors),
      targets,
      problems,
      missing: missingOperators(graph, errors),
      parameters: parametersOf(read),
      dims,
      ...(costs ? { costs } : {}),
      ...(reason === undefined ? {} : { costsProblem: reason }),
      ...(await risksOf(infer(concrete, registry, { onError: () => {} }))),
    };
  } finally {
    await opened.close();
  }
}

/** All nodes, whatever happens to one of them. */
function inferAll(
  read: Graph,
  registry: Registry,
): { readonly graph: Graph; readonly errors: Errors; readonly problems: Problem[] } {
  const errors = new Map<string, AzulejoError>();
  const problems = new Map<string, Problem>();
  const onError = (node: GraphNode, error: AzulejoError): void => {
    errors.set(keyOf(node), error);
    problems.set(keyOf(node), { node: node.name, code: error.code, message: error.message });
  };
  const graph = infer(read, registry, { onError });
  return { graph, errors, problems: [...problems.values()] };
}

async function tryCosts(
  read: Graph,
  registry: Registry,
  options: LoadOptions,
  { open }: OpenDims,
): Promise<{ readonly costs?: Costs; readonly problem?: Problem; readonly reason?: string }> {
  try {
    const { graph } = await prepareGraph(read, registry, options);
    // what stands in the way of kernels does so whatever the sizes are
    const parts = open.length > 0 ? partsOf(graph, registry) : [];
    for (const part of parts) if (whyConcrete(part.graph) === undefined) programOf(part.graph, registry);
    if (open.length > 0)
      return { reason: `sizes are open; give ${open.map(name => `${name}=SIZE`).join(",")} in dims` };
    const costs = costsOf(graph, registry);
    return costs.kernels === 0 && costs.notes.length > 0 ? { reason: costs.notes.join("; ") } : { costs };
  } catch (error) {
    if (!(error instanceof AzulejoError) || error.code === "internal") throw error;
    const { code, message } = error;
    return { problem: { code, message }, reason: "it can't be compiled as it is" };
  }
}

/** Dims that were given are numbers in the graph already. */
function openDims({ inputs, symbols }: Graph, given: Readonly<Record<string, number>>): OpenDims {
  const leading = new Set(inputs.flatMap(v => (v.dims?.[0] && !v.dims[0].isConst ? [v.dims[0].print()] : [])));
  const names = symbols.map(s => s.name);
  return {
    given,
    assumed: Object.fromEntries(names.filter(name => leading.has(name)).map(name => [name, 1])),
    open: names.filter(name => !leading.has(name)),
  };
}

function parametersOf(graph: Graph): Diagnosis["parameters"] {
  let [count, bits] = [0, 0];
  for (const { dtype, dims } of constantsOf(graph)) {
    const elements = Poly.product(dims ?? []).constant;
    count += elements;
    bits += elements * (dtype ? bitsOf(dtype) : 0);
  }
  return { count, bytes: Math.ceil(bits / 8) };
}
