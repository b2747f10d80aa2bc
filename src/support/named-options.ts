// Options as programs without types may hand them in: their names and kinds, and the sentence that says what is wrong with one.
import { AzulejoError } from "./errors.js";

/** What was wanted instead; undefined: the value is fine. */
export type Check = (value: unknown) => string | undefined;

export const wrong = (message: string): AzulejoError => new AzulejoError("option", message);
export const isFunction: Check = value => (typeof value === "function" ? undefined : "a function");
export const isObject: Check = value => (Object(value) === value && !Array.isArray(value) ? undefined : "an object");
export const isList: Check = value => (Array.isArray(value) ? undefined : "a list");
export const isSignal: Check = value => {
  const { aborted, addEventListener } = Object(value) as Partial<AbortSignal>;
  return typeof aborted === "boolean" && typeof addEventListener === "function" ? undefined : "an AbortSignal";
};

/** @throws AzulejoError option, where the options are no object, one has another name than those, or is not what its check wants */
export function checkNamed(options: object, names: readonly string[], checkOf: (name: string) => Check): void {
  if (isObject(options) !== undefined) throw wrong(`options are ${kindOf(options)}; give an object or leave them out`);
  for (const [name, value] of Object.entries(options)) {
    if (!names.includes(name)) throw wrong(`there is no option "${name}"; the options are ${names.join(", ")}`);
    const wanted = value === undefined ? undefined : checkOf(name)(value);
    if (wanted !== undefined) throw wrong(`${name} is ${kindOf(value)}; give ${wanted} or leave it out`);
  }
}

/** 2, and "2" of a string */
export const shown = (value: unknown): string => (typeof value === "string" ? JSON.stringify(value) : String(value));

export const kindOf = (value: unknown): string =>
  value === null
    ? "null"
    : Array.isArray(value)
      ? "a list"
      : `${/^[aeiou]/.test(typeof value) ? "an" : "a"} ${typeof value}`;
