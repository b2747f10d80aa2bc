// The one file that talks to the host: WebAssembly, workers, files, fetch, clocks, engine flags. Everything else in the core
// compiles with the ES library alone. Node's modules come from process.getBuiltinModule (Node 20.16 and later), which no
// bundler sees, so a browser bundle needs no polyfill and nothing here is asynchronous only because of an import.
// Nothing is touched when this file is imported.
import type { ContentIdentity } from "../support/byte-source.js";
import { AzulejoError } from "../support/errors.js";

// ---- host globals, as far as the core uses them; empty additions where the DOM or Node declare the same ----
declare global {
  interface AbortSignal {
    readonly aborted: boolean;
    // biome-ignore lint/suspicious/noExplicitAny: must be identical to the declaration of the DOM
    readonly reason: any;
    addEventListener(type: "abort", listener: () => void): void;
    removeEventListener(type: "abort", listener: () => void): void;
  }
  interface URL {
    href: string;
    protocol: string;
  }
}

/** A compiled module; opaque, can be posted to workers. */
export interface WasmModule {
  readonly wasmModule?: never;
}
export interface WasmMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  grow(pages: number): number;
}
export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}
type WasmImports = Record<string, Record<string, unknown>>;
interface WasmHost {
  validate(bytes: Uint8Array): boolean;
  compile(bytes: Uint8Array): Promise<WasmModule>;
  instantiate(module: WasmModule, imports: WasmImports): Promise<WasmInstance>;
  Instance: new (module: WasmModule, imports: WasmImports) => WasmInstance;
  Memory: new (limits: { initial: number; maximum: number; shared: boolean }) => WasmMemory;
}
interface NodeWorker {
  postMessage(message: unknown, transfer?: readonly object[]): void;
  on(event: "message" | "messageerror" | "error" | "exit", listener: (value: unknown) => void): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<number>;
}
interface WebWorker {
  onmessage: ((event: { data: unknown }) => void) | null;
  onmessageerror: (() => void) | null;
  onerror: ((event: { message?: string; preventDefault?(): void }) => void) | null;
  postMessage(message: unknown, transfer?: readonly object[]): void;
  terminate(): void;
}
interface BigStat {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  isDirectory(): boolean;
}
/** what Node calls in the end */
type Done<T> = (error: Error | null, value: T) => void;
interface ResponseCache {
  match(address: string): Promise<{ arrayBuffer(): Promise<ArrayBuffer> } | undefined>;
  put(address: string, response: object): Promise<void>;
}
interface BodyReader {
  read(): Promise<{ done: boolean; value?: Uint8Array }>;
}
interface FetchResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: { getReader(): BodyReader } | null;
  arrayBuffer(): Promise<ArrayBuffer>;
}
interface NodeModules {
  "node:crypto": { createHash(name: "sha256"): { update(bytes: Uint8Array): { digest(encoding: "hex"): string } } };
  "node:worker_threads": { Worker: new (source: string | URL, options: object) => NodeWorker };
  "node:os": { availableParallelism(): number };
  "node:v8": { setFlagsFromString(flag: string): void };
  "node:fs": {
    open(path: string | URL, flags: "r", done: Done<number>): void;
    fstat(file: number, options: { readonly bigint: true }, done: Done<BigStat>): void;
    read(file: number, into: Uint8Array, offset: number, length: number, position: number, done: Done<number>): void;
    close(file: number, done: Done<void>): void;
  };
  "node:url": { pathToFileURL(path: string): URL };
  "node:module": { createRequire(from: string | URL): (name: string) => unknown };
}
interface NodeProcess {
  cwd(): string;
  readonly versions: Readonly<Record<string, string | undefined>>;
  readonly execArgv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  getBuiltinModule?<Name extends keyof NodeModules>(name: Name): NodeModules[Name] | undefined;
}
interface MessageEnd {
  onmessage: (() => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}
interface Host {
  readonly WebAssembly?: WasmHost;
  readonly process?: NodeProcess;
  readonly navigator?: { readonly hardwareConcurrency?: number; readonly gpu?: object };
  readonly crossOriginIsolated?: boolean;
  readonly document?: { readonly baseURI?: string };
  readonly location?: { readonly href: string };
  readonly performance?: { now(): number };
  readonly TextEncoder: new () => { encode(text: string): Uint8Array };
  readonly TextDecoder: new () => { decode(bytes: Uint8Array): string };
  readonly crypto?: { readonly subtle?: { digest(name: "SHA-256", bytes: Uint8Array): Promise<ArrayBuffer> } };
  readonly Worker?: new (url: string | URL, options?: { name?: string }) => WebWorker;
  readonly Blob?: new (parts: readonly (string | Uint8Array)[], options?: { type: string }) => object;
  readonly Response?: new (body: object) => { arrayBuffer(): Promise<ArrayBuffer> };
  /** only in secure contexts */
  readonly caches?: {
    open(name: string): Promise<ResponseCache>;
    keys(): Promise<readonly string[]>;
    delete(name: string): Promise<boolean>;
  };
  readonly URL?: {
    new (url: string, base?: string | URL): URL;
    createObjectURL(blob: object): string;
    revokeObjectURL(url: string): void;
  };
  readonly fetch?: (url: string, options: { signal?: AbortSignal | undefined }) => Promise<FetchResponse>;
  setTimeout(run: () => void, timeMs: number): object;
  readonly setImmediate?: (run: () => void) => object;
  readonly MessageChannel?: new () => { readonly port1: MessageEnd; readonly port2: MessageEnd };
  setInterval(run: () => void, timeMs: number): object;
  clearInterval(timer: object): void;
}
const host = (): Host => globalThis as unknown as Host;

const nodeModule = <Name extends keyof NodeModules>(name: Name): NodeModules[Name] | undefined =>
  host().process?.getBuiltinModule?.(name);

/** Node, or what has its modules; asking for one of them would load it */
const hasNodeModules = (): boolean => host().process?.getBuiltinModule !== undefined;

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

// ---- packages ----

/**
 * A package that is no dependency, as this package finds it or else the program; undefined: it is not installed, or there is no Node.
 * @throws AzulejoError target, where it is installed and broken
 */
export function installedPackage(name: string): unknown {
  const createRequire = nodeModule("node:module")?.createRequire;
  if (!createRequire) return undefined;
  const from = [(import.meta as { url?: string }).url, `${host().process!.cwd()}/`];
  for (const place of from) {
    try {
      if (place) return createRequire(place)(name);
    } catch (cause) {
      if ((cause as { code?: string }).code === "MODULE_NOT_FOUND") continue;
      throw new AzulejoError("target", `The package ${name} is installed and can't be loaded: ${reasonOf(cause)}`, {
        cause,
      });
    }
  }
  return undefined;
}

// ---- GPU ----

let nodeGpu: object | undefined;
/** WebGPU's entry: the page's, or in Node that of the package webgpu (Dawn); undefined: neither is there. @throws AzulejoError target */
export function findGpu(): object | undefined {
  const own = host().navigator?.gpu;
  if (own) return own;
  if (nodeGpu) return nodeGpu;
  const dawn = installedPackage("webgpu") as { create(options: readonly string[]): object } | undefined;
  nodeGpu = dawn?.create([]);
  return nodeGpu;
}

// ---- clocks and cores ----

/** Milliseconds since some moment, with the resolution that the host grants. */
export const now = (): number => host().performance?.now() ?? Date.now();

export const sleep = (timeMs: number): Promise<void> => new Promise(resolve => host().setTimeout(resolve, timeMs));

/** Threads that run at the same time; 1 where the host does not say. */
export const coreCount = (): number =>
  Math.max(1, nodeModule("node:os")?.availableParallelism() ?? host().navigator?.hardwareConcurrency ?? 1);

// ---- turns of the event loop ----

/** Work on the calling thread leaves timers and events waiting for so long: with a run of a quarter of a millisecond and a timer's own millisecond it is below 5. */
const UNBROKEN_MS = 3;
/** the next turn, once somebody has asked about this one */
let nextTurn: Promise<void> | undefined;
let askedAt = 0;

/**
 * For work on the calling thread that may follow other such work without a break, since promises alone let nobody else in: undefined, or,
 * where that has gone on for UNBROKEN_MS, the next turn of the event loop, which is to be awaited first.
 */
export function overdueTurn(): Promise<void> | undefined {
  if (nextTurn) return now() - askedAt < UNBROKEN_MS ? undefined : nextTurn;
  askedAt = now();
  nextTurn = new Promise(resolve =>
    afterTurn(() => {
      nextTurn = undefined;
      resolve();
    }),
  );
  return undefined;
}

/** Calls when timers and events have had their turn; browsers delay timers by 4 ms, messages not. */
function afterTurn(run: () => void): void {
  const { setImmediate, MessageChannel } = host();
  if (setImmediate) setImmediate(run);
  else if (MessageChannel) {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      run();
    };
    port2.postMessage(undefined);
  } else host().setTimeout(run, 0);
}

