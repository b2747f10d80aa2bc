// Which test files share a process, and which begin first. Modules are loaded, and the compiler's code gets warm, once for a group: a third of the
// processor time of small files. Not here: what is run (tools/test.ts).
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./project.js";

/** What takes longest, in processes of their own, the longest first, so that no core ends long before the other. */
const longest = [
  "ops/cases", "ops/fuzz/fuzz", "ops/suites", "browser/example", "lower/word-products", "browser/operators", "browser/webgpu-operators",
  "browser/", "machine/browser", "machine/lifecycle", "ops/chains", "ops/host-suites", "author/library-ordering", "author/library-attention", "load/kept-models", "examples/ocr-main", "learn/lessons",
  "load/index-errors", "webgpu/matrices",
]; // biome-ignore format: a list
/** What changes its process (environment, engine, counts of what is compiled), or waits while it is loaded. */
const alone = [
  "adapters/onnxruntime-gpu", "cli/files-for-operators", "load/compiler-flags", "load/concrete", "load/image-decoder", "machine/engine", "machine/platform", "native/target", "ops/onnxruntime",
  "project/layers", "transformers/",
]; // biome-ignore format: a list
/** Both need the package packed: it is, once. */
const packing = ["package/package", "transformers/transformers"];
const FILES_OF_A_GROUP = 10;
/** folders whose groups begin before those of others */
const longestFolders = ["author", "testing", "lower", "ops", "load", "models", "webgpu", "project", "graph"];

const place = (file: string, list: readonly string[]): number =>
  list.findIndex(part => file.startsWith(`dist/test/${part}`));

interface Group {
  readonly name: string;
  readonly members: readonly string[];
}

/** Files to hand to node:test, those of groups written into `folder`: each imports its test files, whose failures name them. */
export function testProcesses(files: readonly string[], folder: string): string[] {
  const packed = files.filter(file => place(file, packing) >= 0);
  const first = files.filter(file => place(file, longest) >= 0);
  first.sort((a, b) => place(a, longest) - place(b, longest));
  const single = files.filter(file => place(file, alone) >= 0 && !first.includes(file) && !packed.includes(file));
  const apart = new Set([...packed, ...first, ...single]);
  const groups = groupsOf(files.filter(file => !apart.has(file)));
  const processOf = ({ name, members }: Group): string => {
    if (members.length === 1) return members[0]!;
    const path = join(folder, `${name}.test.mjs`);
    writeFileSync(path, members.map(file => `import ${JSON.stringify(pathToFileURL(join(root, file)))};\n`).join(""));
    return path;
  };
  const beginning = packed.length > 0 ? [{ name: "packed", members: packed }] : [];
  return [...beginning.map(processOf), ...first, ...groups.map(processOf), ...single];
}

/** The files of a folder, in processes of about as many. */
function groupsOf(files: readonly string[]): Group[] {
  const folders = new Map<string, string[]>();
  for (const file of files) {
    const name = file.split("/")[2]!;
    folders.set(name, [...(folders.get(name) ?? []), file]);
  }
  const groups = [...folders].flatMap(([name, members]) => {
    const count = Math.ceil(members.length / FILES_OF_A_GROUP);
    return Array.from({ length: count }, (_, i) => ({
      name: count > 1 ? `${name}-${i + 1}-of-${count}` : name,
      members: members.filter((_, j) => j % count === i),
    }));
  });
  const rank = ({ name }: Group): number => {
    const at = longestFolders.indexOf(name.split("-")[0]!);
    return at < 0 ? longestFolders.length : at;
  };
  return groups.sort((a, b) => rank(a) - rank(b));
}
