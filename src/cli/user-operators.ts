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
    // a kernel in the file that is wrong: what it says, with its line, is the whole story
    if (cause instanceof AzulejoError) throw cause;
    const reason = cause instanceof Error ? `${cause.message}${placeOf(cause, path)}` : String(cause);
    throw new AzulejoError("option", `${what} "${file}" can't be imported: ${reason}; ${remedyFor(cause, file)}`, {
      cause,
    });
  }
}

/** ` (file:line)` of the frame that lies in the file itself; what does not parse has none. */
function placeOf({ stack = "" }: Error, path: string): string {
  const frame = stack.split("\n").find(line => line.includes(pathToFileURL(path).href));
  const line = frame && /:(\d+)(?::\d+\)?)?$/.exec(frame)?.[1];
  return line === undefined || line === "" ? "" : ` (${path}:${line})`;
}

function remedyFor(cause: unknown, file: string): string {
  const { code, message } = Object(cause) as { code?: unknown; message?: unknown };
  const name = /^Cannot find package '([^']+)'/.exec(`${message}`)?.[1];
  if (name !== undefined) return `run npm install ${name} in its folder or in one above`;
  if (cause instanceof SyntaxError) return `node --check ${file} shows where`;
  return typeof code === "string" && code.startsWith("ERR_")
    ? "give a JavaScript module, or TypeScript where Node runs it"
    : "mend the file";
}

function isOperator(value: unknown): value is Operator {
  const given = Object(value) as Partial<Operator>;
  return typeof given.name === "string" && Array.isArray(given.inputs) && typeof given.shape === "function";
}
