// `azulejo bench`: how long loading, compiling, the first run and steady runs of one model take on this machine.
import type { Command } from "commander";
import { Option } from "commander";
import type { Model } from "../runtime/api.js";
import type { TensorData } from "../runtime/tensor.js";
import { gatherInputs } from "./gather-inputs.js";
import type { Library, Terminal } from "./library.js";
import { count, digits, milliseconds, quantile } from "./numbers.js";
import type { SharedOptions } from "./options.js";
import { addLoadOptions, loadOptions, parseAmount, parseCount, parseInputs } from "./options.js";
import type { ProgressLine } from "./progress.js";
import { progressLine } from "./progress.js";
import { table } from "./table.js";

interface BenchOptions extends SharedOptions {
  readonly input?: ReadonlyMap<string, string>;
  readonly runs?: number;
  readonly seconds: number;
}

const examples = `
Inputs that --input does not give are random; dims that the model leaves open are fixed with --dims (a leading one is 1 unless given).
A model that was compiled before is loaded from the cache, and the notes below the figures say so; --no-cache times the compiler.
Times depend on what else the machine does: compare runs taken in turn, not on different days.

Examples:
  azulejo bench model.onnx
  azulejo bench model.onnx --dims height=480,width=640 --threads 1 --runs 100 --json
`;

export function addBenchCommand(program: Command, library: Library, terminal: Terminal): void {
  const command = program
    .command("bench")
    .summary("time load, compile, first and steady runs of a model")
    .description("Times loading, compiling, the first run and steady runs of a model, with random inputs.")
    .argument("<model>", "path or URL of an .onnx file")
    .option("--input <name=value>", "an input that matters: a .npy or .pb file, a number, a JSON array", parseInputs)
    .addOption(
      new Option("--runs <n>", "number of steady runs (default: as many as --seconds allows, at least 5)")
        .argParser(parseCount)
        .conflicts("seconds"),
    )
    .option("--seconds <s>", "time for steady runs", parseAmount, 3)
    .addHelpText("after", examples);
  addLoadOptions(command)
    .option("--json", "print the figures as JSON")
    .action((model: string, options: BenchOptions) => bench(model, options, library, terminal));
}

interface Figures {
  readonly loadMs: number;
  /** parts of the load, as the target's report names them */
  readonly phasesMs: Readonly<Record<string, number>>;
  readonly firstRunMs: number;
  readonly steadyMs: readonly number[];
}

async function bench(source: string, options: BenchOptions, library: Library, terminal: Terminal): Promise<void> {
  const progress = progressLine(terminal);
  try {
    const start = performance.now();
    const model = await library.load(source, {
      ...(await loadOptions(options)),
      onProgress: progress.onProgress,
      signal: terminal.signal,
    });
    try {
      const loadMs = performance.now() - start;
      const inputs = await gatherInputs(model, { ...options, random: true }, library);
      const figures = { loadMs, ...(await measure(model, inputs, options, progress, terminal.signal)) };
      progress.stop();
      terminal.out(options.json ? `${JSON.stringify(asJson(source, model, figures))}\n` : asText(model, figures));
    } finally {
      model.dispose();
    }
  } finally {
    progress.stop();
  }
}

async function measure(
  model: Model,
  inputs: Readonly<Record<string, TensorData>>,
  options: BenchOptions,
  progress: ProgressLine,
  signal: AbortSignal,
): Promise<Omit<Figures, "loadMs">> {
  const phasesMs = { ...model.report().timesMs };
  const timed = async (): Promise<number> => {
    const start = performance.now();
    await model.run(inputs, { signal });
    return performance.now() - start;
  };
  const firstRunMs = await timed();
  const steadyMs: number[] = [];
  const end = performance.now() + options.seconds * 1000;
  const wanted = (): boolean =>
    options.runs === undefined ? steadyMs.length < 5 || performance.now() < end : steadyMs.length < options.runs;
  while (wanted()) {
    steadyMs.push(await timed());
    const left = (end - performance.now()) / (options.seconds * 1000);
    const fraction = options.runs === undefined ? 1 - left : steadyMs.length / options.runs;
    progress.update(`run ${steadyMs.length}`, Math.min(1, fraction));
  }
  return { phasesMs, firstRunMs, steadyMs };
}

const steady = (samples: readonly number[]): { runs: number; medianMs: number; minMs: number; p95Ms: number } => ({
  runs: samples.length,
  medianMs: quantile(samples, 0.5),
  minMs: quantile(samples, 0),
  p95Ms: quantile(samples, 0.95),
});

function asJson(source: string, model: Model, { loadMs, phasesMs, firstRunMs, steadyMs }: Figures): object {
  const { target, threads, flags, notes } = model.report();
  return { model: source, target, threads, flags, notes, loadMs, phasesMs, firstRunMs, steady: steady(steadyMs) };
}

function asText(model: Model, { loadMs, phasesMs, firstRunMs, steadyMs }: Figures): string {
  const { target, threads, notes } = model.report();
  const { runs, medianMs, minMs, p95Ms } = steady(steadyMs);
  const rows = [
    ["load", milliseconds(loadMs)],
    ...Object.entries(phasesMs).map(([name, time]) => [`  ${name}`, milliseconds(time)]),
    ["first run", milliseconds(firstRunMs)],
    [`steady run, median of ${runs}`, milliseconds(medianMs)],
    ["  fastest", milliseconds(minMs)],
    ["  95 % within", milliseconds(p95Ms)],
    ["runs per second", digits(1000 / medianMs, 3)],
  ];
  const head = `target ${target}, ${count(threads, "thread")}`;
  // whether it was compiled before decides what a load takes
  return `${table([{ head }, { head: "time", align: "right" }], rows)}${notes.map(note => `${note}\n`).join("")}`;
}
