// `npm run bench`: kernels and models with the machine's own peak in the same table, as text, JSON and docs/benchmarks.md.
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { root } from "../tools/project.js";
import { cells, heads, memoryCells, memoryHeads } from "./cells.js";
import type { Figure } from "./kernels.js";
import { measure, peakRunner, works } from "./kernels.js";
import type { ModelRow } from "./models.js";
import { benchModels, peersInstalled } from "./models.js";
import { markdown } from "./report.js";

export interface BenchReport {
  readonly date: string;
  readonly machine: string;
  readonly node: string;
  readonly command: string;
  readonly kernels: readonly Figure[];
  readonly models: readonly ModelRow[];
}

const HELP = `npm run bench -- [all|models|kernels] [options]     measure; close other programs before
npm run bench -- page REPORT.json [REPORT.json…]   write docs/benchmarks.md from reports

  --only NAME,NAME     models or kernels whose name contains one of these
  --threads 1,2        numbers of threads for models (default 1,2)
  --engines a,b        of azulejo, web, node (default all; peers: npm install --ignore-scripts --prefix bench/peers)
  --seconds S          of steady runs in each process (default 2)
  --rounds N           processes of each engine, in turn (default 3)
  --json FILE          write the report

Run it with another Node to measure that one. Everything takes about a minute a model; kernels take half a minute together.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: "string", default: "1,2" },
    only: { type: "string" },
    seconds: { type: "string", default: "2" },
    rounds: { type: "string", default: "3" },
    engines: { type: "string", default: "azulejo,web,node" },
    json: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
});
const [what = "all", ...files] = positionals;
const wanted = values.only?.toLowerCase().split(",");
const isWanted = (name: string): boolean => !wanted || wanted.some(part => name.toLowerCase().includes(part));

function kernels(): Figure[] {
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
  const table = new Table({ head: [...head] });
  for (const row of rows) table.push([...row]);
  console.log(table.toString());
}
function modelRows(): ModelRow[] {
  const rows = benchModels({
    threads: values.threads.split(",").map(Number),
    isWanted,
    milliseconds: Number(values.seconds) * 1000,
    rounds: Number(values.rounds),
    engines: values.engines.split(","),
    node: process.execPath,
    onRow: (row, left) => console.log(`${cells(row).join("  ")}   (${left} to go)`),
  });
  print(heads, rows.map(cells));
  print(memoryHeads, rows.map(memoryCells));
  return rows;
}

function run(): void {
  const needsPeers = what !== "kernels" && values.engines !== "azulejo";
  if (needsPeers && !peersInstalled()) {
    console.error(
      "The peers are not installed. Run: npm install --ignore-scripts --prefix bench/peers, or give --engines azulejo",
    );
    process.exitCode = 1;
    return;
  }
  const report: BenchReport = {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus()[0]?.model ?? "unknown processor"}, ${cpus().length} cores`,
    node: process.version,
    command: `npm run bench -- ${process.argv.slice(2).join(" ")}`.trim(),
    kernels: what === "models" ? [] : kernels(),
    models: what === "kernels" ? [] : modelRows(),
  };
  if (values.json) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}

function page(): void {
  const reports = files.map(f => JSON.parse(readFileSync(f, "utf8")) as BenchReport);
  const notes = readFileSync(join(root, "bench/notes.md"), "utf8");
  writeFileSync(join(root, "docs/benchmarks.md"), markdown(reports, notes));
}

if (values.help) console.log(HELP);
else if (what === "page" && files.length > 0) page();
else if (["all", "models", "kernels"].includes(what) && files.length === 0) run();
else {
  console.error(`There is no bench "${positionals.join(" ")}".\n\n${HELP}`);
  process.exitCode = 1;
}
