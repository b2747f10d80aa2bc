// How a command that failed says so: one sentence, the code, the page to read, and the exit status.
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import type { ErrorCode } from "../support/errors.js";
import { AzulejoError } from "../support/errors.js";
import { inWordsOfTheCommandLine } from "./option-words.js";
import { packageRoot } from "./package-root.js";

/** 0: done · 1: failed · 2: the command line is wrong · 130: stopped by Ctrl-C, as shells count signals. */
export const exitCodes = { done: 0, failed: 1, usage: 2, stopped: 130 } as const;

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  /** path of the documentation page, from the current folder, or its place in the package */
  readonly page: string;
  readonly exitCode: number;
}

/** Describes anything that was thrown. What isn't the project's own error is a bug of the project. */
export function failureOf(error: unknown): Failure {
  const known = error instanceof AzulejoError;
  const code = known ? error.code : "internal";
  const text = error instanceof Error ? error.message : String(error);
  const message = known
    ? inWordsOfTheCommandLine(text)
    : `${text}; this is a bug in Azulejo, please report it with the output of AZULEJO_DEBUG=1`;
  return { code, message, page: pageOf(code), exitCode: code === "aborted" ? exitCodes.stopped : exitCodes.failed };
}

/** A command line that is wrong, in the sentence that standard error shows. */
export const usageFailure = (message: string): Failure => ({
  code: "option",
  message: message.replace(/^error: /, "").replace(/\s*\n\s*/g, " "),
  page: pageOf("option"),
  exitCode: exitCodes.usage,
});

function pageOf(code: ErrorCode): string {
  const name = `docs/errors/${code}.md`;
  const page = join(packageRoot(), name);
  const fromHere = relative(process.cwd(), page);
  return existsSync(page) && !fromHere.startsWith("..") ? fromHere : name;
}

/** What standard error shows: `azulejo: <sentence>` and where to read on; with AZULEJO_DEBUG the stack too. */
export function failureText(error: unknown): string {
  const { code, message, page } = failureOf(error);
  const stack = process.env.AZULEJO_DEBUG === undefined || !(error instanceof Error) ? "" : `${error.stack}\n`;
  return `azulejo: ${message}\n(${code}: see ${page})\n${stack}`;
}
