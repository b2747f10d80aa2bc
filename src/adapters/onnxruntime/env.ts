// onnxruntime's `env`: plain, enumerable, mutable settings, read when a session is created.

export type LogLevel = "verbose" | "info" | "warning" | "error" | "fatal";

export interface WasmFlags {
  /** threads of sessions that don't set intraOpNumThreads; undefined: the number of cores, at most 8 */
  numThreads?: number;
  /** no file is fetched; the value only tells programs that look for it that nothing has to be */
  wasmPaths?: unknown;
  [name: string]: unknown;
}

export interface Env {
  logLevel?: LogLevel;
  debug?: boolean;
  trace?: boolean;
  readonly versions: { readonly common: string; readonly web?: string; readonly node?: string };
  readonly wasm: WasmFlags;
  readonly webgl: Record<string, unknown>;
  readonly webgpu: Record<string, unknown>;
  [name: string]: unknown;
}

/** The onnxruntime release whose JavaScript surface this is. */
const surface = "1.30.0";

export const env: Env = {
  logLevel: "warning",
  debug: false,
  trace: false,
  versions: { common: surface, web: surface },
  // transformers.js downloads onnxruntime's 27 MB of WebAssembly in advance where this is empty.
  wasm: { numThreads: undefined, wasmPaths: "./" },
  webgl: {},
  webgpu: {},
};
