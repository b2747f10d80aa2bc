// `azulejo profile`: how long each kernel of a model takes on this machine.
import type { Command } from "commander";
import type { Model } from "../runtime/api.js";
import type { KernelTime, Profile } from "../runtime/profile.js";
import type { StepTime } from "../runtime/target.js";
import type { InputOptions } from "./gather-inputs.js";
import { gatherInputs } from "./gather-inputs.js";
import type { Library, Terminal } from "./library.js";
import { byteSize, count, milliseconds, quantile } from "./numbers.js";
import type { SharedOptions } from "./options.js";
import { addLoadOptions, layoutOption, loadOptions, parseCount, parseInputs, refuseIdle } from "./options.js";
import { progressLine } from "./progress.js";
import { table } from "./table.js";
import { writeReport } from "./write-files.js";

interface ProfileOptions extends SharedOptions, InputOptions {
  readonly passes: number;
  readonly top?: number;
  readonly trace?: string;
}

const examples = `
Inputs that neither --input nor --image gives are random. Every pass is timed kernel by kernel, which makes it slower than a run; the
column "clock" says how: by timestamps of the GPU, around a submission of its own where the GPU has none, or on the threads of the CPU.

Examples:
  azulejo profile model.onnx
  azulejo profile model.onnx --target webgpu --dims height=480,width=640 --top 10
  azulejo profile model.onnx --target webgpu --trace trace.json      # for chrome://tracing or ui.perfetto.dev
`;

export function addProfileCommand(program: Command, library: Library, terminal: Terminal): void {
  const command = program
    .command("profile")
    .summary("time every kernel of a model")
    .description("Times every kernel of a model, on CPUs and GPUs.")
    .argument("<model>", "path or URL of an .onnx file")
    .option("--image <file>", "a picture (JPEG, PNG, WebP …) for the model's picture input")
    .addOption(layoutOption())
    .option("--input <name=value>", "an input that matters: a .npy or .pb file, a number, a JSON array", parseInputs)
    .option("--passes <n>", "timed passes, after one that warms up; medians are shown", parseCount, 5)
    .option("--top <n>", "only the n kernels that take longest", parseCount)
    .option("--trace <file>", "write the timeline of the last pass in the format of Chrome's tracing")
    .addHelpText("after", examples);
  addLoadOptions(command)
    .option("--json", "print the figures as JSON")
    .action((model: string, options: ProfileOptions) => profile(model, options, library, terminal));
}

async function profile(source: string, options: ProfileOptions, library: Library, terminal: Terminal): Promise<void> {
  if (options.image === undefined) refuseIdle(options, ["layout"], "add --image PICTURE");
  const progress = progressLine(terminal);
  try {
    const { signal } = terminal;
    const load = { ...(await loadOptions(options)), onProgress: progress.onProgress, signal };
    const model = await library.load(source, load);
    try {
      const inputs = await gatherInputs(model, { ...options, random: true }, library);
      await model.run(inputs, { signal });
      const found = await model.profile(inputs, { passes: options.passes, signal });
      progress.stop();
      if (options.trace !== undefined)
        await writeReport(options.trace, JSON.stringify(chromeTrace(found.timeline)), "--trace");
      terminal.out(options.json ? `${JSON.stringify(asJson(source, model, found))}\n` : asText(model, found, options));
      if (options.trace !== undefined) terminal.err(`wrote ${options.trace}\n`);
    } finally {
      model.dispose();
    }
  } finally {
    progress.stop();
  }
}

const median = ({ timesMs }: KernelTime): number => quantile(timesMs, 0.5);

function asJson(source: string, model: Model, { kernels, passesMs, timeline }: Profile): object {
  const { target, threads, notes, transfers } = model.report();
  return {
    model: source,
    target,
    threads,
    notes,
    transfers,
    passesMs,
    kernels: kernels.map(k => ({ ...k, medianMs: median(k) })),
    timeline,
  };
}

const clocks: Readonly<Record<StepTime["where"], string>> = {
  gpu: "GPU",
  submission: "submission",
  cpu: "CPU",
  host: "host",
};

function asText(model: Model, { kernels, passesMs }: Profile, { top }: ProfileOptions): string {
  const { target, threads, transfers, notes } = model.report();
  const total = kernels.reduce((sum, k) => sum + median(k), 0);
  const share = (timeMs: number): string => `${((100 * timeMs) / total).toFixed(1)} %`;
  const ordered = [...kernels].sort((a, b) => median(b) - median(a));
  const shown = ordered.slice(0, top);
  const rest = ordered.slice(shown.length);
  const restMs = rest.reduce((sum, k) => sum + median(k), 0);
  const rows = [
    ...shown.map(k => [
      k.kernel,
      milliseconds(median(k)),
      share(median(k)),
      String(k.calls),
      clocks[k.where],
      nodesText(k),
    ]),
    ...(rest.length ? [[`${count(rest.length, "other")}`, milliseconds(restMs), share(restMs), "", "", ""]] : []),
    ["all kernels", milliseconds(total), "", "", "", ""],
    [`whole pass, median of ${passesMs.length}`, milliseconds(quantile(passesMs, 0.5)), "", "", "", ""],
  ];
  const right = "right" as const;
  const device = notes.find(n => n.startsWith("runs on "))?.slice(8);
  const where = device === undefined ? `${target}, ${count(threads, "thread")}` : `${target}, ${device}`;
  const columns = [
    { head: `kernel (${where})` },
    { head: "time", align: right },
    { head: "share", align: right },
    { head: "calls", align: right },
    { head: "clock" },
    { head: "nodes" },
  ];
  const moved = (direction: "up" | "down"): string =>
    byteSize((transfers ?? []).reduce((sum, t) => sum + (t.direction === direction ? t.bytes : 0), 0));
  const line = transfers ? `${moved("up")} to the GPU and ${moved("down")} back in a pass\n` : "";
  return `${table(columns, rows)}${line}`;
}

const MOST_CHARACTERS = 60;
function nodesText({ nodes }: KernelTime): string {
  const text = nodes.join(", ");
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 1)}…` : text;
}

/** Complete events of the trace event format; times are microseconds. */
const chromeTrace = (timeline: readonly StepTime[]): object => ({
  traceEvents: timeline.map(({ kernel, nodes, where, startMs, timeMs }) => ({
    name: kernel,
    cat: where,
    ph: "X",
    ts: 1000 * startMs,
    dur: 1000 * timeMs,
    pid: 1,
    tid: where === "host" ? 2 : 1,
    args: { nodes },
  })),
});
