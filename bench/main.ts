// `npm run bench`: kernels and models with the machine's own peak in the same table, as text, JSON and docs/benchmarks.md.
//   npm run bench -- [models|kernels] [--threads 1,2] [--only NAME,NAME] [--seconds 2] [--rounds 3] [--node PATH] [--json FILE] [--write]
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { root } from "../tools/project.js";
import { cells, heads } from "./cells.js";
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

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: "string", default: "1,2" },
    only: { type: "string" },
    seconds: { type: "string", default: "2" },
    rounds: { type: "string", default: "3" },
    node: { type: "string", default: process.execPath },
    engines: { type: "string", default: "azulejo,web,node" },
    json: { type: "string" },
    write: { type: "boolean", default: false },
  },
});

const what = positionals[0] ?? "all";

function kernels(): Figure[] {
  const peak = peakRunner();
  return works
    .filter(w => what !== "kernels" || !values.only || w.name.includes(values.only))
    .map(w => {
      const figure = measure(w, peak, Number(process.versions.node.split(".")[0]) < 22 ? "node20" : "v8-modern");
      console.log(`${figure.name.padEnd(34)} ${figure.percentOfPeak.toFixed(0)} % of peak`);
      return figure;
    });
}

function modelRows(): ModelRow[] {
  if (!peersInstalled()) {
    console.error("The peers are not installed; run: npm install --ignore-scripts --prefix bench/peers");
    process.exitCode = 1;
    return [];
  }
  const table = new Table({ head: heads });
  const rows = benchModels({
    threads: values.threads.split(",").map(Number),
    only: values.only,
    milliseconds: Number(values.seconds) * 1000,
    rounds: Number(values.rounds),
    engines: values.engines.split(","),
    node: values.node,
    onRow: row => console.log(cells(row).join("  ")),
  });
  for (const row of rows) table.push(cells(row));
  console.log(table.toString());
  return rows;
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
if (values.write) writeFileSync(join(root, "docs/benchmarks.md"), markdown(report));
