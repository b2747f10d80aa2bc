// Which tuned schedules a compilation may use: the option `tuning`, else the base that comes with the package and the user's own. In pages there are none
// unless they are handed in. Only where they lie and whether they changed is known here; knowledge-files.ts reads them.
import { cacheFolder } from "../runtime/cache-folder.js";
import { files, hostVariable, joinPath } from "../runtime/native-host.js";
import { digestOf, encodeText, hasFiles } from "../runtime/platform.js";
import type { LoadOptions } from "../runtime/api.js";
import type { CompileOptions } from "../runtime/target.js";

export type TuningOptions = Pick<LoadOptions, "tuning" | "target">;

/** Where `azulejo tune` writes what it found, and where it is taken from; undefined: switched off. */
export function ownKnowledge(): string | undefined {
  const named = hostVariable("AZULEJO_TUNING");
  if (named === "off") return undefined;
  return named ?? joinPath(cacheFolder(), "knowledge.jsonl");
}

/** Differs whenever other records would be used: what was compiled with others is not taken for it. */
export async function tuningIdentity({ tuning = true }: TuningOptions): Promise<string> {
  if (tuning === false) return "none";
  if (Array.isArray(tuning)) return (await digestOf(encodeText(JSON.stringify(tuning)))) ?? JSON.stringify(tuning);
  if (!hasFiles()) return "none";
  const path = typeof tuning === "string" ? tuning : ownKnowledge();
  if (path === undefined) return "none";
  // the package's own base is part of the package, whose code is in the key already
  return files()
    .stat(path)
    .then(
      ({ size, mtimeMs }) => `${path} ${size} ${mtimeMs}`,
      () => "shipped",
    );
}

/** The same options with the records that they name, where the target has schedules. */
export async function withTuning(options: CompileOptions, given: TuningOptions): Promise<CompileOptions> {
  const { tuning = true, target = "wasm" } = given;
  if (tuning === false || target === "interpreter") return options;
  if (!Array.isArray(tuning) && !hasFiles()) return options;
  const { tuningFor } = await import("./knowledge-files.js");
  const found = await tuningFor(tuning, target, options.threads);
  return found ? { ...options, tuning: found } : options;
}
