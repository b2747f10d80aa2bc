// `azulejo check`: the kernels of a file under watch, for mistakes that no compiler sees.
import type { Command } from "commander";
import type { CheckKernelOptions, Finding } from "../testing/index.js";
import { AzulejoError } from "../support/errors.js";
import { dimsOf, kernelsOf, refuseUnknownDims } from "./exported-kernels.js";
import { failureOf, failureText } from "./failure.js";
import type { Library, Terminal } from "./library.js";
import { count } from "./numbers.js";
import { parseDims, parseWhole } from "./options.js";
import { table } from "./table.js";
import { importModule } from "./user-operators.js";

interface Options {
  readonly dims?: Readonly<Record<string, number>>;
  readonly seed?: number;
  readonly json?: boolean;
}

const details = `
Each kernel runs on small tensors, of sizes that are drawn: on the interpreter, watched, and compiled on all targets that this machine has. What is
looked for: reads at gathered indices and writes outside of their tensor, elements written twice or never, reads of what nothing has written, segments out of
order, folds that hang on the size of their tiles or on where they are cut, NaN and infinity of finite inputs, integers that wrap around, casts to what does
not hold the number, arrays handed in twice, intrinsics that depart from their meaning, compiled code that departs from the interpreter.

Tensors that must fit each other, such as indices, come from the file:
  export const checks = { groupedLinear: { tensors: { Offsets: { dtype: "i32", dims: [3], data: Int32Array.of(0, 2, 5) } } } };

The exit status is 1 if anything was found.

Examples:
  azulejo check kernels.mjs
  azulejo check kernels.mjs --dims H=7,W=7 --seed 4
`;

export function addCheckCommand(
  program: Command,
  library: Library,
  terminal: Terminal,
  judge: (good: boolean) => void,
): void {
  program
    .command("check")
    .summary("look for mistakes in kernels of yours")
    .description(
      "Runs each kernel that a JavaScript module exports, and tells its mistakes with the line that makes them.",
    )
    .argument("<file>", "a JavaScript module that exports kernels of azulejo/tile")
    .option("--dims <name=size,…>", "sizes that stay, e.g. H=7,W=7; others are drawn", parseDims)
    .option("--seed <n>", "other sizes and numbers (default: 1)", parseWhole)
    .option("--json", "the findings as JSON")
    .addHelpText("after", details)
    .action(async (file: string, { dims, seed, json }: Options) => {
      const exported = await importModule(file, "check");
      const kernels = kernelsOf(exported, file);
      if (dims) refuseUnknownDims(dims, kernels);
      const checks = Object(exported.checks) as Readonly<Record<string, CheckKernelOptions | undefined>>;
      const findings: Finding[] = [];
      const failed = new Map<string, AzulejoError>();
      for (const [name, kernel] of kernels) {
        const own = checks[name] ?? {};
        const known = dimsOf(kernel);
        const fixed = Object.entries({ ...own.dims, ...dims }).filter(([d]) => known.includes(d));
        const given = { ...own, dims: Object.fromEntries(fixed), ...(seed === undefined ? {} : { seed }) };
        try {
          const found = await library.checkKernel(kernel, given);
          findings.push(...found.map(f => ({ ...f, kernel: name })));
        } catch (e) {
          // one that can't be run hides nothing of the others
          if (!(e instanceof AzulejoError)) throw e;
          failed.set(name, e);
        }
      }
      judge(findings.length === 0 && failed.size === 0);
      const names = kernels.map(([name]) => name).filter(name => !failed.has(name));
      if (json) {
        const errors = [...failed].map(([kernel, e]) => ({ kernel, error: failureOf(e) }));
        terminal.out(`${JSON.stringify({ kernels: names, findings, failed: errors }, null, 2)}\n`);
      } else if (names.length > 0) terminal.out(textOf(names, findings));
      for (const e of failed.values()) terminal.err(failureText(e));
    });
}

function textOf(names: readonly string[], findings: readonly Finding[]): string {
  if (findings.length === 0) return `${count(names.length, "kernel")}: ${names.join(", ")}. Nothing was found.\n`;
  const rows = findings.map(f => [
    f.kernel,
    f.kind,
    f.source ?? "",
    Object.entries(f.dims)
      .map(([d, n]) => `${d}=${n}`)
      .join(" "),
    f.message,
  ]);
  const heads = ["kernel", "finding", "line", "sizes", ""].map(head => ({ head }));
  return `${table(heads, rows)}\n${count(findings.length, "finding")} in ${count(names.length, "kernel")}\n`;
}
