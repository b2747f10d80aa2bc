// The command line as a function: arguments in, exit status out. No process globals, so tests run it as users do.
import { Command, CommanderError } from "commander";
import { AzulejoError } from "../support/errors.js";
import { addBenchCommand } from "./bench-command.js";
import { addExplainCommand } from "./explain-command.js";
import { addCheckCommand } from "./check-command.js";
import { addDoctorCommand } from "./doctor-command.js";
import { exitCodes, failureOf, failureText, usageFailure } from "./failure.js";
import { addLearnCommand } from "./learn-command.js";
import type { Library, Terminal } from "./library.js";
import { addNewCommand } from "./new-command.js";
import { addProfileCommand } from "./profile-command.js";
import { addRunCommand } from "./run-command.js";
import { addTuneCommand } from "./tune-command.js";

const description = `Azulejo compiles ONNX models to WebAssembly and runs them.

  azulejo run model.onnx --image dog.jpg --labels labels.txt
  azulejo run model.onnx --input x=x.npy --output-dir out
  azulejo explain model.onnx --stage kernels
  azulejo bench model.onnx
  azulejo profile model.onnx --target webgpu
  azulejo doctor model.onnx
  azulejo new operator Swoosh
  azulejo check kernels.mjs
  azulejo learn
  azulejo tune model.onnx

Each command explains itself: azulejo run --help.`;

const footer = `
Exit status: 0 done, 1 failed, 2 wrong command line, 130 stopped by Ctrl-C. Results go to standard output, all else to
standard error. AZULEJO_DEBUG=1 adds stack traces to errors.`;

/** Runs one command line (without "node azulejo"); resolves with its exit status, never rejects. */
export async function runCommandLine(
  parameters: readonly string[],
  library: Library,
  terminal: Terminal,
  version: string,
): Promise<number> {
  const program = new Command("azulejo");
  program
    .description(description)
    .version(version)
    .addHelpText("after", footer)
    .helpCommand("help [command]", "the same as --help")
    .showHelpAfterError("(--help lists what is allowed)")
    .configureOutput({ writeOut: text => terminal.out(text), writeErr: text => terminal.err(text) })
    .configureHelp({ showGlobalOptions: false })
    .exitOverride();
  let status: number = exitCodes.done;
  const judge = (good: boolean): void => {
    if (!good) status = exitCodes.failed;
  };
  addRunCommand(program, library, terminal, judge);
  addExplainCommand(program, library, terminal);
  addBenchCommand(program, library, terminal);
  addProfileCommand(program, library, terminal);
  addDoctorCommand(program, library, terminal, judge);
  addNewCommand(program, terminal);
  addCheckCommand(program, library, terminal, judge);
  addLearnCommand(program, library, terminal, judge);
  addTuneCommand(program, library, terminal);
  try {
    await program.parseAsync([...parameters], { from: "user" });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCodes.done;
      if (parameters.includes("--json")) terminal.out(`${JSON.stringify({ error: usageFailure(error.message) })}\n`);
      return exitCodes.usage;
    }
    const failure = terminal.signal.aborted ? new AzulejoError("aborted", "stopped by Ctrl-C") : error;
    if (parameters.includes("--json")) terminal.out(`${JSON.stringify({ error: failureOf(failure) })}\n`);
    terminal.err(failureText(failure));
    return failureOf(failure).exitCode;
  }
}
