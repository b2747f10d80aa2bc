// Compiled code on disk, by hash of everything that it depends on. Several processes may use the folder at once: a file appears whole,
// by renaming, and a lock keeps others from compiling the same one meanwhile.
import { cacheFolder, isUsed, ownFolder, shrink } from "../../runtime/cache-folder.js";
import { files, isAlive, joinPath, processId } from "../../runtime/native-host.js";
import { sleep, throwIfAborted } from "../../runtime/platform.js";

const LOCK_POLL_MS = 50;

/**
 * The path of the file with this name, made by `make` where it is not there yet. `make` gets a folder of its own and the path
 * where the file must appear.
 */
export async function cachedFile(
  name: string,
  signal: AbortSignal | undefined,
  make: (folder: string, fresh: string) => Promise<void>,
): Promise<{ readonly path: string; readonly hit: boolean }> {
  const root = cacheFolder();
  await ownFolder(root);
  const path = joinPath(root, name);
  const release = await untilThereOrLocked(path, signal);
  if (!release) return { path, hit: true };
  const folder = joinPath(root, `${name}.${processId()}.tmp`);
  try {
    await files().mkdir(folder, { recursive: true, mode: 0o700 });
    const fresh = joinPath(folder, name);
    await make(folder, fresh);
    await files().rename(fresh, path);
  } finally {
    await files().rm(folder, { recursive: true, force: true });
    await release();
  }
  await shrink(root, path);
  return { path, hit: false };
}

/** Undefined when the file is there; else a lock that this process holds, as its release. */
async function untilThereOrLocked(
  path: string,
  signal: AbortSignal | undefined,
): Promise<(() => Promise<void>) | undefined> {
  const lock = `${path}.lock`;
  for (;;) {
    throwIfAborted(signal, "Compiling");
    if (await isUsed(path)) return undefined;
    try {
      await files().writeFile(lock, String(processId()), { flag: "wx" });
    } catch (error) {
      if ((error as { code?: string }).code !== "EEXIST") throw error;
      if (await isAbandoned(lock)) await files().rm(lock, { recursive: false, force: true });
      else await sleep(LOCK_POLL_MS);
      continue;
    }
    const release = (): Promise<void> => files().rm(lock, { recursive: false, force: true });
    // finished by somebody between the look and the lock
    if (!(await isUsed(path))) return release;
    await release();
    return undefined;
  }
}
/** The process that made the lock has ended; one that has not yet written its number is given time. */
async function isAbandoned(lock: string): Promise<boolean> {
  try {
    const owner = Number(await files().readFile(lock, "utf8"));
    if (owner > 0) return !isAlive(owner);
    return Date.now() - (await files().stat(lock)).mtimeMs > 5000;
  } catch {
    return false;
  }
}

/** Removes a file that can't be used. */
export const forget = (path: string): Promise<void> => files().rm(path, { recursive: false, force: true });
