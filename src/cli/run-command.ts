// `azulejo run`: runs a model once, on a picture, on files, on numbers or on random values, and shows or saves the results.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { Option } from "commander";
import type { Tensor } from "../runtime/api.js";
import { AzulejoError } from "../support/errors.js";
import type { CheckModelOptions } from "../testing/index.js";
import type { InputOptions } from "./gather-inputs.js";
import { gatherInputs } from "./gather-inputs.js";
import { dimsText, readBytes } from "./inputs.js";
import { checkText } from "./check-text.js";
import type { Guess } from "./labels.js";
import { classOutput, parseLabels, topGuesses } from "./labels.js";
import type { Library, Terminal } from "./library.js";
import { encodeNpy } from "./npy.js";
import { digits, milliseconds, numberAt, summarize } from "./numbers.js";
import type { SharedOptions } from "./options.js";
import {
  addLoadOptions,
  layoutOption,
  loadOptions,
  parseAmount,
  parseChannels,
  parseCount,
  parseInputs,
  parseWhole,
  refuseIdle,
} from "./options.js";
import { progressLine } from "./progress.js";
import { table } from "./table.js";

interface RunOptions extends SharedOptions, InputOptions {
  readonly check?: CheckModelOptions["judge"];
  readonly tolerance?: number;
  readonly labels?: string;
  readonly top?: number;
  readonly outputDir?: string;
  readonly seed?: number;
}

const examples = `
Examples:
  Name what is in a picture (labels.txt has one name a line):
    azulejo run squeezenet.onnx --image dog.jpg --labels labels.txt
  Run any model on NumPy files and keep the results as NumPy files:
    azulejo run model.onnx --input x=x.npy --input rate=16000 --output-dir out
  See whether a model runs at all:
    azulejo run model.onnx --random --dims batch=1,height=480,width=640
  Compare every value of a model, across fusion, with the interpreter, or with onnxruntime if that is installed:
    azulejo run model.onnx --random --check onnxruntime
  List a model's inputs and outputs:
    azulejo explain model.onnx
`;

export function addRunCommand(
  program: Command,
  library: Library,
  terminal: Terminal,
  judge: (good: boolean) => void,
): void {
  const command = program
    .command("run")
    .summary("run a model once and show or save its outputs")
    .description("Runs an ONNX model once, on a picture, on files, on numbers or on random values.")
    .argument("<model>", "path or URL of an .onnx file")
    .option(
      "--image <file>",
      "a picture (JPEG, PNG, WebP …) for the model's picture input; shows the most probable classes",
    )
    .option("--labels <file>", "names of the classes: one a line, or JSON")
    .option("--top <n>", "how many classes to show (default: 5)", parseCount)
    .option(
      "--mean <numbers>",
      "subtracted per channel, pixels being 0 … 1 (default: ImageNet's 0.485,0.456,0.406)",
      parseChannels,
    )
    .option("--std <numbers>", "divides per channel (default: ImageNet's 0.229,0.224,0.225)", parseChannels)
    .addOption(layoutOption())
    .option("--input <name=value>", "an input: a .npy or .pb file, a number, or a JSON array; repeatable", parseInputs)
    .option("--random", "fill all other inputs with repeatable random values")
    .option("--seed <n>", "of random numbers for which the model gives none (default: drawn anew)", parseWhole)
    .option("--output-dir <folder>", "save each output there as NAME.npy")
    .addOption(
      new Option(
        "--check [judge]",
        "compare each node's values with the judge's (default: interpreter), instead of showing the outputs; exit status 1 where one departs",
      )
        .choices(["interpreter", "onnxruntime"])
        .preset("interpreter")
        .conflicts(["outputDir", "labels", "top", "seed"]),
    )
    .option(
      "--tolerance <number>",
      "for --check: allowed difference of floats, relative to the value and the largest of its tensor (default: by dtype, 1e-4 for f32)",
      parseAmount,
    )
    .addHelpText("after", examples);
  addLoadOptions(command)
    .option("--json", "print results as JSON")
    .action(async (model: string, options: RunOptions) => {
      if (options.check === undefined) refuseIdle(options, ["tolerance"], "add --check");
      if (options.image === undefined) refuseIdle(options, ["mean", "std", "layout"], "add --image PICTURE");
      if (options.check === undefined) await run(model, options, library, terminal);
      else judge(await check(model, options, options.check, library, terminal));
    });
}

async function run(source: string, options: RunOptions, library: Library, terminal: Terminal): Promise<void> {
  const progress = progressLine(terminal);
  try {
    const start = performance.now();
    const load = { ...(await loadOptions(options)), onProgress: progress.onProgress, signal: terminal.signal };
    const model = await library.load(source, load);
    try {
      const loaded = performance.now();
      const inputs = await gatherInputs(model, options, library);
      const began = performance.now();
      const outputs = await model.run(inputs, {
        signal: terminal.signal,
        ...(options.seed === undefined ? {} : { seed: options.seed }),
      });
      const timesMs = { load: loaded - start, run: performance.now() - began };
      progress.stop();
      await present(outputs, timesMs, options, terminal);
    } finally {
      model.dispose();
    }
  } finally {
    progress.stop();
  }
}

