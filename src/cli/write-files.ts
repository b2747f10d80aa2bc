// Files that a command writes: those that the user goes on with never over one that is there.
import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AzulejoError } from "../support/errors.js";

export interface NewFile {
  readonly name: string;
  readonly text: string;
}

/** Paths of what was written; nothing is written if one of the files is there. @throws AzulejoError option */
export async function writeNewFiles(folder: string, files: readonly NewFile[], option: string): Promise<string[]> {
  const paths = files.map(({ name }) => join(folder, name));
  for (const path of paths)
    if (await exists(path))
      throw new AzulejoError(
        "option",
        `${option}: the file "${path}" is there already; name another folder or remove it`,
      );
  try {
    await mkdir(folder, { recursive: true });
    for (const [i, { text }] of files.entries()) await writeFile(paths[i]!, text, { flag: "wx" });
  } catch (cause) {
    const { message } = cause as Error;
    throw new AzulejoError("option", `${option} "${folder}" can't be written: ${message}; name another folder`, {
      cause,
    });
  }
  return paths;
}

/** A report, over what was there. @throws AzulejoError option */
export async function writeReport(file: string, text: string, option: string): Promise<void> {
  await writeFile(file, text).catch((cause: Error) => {
    throw new AzulejoError("option", `${option} "${file}" can't be written: ${cause.message}; name another file`, {
      cause,
    });
  });
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