// ---- bytes ----

/** UTF-8 */
export const encodeText = (text: string): Uint8Array => new (host().TextEncoder)().encode(text);
export const decodeText = (bytes: Uint8Array): string => new (host().TextDecoder)().decode(bytes);

/** more is digested by another thread */
const DIGESTED_HERE = 1 << 20;
/** SHA-256 as text; undefined in pages without a secure context. */
export async function digestOf(bytes: Uint8Array): Promise<string | undefined> {
  const crypto = nodeModule("node:crypto");
  if (crypto && bytes.length < DIGESTED_HERE) return crypto.createHash("sha256").update(bytes).digest("hex");
  const digest = await host().crypto?.subtle?.digest("SHA-256", bytes);
  return digest && Array.from(new Uint8Array(digest), b => b.toString(16).padStart(2, "0")).join("");
}

// ---- addresses ----

/** An address, relative to another where one is given. Throws the host's TypeError for what is none. */
export const addressOf = (text: string, base?: string | URL): URL => new (host().URL!)(text, base);

/** The address that a page or its worker means: relative ones begin where it lies. @throws AzulejoError option */
export function addressInPage(text: string): string {
  try {
    return addressOf(text, host().document?.baseURI ?? host().location?.href).href;
  } catch (cause) {
    throw new AzulejoError("option", `"${text}" is no address here; pass an http(s) URL or the bytes`, { cause });
  }
}

