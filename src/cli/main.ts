#!/usr/bin/env node
// The command `azulejo`: connects the command line to the process and to the library. All else is in program.ts.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { diagnose, doctor, explain, explainHtml, load } from "../index.js";
import { exitCodes } from "./failure.js";
import type { Library, Terminal } from "./library.js";
import { packageRoot } from "./package-root.js";
import { runCommandLine } from "./program.js";

const abort = new AbortController();
let isListening = false;
/** Only for commands that ask for the signal: others compute on this thread, where no listener would be called, and the system ends them. */
function listen(): void {
  if (isListening) return;
  isListening = true;
  process.on("SIGINT", () => {
    // The second Ctrl-C doesn't wait for anybody.
    if (abort.signal.aborted) process.exit(exitCodes.stopped);
    abort.abort();
  });
}

/** A reader that has seen enough (`azulejo explain … | head`) is no error; a full disk is. */
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exitCodes.done);
    const remedy = "free some space or write elsewhere";
    if (stream === process.stdout)
      terminal.err(`azulejo: standard output can't be written (${error.message}); ${remedy}\n`);
    process.exit(exitCodes.failed);
  });

const terminal: Terminal = {
  out: text => void process.stdout.write(text),
  err: text => void process.stderr.write(text),
  interactive: process.stderr.isTTY === true && process.env.CI === undefined,
  get signal() {
    listen();
    return abort.signal;
  },
};
const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string };
const library: Library = {
  load,
  explain,
  explainHtml,
  doctor,
  diagnose,
  checkModel: async (source, inputs, options) =>
    (await import("../testing/index.js")).checkModel(source, inputs, options),
  checkKernel: async (kernel, options) => (await import("../testing/index.js")).checkKernel(kernel, options),
  tuneKernels: async (...given) => (await import("../tune/index.js")).tuneKernels(...given),
  tuneModel: async (...given) => (await import("../tune/index.js")).tuneModel(...given),
  decodeTensor: async (bytes, name) => (await import("../frontends/onnx/index.js")).readOnnxTensor(bytes, name),
};

// Not process.exit(): what was written to a pipe must reach it.
runCommandLine(process.argv.slice(2), library, terminal, version).then(status => {
  process.exitCode = status;
});
