// Where the suites and models of other people lie that are no part of this repository: $AZULEJO_DATA, else shared/data beside
// the repository, or beside the folder of its worktrees.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "../tools/project.js";

const folders = [process.env.AZULEJO_DATA, join(root, "../shared/data"), join(root, "../../shared/data")];

/** Absolute path of a file or folder of the data; undefined where it is not there, and its tests are skipped by name. */
export function dataPath(path: string): string | undefined {
  const folder = folders.find(folder => folder !== undefined && existsSync(join(folder, path)));
  return folder === undefined ? undefined : join(folder, path);
}
