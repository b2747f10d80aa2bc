// Options of load(), explain() and compileKernel() as programs without types may hand them in: names and kinds, before anything is read.
// Values that only the model can judge (dims, names of kernels) are judged there.
import type { Pass } from "../graph/pass.js";
import type { Operator } from "../ops/operator.js";
import type { LoadOptions } from "../runtime/api.js";
import { AzulejoError } from "../support/errors.js";

/** where an operator can say what it computes: one of these is there */
const bodies = ["at", "kernels", "expand", "host"] as const;

type Check = (value: unknown) => string | undefined;

const wrong = (message: string): AzulejoError => new AzulejoError("option", message);
const isFunction: Check = value => (typeof value === "function" ? undefined : "a function");
const isObject: Check = value => (Object(value) === value && !Array.isArray(value) ? undefined : "an object");
const isList: Check = value => (Array.isArray(value) ? undefined : "a list");
/** judged where it is used */
const later: Check = () => undefined;

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
  signal: value => (typeof (value as AbortSignal | null)?.aborted === "boolean" ? undefined : "an AbortSignal"),
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
  if (isObject(options) !== undefined) throw wrong(`options are ${kindOf(options)}; give an object or leave them out`);
  for (const [name, value] of Object.entries(options)) {
    if (!names.includes(name)) throw wrong(`there is no option "${name}"; the options are ${names.join(", ")}`);
    const check = checks[name as keyof LoadOptions] ?? later;
    const wanted = value === undefined ? undefined : check(value);
    if (wanted !== undefined) throw wrong(`${name} is ${kindOf(value)}; give ${wanted} or leave it out`);
  }
  const { operators } = options as LoadOptions;
  operators?.forEach(checkOperator);
}

const kindOf = (value: unknown): string =>
  value === null
    ? "null"
    : Array.isArray(value)
      ? "a list"
      : `${/^[aeiou]/.test(typeof value) ? "an" : "a"} ${typeof value}`;

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
