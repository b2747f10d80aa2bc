// `azulejo learn`: the lessons of docs/learn, their exercises to begin with, and the judge of what the learner wrote.
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import { AzulejoError } from "../support/errors.js";
import type { Exercise, Language, Text } from "./learn/exercise.js";
import { languages } from "./learn/exercise.js";
import { exercises } from "./learn/exercises.js";
import type { Verdict } from "./learn/judge.js";
import { judge } from "./learn/judge.js";
import type { Library, Terminal } from "./library.js";
import { refuseIdle } from "./options.js";
import { packageRoot } from "./package-root.js";
import { importModule } from "./user-operators.js";
import { writeNewFiles } from "./write-files.js";

interface Options {
  readonly start?: boolean;
  readonly solution?: boolean;
  readonly lang: Language;
  readonly json?: boolean;
}

const details = `
The file is a JavaScript module of yours that exports the exercise's kernel. It is run eagerly and compiled on the cases of the exercise, and under
watch as azulejo check does; the first thing that is wrong is told with a hint. The exit status is 1 until all is right.

Examples:
  azulejo learn                        the list of lessons
  azulejo learn 3                      the text of lesson 3
  azulejo learn 3 my.mjs --start       writes the skeleton of its exercise
  azulejo learn 3 my.mjs               judges what you made of it
  azulejo learn 3 --solution           one way to write it
  azulejo learn 3 my.mjs --lang zh     用中文
`;

export function addLearnCommand(
  program: Command,
  library: Library,
  terminal: Terminal,
  judged: (good: boolean) => void,
): void {
  program
    .command("learn")
    .summary("ten lessons on kernels, with exercises that are checked")
    .description("Lists the lessons on azulejo/tile, shows one, writes the skeleton of its exercise, or judges yours.")
    .argument("[lesson]", `1 to ${exercises.length}`, lessonNumber)
    .argument("[file]", "your module (with --start: the file to write)")
    .option("--start", "write the skeleton of the exercise")
    .addOption(new Option("--solution", "print a solution").conflicts("start"))
    .addOption(
      new Option("--lang <language>", "language of lessons and hints (default: that of the environment)")
        .choices(languages)
        .default(languageOf(process.env), "that of LANG"),
    )
    .option("--json", "the result as JSON")
    .addHelpText("after", details)
    .action(async (lesson: number | undefined, file: string | undefined, options: Options) => {
      if (lesson === undefined) {
        refuseIdle(options, ["start", "solution"], "name a lesson");
        return terminal.out(listText(options));
      }
      const exercise = exercises[lesson - 1]!;
      if (options.start) return terminal.out(await start(lesson, exercise, file, options));
      if (options.solution && file !== undefined)
        throw new AzulejoError("option", `learn --solution takes no file; leave out "${file}" or --solution`);
      if (file === undefined) return terminal.out(await pageText(lesson, exercise, options));
      const exported = await importModule(file, "learn");
      const verdict = await judge(exercise, exported, options.lang, library);
      judged(verdict.failure === undefined);
      terminal.out(options.json ? `${JSON.stringify(verdict)}\n` : verdictText(lesson, exercise, verdict, options));
    });
}

function lessonNumber(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1 || n > exercises.length)
    throw new InvalidArgumentError(`There are lessons 1 to ${exercises.length}.`);
  return n;
}

const languageOf = (env: Readonly<Record<string, string | undefined>>): Language =>
  /^zh/i.test(env.LC_ALL || env.LC_MESSAGES || env.LANG || "") ? "zh" : "en";

const documentOf = (name: string): Promise<string> => readFile(join(packageRoot(), "docs/learn", name), "utf8");
const pageOf = ({ slug }: Exercise, language: Language): string => `${slug}${language === "zh" ? ".zh" : ""}.md`;

/** The lesson's text, or a solution of its exercise. */
async function pageText(lesson: number, exercise: Exercise, { solution, lang, json }: Options): Promise<string> {
  const page = solution ? `solutions/${exercise.slug}.mjs` : pageOf(exercise, lang);
  const text = await documentOf(page);
  return json ? `${JSON.stringify({ lesson, title: exercise.title[lang], page: `docs/learn/${page}`, text })}\n` : text;
}

async function start(
  lesson: number,
  exercise: Exercise,
  file: string | undefined,
  { lang, json }: Options,
): Promise<string> {
  const path = file ?? `lesson-${lesson}.mjs`;
  if (!/\.m?js$/.test(path))
    throw new AzulejoError("option", `learn --start "${path}": the skeleton is JavaScript; name a file .mjs`);
  const text = await documentOf(`exercises/${exercise.slug}.mjs`);
  const files = await writeNewFiles(dirname(path), [{ name: basename(path), text }], "learn --start");
  if (json) return `${JSON.stringify({ files })}\n`;
  const [wrote, next] = { en: ["wrote ", "then: "], zh: ["已写入 ", "写好之后运行："] }[lang];
  return `${wrote}${files[0]}\n${exercise.task[lang]}\n${next}azulejo learn ${lesson} ${files[0]}\n`;
}

function listText({ lang, json }: Options): string {
  const rows = exercises.map((e, i) => ({
    lesson: i + 1,
    title: e.title[lang],
    page: `docs/learn/${pageOf(e, lang)}`,
    exercise: e.task[lang],
  }));
  if (json) return `${JSON.stringify(rows)}\n`;
  const list = rows.map(({ lesson, title, exercise }) => `${String(lesson).padStart(2)}  ${title}\n    ${exercise}\n`);
  return `${list.join("")}\n${footer[lang]}\n`;
}
const footer: Text = {
  en: "azulejo learn 1 shows the first lesson, azulejo learn 1 my.mjs --start begins its exercise, azulejo learn 1 my.mjs judges it.",
  zh: "azulejo learn 1 显示第一课，azulejo learn 1 my.mjs --start 写出练习的骨架，azulejo learn 1 my.mjs 检查你的答案。",
};

function verdictText(lesson: number, { title }: Exercise, { passed, failure }: Verdict, { lang }: Options): string {
  const lines = passed.map(step => `✔ ${step}\n`).join("");
  if (failure) {
    const hint = { en: "hint: ", zh: "提示：" }[lang];
    return `${lines}✖ ${failure.step}\n  ${failure.problem}\n  ${hint}${failure.hint}\n`;
  }
  const more = lesson < exercises.length;
  const done = {
    en: `Lesson ${lesson}, ${title.en}: done.${more ? ` Next: azulejo learn ${lesson + 1}` : " That was the last one."}\n`,
    zh: `第 ${lesson} 课《${title.zh}》完成。${more ? `下一课：azulejo learn ${lesson + 1}` : "全部课程到此结束。"}\n`,
  };
  return `${lines}${done[lang]}`;
}
