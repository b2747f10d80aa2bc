// checkOperator(): an operator's cases on every target that this machine has, held against its reference.
import type { OperatorCase, OperatorModule } from "../ops/operator.js";
import { exact } from "../ops/reference-tensors.js";
import { createRegistry } from "../ops/registry.js";
import { loadGraph } from "../load/load-graph.js";
import type { LoadOptions, Model, Tensor } from "../runtime/api.js";
import { AzulejoError } from "../support/errors.js";
import { targetStates } from "../load/doctor.js";
import type { CaseGraph } from "./case-graph.js";
import { graphOfCase } from "./case-graph.js";
import { closenessOf, difference, fromTensorData, toTensorData } from "./difference.js";

/** The exports of a file that defines an operator; its reference judges it. */
export type CheckedOperator = Omit<OperatorModule, "doc" | "cases" | "reference"> &
  Required<Pick<OperatorModule, "cases" | "reference">>;

/** Where an operator is run. */
export interface CheckOptions {
  /** default: all that this machine has */
  readonly targets?: readonly NonNullable<LoadOptions["target"]>[];
  /** further operators that an expansion makes nodes of */
  readonly operators?: LoadOptions["operators"];
}

/**
 * Runs each case with dims in numbers and again as symbols, on each target, and compares with the reference within the tolerance
 * (`{ relative: 1, absolute: 0 }` is one unit in the last place of f32; absent: equal).
 * @throws AzulejoError mismatch, with a line for each case that departs; option where there is nothing to check
 */
export async function checkOperator(module: CheckedOperator, options: CheckOptions = {}): Promise<void> {
  const { operator, cases, reference } = module;
  if (!operator || !cases || !reference)
    throw new AzulejoError(
      "option",
      "checkOperator() takes the exports of an operator's file: operator, reference and cases; export all three",
    );
  const list = cases();
  if (list.length === 0)
    throw new AzulejoError("option", `operator "${operator.name}" has no cases; give at least one`);
  const targets = options.targets ?? (await targetStates()).flatMap(t => (t.problem === undefined ? t.name : []));
  const departures: string[] = [];
  for (const target of targets)
    for (const symbolic of [false, true])
      for (const testCase of list) {
        const departure = await departureOf(module, testCase, { ...options, target }, symbolic);
        const how = symbolic ? "dims as symbols" : "dims in numbers";
        if (departure !== undefined) departures.push(`${testCase.name}, on ${target}, ${how}: ${departure}`);
      }
  if (departures.length > 0)
    throw new AzulejoError(
      "mismatch",
      `Operator "${operator.name}" departs from its reference in ${departures.length} runs; correct the one that is wrong:\n  ${departures.join("\n  ")}`,
    );
}

async function departureOf(
  module: CheckedOperator,
  testCase: OperatorCase,
  { operators = [], target }: CheckOptions & Pick<LoadOptions, "target">,
  symbolic: boolean,
): Promise<string | undefined> {
  const all = [module.operator, ...operators];
  try {
    const expected = graphOfCase(module, testCase, createRegistry(all), symbolic);
    const model = await loadGraph(expected.graph, {
      operators: all,
      target: target!,
      threads: 1,
      // the interpreter is a target of its own: that a GPU lacks f64 says nothing of the operator
      ...(target === "webgpu" ? { onUnsupported: "host" } : {}),
    });
    try {
      return await compare(module, expected, model);
    } finally {
      model.dispose();
    }
  } catch (error) {
    if (error instanceof AzulejoError && error.code !== "internal") return error.message;
    throw error;
  }
}

async function compare(
  { tolerance = exact }: CheckedOperator,
  { graph, inputs, want, scales }: CaseGraph,
  model: Model,
): Promise<string | undefined> {
  const given = Object.fromEntries(Object.entries(inputs).map(([name, t]) => [name, toTensorData(t)]));
  const outputs = await model.run<Record<string, Tensor>>(given);
  for (const [i, wanted] of want.entries()) {
    const { name } = graph.outputs[i]!;
    const problem = difference(
      fromTensorData(outputs[name]!),
      wanted,
      closenessOf(tolerance, wanted.dtype, scales[i]!),
    );
    if (problem !== undefined) return `output "${name.replace(/ out$/, "")}": ${problem}`;
  }
  return undefined;
}
