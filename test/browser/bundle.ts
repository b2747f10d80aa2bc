// Compiled tests as one script for a page, and folders of files as an archive that page-files.ts reads there.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { build, type Plugin } from "esbuild";
import { root } from "../../tools/project.js";

const pageFiles = join(root, "dist/test/browser/page-files.js");
const filesOfPage: Plugin = {
  name: "files of the page",
  setup({ onResolve }) {
    onResolve({ filter: /^node:(fs|path)$|\/data\.js$/ }, () => ({ path: pageFiles }));
  },
};

/** `entry`: of the compiled tests, as test/…; with files, Node's modules for them are replaced. */
export async function bundle(entry: string, { files = false } = {}): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(root, "dist", entry)],
    bundle: true,
    format: "esm",
    write: false,
    logLevel: "silent",
    // which cases a page runs its caller says
    define: { "process.env.AZULEJO_SWEEP": '"all"' },
    plugins: files ? [filesOfPage] : [],
  });
  return outputFiles[0]!.text;
}

/** The files below a folder, under `name`/… */
export function archive(folder: string, name: string): Uint8Array {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(e => e.isFile())
    .map(e => join(e.parentPath, e.name))
    .sort();
  const contents = paths.map(path => readFileSync(path));
  const list = paths.map((path, i) => [`${name}/${relative(folder, path)}`, contents[i]!.length]);
  const head = Buffer.from(JSON.stringify(list));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  return Buffer.concat([length, head, ...contents]);
}
