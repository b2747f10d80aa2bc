// `azulejo tune`: measures schedules of a model's kernels, or of kernels of the user's, and keeps the best.
import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import { AzulejoError } from "../support/errors.js";
import type { CheckKernelOptions } from "../testing/index.js";
import type { KernelToTune, TunedKernel, TuneOptions, TuneReport } from "../tune/index.js";
import { dimsOf, kernelsOf, refuseUnknownDims } from "./exported-kernels.js";
import type { Library, Terminal } from "./library.js";
import { count, digits, milliseconds } from "./numbers.js";
import { parseCount, parseDims, refuseIdle } from "./options.js";
import { progressLine } from "./progress.js";
import { table } from "./table.js";
import { importModule, importOperators } from "./user-operators.js";

interface Options {
  readonly dims?: readonly Readonly<Record<string, number>>[];
  readonly target: NonNullable<TuneOptions["target"]>;
  readonly threads?: number;
  readonly budget?: number;
  readonly kernel?: string;
  readonly operators?: readonly string[];
  readonly knowledge?: string;
  readonly exhaustive?: boolean;
  readonly list?: boolean;
  readonly again?: boolean;
  readonly json?: boolean;
}

const details = `
Candidates come from the cost model and are timed in turn against the schedule that the compiler derives; whoever is slower is dropped. What is found goes into a
knowledge base, from which later loads, runs of kernels and tunings take it: $AZULEJO_CACHE/knowledge.jsonl, or $AZULEJO_TUNING, or --knowledge. Ctrl-C loses
nothing: what was measured is on disk, and the next run goes on from there. Close other programs meanwhile.

Examples:
  azulejo tune model.onnx --budget 3m
  azulejo tune kernels.mjs --dims M=256,N=512,K=512 --dims M=1,N=512,K=512 --target native
  azulejo tune kernels.mjs --dims M=64,N=64,K=64 --list       how many schedules there are
`;

export function addTuneCommand(program: Command, library: Library, terminal: Terminal): void {
  program
    .command("tune")
    .summary("find faster schedules for the kernels of a model, or for your own")
    .description("Times schedules of each kernel against each other, and keeps the best for later compilations.")
    .argument("<file>", "an .onnx file, or a JavaScript module that exports kernels of azulejo/tile")
    .option(
      "--dims <name=size,…>",
      "sizes: of a kernel, once for each set to tune for; of a model, dims that it leaves open",
      (text: string, previous: readonly Readonly<Record<string, number>>[] = []) => [...previous, parseDims(text)],
    )
    .addOption(
      new Option("--target <target>", "cpu: native where possible, else wasm; webgpu: the GPU")
        .choices(["wasm", "native", "cpu", "webgpu"])
        .default("wasm"),
    )
    .option("--threads <n>", "threads to tune for (default: as for load)", parseCount)
    .option(
      "--budget <time>",
      "time for all kernels together, such as 90s or 3m (default: 3m; with --exhaustive none)",
      parseTime,
    )
    .option("--kernel <name>", "this one of the module's kernels only")
    .option(
      "--operators <file>",
      "operators of a model, as for azulejo run; repeatable",
      (file: string, previous: readonly string[] = []) => [...previous, file],
    )
    .option("--knowledge <file>", "the knowledge base to read and write")
    .option("--exhaustive", "time all schedules that there are")
    .option("--list", "only count the schedules; nothing is timed")
    .option("--again", "also what the base knows already")
    .option("--json", "the result as JSON")
    .addHelpText("after", details)
    .action((file: string, options: Options) => tune(file, options, library, terminal));
}

async function tune(file: string, options: Options, library: Library, terminal: Terminal): Promise<void> {
  const isModule = /\.[cm]?[jt]s$/.test(file);
  if (isModule) refuseIdle(options, ["operators"], "name a model");
  else refuseIdle(options, ["kernel"], "name a module that exports kernels");
  const progress = progressLine(terminal);
  const { json, dims = [] } = options;
  const given = {
    ...tuneOptions(options, terminal),
    onProgress: ({ kernel, fraction, remainingMs }: Parameters<NonNullable<TuneOptions["onProgress"]>>[0]) =>
      progress.update(`${kernel}, about ${Math.ceil(remainingMs / 1000)} s left`, fraction),
    onTuned: (kernel: TunedKernel) => {
      if (json) return;
      progress.stop();
      terminal.out(kernelText(kernel));
    },
  };
  try {
    const report = isModule
      ? await library.tuneKernels(await kernelsToTune(file, options), given)
      : await library.tuneModel(file, {
          ...given,
          dims: Object.assign({}, ...dims),
          ...(options.operators ? { operators: await importOperators(options.operators) } : {}),
        });
    progress.stop();
    terminal.out(json ? `${JSON.stringify(report)}\n` : reportText(report, options));
  } finally {
    progress.stop();
  }
}

