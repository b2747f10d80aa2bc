// The command line as a user runs it, with the library behind it, and what it printed.
import { readOnnxTensor } from "../../src/frontends/onnx/index.js";
import type { Library } from "../../src/cli/library.js";
import { runCommandLine } from "../../src/cli/program.js";
import { diagnose, doctor, explain, explainHtml, load } from "../../src/index.js";
import { checkKernel, checkModel } from "../../src/testing/index.js";
import { tuneKernels, tuneModel } from "../../src/tune/index.js";

export interface Printed {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

const library: Library = {
  load,
  explain,
  explainHtml,
  doctor,
  diagnose,
  checkModel,
  checkKernel,
  tuneKernels,
  tuneModel,
  decodeTensor: readOnnxTensor,
};

export const azulejo = (...parameters: string[]): Promise<Printed> =>
  azulejoUntil(new AbortController().signal, ...parameters);

/** The signal is that of Ctrl-C. */
export async function azulejoUntil(signal: AbortSignal, ...parameters: string[]): Promise<Printed> {
  let [out, err] = ["", ""];
  const terminal = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
    interactive: false,
    signal,
  };
  return { status: await runCommandLine(parameters, library, terminal, "0"), out, err };
}
