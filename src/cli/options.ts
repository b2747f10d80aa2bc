// Options that several commands share, and the parsers of their values. Wrong values give AzulejoError("option").
import { availableParallelism } from "node:os";
import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import type { LoadOptions } from "../runtime/api.js";
import { AzulejoError } from "../support/errors.js";
import { importOperators } from "./user-operators.js";

export interface ModelOptions {
  readonly dims?: Readonly<Record<string, number>>;
  readonly operators?: readonly string[];
}
export interface SharedOptions extends ModelOptions {
  readonly threads?: number;
  readonly target: "wasm" | "native" | "cpu" | "webgpu" | "interpreter";
  readonly json?: boolean;
  /** false: --no-cache */
  readonly cache: boolean;
}

/** For commands that take a picture. */
export const layoutOption = (): Option =>
  new Option("--layout <layout>", "order of the picture's dims (default: where 1 or 3 channels are)").choices([
    "nchw",
    "nhwc",
  ]);

/** Adds `--dims` and `--operators`: what a model is. */
export function addModelOptions(command: Command): Command {
  return command
    .option("--dims <name=size,…>", "fix dims that the model leaves open, e.g. batch=1,height=480", parseDims)
    .option(
      "--operators <file>",
      "a JavaScript module that exports operators of yours; they go before the built-in ones; repeatable",
      (file: string, previous: readonly string[] = []) => [...previous, file],
    );
}

/** Adds `--threads`, `--no-cache` and `--target` too: how a model is loaded. */
export function addLoadOptions(command: Command): Command {
  return addModelOptions(command)
    .option(
      "--threads <n>",
      `worker threads (default: the number of cores, here ${availableParallelism()}, at most 8)`,
      parseCount,
    )
    .option("--no-cache", "compile anew: neither take a compiled model from the disk nor keep one there")
    .addOption(
      new Option(
        "--target <target>",
        "wasm: compiled code; native: machine code by the C compiler of this system; cpu: native where possible, else wasm; webgpu: shaders on the GPU, with the package webgpu; interpreter: slow, checks every access",
      )
        .choices(["wasm", "native", "cpu", "webgpu", "interpreter"])
        .default("wasm"),
    );
}

export async function modelOptions({ dims, operators }: ModelOptions): Promise<LoadOptions> {
  return {
    ...(dims === undefined ? {} : { dims }),
    ...(operators === undefined ? {} : { operators: await importOperators(operators) }),
  };
}

export async function loadOptions({ threads, target, cache, ...model }: SharedOptions): Promise<LoadOptions> {
  return { target, cache, ...(await modelOptions(model)), ...(threads === undefined ? {} : { threads }) };
}

/** An option that says nothing without another one is refused, not dropped. @throws AzulejoError option */
export function refuseIdle(options: object, idle: readonly string[], remedy: string): void {
  const given = idle.find(name => (options as Record<string, unknown>)[name] !== undefined);
  if (given !== undefined) throw new AzulejoError("option", `--${given} says nothing here; ${remedy}, or leave it out`);
}

/** `batch=1,height=480`, given once or several times. */
export function parseDims(text: string, previous: Readonly<Record<string, number>> = {}): Record<string, number> {
  const entries = text.split(",").map(part => {
    const match = /^\s*([^=]+?)\s*=\s*(\d+)\s*$/.exec(part);
    if (match === null) throw new InvalidArgumentError(`"${part}" is not of the form name=size.`);
    return [match[1]!, Number(match[2])] as const;
  });
  return { ...previous, ...Object.fromEntries(entries) };
}

/** A positive integer. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("It must be a whole number, 1 or more.");
  return Number(text);
}

/** A whole number, 0 or more. */
export function parseWhole(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError("It must be a whole number, 0 or more.");
  return value;
}

/** A non-negative number. */
export function parseAmount(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0)) throw new InvalidArgumentError("It must be a number, 0 or more.");
  return value;
}

/** One number for all channels, or one per channel: `0.5` or `0.485,0.456,0.406`. */
export function parseChannels(text: string): number[] {
  const values = text.split(",").map(Number);
  if (text.trim() === "" || values.some(value => !Number.isFinite(value))) {
    throw new InvalidArgumentError(`It must be numbers separated by commas, one or one per channel.`);
  }
  return values;
}

/** `name=value`, collected over several uses. */
export function parseInputs(text: string, previous: ReadonlyMap<string, string> = new Map()): Map<string, string> {
  // Names of ONNX values may hold "=", but hardly before the first one of a path; ":" and "/" are common.
  const at = text.indexOf("=");
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError(`"${text}" is not of the form name=file.`);
  return new Map([...previous, [text.slice(0, at), text.slice(at + 1)]]);
}
