// Compiled libraries on disk, by hash of everything that they depend on. Several processes may use the folder at once: a library
// appears whole, by renaming, and a lock keeps others from compiling the same one meanwhile.
import {
  files,
  hostPlatform,
  hostVariable,
  homeFolder,
  isAlive,
  joinPath,
  processId,
  userId,
} from "../../runtime/native-host.js";
import { sleep, throwIfAborted } from "../../runtime/platform.js";
import { AzulejoError } from "../../support/errors.js";

/** Beyond this the libraries that were not used for longest go; $AZULEJO_CACHE_BYTES sets another limit. */
const DEFAULT_LIMIT_BYTES = 512 << 20;
const LOCK_POLL_MS = 50;

export function cacheFolder(): string {
  const named = hostVariable("AZULEJO_CACHE");
  if (named) return named;
  const shared = hostVariable("XDG_CACHE_HOME");
  const isMac = hostPlatform()!.startsWith("darwin");
  return joinPath(shared ?? joinPath(homeFolder(), isMac ? "Library/Caches" : ".cache"), "azulejo");
}
const limitBytes = (): number => {
  const given = Number(hostVariable("AZULEJO_CACHE_BYTES") ?? DEFAULT_LIMIT_BYTES);
  return Number.isFinite(given) && given >= 0 ? given : DEFAULT_LIMIT_BYTES;
};

/**
 * The path of the library with this key, made by `make` where it is not there yet. `make` gets a folder of its own and the path
 * where the library must appear.
 */
export async function cachedLibrary(
  key: string,
  signal: AbortSignal | undefined,
  make: (folder: string, library: string) => Promise<void>,
): Promise<{ readonly path: string; readonly hit: boolean }> {
  const root = cacheFolder();
  await ownFolder(root);
  const path = joinPath(root, `${key}.so`);
  const release = await untilThereOrLocked(path, signal);
  if (!release) return { path, hit: true };
  const folder = joinPath(root, `${key}.${processId()}.tmp`);
  try {
    await files().mkdir(folder, { recursive: true, mode: 0o700 });
    const fresh = joinPath(folder, "library.so");
    await make(folder, fresh);
    await files().rename(fresh, path);
  } finally {
    await files().rm(folder, { recursive: true, force: true });
    await release();
  }
  await shrink(root, path);
  return { path, hit: false };
}

/** Code is loaded from here: nobody else may be able to write. */
async function ownFolder(root: string): Promise<void> {
  await files().mkdir(root, { recursive: true, mode: 0o700 });
  const { uid, mode } = await files().stat(root);
  if (userId() !== undefined && (uid !== userId() || (mode & 0o022) !== 0))
    throw new AzulejoError(
      "target",
      `Others may write to "${root}", so no code is loaded from it; set AZULEJO_CACHE to a folder of your own, or chmod 700 it`,
    );
}

/** Undefined when the library is there; else a lock that this process holds, as its release. */
async function untilThereOrLocked(
  path: string,
  signal: AbortSignal | undefined,
): Promise<(() => Promise<void>) | undefined> {
  const lock = `${path}.lock`;
  for (;;) {
    throwIfAborted(signal, "Compiling");
    if (await touched(path)) return undefined;
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
    if (!(await touched(path))) return release;
    await release();
    return undefined;
  }
}
/** Marks the library as used just now; false: there is none. */
async function touched(path: string): Promise<boolean> {
  const now = new Date();
  return files()
    .utimes(path, now, now)
    .then(
      () => true,
      () => false,
    );
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

export interface CacheContent {
  readonly folder: string;
  readonly libraries: number;
  readonly bytes: number;
  readonly limitBytes: number;
}
export async function cacheContent(): Promise<CacheContent> {
  const folder = cacheFolder();
  const list = await libraries(folder);
  const bytes = list.reduce((sum, l) => sum + l.size, 0);
  return { folder, libraries: list.length, bytes, limitBytes: limitBytes() };
}

/** Removes a library that can't be loaded. */
export const forget = (path: string): Promise<void> => files().rm(path, { recursive: false, force: true });

async function shrink(root: string, keep: string): Promise<void> {
  await removeAbandoned(root);
  const all = (await libraries(root)).sort((a, b) => b.mtimeMs - a.mtimeMs);
  let total = 0;
  for (const { path, size } of all) {
    total += size;
    // a library that is loaded stays usable without its name
    if (total > limitBytes() && path !== keep) await forget(path);
  }
}
/** What processes left behind that were killed while they compiled. */
async function removeAbandoned(root: string): Promise<void> {
  for (const name of await files().readdir(root)) {
    const owner = Number(/\.(\d+)\.tmp$/.exec(name)?.[1] ?? processId());
    if (!isAlive(owner)) await files().rm(joinPath(root, name), { recursive: true, force: true });
  }
}
async function libraries(folder: string): Promise<{ path: string; size: number; mtimeMs: number }[]> {
  const names = await files()
    .readdir(folder)
    .catch(() => [] as string[]);
  const all = names
    .filter(n => n.endsWith(".so"))
    .map(async n => {
      const path = joinPath(folder, n);
      return files()
        .stat(path)
        .then(
          ({ size, mtimeMs }) => [{ path, size, mtimeMs }],
          () => [],
        );
    });
  return (await Promise.all(all)).flat();
}
