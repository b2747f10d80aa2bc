// Knowledge bases on disk: the one that the package brings along, and the user's.
import { files, processorName } from "../runtime/native-host.js";
import { addressOf, hasFiles } from "../runtime/platform.js";
import { isRecord, Knowledge, type KnowledgeRecord, parseKnowledge, Tuning } from "../schedule/knowledge.js";
import { AzulejoError } from "../support/errors.js";
import { targetOf } from "./targets.js";
import { ownKnowledge, type TuningOptions } from "./tuning.js";

type Given = Exclude<TuningOptions["tuning"], false | undefined>;

/** @throws AzulejoError option: records or a file that are none */
export async function tuningFor(
  given: Given,
  target: NonNullable<TuningOptions["target"]>,
  threads: number,
): Promise<Tuning | undefined> {
  const all = await recordsOf(given);
  const name = target === "cpu" ? (await targetOf({ target })).name : target;
  const records = all.filter(r => r.target === name);
  if (records.length === 0) return undefined;
  // the target says which GPU it is
  return new Tuning(new Knowledge(records), {
    target: name,
    processor: processor(),
    threads: name === "webgpu" ? 1 : threads,
  });
}
export const processor = (): string => (hasFiles() ? processorName() : "unknown processor");

async function recordsOf(given: Given): Promise<readonly KnowledgeRecord[]> {
  if (Array.isArray(given)) {
    const wrong = given.findIndex(r => !isRecord(r));
    if (wrong >= 0)
      throw new AzulejoError(
        "option",
        `tuning: number ${wrong} of the list is no record of the tuner; hand in the parsed lines of a file that azulejo tune wrote`,
      );
    return given as readonly KnowledgeRecord[];
  }
  if (typeof given === "string") return readKnowledge(given, true);
  const own = ownKnowledge();
  if (own === undefined) return [];
  // of records as near, the later one counts: the user's
  return [...(await shipped()), ...(await readKnowledge(own, false))];
}

/** `required`: a file that is not there is an error, else an empty base. */
export async function readKnowledge(path: string, required: boolean): Promise<readonly KnowledgeRecord[]> {
  const text = await files()
    .readFile(path, "utf8")
    .catch((cause: unknown) => {
      if (!required) return "";
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new AzulejoError(
        "option",
        `tuning: "${path}" can't be read (${reason}); give a file that azulejo tune wrote`,
        {
          cause,
        },
      );
    });
  return parseKnowledge(text, path);
}

const SHIPPED = "knowledge/cpu.jsonl";
/** From dist/lib or dist/src/load; none where a bundler put this code elsewhere. */
async function shipped(): Promise<readonly KnowledgeRecord[]> {
  const here = (import.meta as { url?: string }).url;
  if (here === undefined) return [];
  for (const up of ["../../", "../../../"]) {
    const path = addressOf(`${up}${SHIPPED}`, here);
    const text = await files()
      .readFile(path, "utf8")
      .catch(() => undefined);
    if (text !== undefined) return parseKnowledge(text, SHIPPED);
  }
  return [];
}
