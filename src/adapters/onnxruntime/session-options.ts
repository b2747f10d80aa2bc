// onnxruntime's session options to those of load(). Hints that concern onnxruntime's own machinery are accepted without effect and listed
// as such; what would change results or where they lie is an error.
import type { LoadOptions, RunModelOptions } from "../../runtime/api.js";
import type { HostGpuDevice } from "../../runtime/gpu.js";
import { readBytes } from "../../runtime/platform.js";
import { MOST_THREADS } from "../../runtime/target.js";
import { isBuffer, isUint8Array } from "../../support/bytes.js";
import { AzulejoError } from "../../support/errors.js";
import { shown, wrong } from "../../support/named-options.js";
import type { Env } from "./env.js";

/** A provider with its options, of which `device` of "webgpu" counts: the others steer onnxruntime's own machinery. */
export interface ExecutionProviderOption {
  readonly name: string;
}
/** What a list of providers holds. */
export type ExecutionProvider =
  | string
  | ExecutionProviderOption
  | (ExecutionProviderOption & Readonly<Record<string, unknown>>);

/** A file of weights that the model names. */
export interface ExternalDataFile {
  /** as the model names it */
  path: string;
  /** bytes, which are not copied: leave them alone until release(); a Blob; or a path (Node) or address */
  data: Uint8Array | ArrayBufferLike | { arrayBuffer(): Promise<ArrayBuffer> } | string;
}

/** How a session is created; [which of onnxruntime's options do what](../onnxruntime.md). */
export interface SessionOptions {
  /** in order of preference; "cpu" is "native" where koffi and a C compiler are installed, else "wasm"; "webgpu", or { name: "webgpu", device }; absent: "wasm" */
  executionProviders?: readonly ExecutionProvider[];
  /** 0 or absent: env.wasm.numThreads; more than 64 are 64 */
  intraOpNumThreads?: number;
  /** "disabled" runs no optional pass; all other levels run all */
  graphOptimizationLevel?: "disabled" | "basic" | "extended" | "layout" | "all";
  logSeverityLevel?: 0 | 1 | 2 | 3 | 4;
  freeDimensionOverrides?: Readonly<Record<string, number>>;
  /** all files that the model names, if any is given; a string is both name and path or address */
  externalData?: readonly (ExternalDataFile | string)[];
  /** where outputs lie, all or some by name: "cpu" or, with the provider "webgpu", "gpu-buffer" */
  preferredOutputLocation?: string | Readonly<Record<string, string>>;
  /** with the provider "webgpu", without effect: each run is one submission of what was recorded for its dims */
  enableGraphCapture?: boolean;
  /** nothing is written: an error where set */
  optimizedModelFilePath?: string;
  enableProfiling?: boolean;
  // Hints about onnxruntime's own machinery, accepted without effect.
  interOpNumThreads?: number;
  enableCpuMemArena?: boolean;
  enableMemPattern?: boolean;
  executionMode?: "sequential" | "parallel";
  profileFilePrefix?: string;
  logId?: string;
  logVerbosityLevel?: number;
  extra?: Record<string, unknown>;
}

const providers = ["wasm", "cpu", "native", "webgpu"] as const;

/** A provider that sessions may ask for. */
export interface SupportedBackend {
  readonly name: string;
  /** false: "native" needs a package of its own and a C compiler, "webgpu" a package in Node */
  readonly bundled: boolean;
}
/** The execution providers that sessions can ask for, as onnxruntime-node lists them. */
export const listSupportedBackends = (): SupportedBackend[] =>
  providers.map(name => ({ name, bundled: name === "wasm" || name === "cpu" }));

type Provider = (typeof providers)[number];
export const isProvider = (name: string): name is Provider => providers.includes(name as Provider);
const levels = ["disabled", "basic", "extended", "layout", "all"];

export const isQuiet = ({ logSeverityLevel: level }: SessionOptions, env: Env): boolean =>
  level === undefined ? env.logLevel === "error" || env.logLevel === "fatal" : level > 2;

/** What load() is to be told. Warnings go where `warn` says, unless logSeverityLevel or env.logLevel hides them. */
export function toLoadOptions(options: SessionOptions, env: Env, warn: (message: string) => void): LoadOptions {
  const target = providerOf(namesOf(options), isQuiet(options, env) ? () => {} : warn);
  checkLevels(options);
  checkFeatures(options, target);
  const threads = threadsOf(options.intraOpNumThreads || env.wasm.numThreads);
  const { freeDimensionOverrides: dims, externalData } = options;
  return {
    ...(target === undefined ? {} : { target }),
    ...(threads === undefined ? {} : { threads }),
    ...(dims === undefined ? {} : { dims }),
    ...(externalData?.length === 0 ? {} : externalData && { readExternal: externalReader(externalData) }),
    ...(options.graphOptimizationLevel === "disabled" ? { passes: () => [] } : {}),
  };
}

