// The lessons of docs/learn: their programs print what stands there, in both languages alike; solutions pass their exercises, skeletons do not.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { format } from "node:util";
import { checkKernel } from "azulejo/testing";
import type { Exercise } from "../../src/cli/learn/exercise.js";
import { exercises } from "../../src/cli/learn/exercises.js";
import { judge } from "../../src/cli/learn/judge.js";
import { root } from "../../tools/project.js";

const read = (path: string): string => readFileSync(join(root, "docs/learn", path), "utf8");
const blocks = (page: string, language: string): string[] =>
  [...page.matchAll(/^```(\w*)\n(.*?)^```$/gms)].filter(m => m[1] === language).map(m => m[2]!);
const withoutComments = (code: string): string => code.replace(/^\s*\/\*\*.*\*\/\n| +(\/\/|#) .*$/gm, "");

const scratch = join(root, "out/learn");
before(() => mkdirSync(scratch, { recursive: true }));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** What a module prints when it is imported. */
async function printed(code: string, name: string): Promise<string> {
  const file = join(scratch, `${name}.mjs`);
  writeFileSync(file, code);
  const lines: string[] = [];
  const { log } = console;
  console.log = (...parts: unknown[]) => void lines.push(`${format(...parts)}\n`);
  try {
    await import(pathToFileURL(file).href);
  } finally {
    console.log = log;
  }
  return lines.join("");
}

for (const { slug } of exercises) {
  const [english, chinese] = [read(`${slug}.md`), read(`${slug}.zh.md`)];
  test(`${slug}: the program prints what stands there`, async () => {
    assert.equal(await printed(blocks(english, "js").join("\n"), slug), blocks(english, "text").join(""));
  });
  test(`${slug}: English and Chinese have the same headings, code, output and links`, () => {
    const levels = (page: string): string[] => page.match(/^#+ /gm) ?? [];
    const rows = (page: string): number => (page.match(/^\|/gm) ?? []).length;
    const links = (page: string): string[] =>
      [...page.matchAll(/\]\(([^)]+)\)/g)].map(m => m[1]!.replace(".zh.md", ".md"));
    assert.deepEqual(levels(chinese), levels(english));
    assert.equal(rows(chinese), rows(english));
    assert.deepEqual(links(chinese), links(english));
    for (const language of ["js", "text", "sh"])
      assert.deepEqual(blocks(chinese, language).map(withoutComments), blocks(english, language).map(withoutComments));
  });
}

test("lesson 9 and the page of the language list every kind of finding", () => {
  const source = readFileSync(join(root, "src/sanitize/finding.ts"), "utf8");
  const kinds = [...source.matchAll(/^ {2}\| "([\w-]+)"/gm)].map(m => m[1]!);
  assert.ok(kinds.length > 10);
  for (const page of ["09-schedules.md", "09-schedules.zh.md", "../kernel-language.md"]) {
    const rows = read(page).match(/^\| `.*$/gm)!;
    assert.deepEqual(
      kinds.filter(kind => !rows.some(row => row.split("|")[1]!.includes(`\`${kind}\``))),
      [],
      page,
    );
  }
});

const verdictOf = async (exercise: Exercise, folder: string) =>
  judge(exercise, await import(pathToFileURL(join(root, `docs/learn/${folder}/${exercise.slug}.mjs`)).href), "en", {
    checkKernel,
  } as Parameters<typeof judge>[3]);

for (const exercise of exercises) {
  test(`${exercise.slug}: the solution passes`, async () => {
    const { passed, failure } = await verdictOf(exercise, "solutions");
    assert.equal(failure, undefined, JSON.stringify(failure));
    assert.equal(passed.length, 2 + exercise.cases.length + (exercise.demands ?? []).length);
  });
  test(`${exercise.slug}: the skeleton fails, with a hint`, async () => {
    const { failure } = await verdictOf(exercise, "exercises");
    assert.ok(failure && failure.problem.length > 0 && failure.hint.length > 0);
    // it fails at what the exercise asks, not at its form
    assert.notEqual(failure.step, "the signature");
    assert.doesNotMatch(failure.problem, /Error|undefined/);
  });
  test(`${exercise.slug}: skeleton and solution have the same signature`, () => {
    const signature = (folder: string): string =>
      /kernel\(\s*(\{[\s\S]*?\}),/.exec(read(`${folder}/${exercise.slug}.mjs`))![1]!;
    assert.equal(signature("exercises"), signature("solutions"));
  });
}

test("the list of lessons names all of them, in both languages", () => {
  for (const [page, suffix] of [
    ["README.md", ".md"],
    ["README.zh.md", ".zh.md"],
  ] as const) {
    const language = suffix === ".md" ? "en" : "zh";
    for (const [i, { slug, title }] of exercises.entries()) {
      assert.ok(read(page).includes(`[${i + 1} · ${title[language]}](${slug}${suffix})`), `${page}: ${slug}`);
      assert.ok(read(`${slug}${suffix}`).startsWith(`# ${i + 1} · ${title[language]}\n`), slug);
    }
  }
});
