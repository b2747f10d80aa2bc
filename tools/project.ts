// Where the project lies and how its tools walk it: shared by the checks, the build and the test launcher. No checks here.
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** Absolute path of the project; compiled tools lie in dist/tools/. */
export const root: string = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

const notOurs = new Set(["node_modules", ".git", "dist", "out", ".cache"]);

/** Files below a folder, as paths from the project's root with forward slashes, sorted; folders made by tools are left out. */
export function filesBelow(folder: string, keep: (path: string) => boolean = () => true): string[] {
  const found: string[] = [];
  const visit = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) {
        if (!notOurs.has(entry.name)) visit(path);
      } else if (entry.isFile()) {
        const name = relative(root, path).split(sep).join("/");
        if (keep(name)) found.push(name);
      }
    }
  };
  visit(join(root, folder));
  return found.sort();
}

/** The script behind a development dependency's command, to be run with `process.execPath` on every platform. */
export function commandOf(packageName: string, script: string): string {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve(`${packageName}/package.json`)), script);
}
