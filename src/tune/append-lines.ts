// JSON lines at the end of a file, whole ones in one write, so that several processes may do it.
import { ownFolder } from "../runtime/cache-folder.js";
import { files } from "../runtime/native-host.js";
import { AzulejoError } from "../support/errors.js";

/**
 * What the file has. Before anything is measured: it can be written, and its last line is at its end, which it is not where a process was killed, or a hand left it so.
 * @throws AzulejoError option
 */
export async function prepareLines(path: string): Promise<string> {
  const text = await files()
    .readFile(path, "utf8")
    .catch(() => "");
  const rest = text === "" || text.endsWith("\n") ? "" : "\n";
  try {
    await append(path, rest).catch(async () => {
      await ownFolder(path.replace(/[^/\\]*$/, "") || ".");
      await append(path, rest);
    });
  } catch (cause) {
    if (cause instanceof AzulejoError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AzulejoError("option", `"${path}" can't be written (${reason}); name one with knowledge that can be`, {
      cause,
    });
  }
  return text;
}
export async function appendLines(path: string, records: readonly object[]): Promise<void> {
  if (records.length > 0) await append(path, records.map(r => `${JSON.stringify(r)}\n`).join(""));
}
const append = (path: string, text: string): Promise<void> => files().writeFile(path, text, { flag: "a", mode: 0o600 });