export const isAddress = (value: unknown): value is URL =>
  typeof host().URL === "function" && value instanceof (host().URL as unknown as new () => object);

// ---- memory between threads ----

/**
 * Can memory be shared with workers? A page without cross-origin isolation still constructs a shared WebAssembly.Memory and only
 * fails to post it, so the page is asked, not the constructor.
 */
export const canShareMemory = (): boolean =>
  typeof SharedArrayBuffer === "function" && (hasNodeModules() || host().crossOriginIsolated === true);

/** May this thread block in Atomics.wait? The main thread of a page may not. */
export const canBlock = (): boolean => hasNodeModules() || host().document === undefined;

type WaitAsync = (
  array: Int32Array,
  index: number,
  value: number,
) => { async: false } | { async: true; value: Promise<"ok" | "timed-out"> };

/** Atomics.waitAsync, newer than ES2023: resolves when `array[index]` is notified or no longer `value`. Undefined where missing. */
export const waitAsync = (): ((array: Int32Array, index: number, value: number) => Promise<void>) | undefined => {
  const wait = (Atomics as unknown as { waitAsync?: WaitAsync }).waitAsync;
  if (!wait) return undefined;
  return async (array, index, value) => {
    const result = wait(array, index, value);
    if (result.async) await result.value;
  };
};

