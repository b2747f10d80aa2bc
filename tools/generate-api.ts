// Writes docs/api: a page for each entry of the package, from the declarations of the last build and their doc comments.
// `node dist/tools/generate-api.js` after a build; `--check` only says whether they are current. What is exported without a doc comment is a mistake.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportsOf } from "./api/declarations.js";
import type { Entry } from "./api/pages.js";
import { entryPage, header, undocumented } from "./api/pages.js";
import { root } from "./project.js";

/** Paths of declarations are those of package.json; the entries that are listed here must be all of them. */
const entries: readonly Entry[] = [
  { name: "azulejo", page: "azulejo", about: "Load a model, run it, look into it." },
  {
    name: "azulejo/tile",
    page: "tile",
    about:
      "The language that kernels are written in; [the words](../kernel-language.md), [lessons](../learn/README.md).",
  },
  {
    name: "azulejo/kernels",
    page: "kernels",
    about: "[Kernels that are there](../kernels.md): to call, to fuse with functions of your own, to learn from.",
  },
  { name: "azulejo/testing", page: "testing", about: "What checks operators, kernels and models." },
  { name: "azulejo/tune", page: "tune", about: "Schedules found by measuring; [tuning](../tuning.md)." },
  {
    name: "azulejo/onnxruntime",
    page: "onnxruntime",
    about: "The interface of onnxruntime; [what is there and what is not](../onnxruntime.md).",
  },
];

const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  exports: Readonly<Record<string, { readonly types?: string } | string>>;
};
const declarationsOf = ({ name }: Entry): string => {
  const found = exports[name.replace("azulejo", ".")];
  if (typeof found !== "object" || !found.types) throw new Error(`package.json has no declarations of ${name}`);
  return found.types;
};

const problems: string[] = [];
const pages: [path: string, text: string][] = [];
const rows: string[] = [];
for (const entry of entries) {
  const all = [...exportsOf(declarationsOf(entry)).values()];
  problems.push(...all.flatMap(d => undocumented(entry, d)).map(what => `no doc comment says what this is: ${what}`));
  pages.push([`docs/api/${entry.page}.md`, entryPage(entry, all)]);
  rows.push(`| [\`${entry.name}\`](${entry.page}.md) | ${entry.about} | ${all.length} |`);
}
const listed = new Set(entries.map(e => e.name.replace("azulejo", ".")));
for (const path of Object.keys(exports))
  if (!listed.has(path) && path !== "./package.json")
    problems.push(`package.json exports "${path}", which has no page: add it to tools/generate-api.ts`);
pages.push([
  "docs/api/README.md",
  `# API reference\n\n${header}\n\nAll that the package exports, with signatures, text, units and errors. Codes of errors have [pages of their own](../errors/README.md).\n\n| import from | what | exports |\n|---|---|---|\n${rows.join("\n")}\n`,
]);

const check = process.argv.includes("--check");
for (const [path, text] of pages) {
  const file = join(root, path);
  const old = existsSync(file) ? readFileSync(file, "utf8") : "";
  if (old === text) continue;
  if (check)
    problems.push(`${path} is not current: build, then run node dist/tools/generate-api.js, and commit what it writes`);
  else {
    mkdirSync(join(root, "docs/api"), { recursive: true });
    writeFileSync(file, text);
    console.log(`wrote ${path}`);
  }
}
for (const problem of new Set(problems)) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
