// The system's C compiler: finding it, what it knows of this processor, and sources → shared library, several files at a time.
import type { CommandResult } from "../../runtime/native-host.js";
import { files, hostPlatform, hostVariable, joinPath, runCommand } from "../../runtime/native-host.js";
import { coreCount, throwIfAborted } from "../../runtime/platform.js";
import { RefusedCode } from "../../runtime/refused-code.js";
import type { Lanes } from "../../schedule/schedule.js";
import { AzulejoError } from "../../support/errors.js";

export interface Compiler {
  readonly command: string;
  /** "gcc 12.2.0": what it calls itself */
  readonly version: string;
  /** lanes of a vector of 32-bit elements: 16 with AVX-512, 8 with AVX, else 4 */
  readonly lanes: Lanes;
  readonly hasFma: boolean;
  /** what the processor holds vectors in: 32 with AVX-512 and on ARM, else 16 */
  readonly vectorRegisters: 16 | 32;
  /** instruction sets that matter here, by the names of compilers' macros: "AVX2", "FMA" */
  readonly features: readonly string[];
  readonly flags: readonly string[];
}

const PLATFORMS = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"];
const INTERESTING = [
  "SSE4_1",
  "AVX",
  "AVX2",
  "FMA",
  "F16C",
  "AVX512F",
  "AVX512BW",
  "AVX512VL",
  "AVX512VNNI",
  "AVXVNNI",
  "ARM_NEON",
  "ARM_FEATURE_FMA",
];
/**
 * Integers wrap as everywhere in loop IR. Floating point keeps its rules: no reassociation, no contraction but the fused operations
 * that are written, subnormals stay (never -ffast-math: gcc links code that turns them off for the whole process).
 */
const LANGUAGE = ["-std=gnu11", "-fPIC", "-fwrapv", "-fno-strict-aliasing", "-ffp-contract=off", "-fno-math-errno"];
const QUIET = ["-fno-trapping-math", "-fvisibility=hidden", "-w", "-pthread"];

/** Why there is no native code on this platform; undefined: there may be. */
export function platformProblem(): string | undefined {
  const platform = hostPlatform();
  if (platform === undefined) return "it needs Node";
  return PLATFORMS.includes(platform) ? undefined : `it is not there yet for ${platform}`;
}

const found = new Map<string, Promise<Compiler>>();
/** @throws AzulejoError("target") naming what to install */
export function findCompiler(): Promise<Compiler> {
  const named = hostVariable("CC") ?? "";
  let compiler = found.get(named);
  if (!compiler) {
    compiler = search(named ? [named] : ["cc", "gcc", "clang"]);
    found.set(named, compiler);
    // installed meanwhile, it is found the next time
    compiler.catch(() => found.delete(named));
  }
  return compiler;
}

async function search(commands: readonly string[]): Promise<Compiler> {
  for (const command of commands) {
    const compiler = await probe(command);
    if (compiler) return compiler;
  }
  const tried = commands.map(c => `"${c}"`).join(", ");
  throw new AzulejoError(
    "target",
    `target: "native" needs a C compiler, and ${tried} can't be run; install gcc or clang (Debian: apt-get install gcc libc6-dev, macOS: xcode-select --install) or use { target: "wasm" }`,
  );
}

/** $AZULEJO_LANES asks for narrower vectors than the processor has. */
function lanesOf(widest: Lanes): Lanes {
  const wanted = Number(hostVariable("AZULEJO_LANES"));
  return wanted === 4 || (wanted === 8 && widest === 16) ? wanted : widest;
}

/** The same compiler for vectors of this width and these instruction sets: what the tests compile beside the processor's own. */
export const retargeted = (compiler: Compiler, lanes: Lanes, tune: string): Compiler => ({
  ...compiler,
  lanes,
  vectorRegisters: tune.startsWith("-march=x86-64") ? 16 : compiler.vectorRegisters,
  flags: [tune, ...compiler.flags.slice(1, -1), `-DLANES=${lanes}`],
});