// ---- WebAssembly ----

function wasm(): WasmHost {
  const found = host().WebAssembly;
  if (!found) throw new AzulejoError("target", 'This host has no WebAssembly; use { target: "interpreter" }');
  return found;
}
export const validateWasm = (bytes: Uint8Array): boolean => host().WebAssembly?.validate(bytes) ?? false;
export const compileWasm = (bytes: Uint8Array): Promise<WasmModule> => wasm().compile(bytes);
export const instantiateWasm = (module: WasmModule, imports: WasmImports): Promise<WasmInstance> =>
  wasm().instantiate(module, imports);
/** Blocks; small modules only on the main thread of a page. */
export const instantiateWasmSync = (module: WasmModule, imports: WasmImports): WasmInstance =>
  new (wasm().Instance)(module, imports);
/** Throws a RangeError where the host refuses that much address space. */
export const createWasmMemory = (limits: { initial: number; maximum: number; shared: boolean }): WasmMemory =>
  new (wasm().Memory)(limits);

// ---- storage of a page's origin ----

export interface PageStorage {
  read(key: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  write(key: string, parts: readonly Uint8Array[]): Promise<void>;
}
/** Undefined without one, as in pages that are not secure. Storages of the same prefix and another version are deleted. */
export async function openPageStorage(prefix: string, version: string): Promise<PageStorage | undefined> {
  const { caches, Blob, Response } = host();
  if (!caches || !Blob || !Response) return undefined;
  const name = prefix + version;
  for (const other of await caches.keys()) if (other.startsWith(prefix) && other !== name) await caches.delete(other);
  const storage = await caches.open(name);
  // entries go by addresses; none is ever fetched
  const addressOf = (key: string): string => `https://${prefix}kept.invalid/${key}`;
  return {
    async read(key) {
      const response = await storage.match(addressOf(key));
      return response && new Uint8Array(await response.arrayBuffer());
    },
    write: (key, parts) => storage.put(addressOf(key), new Response(new Blob(parts))),
  };
}

// ---- workers ----

export interface HostWorker {
  post(message: unknown, transfer?: readonly object[]): void;
  onMessage(receive: (message: unknown) => void): void;
  /** the worker could not start, threw, or ended without having been asked to */
  onFailure(receive: (reason: string) => void): void;
  /** A referenced worker keeps the process alive (Node); workers start referenced. */
  ref(): void;
  unref(): void;
  terminate(): void;
}
export interface WorkerOptions {
  readonly name: string;
  /** a file with the same text, for pages whose Content-Security-Policy refuses Blob workers */
  readonly url?: string | URL | undefined;
}

export const canStartWorkers = (): boolean => hasNodeModules() || typeof host().Worker === "function";

/** Starts a worker that runs `source`, a classic script. */
export function startWorker(source: string, options: WorkerOptions): HostWorker {
  const threads = nodeModule("node:worker_threads");
  return threads ? startNodeWorker(threads.Worker, source, options) : startWebWorker(source, options);
}

/** A line for whoever watches: on the console, where the host has one. */
export const printLine = (text: string): void => {
  (globalThis as { readonly console?: { log(line: string): void } }).console?.log(text);
};

/** The first failure, kept until somebody listens: a worker may fail before its owner is ready to hear of it. */
class Failure {
  #reason: string | undefined;
  #receive: ((reason: string) => void) | undefined;
  readonly report = (reason: string): void => {
    this.#reason ??= reason;
    this.#receive?.(this.#reason);
  };
  readonly onFailure = (receive: (reason: string) => void): void => {
    this.#receive = receive;
    if (this.#reason !== undefined) receive(this.#reason);
  };
}

function startNodeWorker(
  Worker: NodeModules["node:worker_threads"]["Worker"],
  source: string,
  options: WorkerOptions,
): HostWorker {
  const settings = {
    name: options.name,
    eval: options.url === undefined,
    // keeps a user's --import hooks and loaders out of our workers
    execArgv: [],
    // they hold next to nothing in JavaScript, and V8 keeps 1.5 MiB less for a heap that can't become large
    resourceLimits: { maxOldGenerationSizeMb: 64 },
  };
  const worker = new Worker(options.url === undefined ? source : new (host().URL!)(String(options.url)), settings);
  const failure = new Failure();
  let terminated = false;
  worker.on("messageerror", () => failure.report("a message could not be read"));
  worker.on("error", error => failure.report(reasonOf(error)));
  worker.on("exit", code => terminated || failure.report(`it ended with exit code ${code}`));
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    onMessage: receive => worker.on("message", receive),
    onFailure: failure.onFailure,
    ref: () => worker.ref(),
    unref: () => worker.unref(),
    terminate: () => {
      terminated = true;
      void worker.terminate();
    },
  };
}

function startWebWorker(source: string, options: WorkerOptions): HostWorker {
  const { Worker, Blob, URL } = host();
  if (!Worker || !Blob || !URL)
    throw new AzulejoError("target", "This host has no workers; use { threads: 1 } on the calling thread");
  // a data: URL would do too, but such a worker is not cross-origin isolated and gets no shared memory
  const blobUrl =
    options.url === undefined ? URL.createObjectURL(new Blob([source], { type: "text/javascript" })) : undefined;
  const worker = webWorker(Worker, blobUrl ?? options.url!, options.name);
  const forget = () => blobUrl !== undefined && URL.revokeObjectURL(blobUrl);
  const failure = new Failure();
  worker.onmessageerror = () => failure.report("a message could not be read");
  worker.onerror = event => {
    forget();
    event.preventDefault?.();
    failure.report(event.message || "the page refused to start it (Content-Security-Policy?)");
  };
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    onMessage: receive => {
      worker.onmessage = event => {
        forget();
        receive(event.data);
      };
    },
    onFailure: failure.onFailure,
    ref: () => {},
    unref: () => {},
    terminate: () => {
      forget();
      worker.terminate();
    },
  };
}

