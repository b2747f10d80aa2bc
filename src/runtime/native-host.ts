// What native code needs of the host: a compiler's processes, a folder for its results, foreign functions. Node only; like
// platform.ts it compiles with the ES library alone, and nothing is touched when it is imported. Not here: what is compiled.
import { AzulejoError } from "../support/errors.js";
import { installedPackage, promised } from "./platform.js";

interface FileStat {
  readonly size: number;
  readonly mtimeMs: number;
  readonly uid: number;
  readonly mode: number;
}
interface Files {
  /** a new folder whose name begins so, for this user alone */
  mkdtemp(prefix: string): Promise<string>;
  mkdir(path: string, options?: { recursive?: boolean; mode?: number }): Promise<unknown>;
  /** `flush`: on the disk, and not on its way there, when it is over */
  writeFile(
    path: string,
    data: string | Uint8Array,
    options?: { flag?: string; mode?: number; flush?: boolean },
  ): Promise<void>;
  readFile(path: string | URL, encoding: "utf8"): Promise<string>;
  readFile(path: string): Promise<Uint8Array>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options: { recursive: boolean; force: boolean }): Promise<void>;
  readdir(path: string): Promise<string[]>;
  stat(path: string): Promise<FileStat>;
  utimes(path: string, atime: Date, mtime: Date): Promise<void>;
}
interface Stream {
  on(event: "data", receive: (chunk: { toString(): string }) => void): void;
}
interface Child {
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly stdin: { end(text: string): void; on(event: "error", ignore: () => void): void };
  on(event: "error", receive: (error: Error & { code?: string }) => void): void;
  on(event: "close", receive: (code: number | null) => void): void;
  kill(): void;
}
interface Modules {
  "node:fs": Readonly<Record<keyof Files, (...parametersAndEnd: readonly unknown[]) => void>>;
  "node:path": { join(...parts: string[]): string };
  "node:os": {
    homedir(): string;
    tmpdir(): string;
    totalmem(): number;
    freemem(): number;
    cpus(): readonly { readonly model: string }[];
  };
  "node:child_process": { spawn(command: string, parameters: readonly string[], options: object): Child };
  "node:crypto": { createHash(name: "sha256"): { update(text: string): { digest(encoding: "hex"): string } } };
}
interface Process {
  readonly platform: string;
  readonly arch: string;
  readonly pid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  getuid?(): number;
  cwd(): string;
  kill(pid: number, signal: 0): void;
  getBuiltinModule?<Name extends keyof Modules>(name: Name): Modules[Name] | undefined;
}
const process = (): Process | undefined => (globalThis as { process?: Process }).process;

function nodeModule<Name extends keyof Modules>(name: Name): Modules[Name] {
  const found = process()?.getBuiltinModule?.(name);
  if (!found) throw new AzulejoError("target", 'target: "native" needs Node; use { target: "wasm" } here');
  return found;
}

/** "linux-x64" and the like; undefined where there is no Node. */
export const hostPlatform = (): string | undefined => {
  const p = process();
  return p?.getBuiltinModule ? `${p.platform}-${p.arch}` : undefined;
};
export const hostVariable = (name: string): string | undefined => process()?.env[name] || undefined;
export const processId = (): number => process()!.pid;
/** undefined where users have no numbers */
export const userId = (): number | undefined => process()?.getuid?.();
/** fs/promises takes Node 2 ms to load, and every load asks for a file */
export const files = (): Files => {
  const fs = nodeModule("node:fs");
  const call =
    <Name extends keyof Files>(name: Name) =>
    (...parameters: readonly unknown[]): Promise<never> =>
      promised(done => fs[name](...parameters, done));
  return {
    mkdir: call("mkdir"),
    mkdtemp: call("mkdtemp"),
    writeFile: call("writeFile"),
    readFile: call("readFile"),
    rename: call("rename"),
    rm: call("rm"),
    readdir: call("readdir"),
    stat: call("stat"),
    utimes: call("utimes"),
  };
};
/** Calls again and again, without keeping the process alive, until the result is called. */
export function repeat(run: () => void, everyMs: number): () => void {
  const { setInterval, clearInterval } = globalThis as unknown as Timers;
  const timer = setInterval(run, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
interface Timers {
  setInterval(run: () => void, timeMs: number): { unref(): void };
  clearInterval(timer: object): void;
}
export const joinPath = (...parts: string[]): string => nodeModule("node:path").join(...parts);
export const temporaryFolder = (): string => nodeModule("node:os").tmpdir();
export const homeFolder = (): string => nodeModule("node:os").homedir();
export const memoryBytes = (): { readonly total: number; readonly free: number } => {
  const os = nodeModule("node:os");
  return { total: os.totalmem(), free: os.freemem() };
};
export const processorName = (): string => nodeModule("node:os").cpus()[0]?.model.trim() ?? "unknown processor";
/** What tells two kinds of processors apart: code for one may not run on the other. */
export async function processorIdentity(): Promise<string> {
  const text = await files()
    .readFile("/proc/cpuinfo", "utf8")
    .catch(() => "");
  const told = [...text.split("\n\n")[0]!.matchAll(/^(?:vendor_id|model|model name|flags|CPU part|Features)\s*:.*$/gm)];
  return [hostPlatform(), processorName(), ...told.map(([line]) => line)].join("\n");
}
export const sha256 = (text: string): string =>
  nodeModule("node:crypto").createHash("sha256").update(text).digest("hex");

export const isAlive = (pid: number): boolean => {
  try {
    process()!.kill(pid, 0);
    return true;
  } catch (error) {
    // a process of somebody else can't be signalled, and lives
    return (error as { code?: string }).code === "EPERM";
  }
};

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
/** Runs a program without a shell; undefined: there is no such program. */
export function runCommand(
  command: string,
  parameters: readonly string[],
  options: { readonly input?: string; readonly signal?: AbortSignal | undefined } = {},
): Promise<CommandResult | undefined> {
  const { spawn } = nodeModule("node:child_process");
  return new Promise((resolve, reject) => {
    // messages are shown to people and never parsed, but dates and letters should not depend on the user's language
    const env = { ...process()!.env, LC_ALL: "C" };
    const child = spawn(command, parameters, { env, stdio: ["pipe", "pipe", "pipe"] });
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", chunk => (output.stdout += chunk.toString()));
    child.stderr.on("data", chunk => (output.stderr += chunk.toString()));
    const abort = () => child.kill();
    options.signal?.addEventListener("abort", abort);
    child.on("error", error => (error.code === "ENOENT" ? resolve(undefined) : reject(error)));
    child.on("close", code => {
      options.signal?.removeEventListener("abort", abort);
      resolve({ code, ...output });
    });
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
  });
}

export type ForeignValue = number | bigint | Uint8Array;
export interface ForeignFunction {
  (...values: ForeignValue[]): number | bigint;
  /** on another thread; the last argument is told the error or the result */
  async(...values: (ForeignValue | ((error: Error | null, result: number) => void))[]): void;
}
export interface ForeignLibrary {
  func(declaration: string): ForeignFunction;
}
interface Koffi {
  readonly version: string;
  readonly load: (path: string) => ForeignLibrary;
  /** memory behind a pointer; absent in old versions */
  readonly view?: (pointer: unknown, byteLength: number) => ArrayBuffer;
}
/** The package koffi; undefined: it is not installed. */
export const foreignFunctions = (): Koffi | undefined => installedPackage("koffi") as Koffi | undefined;
