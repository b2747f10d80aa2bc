// `azulejo explain`: what a model is and what the compiler makes of it, stage by stage, as text.
import type { Command } from "commander";
import { Option } from "commander";
import type { Stage } from "../index.js";
import type { LoadOptions, Model } from "../runtime/api.js";
import { dimsText } from "./inputs.js";
import type { Library, Terminal } from "./library.js";
import { stages } from "./library.js";
import { AzulejoError } from "../support/errors.js";
import { byteSize, count, milliseconds } from "./numbers.js";
import type { SharedOptions } from "./options.js";
import { addLoadOptions, loadOptions } from "./options.js";
import { progressLine } from "./progress.js";
import { table } from "./table.js";
import { writeReport } from "./write-files.js";

interface ExplainOptions extends SharedOptions {
  readonly stage?: Stage;
  readonly html?: string;
}

const examples = `
Stages, in the order in which a model travels through them:
  graph    operators over named values with symbolic dims, after the passes
  kernels  tile IR: the fused loops over named axes that each kernel computes
  loops    loop IR: each kernel with its schedule, as vector instructions over pointers (targets on the CPU)
  code     what the target runs: WebAssembly functions with their sizes, C, or WGSL

Examples:
  azulejo explain model.onnx                     inputs, outputs and a summary
  azulejo explain model.onnx --stage kernels     what was fused into what
  azulejo explain model.onnx --html model.html   all stages as one page: what each pass changed, fusion, kernels, code, memory
`;

export function addExplainCommand(program: Command, library: Library, terminal: Terminal): void {
  const command = program
    .command("explain")
    .summary("print a model's inputs and outputs, or a stage of its compilation")
    .description("Prints a model's inputs and outputs, or with --stage what the compiler makes of it.")
    .argument("<model>", "path or URL of an .onnx file")
    .addOption(new Option("--stage <stage>", "the stage to print (default: a summary)").choices(stages))
    .addHelpText("after", examples);
  command.option(
    "--html <file>",
    "write all stages as one HTML page, which needs no network; dims show numbers and the memory plan",
  );
  addLoadOptions(command)
    .option("--json", "print the summary, or the stage's text, as JSON")
    .action((model: string, options: ExplainOptions) => explain(model, options, library, terminal));
}

async function explain(source: string, options: ExplainOptions, library: Library, terminal: Terminal): Promise<void> {
  const progress = progressLine(terminal);
  const load = { ...(await loadOptions(options)), onProgress: progress.onProgress, signal: terminal.signal };
  try {
    if (options.html !== undefined) {
      await writePage(source, options.html, options, load, library, terminal);
      return;
    }
    if (options.stage !== undefined) {
      checkStage(options.stage, options.target);
      const text = await library.explain(source, { ...load, stage: options.stage });
      progress.stop();
      if (options.json) terminal.out(`${JSON.stringify({ model: source, stage: options.stage, text })}\n`);
      else terminal.out(text.endsWith("\n") ? text : `${text}\n`);
      return;
    }
    const model = await library.load(source, load);
    progress.stop();
    terminal.out(options.json ? `${JSON.stringify(summary(model))}\n` : summaryText(model));
    model.dispose();
  } finally {
    progress.stop();
  }
}

async function writePage(
  source: string,
  file: string,
  { stage, target, json }: ExplainOptions,
  load: LoadOptions,
  library: Library,
  terminal: Terminal,
): Promise<void> {
  if (stage !== undefined) throw new AzulejoError("option", "--html holds all stages; leave out --stage or --html");
  if (target === "interpreter")
    throw new AzulejoError("option", "--html: the interpreter has no code to show; use another --target");
  const page = await library.explainHtml(source, load);
  await writeReport(file, page, "--html");
  const bytes = Buffer.byteLength(page);
  terminal.out(json ? `${JSON.stringify({ model: source, file, bytes })}\n` : `wrote ${file}, ${byteSize(bytes)}\n`);
}

/** Loops and code are made for WebAssembly; the interpreter walks the kernels. */
function checkStage(stage: Stage, target: SharedOptions["target"]): void {
  if (target === "interpreter" && (stage === "loops" || stage === "code"))
    throw new AzulejoError(
      "option",
      `--stage ${stage}: the interpreter has none, it walks the kernels; use --stage kernels or --target wasm`,
    );
}

const summary = (model: Model): object => ({ inputs: model.inputs, outputs: model.outputs, report: model.report() });

function summaryText(model: Model): string {
  const values = [
    ...model.inputs.map(info => ["input", info] as const),
    ...model.outputs.map(info => ["output", info] as const),
  ];
  const { kernels, target, threads, codeBytes, functions, constantBytes, flags, notes, passes, timesMs } =
    model.report();
  const nodes = passes.at(-1)?.nodesAfter;
  const phases = Object.entries(timesMs).map(([name, time]) => `${name} ${milliseconds(time)}`);
  const from = nodes === undefined ? "" : ` from ${count(nodes, "node")}`;
  const lines = [
    `${count(kernels.length, "kernel")}${from} in ${count(functions, "function")}, ${byteSize(codeBytes)} of code`,
    `${byteSize(constantBytes)} of constants`,
    `target ${target} with ${count(threads, "thread")}${flags.length > 0 ? `, engine flags ${flags.join(" ")}` : ""}`,
    ...(phases.length > 0 ? [`times: ${phases.join(", ")}`] : []),
    ...notes,
  ];
  const columns = [{ head: "" }, { head: "name" }, { head: "type" }, { head: "dims" }];
  const rows = values.map(([kind, { name, dtype, dims }]) => [kind, name, dtype, dimsText(dims)]);
  return `${table(columns, rows)}\n${lines.join("\n")}\n`;
}
