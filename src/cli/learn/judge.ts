// Judges a learner's kernel: its signature, its results eagerly and compiled, what watching it finds, and further demands. Stops at the first
// thing that is wrong, because what comes after would only say it again.
import type { TileKernel } from "../../author/kernel.js";
import type { Library } from "../library.js";
import type { Case, Exercise, Language, Tensors, Text } from "./exercise.js";
import { indexAt } from "./exercise.js";

export interface Verdict {
  readonly passed: readonly string[];
  readonly failure?: { readonly step: string; readonly problem: string; readonly hint: string };
}

/** Sums in other orders and functions within their bounds stay far below. */
const TOLERANCE = 5e-5;

export async function judge(
  exercise: Exercise,
  exported: Readonly<Record<string, unknown>>,
  language: Language,
  library: Pick<Library, "checkKernel">,
): Promise<Verdict> {
  const passed: string[] = [];
  const theirs = exported[exercise.exports];
  if (!isKernel(theirs)) return missing(exercise, language);
  // what is run here is disposed of here
  const kernel = theirs.with({});
  try {
    for (const step of stepsOf(exercise, kernel, exported, library)) {
      const problem = await step.run().catch((error: unknown) => ({ en: messageOf(error), zh: messageOf(error) }));
      const name = step.name[language];
      if (problem) return { passed, failure: { step: name, problem: problem[language], hint: step.hint[language] } };
      passed.push(name);
    }
    return { passed };
  } finally {
    kernel.dispose();
  }
}

interface Step {
  readonly name: Text;
  readonly hint: Text;
  readonly run: () => Promise<Text | undefined>;
}

function stepsOf(
  exercise: Exercise,
  kernel: TileKernel,
  exported: Readonly<Record<string, unknown>>,
  library: Pick<Library, "checkKernel">,
): Step[] {
  const [first] = exercise.cases;
  return [
    { name: words.signature, hint: words.keepSignature, run: async () => signatureProblem(kernel, first!.tensors) },
    ...exercise.cases.map(c => ({ name: c.name, hint: c.hint, run: () => caseProblem(kernel, c) })),
    {
      name: words.watched,
      hint: words.readFinding,
      run: async () => {
        const [finding] = await library.checkKernel(kernel, { ...exercise.check, targets: ["wasm"] });
        if (!finding) return undefined;
        const text = `${finding.kind}: ${finding.message}${finding.source ? ` (${finding.source})` : ""}`;
        return { en: text, zh: text };
      },
    },
    ...(exercise.demands ?? []).map(d => ({ name: d.name, hint: d.hint, run: () => d.problem(kernel, exported) })),
  ];
}

const words = {
  signature: { en: "the signature", zh: "签名" },
  keepSignature: {
    en: "keep the signature of the skeleton; --start writes it",
    zh: "请保留骨架中的签名；--start 会写出它",
  },
  watched: { en: "under watch, as azulejo check runs it", zh: "在监视下运行（同 azulejo check）" },
  readFinding: {
    en: "the results are right where they were looked at, but not by right; the finding names the line",
    zh: "抽查的结果是对的，但写法并不可靠；发现里给出了出错的行",
  },
} as const;

function missing(exercise: Exercise, language: Language): Verdict {
  const failure = {
    en: {
      step: "the export",
      problem: `the module exports no kernel "${exercise.exports}"`,
      hint: `write: export const ${exercise.exports} = kernel(…)`,
    },
    zh: {
      step: "导出",
      problem: `模块没有导出名为 "${exercise.exports}" 的核`,
      hint: `请写：export const ${exercise.exports} = kernel(…)`,
    },
  };
  return { passed: [], failure: failure[language] };
}

function signatureProblem(kernel: TileKernel, tensors: Tensors): Text | undefined {
  const shown = (name: string, dtype: string, rank: number): string => `${name}: ${dtype}, ${rank}`;
  const has = kernel.ir.tensors.map(t => shown(t.name, t.dtype, t.dims.length)).sort();
  const wants = Object.entries(tensors)
    .map(([name, t]) => shown(name, t.dtype, t.dims.length))
    .sort();
  if (has.join() === wants.join()) return undefined;
  return {
    en: `its tensors (name: dtype, number of dims) are ${has.join("; ")} and must be ${wants.join("; ")}`,
    zh: `它的张量（名字: dtype, 维数）是 ${has.join("; ")}，应为 ${wants.join("; ")}`,
  };
}

async function caseProblem(kernel: TileKernel, { tensors, output, want }: Case): Promise<Text | undefined> {
  const ways: readonly (readonly [Text, (given: Tensors) => Tensors | Promise<Tensors>])[] = [
    [{ en: "eagerly", zh: "eager 执行" }, given => kernel.eager(given)],
    [{ en: "compiled", zh: "编译执行" }, given => kernel.run(given, { threads: 1 })],
  ];
  for (const [way, run] of ways) {
    const got = (await run(copiesOf(tensors)))[output]!;
    const values = Array.from(got.data as ArrayLike<number | bigint>, Number);
    const at = want.findIndex((w, i) => !(Math.abs(values[i]! - w) <= TOLERANCE * (1 + Math.abs(w))));
    if (at < 0) continue;
    const place = `${output}[${indexAt(got.dims, at).join(", ")}]`;
    return {
      en: `${way.en}, ${place} is ${short(values[at]!)} and must be ${short(want[at]!)}`,
      zh: `${way.zh}时，${place} 是 ${short(values[at]!)}，应为 ${short(want[at]!)}`,
    };
  }
  return undefined;
}
const short = (x: number): string => String(Number(x.toPrecision(6)));

const copiesOf = (tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, { ...t, data: t.data.slice() }])) as Tensors;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function isKernel(value: unknown): value is TileKernel {
  const given = Object(value) as Partial<TileKernel>;
  return Array.isArray(given.ir?.tensors) && typeof given.eager === "function" && typeof given.with === "function";
}
