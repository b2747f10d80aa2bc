// Compiled code on disk, by hash of everything that it depends on. Several processes may use the folder at once: a file appears whole,
// by renaming, and a lock keeps others from compiling the same one meanwhile. Beside each file lies its checksum: code that was damaged would
// end the process that loads it.
import { cacheFolder, isUsed, ownFolder, shrink, sumPath } from "../../runtime/cache-folder.js";
import { files, isAlive, joinPath, processId, repeat, temporaryFolder } from "../../runtime/native-host.js";
import { sleep, throwIfAborted } from "../../runtime/platform.js";
import { checksum } from "../../support/checksum.js";
import { AzulejoError } from "../../support/errors.js";

const LOCK_POLL_MS = 50;
/** Who holds a lock touches it so often; one that nobody touches for so long has no holder, whatever process has its number now. */
const [HEARTBEAT_MS, ABANDONED_MS] = [2000, 15_000];

/** Is the file there, as it was written? */
export async function isIntact(path: string): Promise<boolean> {
  if (!(await isUsed(path))) return false;
  try {
    return checksum(await files().readFile(path)) === (await files().readFile(sumPath(path), "utf8"));
  } catch {
    return false;
  }
}

/** No file can be written to the folder. */
export class UnusableFolder extends AzulejoError {}

/** What `use` gives; its folder is gone then: what was loaded from there stays usable. */
export async function inTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const start = joinPath(temporaryFolder(), "azulejo-");
  const folder = await files()
    .mkdtemp(start)
    .catch(error => {
      throw unusable(start, error);
    });
  try {
    return await use(folder);
  } finally {
    await files().rm(folder, { recursive: true, force: true });
  }
}

/**
 * The path of the file with this name, made by `make` where it is not there yet. `make` gets a folder of its own and the path
 * where the file must appear.
 */
export async function cachedFile(
  name: string,
  signal: AbortSignal | undefined,
  make: (folder: string, fresh: string) => Promise<void>,
  root = cacheFolder(),
): Promise<{ readonly path: string; readonly hit: boolean }> {
  const path = joinPath(root, name);
  const release = await untilThereOrLocked(root, path, signal).catch(error => {
    throw error instanceof AzulejoError ? error : unusable(root, error);
  });
  if (!release) return { path, hit: true };
  const folder = joinPath(root, `${name}.${processId()}.tmp`);
  try {
    await files().mkdir(folder, { recursive: true, mode: 0o700 });
    const fresh = joinPath(folder, name);
    await make(folder, fresh);
    await files().writeFile(sumPath(fresh), checksum(await files().readFile(fresh)));
    await files().rename(sumPath(fresh), sumPath(path));
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
  root: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<(() => Promise<void>) | undefined> {
  await ownFolder(root);
  const lock = `${path}.lock`;
  // threads of a process have locks of their own
  const owner = `${processId()} ${Math.random().toString(36).slice(2)}`;
  for (;;) {
    throwIfAborted(signal, "Compiling");
    if (await isIntact(path)) return undefined;
    try {
      await files().writeFile(lock, owner, { flag: "wx" });
    } catch (error) {
      if ((error as { code?: string }).code !== "EEXIST") throw error;
      if (await isAbandoned(lock)) await files().rm(lock, { recursive: false, force: true });
      else await sleep(LOCK_POLL_MS);
      continue;
    }
    const stop = repeat(() => void isUsed(lock), HEARTBEAT_MS);
    const release = async (): Promise<void> => {
      stop();
      // a machine that slept has lost it to somebody else
      if (
        (await files()
          .readFile(lock, "utf8")
          .catch(() => "")) === owner
      )
        await forget(lock);
    };
    // finished by somebody between the look and the lock
    if (!(await isIntact(path))) return release;
    await release();
    return undefined;
  }
}
/** The process that made the lock has ended, or another one has its number by now. */
async function isAbandoned(lock: string): Promise<boolean> {
  try {
    const owner = Number.parseInt(await files().readFile(lock, "utf8"), 10);
    return (owner > 0 && !isAlive(owner)) || Date.now() - (await files().stat(lock)).mtimeMs > ABANDONED_MS;
  } catch {
    return false;
  }
}
function unusable(root: string, cause: unknown): UnusableFolder {
  return new UnusableFolder(
    "target",
    `Compiled code is loaded from files, and none can be written to "${root}" (${String((cause as { code?: string }).code ?? cause)}); set AZULEJO_CACHE to a folder of your own`,
    { cause },
  );
}

/** Removes a file that can't be used. */
export const forget = (path: string): Promise<void> => files().rm(path, { recursive: false, force: true });
