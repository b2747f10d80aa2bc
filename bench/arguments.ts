// What `npm run bench -- …` understands. Wrong arguments are told in a sentence before anything is measured.
import { parseArgs } from "node:util";

export const help = `npm run bench -- [all|models|kernels|layers|tuner|kit|webgpu-sessions] [options]  measure; close other programs before
npm run bench -- page REPORT.json [REPORT.json…]   write docs/benchmarks.md, its sisters and roofline.svg from what
                                                   the reports have
npm run bench -- webgpu                            counts what shaders do, from their text: docs/benchmarks-webgpu.md

  --only NAME,NAME     models, kernels or works whose name contains one of these
  --threads 1,2        numbers of threads for models (default 1,2)
  --engines a,b        of azulejo, native, web, node (default all but native; peers: npm install --ignore-scripts --prefix bench/peers)
  --seconds S          of steady runs in each process (default 2)
  --rounds N           processes of each engine, in turn (default 3)
  --json FILE          write the report

Run it with another Node to measure that one. Everything takes about a minute a model; kernels take half a minute together,
layers (every kernel of a network by itself, as wasm and native code) a minute. tuner (derived and tuned schedules against all that there are; with
the most threads of --threads, native with --engines native) is no part of all: it takes half an hour, and hours
with --engines native, where each schedule goes through a C compiler. Nor is kit (kernels of azulejo/kernels against the machine and
others, as WebAssembly, with --engines azulejo,native as native code too: two minutes each), nor webgpu-sessions, which needs
Chromium: what runs dispatch beside onnxruntime-web, and how soon sessions in a page have their first result.`;

const parts = ["all", "models", "kernels", "layers", "tuner", "kit", "webgpu-sessions", "page", "webgpu"] as const;
const engineNames = ["azulejo", "native", "web", "node"] as const;
export type EngineName = (typeof engineNames)[number];

export interface BenchArguments {
  readonly part: (typeof parts)[number];
  /** reports that make the page */
  readonly files: readonly string[];
  readonly isWanted: (name: string) => boolean;
  readonly threads: readonly number[];
  readonly engines: readonly EngineName[];
  readonly milliseconds: number;
  readonly rounds: number;
  readonly json: string | undefined;
}

/** The message is for people. */
export class WrongArguments extends Error {}

export function parseArguments(args: readonly string[]): BenchArguments | "help" {
  const { values, positionals } = parseStrictly(args);
  if (values.help) return "help";
  const [first = "all", ...files] = positionals;
  const part = parts.find(name => name === first);
  if (part === undefined) throw new WrongArguments(`"${first}" is not one of ${parts.join(", ")}; pick with --only`);
  if ((part === "page") !== files.length > 0)
    throw new WrongArguments(
      part === "page" ? "page takes the files of reports" : `one of ${parts.join(", ")} at a time`,
    );
  const only = values.only?.toLowerCase().split(",");
  return {
    part,
    files,
    isWanted: name => !only || only.some(text => name.toLowerCase().includes(text)),
    threads: values.threads
      .split(",")
      .map(text => numberOf("--threads", text, wholeUpTo64, "whole numbers from 1 to 64")),
    engines: values.engines.split(",").map(engineOf),
    milliseconds: 1000 * numberOf("--seconds", values.seconds, x => x > 0, "a number above 0"),
    rounds: numberOf("--rounds", values.rounds, wholeUpTo64, "a whole number from 1 to 64"),
    json: values.json,
  };
}

function parseStrictly(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        threads: { type: "string", default: "1,2" },
        only: { type: "string" },
        seconds: { type: "string", default: "2" },
        rounds: { type: "string", default: "3" },
        engines: { type: "string", default: engineNames.filter(name => name !== "native").join(",") },
        json: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new WrongArguments((error as Error).message.split(".")[0]);
  }
}

const wholeUpTo64 = (x: number): boolean => Number.isInteger(x) && x >= 1 && x <= 64;

function numberOf(option: string, text: string, fits: (x: number) => boolean, wanted: string): number {
  const value = Number(text);
  if (text.trim() !== "" && fits(value)) return value;
  throw new WrongArguments(`${option} takes ${wanted}, not "${text}"`);
}

function engineOf(text: string): EngineName {
  const name = engineNames.find(engine => engine === text.trim());
  if (name === undefined) throw new WrongArguments(`--engines takes ${engineNames.join(", ")}, not "${text}"`);
  return name;
}