/** The compiler's own macros say what it may use on this processor. */
async function probe(command: string): Promise<Compiler | undefined> {
  const arm = hostPlatform()!.endsWith("arm64");
  const tune = arm ? "-mcpu=native" : "-march=native";
  const answer = await runCommand(command, [tune, "-dM", "-E", "-x", "c", "-"]);
  if (answer?.code !== 0) return undefined;
  const macros = new Map([...answer.stdout.matchAll(/^#define (\w+) (.*)$/gm)].map(m => [m[1]!, m[2]!]));
  const has = (name: string): boolean => macros.has(`__${name}`) || macros.has(`__${name}__`);
  const widest = has("AVX512F") && has("AVX512BW") ? 16 : has("AVX2") ? 8 : 4;
  const lanes = lanesOf(widest);
  const kind = macros.has("__clang__") ? "clang" : "gcc";
  const version = (macros.get("__VERSION__") ?? "").replaceAll('"', "");
  return {
    command,
    version: version.includes(kind) ? version : `${kind} ${version}`,
    lanes,
    hasFma: has("FMA") || has("ARM_FEATURE_FMA"),
    vectorRegisters: arm || has("AVX512VL") ? 32 : 16,
    features: INTERESTING.filter(has),
    flags: [tune, ...LANGUAGE, ...QUIET, `-DLANES=${lanes}`],
  };
}

/** koffi closes libraries when the process ends, and a thread may still be on its way to sleep: the code must not vanish under it. */
const staysLoaded = (): string[] => (hostPlatform()!.startsWith("linux") ? ["-Wl,-z,nodelete"] : []);

interface ObjectJob {
  readonly text: string;
  /** of the source, and of what comes of it */
  readonly path: string;
  readonly object: string;
  readonly optimize: string;
  readonly signal?: AbortSignal | undefined;
}
export interface CompileJob {
  readonly sources: readonly { readonly name: string; readonly text: string }[];
  /** linked with what comes of the sources */
  readonly objects?: Promise<readonly string[]>;
  /** an existing folder for sources and objects */
  readonly folder: string;
  readonly library: string;
  readonly optimize: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (fraction: number) => void;
}

/** One source → an object that libraries are linked with. */
export async function compileObject(compiler: Compiler, job: ObjectJob): Promise<void> {
  await files().writeFile(job.path, job.text);
  await run(compiler, [...compiler.flags, job.optimize, "-c", job.path, "-o", job.object], job.signal);
}

/** Compiles the sources, as many at a time as there are cores, and links them. */
export async function compileLibrary(compiler: Compiler, job: CompileJob): Promise<void> {
  const waiting = [...job.sources].sort((a, b) => b.text.length - a.text.length);
  const own = job.sources.map(s => joinPath(job.folder, `${s.name}.o`));
  let done = 0;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const path = joinPath(job.folder, `${next.name}.c`);
      await compileObject(compiler, { ...job, path, text: next.text, object: path.replace(/c$/, "o") });
      done++;
      job.onProgress?.(done / (job.sources.length + 1));
    }
  };
  const workers = Array.from({ length: Math.min(coreCount(), job.sources.length) }, work);
  const [others = []] = await Promise.all([job.objects, ...workers]);
  const objects = [...own, ...others];
  await run(compiler, ["-shared", "-pthread", ...staysLoaded(), ...objects, "-o", job.library, "-lm"], job.signal);
  job.onProgress?.(1);
}

async function run(compiler: Compiler, parameters: readonly string[], signal: AbortSignal | undefined): Promise<void> {
  throwIfAborted(signal, "Compiling");
  const result: CommandResult | undefined = await runCommand(compiler.command, parameters, { signal });
  throwIfAborted(signal, "Compiling");
  if (result?.code !== 0)
    throw new RefusedCode(
      `"${compiler.command}" (${compiler.version}) failed on generated code: ${firstLines(result?.stderr ?? "it is gone")}`,
      undefined,
      "Azulejo or in the compiler",
    );
}
const firstLines = (text: string): string => text.trim().split("\n").slice(0, 5).join(" / ") || "it says nothing";