function webWorker(Worker: NonNullable<Host["Worker"]>, url: string | URL, name: string): WebWorker {
  try {
    return new Worker(url, { name });
  } catch (error) {
    throw new AzulejoError("target", `A worker could not start from ${url}: ${reasonOf(error)}`, { cause: error });
  }
}

// ---- engine flags ----

/** Version of V8 in Node as a number (11.3); undefined in browsers, which grant no flags, and in hosts that only resemble Node. */
export function nodeV8Version(): number | undefined {
  const versions = host().process?.versions;
  if (!versions?.v8 || versions.bun || versions.deno || !hasNodeModules()) return undefined;
  return Number.parseFloat(versions.v8);
}

/** What is wanted of a flag of V8, by its bare name (`liftoff`): a switch, whose default is the opposite, or a number instead of its default. */
export type EngineFlag =
  | { readonly name: string; readonly value: boolean }
  | { readonly name: string; readonly value: number; readonly usual: number };
export const flagText = ({ name, value }: Pick<EngineFlag, "name" | "value">): string => {
  if (typeof value === "number") return `--${name}=${value}`;
  return value ? `--${name}` : `--no-${name}`;
};
const restoringText = (flag: EngineFlag): string =>
  flagText({ name: flag.name, value: "usual" in flag ? flag.usual : !flag.value });

// V8 has no way to read a flag, and flags belong to the process: users are counted, and the last one restores. Each thread counts its own, so that
// another may have restored what this one still wants: every user sets its flags anew.
const flagUsers = new Map<string, number>();

