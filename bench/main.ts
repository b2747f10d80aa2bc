// `npm run bench`: kernels and models with the machine's own peak in the same table, as text, JSON and docs/benchmarks.md.
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import Table from "cli-table3";
import { root } from "../tools/project.js";
import { type BenchArguments, help, parseArguments, WrongArguments } from "./arguments.js";
import { cells, heads, memoryCells, memoryHeads } from "./cells.js";
import type { Figure } from "./kernels.js";
import { measure, peakRunner, works } from "./kernels.js";
import type { ModelRow } from "./models.js";
import { benchModels, modelNames, peersInstalled } from "./models.js";
import { markdown } from "./report.js";

export interface BenchReport {
  readonly date: string;
  readonly machine: string;
  readonly node: string;
  readonly command: string;
  readonly kernels: readonly Figure[];
  readonly models: readonly ModelRow[];
}

/** What stands in the way; undefined: nothing. */
function obstacle({ part, engines, isWanted }: BenchArguments): string | undefined {
  const kernelCount = part === "models" ? 0 : works.filter(({ name }) => isWanted(name)).length;
  const modelCount = part === "kernels" ? 0 : modelNames().filter(isWanted).length;
  if (kernelCount + modelCount === 0) {
    const names = [
      ...(part === "models" ? [] : works.map(({ name }) => name)),
      ...(part === "kernels" ? [] : modelNames()),
    ];
    return `Nothing has such a name here. There are: ${names.join(", ")}`;
  }
  if (modelCount > 0 && engines.some(engine => engine === "web" || engine === "node") && !peersInstalled())
    return "The peers are not installed. Run: npm install --ignore-scripts --prefix bench/peers, or give --engines azulejo";
  return undefined;
}

function kernels({ isWanted }: BenchArguments): Figure[] {
  const peak = peakRunner();
  const profile = Number(process.versions.node.split(".")[0]) < 22 ? "node20" : "v8-modern";
  return works
    .filter(w => isWanted(w.name))
    .map(w => {
      const figure = measure(w, peak, profile);
      const share = w.unit === "flop" ? `${figure.percentOfPeak.toFixed(0)} % of peak` : "";
      console.log(`${figure.name.padEnd(34)} ${figure.perNanosecond.toFixed(2).padStart(7)} per ns  ${share}`);
      return figure;
    });
}

function print(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const table = new Table({ head: [...head], style: { head: [], border: [] } });
  for (const row of rows) table.push([...row]);
  console.log(table.toString());
}

function modelRows(given: BenchArguments): ModelRow[] {
  const rows = benchModels({
    ...given,
    node: process.execPath,
    onRow: (row, left) => console.log(`${cells(row).join("  ")}   (${left} to go)`),
  });
  print(heads, rows.map(cells));
  print(memoryHeads, rows.map(memoryCells));
  return rows;
}

function run(given: BenchArguments): void {
  const report: BenchReport = {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus()[0]?.model ?? "unknown processor"}, ${cpus().length} cores`,
    node: process.version,
    command: `npm run bench -- ${process.argv.slice(2).join(" ")}`.trim(),
    kernels: given.part === "models" ? [] : kernels(given),
    models: given.part === "kernels" || !modelNames().some(given.isWanted) ? [] : modelRows(given),
  };
  if (given.json) writeFileSync(given.json, `${JSON.stringify(report, null, 2)}\n`);
}

function page(files: readonly string[]): void {
  const reports = files.map(f => JSON.parse(readFileSync(f, "utf8")) as BenchReport);
  const notes = readFileSync(join(root, "bench/notes.md"), "utf8");
  writeFileSync(join(root, "docs/benchmarks.md"), markdown(reports, notes));
}

try {
  const given = parseArguments(process.argv.slice(2));
  const hindered = given === "help" || given.part === "page" ? undefined : obstacle(given);
  if (given === "help") console.log(help);
  else if (hindered !== undefined) {
    console.error(hindered);
    process.exitCode = 1;
  } else if (given.part === "page") page(given.files);
  else run(given);
} catch (error) {
  if (!(error instanceof WrongArguments)) throw error;
  console.error(`${error.message}; see npm run bench -- --help`);
  process.exitCode = 2;
}
