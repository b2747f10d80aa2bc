// The folder on disk where compiled code is kept between processes, with its limit. Node only. Several processes may use it at once:
// what is in it appears whole, by renaming.
import { AzulejoError } from "../support/errors.js";
import { files, homeFolder, hostPlatform, hostVariable, isAlive, joinPath, processId, userId } from "./native-host.js";

/** Beyond this what was not used for longest goes; $AZULEJO_CACHE_BYTES sets another limit, 0 keeps nothing. */
const DEFAULT_LIMIT_BYTES = 4 * 2 ** 30;

export function cacheFolder(): string {
  const named = hostVariable("AZULEJO_CACHE");
  if (named) return named;
  const shared = hostVariable("XDG_CACHE_HOME");
  const isMac = hostPlatform()!.startsWith("darwin");
  return joinPath(shared ?? joinPath(homeFolder(), isMac ? "Library/Caches" : ".cache"), "azulejo");
}
export const limitBytes = (): number => {
  const given = Number(hostVariable("AZULEJO_CACHE_BYTES") ?? DEFAULT_LIMIT_BYTES);
  return Number.isFinite(given) && given >= 0 ? given : DEFAULT_LIMIT_BYTES;
};

/** Can nobody else write into the folder? Undefined: it is not there. */
const isOwn = (root: string): Promise<boolean | undefined> =>
  files()
    .stat(root)
    .then(
      ({ uid, mode }) => userId() === undefined || (uid === userId() && (mode & 0o022) === 0),
      () => undefined,
    );
const othersMayWrite = (root: string): string =>
  `Others may write to "${root}", so nothing is loaded from it; set AZULEJO_CACHE to a folder of your own, or chmod 700 it`;
/** Why nothing is taken from the folder, as a sentence. */
export const folderProblem = async (root: string): Promise<string | undefined> =>
  (await isOwn(root)) === false ? othersMayWrite(root) : undefined;

/** Code is loaded from here: nobody else may be able to write. */
export async function ownFolder(root: string): Promise<void> {
  await files().mkdir(root, { recursive: true, mode: 0o700 });
  const problem = await folderProblem(root);
  if (problem) throw new AzulejoError("target", problem);
}

/** Marks a file as used just now, where that can be written; false: there is none. */
export async function isUsed(path: string): Promise<boolean> {
  const now = new Date();
  const isThere = (): Promise<boolean> =>
    files()
      .stat(path)
      .then(
        () => true,
        () => false,
      );
  return files()
    .utimes(path, now, now)
    .then(() => true, isThere);
}
/** Beside a file of code: the checksum of its bytes. */
export const sumPath = (path: string): string => `${path}.sum`;

export interface CacheContent {
  readonly folder: string;
  readonly files: number;
  readonly bytes: number;
  readonly limitBytes: number;
}
export async function cacheContent(): Promise<CacheContent> {
  const folder = cacheFolder();
  const list = await entries(folder);
  const bytes = list.reduce((sum, l) => sum + l.size, 0);
  return { folder, files: list.length, bytes, limitBytes: limitBytes() };
}

/** Removes what was not used for longest, until the limit holds; never `keep`. */
export async function shrink(root: string, keep: string): Promise<void> {
  await removeAbandoned(root);
  const all = (await entries(root)).sort((a, b) => b.mtimeMs - a.mtimeMs);
  let total = 0;
  for (const { path, size } of all) {
    total += size;
    // what is loaded or open stays usable without its name
    if (total <= limitBytes() || path === keep) continue;
    for (const gone of [path, sumPath(path)]) await files().rm(gone, { recursive: false, force: true });
  }
}
/** What processes left behind that were killed while they wrote. */
async function removeAbandoned(root: string): Promise<void> {
  for (const name of await files().readdir(root)) {
    const owner = Number(/\.(\d+)\.tmp$/.exec(name)?.[1] ?? processId());
    if (!isAlive(owner)) await files().rm(joinPath(root, name), { recursive: true, force: true });
  }
}
async function entries(folder: string): Promise<{ path: string; size: number; mtimeMs: number }[]> {
  const names = await files()
    .readdir(folder)
    .catch(() => [] as string[]);
  const all = names
    .filter(n => /\.(so|o|program)$/.test(n))
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