/** Did the user give the flag on the command line? Then it is theirs: neither set nor restored. */
function flagIsUsers(name: string): boolean {
  const process = host().process;
  const given = [...(process?.execArgv ?? []), ...(process?.env.NODE_OPTIONS ?? "").split(" ")];
  const plain = (text: string) =>
    text
      .replace(/^--?(no-?)?/, "")
      .replace(/=.*$/, "")
      .replaceAll("_", "-");
  return given.some(argument => argument.startsWith("--") && plain(argument) === name);
}

/** Sets flags for the duration of `work`, keeps the process alive meanwhile, and reports which flags were set. */
export async function withEngineFlags<T>(
  flags: readonly EngineFlag[],
  work: () => Promise<T>,
): Promise<{ value: T; applied: string[] }> {
  const v8 = nodeModule("node:v8");
  const mine = v8 ? flags.filter(flag => !flagIsUsers(flag.name)) : [];
  // Node 24 does not stay alive for a pending WebAssembly.compile
  const keepAlive = host().setInterval(() => {}, 2 ** 30);
  for (const flag of mine) {
    v8!.setFlagsFromString(flagText(flag));
    flagUsers.set(flag.name, (flagUsers.get(flag.name) ?? 0) + 1);
  }
  try {
    return { value: await work(), applied: mine.map(flagText) };
  } finally {
    for (const flag of mine) {
      const users = flagUsers.get(flag.name)! - 1;
      flagUsers.set(flag.name, users);
      if (users === 0) v8!.setFlagsFromString(restoringText(flag));
    }
    host().clearInterval(keepAlive);
  }
}

/** The same around synchronous work. */
export function withEngineFlagsSync<T>(flags: readonly EngineFlag[], work: () => T): T {
  const v8 = nodeModule("node:v8");
  const mine = v8 ? flags.filter(flag => !flagIsUsers(flag.name)) : [];
  for (const flag of mine) v8!.setFlagsFromString(flagText(flag));
  try {
    return work();
  } finally {
    for (const flag of mine) if (!flagUsers.get(flag.name)) v8!.setFlagsFromString(restoringText(flag));
  }
}

// ---- files and addresses ----

/** A file that is read in pieces, straight into program memory if wanted (shared memory is allowed). */
export interface OpenFile {
  readonly byteLength: number;
  identity(): Promise<ContentIdentity>;
  /** Differs once the content was changed in place; a new name, or none, is no change. */
  written(): Promise<string>;
  /** Fills `into` from `position` on; returns the bytes read: fewer than asked only at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

export const hasFiles = hasNodeModules;

/** The usual reasons in the words of people; others are told in the host's. */
const fileReasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file; check the path",
  EACCES: "reading it is not permitted; change its permissions",
};

export async function openFile(path: string | URL): Promise<OpenFile> {
  // fs/promises takes Node 2 ms to load
  const fs = nodeModule("node:fs")!;
  const file = await promised<number>(done => fs.open(path, "r", done)).catch(error => {
    const reason = fileReasons[(error as { readonly code?: string }).code ?? ""] ?? reasonOf(error);
    throw new AzulejoError("option", `"${path}" can't be opened: ${reason}`, { cause: error });
  });
  const statOf = (): Promise<BigStat> => promised(done => fs.fstat(file, { bigint: true }, done));
  const close = (): Promise<void> => promised(done => fs.close(file, done));
  const stat = await statOf().catch(async error => {
    await close();
    throw error;
  });
  if (stat.isDirectory()) {
    await close();
    throw new AzulejoError("option", `"${path}" can't be opened: it is a folder; give the file in it`);
  }
  return {
    byteLength: Number(stat.size),
    identity: async () => identityOf(await statOf()),
    written: async () => {
      const { size, mtimeNs } = await statOf();
      return `${size} ${mtimeNs}`;
    },
    read: (into, position) => readRange(fs, file, into, position),
    close,
  };
}
/** For functions of Node that call when they are done. */
export const promised = <T>(call: (done: Done<T>) => void): Promise<T> =>
  new Promise((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value))));