function tuneOptions(options: Options, terminal: Terminal): TuneOptions {
  const { target, threads, budget, knowledge, exhaustive, list, again } = options;
  return {
    target,
    signal: terminal.signal,
    ...(threads === undefined ? {} : { threads }),
    ...(budget === undefined ? {} : { budgetMs: budget }),
    ...(knowledge === undefined ? {} : { knowledge }),
    ...(exhaustive ? { exhaustive } : {}),
    ...(list ? { list } : {}),
    ...(again ? { again } : {}),
  };
}

async function kernelsToTune(file: string, { kernel, dims = [{}] }: Options): Promise<KernelToTune[]> {
  const exported = await importModule(file, "tune");
  const kernels = kernelsOf(exported, file);
  for (const set of dims) refuseUnknownDims(set, kernels);
  const found = kernels.filter(([name]) => kernel === undefined || name === kernel);
  if (found.length === 0)
    throw new AzulejoError(
      "option",
      `"${file}" exports no kernel "${kernel}"; its kernels are ${kernels.map(([name]) => name).join(", ")}`,
    );
  const checks = Object(exported.checks) as Readonly<Record<string, CheckKernelOptions | undefined>>;
  return found.map(([name, value]) => {
    const known = dimsOf(value);
    const sets = dims.map(set => Object.fromEntries(known.filter(d => d in set).map(d => [d, set[d]!])));
    // sets that differ in dims of other kernels are one here
    const distinct = [...new Map(sets.map(set => [JSON.stringify(set), set])).values()];
    return { kernel: value, dims: distinct, tensors: checks[name]?.tensors };
  });
}

function kernelText(k: TunedKernel): string {
  const sizes = Object.entries(k.dims).map(([name, n]) => (/^d\d+$/.test(name) ? `${n}` : `${name}=${n}`));
  const head = `${k.kernel} ${sizes.join(/^d\d/.test(Object.keys(k.dims)[0] ?? "") ? "×" : " ")}${k.count > 1 ? `, ${k.count} times` : ""}`;
  if (k.ended === "listed") return `${head}: ${count(k.space, "schedule")}\n`;
  const roof = k.rooflineMs > 0 ? `, ${((100 * k.rooflineMs) / k.foundMs).toFixed(0)} % of the roofline` : "";
  const over = k.ended === "budget" ? "; the budget was over: --again with a longer one looks further" : "";
  const how =
    k.ended === "known" ? "from the knowledge base" : `${k.tried} of ${count(k.space, "schedule")} timed${over}`;
  if (k.ended === "noisy")
    return `${head}: ${milliseconds(k.derivedMs)}, and no quiet moment to compare schedules in; close other programs and run it again\n`;
  if (k.gain <= 1) return `${head}: ${milliseconds(k.derivedMs)}${roof}; the derived schedule is best (${how})\n`;
  const gain = `${milliseconds(k.derivedMs)} → ${milliseconds(k.foundMs)}, ${digits(k.gain, 3)} times as fast${roof} (${how})`;
  return `${head}: ${gain}\n${k.reasons.map(reason => `  ${reason}\n`).join("")}`;
}

function reportText(report: TuneReport, { list }: Options): string {
  const { kernels, open, small, unreached, knowledge, timeMs, rates, threads, target } = report;
  if (list) return "";
  const total = (of: (k: TunedKernel) => number): number => kernels.reduce((sum, k) => sum + k.count * of(k), 0);
  const rows = [
    ["target", `${target}, ${count(threads, "thread")}`],
    ...(rates.peak > 0 ? [["peak", `${digits(rates.peak, 3)} GFLOP/s`]] : []),
    ["kernels", `${kernels.length}, faster now: ${kernels.filter(k => k.gain > 1).length}`],
    ["all together", `${milliseconds(total(k => k.derivedMs))} → ${milliseconds(total(k => k.foundMs))}`],
    ["took", milliseconds(timeMs)],
    ["kept in", knowledge],
    ...(small > 0 ? [["left alone", `${count(small, "kernel")} that take too little time to matter`]] : []),
    ...(unreached > 0 ? [["budget over", `${count(unreached, "kernel")} not reached; run it again to go on`]] : []),
    ...(open > 0 ? [["not tuned", `${count(open, "kernel")} whose sizes only a run tells; fix them with --dims`]] : []),
  ];
  return `\n${table([{ head: "" }, { head: "" }], rows).replace(/^\s*\n/, "")}`;
}

/** `90s`, `3m`, `500ms`: milliseconds. */
export function parseTime(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  if (!match || Number(match[1]) === 0) throw new InvalidArgumentError("It must be a time such as 90s or 3m.");
  return Number(match[1]) * units[match[2]!]!;
}