/** @throws AzulejoError option: the list is none, or holds something else */
export function namesOf({ executionProviders }: SessionOptions): readonly string[] {
  const wanted: readonly unknown[] = executionProviders ?? [];
  const names = Array.isArray(wanted) ? wanted.map(p => (typeof p === "string" ? p : Object(p).name)) : [wanted];
  if (Array.isArray(wanted) && names.every(name => typeof name === "string")) return names;
  throw wrong('executionProviders is a list of names, or of objects with a name: ["wasm"] or [{ name: "webgpu" }]');
}

/** The first one that exists; undefined: none was asked for. */
function providerOf(names: readonly string[], warn: (message: string) => void): Provider | undefined {
  const other = names.filter(name => !isProvider(name));
  if (names.length > 0 && other.length === names.length) {
    const list = names.map(name => `"${name}"`).join(", ");
    throw new AzulejoError(
      "target",
      `execution provider ${list} does not exist in azulejo/onnxruntime; use "wasm", "cpu", "native" or "webgpu"`,
    );
  }
  // The list is an order of preference: the caller asked for the next one.
  for (const name of other)
    warn(`azulejo/onnxruntime has no execution provider "${name}"; the next one of the list is used`);
  return names.find(isProvider);
}

function checkLevels({ graphOptimizationLevel: level, logSeverityLevel: severity }: SessionOptions): void {
  if (level !== undefined && !levels.includes(level)) {
    throw wrong(`graphOptimizationLevel is "${level}"; use one of ${levels.join(", ")}`);
  }
  if (severity !== undefined && ![0, 1, 2, 3, 4].includes(severity)) {
    throw wrong(`logSeverityLevel is ${severity}; use 0 (all) to 4 (fatal errors only)`);
  }
}

function checkFeatures(options: SessionOptions, target: Provider | undefined): void {
  const { enableGraphCapture, optimizedModelFilePath, enableProfiling } = options;
  const where = outputLocation(options);
  const places = typeof where === "string" ? [where] : Object.values(where ?? {});
  if (target !== "webgpu" && places.includes("gpu-buffer"))
    throw wrong(
      'preferredOutputLocation asks for "gpu-buffer", which only the provider "webgpu" has; leave it out, or use executionProviders: ["webgpu"]',
    );
  if (enableGraphCapture && target !== "webgpu") throw wrong("enableGraphCapture is for GPU providers; leave it out");
  if (optimizedModelFilePath !== undefined)
    throw wrong("optimizedModelFilePath has no file to name: nothing is written; leave it out");
  if (enableProfiling) throw wrong("enableProfiling has no profile to write; use the command azulejo profile");
}

function threadsOf(threads: unknown): number | undefined {
  if (threads === undefined || threads === 0) return undefined;
  // programs ask for the cores of their machine
  if (Number.isSafeInteger(threads) && (threads as number) > 0) return Math.min(threads as number, MOST_THREADS);
  throw wrong(
    `intraOpNumThreads or env.wasm.numThreads is ${shown(threads)}; use a whole number, or 0 for the default`,
  );
}

const withoutDot = (path: string): string => path.replace(/^(\.\/)+/, "");

function externalReader(files: readonly (ExternalDataFile | string)[]): (name: string) => Promise<Uint8Array> {
  const given = Array.isArray(files)
    ? files.map(f => (typeof f === "string" ? { path: f, data: f } : Object(f)))
    : [{}];
  for (const { path, data } of given as readonly Partial<ExternalDataFile>[])
    if (typeof path !== "string" || !isFileData(data))
      throw wrong("externalData is a list of { path, data }, where data are bytes, a Blob, or a path or address");
  const byPath = new Map(given.map(({ path, data }: ExternalDataFile) => [withoutDot(path), data]));
  return async name => {
    const data = byPath.get(withoutDot(name));
    if (data === undefined) {
      throw new AzulejoError(
        "model-external-data",
        `the model names the file "${name}", which externalData does not hold; add { path: "${name}", data }`,
      );
    }
    if (typeof data === "string") return readBytes(data);
    return isUint8Array(data) ? data : new Uint8Array(isBuffer(data) ? data : await data.arrayBuffer());
  };
}

const isFileData = (data: unknown): boolean =>
  typeof data === "string" ||
  isUint8Array(data) ||
  isBuffer(data) ||
  typeof (data as { arrayBuffer?: unknown } | undefined)?.arrayBuffer === "function";

type OutputLocation = NonNullable<RunModelOptions["outputLocation"]>;

/** @throws AzulejoError option: a place that does not exist here */
export function outputLocation({ preferredOutputLocation: where }: SessionOptions): OutputLocation | undefined {
  const places = typeof where === "string" ? [where] : Object.values(where ?? {});
  const other = places.find(place => place !== "cpu" && place !== "gpu-buffer");
  if (other !== undefined)
    throw wrong(`preferredOutputLocation asks for "${other}"; outputs lie in "cpu" memory or a "gpu-buffer"`);
  return where as OutputLocation | undefined;
}

/** The GPUDevice that the provider names, beside env.webgpu.device. */
export function deviceOf({ executionProviders = [] }: SessionOptions): HostGpuDevice | undefined {
  const named = executionProviders.find(p => typeof p !== "string" && p.name === "webgpu");
  return (named as { readonly device?: HostGpuDevice } | undefined)?.device;
}
