// `azulejo doctor`: what this machine has to run models on; with a model, whether it would run here, and at what cost.
import type { Command } from "commander";
import type { Diagnosis, HostReport } from "../index.js";
import { diagnosisText } from "./diagnosis-text.js";
import type { Library, Terminal } from "./library.js";
import { byteSize, count } from "./numbers.js";
import { operatorStub } from "./operator-files.js";
import type { ModelOptions } from "./options.js";
import { inWordsOfTheCommandLine } from "./option-words.js";
import { addModelOptions, modelOptions, refuseIdle } from "./options.js";
import { table } from "./table.js";
import { writeNewFiles } from "./write-files.js";

interface DoctorOptions extends ModelOptions {
  readonly stubs?: string;
  readonly json?: boolean;
}

const examples = `
With a model, the exit status is 0 if it would run, and 1 if an operator is missing or something else stands in the way. Nothing is
compiled or run.

Examples:
  azulejo doctor                                        what this machine has
  azulejo doctor model.onnx --dims batch=1,height=640   operators, memory and work for these dims
  azulejo doctor model.onnx --stubs operators           write a file for each missing operator
  azulejo doctor model.onnx --operators operators/swoosh.mjs
`;

export function addDoctorCommand(
  program: Command,
  library: Library,
  terminal: Terminal,
  judge: (good: boolean) => void,
): void {
  const command = program
    .command("doctor")
    .summary("show what this machine has to run models on, or whether a model would run")
    .description(
      "Shows what this machine has: targets, vectors, threads, memory, caches. With a model: its operators and how each of them runs, " +
        "parameters, work and memory of a run, open dims, numbers that may not fit, and all that is missing.",
    )
    .argument("[model]", "path or URL of an .onnx file")
    .addHelpText("after", examples);
  addModelOptions(command)
    .option("--stubs <folder>", "write a file to begin with for each missing operator (default: print the first)")
    .option("--json", "as JSON")
    .action(async (model: string | undefined, options: DoctorOptions) => {
      if (model !== undefined) return judge(await examine(model, options, library, terminal));
      refuseIdle(options, ["dims", "operators", "stubs"], "name a model");
      const report = await library.doctor();
      terminal.out(options.json ? `${JSON.stringify(report, null, 2)}\n` : inWordsOfTheCommandLine(reportText(report)));
    });
}

/** Would the model run? */
async function examine(model: string, options: DoctorOptions, library: Library, terminal: Terminal): Promise<boolean> {
  const diagnosis = await library.diagnose(model, { ...(await modelOptions(options)), signal: terminal.signal });
  const stubs = diagnosis.missing.map(operatorStub);
  const files = options.stubs === undefined ? [] : await writeNewFiles(options.stubs, stubs, "--stubs");
  if (options.json) {
    const text = stubs.map((s, i) => ({ ...diagnosis.missing[i]!, stub: s.text }));
    terminal.out(`${JSON.stringify({ ...diagnosis, missing: text, files }, null, 2)}\n`);
  } else terminal.out(`${inWordsOfTheCommandLine(diagnosisText(diagnosis))}${stubText(diagnosis, stubs, files)}`);
  return diagnosis.runs;
}

function stubText({ missing }: Diagnosis, stubs: readonly { text: string }[], files: readonly string[]): string {
  if (missing.length === 0) return "";
  if (files.length > 0) return `\n${files.map(file => `wrote ${file}\n`).join("")}`;
  const rest = missing.length > 1 ? `; --stubs FOLDER writes all ${missing.length}` : "; --stubs FOLDER writes it";
  return `\n${missing[0]!.name} could begin like this${rest}:\n\n${stubs[0]!.text}`;
}

function reportText({ platform, processor, cores, memoryBytes, targets, cache }: HostReport): string {
  const machine = [platform, processor, count(cores, "core")].filter(Boolean).join(", ");
  const memory = memoryBytes ? `memory ${byteSize(memoryBytes.total)}, ${byteSize(memoryBytes.free)} free\n` : "";
  const rows = targets.map(t => [t.name, t.problem === undefined ? "ready" : "no", t.problem ?? t.facts.join(", ")]);
  const compiled = cache
    ? `compiled models in ${cache.folder}: ${count(cache.files, "file")}, ${byteSize(cache.bytes)} of at most ${byteSize(cache.limitBytes)}\n`
    : "";
  return `${machine}\n${memory}\n${table([{ head: "target" }, { head: "" }, { head: "why" }], rows)}\n${compiled}`;
}
