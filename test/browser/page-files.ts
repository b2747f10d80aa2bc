// Files for code that reads them with Node's modules, in a page: bundle.ts puts this in the place of node:fs and node:path. A page fetches a folder
// as one archive before such code runs.

const files = new Map<string, Uint8Array>();
const folders = new Map<string, Set<string>>();

/** Adds what an archive holds: the length of a list of [path, bytes] in JSON as u32, the list, then the files one after another. */
export async function fetchFiles(address: string): Promise<void> {
  const bytes = new Uint8Array(await (await fetch(address)).arrayBuffer());
  const headBytes = new DataView(bytes.buffer).getUint32(0, true);
  const list = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + headBytes))) as readonly [string, number][];
  let at = 4 + headBytes;
  for (const [path, length] of list) {
    files.set(path, bytes.subarray(at, at + length));
    at += length;
    const parts = path.split("/");
    for (let d = 1; d < parts.length; d++) {
      const folder = parts.slice(0, d).join("/");
      folders.set(folder, (folders.get(folder) ?? new Set()).add(parts[d]!));
    }
  }
}

export const existsSync = (path: string): boolean => files.has(path) || folders.has(path);
export const readdirSync = (path: string): readonly string[] => [...(folders.get(path) ?? [])];
export function readFileSync(path: string, encoding?: string): Uint8Array | string {
  const bytes = files.get(path);
  if (!bytes) throw new Error(`${path} is not among the files of this page`);
  return encoding ? new TextDecoder().decode(bytes) : bytes;
}
export const join = (...parts: readonly string[]): string => parts.join("/");
/** of test/data.ts */
export const dataPath = (path: string): string | undefined => (existsSync(path) ? path : undefined);
