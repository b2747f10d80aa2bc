// Options of load(), explain() and compileKernel() as programs without types may hand them in: names and kinds, before anything is read.
// Values that only the model can judge (dims, names of kernels) are judged there.
import type { Pass } from "../graph/pass.js";
import type { AttributeSpec, Operator } from "../ops/operator.js";
import type { LoadOptions } from "../runtime/api.js";
import {
  type Check,
  checkNamed,
  isFunction,
  isList,
  isObject,
  isSignal,
  kindOf,
  wrong,
} from "../support/named-options.js";

/** where an operator can say what it computes: one of these is there */
const bodies = ["at", "kernels", "expand", "host"] as const;

const attributeTypes: Readonly<Record<AttributeSpec["type"], true>> = {
  int: true,
  float: true,
  string: true,
  ints: true,
  floats: true,
  strings: true,
  tensor: true,
  graph: true,
  type: true,
};

/** judged where it is used, by which null would count as left out */
const later: Check = value => (value === null ? "a value" : undefined);

/** What each option is asked to be; the keys are all that there are. */
const checks: Readonly<Record<keyof LoadOptions, Check>> = {
  target: later,
  onUnsupported: value => (value === "error" || value === "host" ? undefined : '"error" or "host"'),
  gpuDevice: value =>
    typeof (value as { createBuffer?: unknown } | null)?.createBuffer === "function" ? undefined : "a GPUDevice",
  threads: later,
  operators: isList,
  passes: isFunction,
  editKernels: isFunction,
  dims: isObject,
  onProgress: isFunction,
  signal: isSignal,
  schedules: isObject,
  tuning: value =>
    typeof value === "boolean" || typeof value === "string" || Array.isArray(value)
      ? undefined
      : "true, false, a path or a list of records",
  engineFlags: later,
  cache: value => (typeof value === "boolean" ? undefined : "true or false"),
  sanitize: value => (typeof value === "boolean" ? undefined : "true or false"),
  readExternal: isFunction,
  imageDecoder: isFunction,
};

export const loadOptionNames: readonly string[] = Object.keys(checks);

/**
 * `names` are those that the caller takes.
 * @throws AzulejoError option
 */
export function checkOptions(options: object, names = loadOptionNames): void {
  checkNamed(options, names, name => checks[name as keyof LoadOptions] ?? later);
  const { operators } = options as LoadOptions;
  operators?.forEach(checkOperator);
}

function checkOperator(operator: Operator, at: number): void {
  const given = Object(operator) as Partial<Operator>;
  const named = typeof given.name === "string" && given.name !== "";
  const who = named ? `operator "${given.name}"` : `the operator at position ${at}`;
  if (!named) throw wrong(`operators: ${who} has no name; give { name, inputs, outputs, shape, at }`);
  if (!Array.isArray(given.inputs) || !Array.isArray(given.outputs))
    throw wrong(`operators: ${who} does not list its inputs and outputs; give the names of both`);
  if (typeof given.shape !== "function")
    throw wrong(`operators: ${who} has no function shape; give the dims of its outputs`);
  if (!bodies.some(body => given[body] !== undefined))
    throw wrong(`operators: ${who} has no body; give one of at, kernels or expand`);
  for (const [name, spec] of Object.entries(given.attributes ?? {})) {
    const type: unknown = Object(spec).type;
    if (!Object.hasOwn(attributeTypes, String(type)))
      throw wrong(
        `operators: ${who} has an attribute "${name}" of type ${JSON.stringify(type)}; use one of ${Object.keys(attributeTypes).join(", ")}`,
      );
  }
}

/** The list that the option `passes` made. */
export function checkPasses(list: unknown): readonly Pass[] {
  if (!Array.isArray(list))
    throw wrong(`passes gave back ${list === undefined ? "nothing" : kindOf(list)}; return a list of passes`);
  list.forEach((pass: Partial<Pass> | undefined, at) => {
    if (typeof pass?.name !== "string" || typeof pass.run !== "function")
      throw wrong(`passes gave back something at position ${at} that is no pass; a pass is { name, run }`);
  });
  return list;
}

/** Pins of schedules for kernels that the program does not have would be lost without a word. */
export function checkPinnedKernels(
  schedules: LoadOptions["schedules"],
  kernels: readonly { readonly name: string }[],
): void {
  const names = [...new Set(kernels.map(({ name }) => name))];
  for (const name of Object.keys(schedules ?? {})) {
    if (!names.includes(name))
      throw wrong(`schedules: there is no kernel "${name}"; the kernels are ${names.join(", ")}`);
  }
}