/** Were values compared, and does none depart? */
async function check(
  source: string,
  options: RunOptions,
  judge: CheckModelOptions["judge"],
  library: Library,
  terminal: Terminal,
): Promise<boolean> {
  const load = { ...(await loadOptions(options)), signal: terminal.signal };
  const model = await library.load(source, load);
  const inputs = await gatherInputs(model, options, library).finally(() => model.dispose());
  const { tolerance } = options;
  const found = await library.checkModel(source, inputs, {
    ...load,
    judge,
    ...(tolerance === undefined ? {} : { tolerance }),
  });
  terminal.out(options.json ? `${JSON.stringify(found, jsonElement)}\n` : checkText(found));
  return found.compared > 0 && found.departures.length === 0;
}

/** JSON has no NaN, no infinities and no 64-bit integers: those are strings. */
const jsonElement = (_: string, value: unknown): unknown =>
  typeof value === "bigint" || typeof value === "number" ? jsonNumber(value) : value;

type Times = Readonly<Record<"load" | "run", number>>;
type Outputs = Readonly<Record<string, Tensor>>;

async function present(outputs: Outputs, timesMs: Times, options: RunOptions, terminal: Terminal): Promise<void> {
  const files = options.outputDir === undefined ? undefined : await saveOutputs(outputs, options.outputDir);
  const guesses = wantsClasses(options) ? await classify(outputs, options) : undefined;
  if (options.json) {
    terminal.out(`${JSON.stringify(asJson(outputs, files, guesses, timesMs))}\n`);
    return;
  }
  if (guesses !== undefined) terminal.out(guessTable(guesses));
  else terminal.out(outputTable(outputs));
  for (const file of files?.values() ?? []) terminal.out(`wrote ${file}\n`);
  terminal.err(`load ${milliseconds(timesMs.load)}, run ${milliseconds(timesMs.run)}\n`);
}

const wantsClasses = ({ image, labels, top, outputDir }: RunOptions): boolean =>
  labels !== undefined || top !== undefined || (image !== undefined && outputDir === undefined);

async function classify(outputs: Outputs, options: RunOptions): Promise<Guess[]> {
  const labels =
    options.labels === undefined ? undefined : parseLabels(new TextDecoder().decode(await readBytes(options.labels)));
  return topGuesses(classOutput(outputs, labels), labels, options.top ?? 5);
}

async function saveOutputs(outputs: Outputs, folder: string): Promise<Map<string, string>> {
  try {
    await mkdir(folder, { recursive: true });
    return await saveFiles(outputs, folder);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === "EEXIST" || code === "ENOTDIR" ? "there is a file of that name" : message;
    throw new AzulejoError("option", `--output-dir "${folder}" can't be written: ${reason}; name another folder`, {
      cause,
    });
  }
}

/** Names of values may be paths; the files lie flat in one folder. */
async function saveFiles(outputs: Outputs, folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const [name, tensor] of Object.entries(outputs)) {
    const plain = name.replace(/[^\w.-]/g, "_").replace(/^\.+/, "_") || "_";
    const taken = [...files.values()];
    const free = [plain, ...taken.map((_, index) => `${plain}_${index + 2}`)].find(
      stem => !taken.includes(join(folder, `${stem}.npy`)),
    )!;
    const file = join(folder, `${free}.npy`);
    await writeFile(file, encodeNpy(tensor));
    files.set(name, file);
  }
  return files;
}

function guessTable(guesses: readonly Guess[]): string {
  const right = "right" as const;
  const named = guesses.some(({ label }) => label !== undefined);
  return table(
    [{ head: "probability", align: right }, { head: "class", align: right }, ...(named ? [{ head: "label" }] : [])],
    guesses.map(({ probability, index, label }) => [
      `${(probability * 100).toFixed(2)} %`,
      String(index),
      ...(named ? [label ?? ""] : []),
    ]),
  );
}

function outputTable(outputs: Outputs): string {
  const right = "right" as const;
  return table(
    [
      { head: "output" },
      { head: "type" },
      { head: "dims" },
      { head: "min", align: right },
      { head: "max", align: right },
      { head: "mean", align: right },
      { head: "first elements" },
    ],
    Object.entries(outputs).map(([name, tensor]) => {
      const { min, max, mean, nan } = summarize(tensor);
      const first = Array.from({ length: Math.min(4, tensor.data.length) }, (_, index) =>
        digits(numberAt(tensor, index), 4),
      );
      const note = nan > 0 ? `${nan} NaN; ` : "";
      const numbers = tensor.data.length > nan ? [min, max, mean].map(value => digits(value, 4)) : ["", "", ""];
      const rest = tensor.data.length > first.length ? " …" : "";
      return [name, tensor.dtype, dimsText(tensor.dims), ...numbers, `${note}${first.join(" ")}${rest}`];
    }),
  );
}

/** JSON has no NaN, no infinities and no 64-bit integers: those are strings. */
const jsonNumber = (value: number | bigint): number | string =>
  typeof value === "bigint" || !Number.isFinite(value) ? String(value) : value;

function asJson(
  outputs: Outputs,
  files: Map<string, string> | undefined,
  classes: Guess[] | undefined,
  timesMs: Times,
): object {
  const entries = Object.entries(outputs).map(([name, tensor]) => {
    const wide = tensor.dtype === "i64" || tensor.dtype === "u64";
    const element = (index: number) => jsonNumber(wide ? tensor.data[index]! : numberAt(tensor, index));
    const data = () => Array.from({ length: tensor.data.length }, (_, index) => element(index));
    const content = files === undefined ? { data: data() } : { file: files.get(name) };
    return [name, { dtype: tensor.dtype, dims: tensor.dims, ...content }];
  });
  return { ...(classes === undefined ? {} : { classes }), outputs: Object.fromEntries(entries), timesMs };
}
