// JSON lines at the end of a file, whole ones in one write, so that several processes may do it.
import { ownFolder } from "../runtime/cache-folder.js";
import { files } from "../runtime/native-host.js";

export async function appendLines(path: string, records: readonly object[]): Promise<void> {
  if (records.length === 0) return;
  const text = records.map(r => `${JSON.stringify(r)}\n`).join("");
  const write = (): Promise<void> => files().writeFile(path, text, { flag: "a", mode: 0o600 });
  try {
    await write();
  } catch {
    await ownFolder(path.replace(/[^/\\]*$/, "") || ".");
    await write();
  }
}