/** The system's times of change can't be set back by programs, so the same numbers mean the same content. */
const identityOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigStat): ContentIdentity => ({
  key: `file ${[dev, ino, size, mtimeNs, ctimeNs].join(" ")}`,
  changedMs: Math.max(Number(mtimeNs / 1_000_000n), Number(ctimeNs / 1_000_000n)),
});

async function readRange(
  fs: NodeModules["node:fs"],
  file: number,
  into: Uint8Array,
  position: number,
): Promise<number> {
  let done = 0;
  while (done < into.length) {
    // 64 MiB a call: a read of more than 2 GiB is refused, and cancellation between calls stays possible
    const length = Math.min(into.length - done, 64 << 20);
    const got = await promised<number>(end => fs.read(file, into, done, length, position + done, end));
    if (got === 0) break;
    done += got;
  }
  return done;
}

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** 0..1; called only where the size is known before */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** Is it fetched, and no file? */
export const isFetched = (text: string): boolean => /^(https?|blob|data):/i.test(text) || !hasFiles();
/** Everything at a path (Node) or an address (http, https, blob, data; in a browser also relative to the page). */
export async function readBytes(source: string | URL, options: ReadOptions = {}): Promise<Uint8Array> {
  const text = typeof source === "string" ? source : source.href;
  if (isFetched(text)) return fetchBytes(text, options);
  // a string such as file:///a is an address for people, but a relative path for the file system
  const file = await openFile(/^file:/i.test(text) ? new (host().URL!)(text) : source);
  try {
    const bytes = new Uint8Array(file.byteLength);
    const piece = 16 << 20;
    for (let at = 0; at < bytes.length; at += piece) {
      throwIfAborted(options.signal, `Reading "${text}"`);
      await file.read(bytes.subarray(at, at + piece), at);
      options.onProgress?.(Math.min(1, (at + piece) / bytes.length));
    }
    return bytes;
  } finally {
    await file.close();
  }
}

async function fetchBytes(url: string, { signal, onProgress }: ReadOptions): Promise<Uint8Array> {
  const fetch = host().fetch;
  const failed = (reason: string, cause?: unknown) =>
    new AzulejoError("option", `"${url}" can't be fetched: ${reason}`, { cause });
  const askAgain = "check the address and the connection";
  if (!fetch) throw failed("this host has no fetch; pass the bytes");
  try {
    const response = await fetch(url, { signal });
    if (!response.ok) throw failed(`the server answers ${response.status}; check the address`);
    const length = Number(response.headers.get("content-length"));
    // a compressed body is longer than its content-length says
    const sized = length > 0 && !response.headers.get("content-encoding");
    if (!onProgress || !sized || !response.body) return new Uint8Array(await response.arrayBuffer());
    return await readBody(response.body.getReader(), length, onProgress);
  } catch (error) {
    throwIfAborted(signal, `Fetching "${url}"`);
    throw error instanceof AzulejoError ? error : failed(`${fetchReason(error)}; ${askAgain}`, error);
  }
}

/** Node says "fetch failed" and keeps why in the cause; an error of several attempts keeps it in a code. */
function fetchReason(error: unknown): string {
  const cause = (error as { readonly cause?: { readonly message?: string; readonly code?: string } }).cause;
  const why = cause?.message || cause?.code;
  return why ? `${reasonOf(error)} (${why})` : reasonOf(error);
}

async function readBody(
  reader: BodyReader,
  length: number,
  onProgress: (fraction: number) => void,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let received = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    chunks.push(next.value!);
    received += next.value!.length;
    onProgress(Math.min(1, received / length));
  }
  const bytes = new Uint8Array(received);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** `what` starts the sentence: `Reading "a.onnx"` was aborted. */
export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted) throw abortedBy(signal, what);
}
/** The same error of a signal that fired. */
export const abortedBy = (signal: AbortSignal, what: string): AzulejoError =>
  new AzulejoError("aborted", `${what} was aborted by the caller's signal`, { cause: signal.reason });
