// Operators of the user for a command: the exports of JavaScript modules that are operators.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Operator } from "../index.js";
import { AzulejoError } from "../support/errors.js";

/** `--operators`, once or several times. @throws AzulejoError option */
export async function importOperators(files: readonly string[]): Promise<readonly Operator[]> {
  const found: Operator[] = [];
  for (const file of files) {
    const exported = Object.values(await importModule(file, "--operators"));
    const operators = exported.filter(isOperator);
    if (operators.length === 0)
      throw new AzulejoError(
        "option",
        `--operators "${file}" exports no operator; export objects { name, inputs, outputs, shape, at }, as azulejo new operator writes them`,
      );
    found.push(...operators);
  }
  return found;
}

/** `what` is where the user named the file. @throws AzulejoError option */
export async function importModule(file: string, what: string): Promise<Record<string, unknown>> {
  const path = resolve(file);
  if (!existsSync(path)) throw new AzulejoError("option", `${what} "${file}" does not exist; check the path`);
  try {
    return await import(pathToFileURL(path).href);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AzulejoError("option", `${what} "${file}" can't be imported (${reason}); ${remedy(reason)}`, { cause });
  }
}

function remedy(reason: string): string {
  const name = /^Cannot find package '([^']+)'/.exec(reason)?.[1];
  return name === undefined
    ? "give a JavaScript module, or TypeScript where Node runs it"
    : `run npm install ${name} in its folder or in one above`;
}

function isOperator(value: unknown): value is Operator {
  const given = Object(value) as Partial<Operator>;
  return typeof given.name === "string" && Array.isArray(given.inputs) && typeof given.shape === "function";
}
