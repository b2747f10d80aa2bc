// Where kept models lie: a folder of the user's, or the storage of a page's origin. Entries appear whole, under a key.
import { cacheFolder, folderProblem, isUsed, limitBytes, ownFolder, shrink } from "../runtime/cache-folder.js";
import { files, joinPath, processId } from "../runtime/native-host.js";
import { hasFiles, type OpenFile, openFile, openPageStorage, type PageStorage } from "../runtime/platform.js";
import type { SavedPart } from "../runtime/target.js";

export interface Shelf {
  /** Larger entries are not worth it. */
  readonly mostBytes: number;
  /** for reports */
  place(key: string): string;
  /** Why nothing is taken from here, as a sentence. */
  problem(): Promise<string | undefined>;
  open(key: string): Promise<Pick<OpenFile, "byteLength" | "read" | "close"> | undefined>;
  /** `bulk` may be large, and comes in pieces. */
  write(key: string, prefix: Uint8Array, bulk: SavedPart | undefined): Promise<void>;
}

/** Undefined where nothing can be kept. `build`: entries of others are of no use. */
export async function shelf(build: string): Promise<Shelf | undefined> {
  if (hasFiles()) return limitBytes() === 0 ? undefined : diskShelf;
  const storage = await openPageStorage("azulejo-", build);
  return storage && pageShelf(storage);
}

const CHUNK_BYTES = 4 << 20;
/** Four such models fill the folder. */
const MOST_DISK_BYTES = 2 ** 30;
/** A page has a small part of the disk. */
const MOST_PAGE_BYTES = 2 ** 27;

const pathOf = (key: string): string => joinPath(cacheFolder(), `${key}.program`);

const diskShelf: Shelf = {
  get mostBytes() {
    return Math.min(MOST_DISK_BYTES, limitBytes() / 2);
  },
  place: pathOf,
  problem: () => folderProblem(cacheFolder()),
  open: async key => ((await isUsed(pathOf(key))) ? openFile(pathOf(key)) : undefined),
  async write(key, prefix, bulk) {
    await ownFolder(cacheFolder());
    const path = pathOf(key);
    // a process may write one model several times at once, in several threads
    const fresh = `${path}.${Math.random().toString(36).slice(2)}.${processId()}.tmp`;
    try {
      await files().writeFile(fresh, prefix, { mode: 0o600 });
      for await (const piece of piecesOf(bulk)) await files().writeFile(fresh, piece, { flag: "a" });
      // its bytes are on the disk before its name is: a machine that stops meanwhile leaves no file with holes
      await files().writeFile(fresh, "", { flag: "a", flush: true });
      await files().rename(fresh, path);
    } finally {
      await files().rm(fresh, { recursive: false, force: true });
      await shrink(cacheFolder(), path);
    }
  },
};

/** Each piece is valid until the next. */
async function* piecesOf(part: SavedPart | undefined): AsyncGenerator<Uint8Array> {
  if (!part) return;
  const chunk = new Uint8Array(Math.min(CHUNK_BYTES, part.byteLength));
  for (let at = 0; at < part.byteLength; at += chunk.length) {
    const piece = chunk.subarray(0, Math.min(chunk.length, part.byteLength - at));
    await part.readInto(at, piece);
    yield piece;
  }
}

const pageShelf = (storage: PageStorage): Shelf => ({
  mostBytes: MOST_PAGE_BYTES,
  place: () => "the storage of this page's origin",
  problem: async () => undefined,
  async open(key) {
    const bytes = await storage.read(key);
    return (
      bytes && {
        byteLength: bytes.length,
        async read(into, position) {
          const part = bytes.subarray(position, position + into.length);
          into.set(part);
          return part.length;
        },
        close: async () => {},
      }
    );
  },
  async write(key, prefix, bulk) {
    const whole = new Uint8Array(bulk?.byteLength ?? 0);
    await bulk?.readInto(0, whole);
    await storage.write(key, [prefix, whole]);
  },
});
