// What `npm start -- …` understands.
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { hasKnownFormat } from "./save-picture.js";
import { UsageError } from "./user-error.js";

export interface Settings {
  readonly picture: string;
  readonly output: string;
  readonly json: boolean;
  readonly threads: number;
  readonly longSide: number;
}

/** The picture that ships with the project; this file runs as dist/examples/ocr/node/arguments.js. */
const ownPicture = fileURLToPath(new URL("../../../../examples/images/tea-house.jpg", import.meta.url));

/** of the picture that text is searched in, in pixels: memory and time grow with its square */
export const largestSize = 4096;

export const usage = `Reads the text in a photo: PP-OCR models, compiled to WebAssembly by Azulejo.

Usage: npm start -- [PICTURE] [OPTIONS]

  PICTURE             JPEG, PNG, WebP, …; without one, the picture that ships with the project

  -o, --output FILE   where to draw what was read: .png, .jpg or .webp  (ocr-result.png)
  -j, --json          print JSON instead of a table
  -t, --threads N     worker threads  (number of cores, at most 8)
  -s, --size PIXELS   longer side of the picture that text is searched in; more finds smaller text  (960)
  -h, --help          this text

Exit code: 0 text was read, 1 failure, 2 wrong arguments, 3 no text found, 130 cancelled`;

export function parseArguments(args: readonly string[]): Settings | "help" {
  const { values, positionals } = parseStrictly(args);
  if (values.help) return "help";
  if (positionals.length > 1) throw new UsageError(`One picture at a time, please: ${positionals.join(", ")}`);
  const picture = positionals[0] ?? ownPicture;
  return {
    picture,
    output: outputPath(values.output ?? "ocr-result.png", picture),
    json: values.json ?? false,
    threads: wholeNumber("--threads", values.threads, 1, 64) ?? Math.min(8, availableParallelism()),
    longSide: wholeNumber("--size", values.size, 32, largestSize) ?? 960,
  };
}

function outputPath(path: string, picture: string): string {
  if (!hasKnownFormat(path)) throw new UsageError(`--output "${path}" must end in .png, .jpg or .webp`);
  if (resolve(path) === resolve(picture)) throw new UsageError(`--output "${path}" would overwrite the picture itself`);
  return path;
}

function parseStrictly(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        output: { type: "string", short: "o" },
        json: { type: "boolean", short: "j" },
        threads: { type: "string", short: "t" },
        size: { type: "string", short: "s" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split(".")[0]}; see --help`);
  }
}

function wholeNumber(option: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(`${option} takes a whole number from ${least} to ${most}, not "${text}"`);
}
