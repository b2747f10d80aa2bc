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
import { arithmeticHeads, arithmeticRows, memoryHeadsOfLayers, memoryRows } from "./layer-tables.js";
import { layerWorks } from "./layer-works.js";
import { type LayerReport, measureLayers } from "./layers.js";
import { isNative, nativeMarkdown, nativeRow, networkOf } from "./native-report.js";
import { markdown } from "./report.js";
import { roofline } from "./roofline.js";
import { isKit, kitMarkdown } from "./kit-report.js";
import { type KitFigure, kitHeads, kitRow, kitWorks } from "./kit.js";
import { nativeProblem } from "../src/targets/c/native-problem.js";
import { measureTuner, type TunerReport, tunerHeads, tunerRow, tunerSummary, tunerWorks } from "./tuner.js";
import { webgpuPage } from "./webgpu.js";
import {
  benchWebGpu,
  sessionsMarkdown,
  trafficText,
  type WebGpuRow,
  webGpuCells,
  webGpuHeads,
  webGpuNames,
  webGpuObstacle,
} from "./webgpu-sessions.js";

export interface BenchReport {
  readonly date: string;
  readonly machine: string;
  readonly node: string;
  readonly command: string;
  readonly kernels: readonly Figure[];
  readonly models: readonly ModelRow[];
  /** absent in reports that are older */
  readonly layers?: readonly LayerReport[];
  readonly tuner?: TunerReport;
  readonly kit?: readonly KitFigure[];
  readonly webgpu?: readonly WebGpuRow[];
}

/** What stands in the way; undefined: nothing. */
function obstacle({ part, engines, isWanted }: BenchArguments): string | undefined {
  const namesOf = (own: BenchArguments["part"], all: () => readonly string[]): readonly string[] =>
    part === own || part === "all" ? all() : [];
  const names = [
    ...namesOf("kernels", () => works.map(({ name }) => name)),
    ...namesOf("layers", () => layerWorks.map(({ name }) => name)),
    ...(part === "kit" ? kitWorks.map(([name]) => name) : []),
    ...(part === "tuner" ? tunerWorks.map(({ name }) => name) : []),
  ];
  if (part === "webgpu-sessions" && webGpuObstacle() !== undefined) return webGpuObstacle();
  if (part === "webgpu-sessions" && webGpuNames().some(isWanted) && peersInstalled()) return undefined;
  const models = namesOf("models", modelNames);
  const modelCount = models.filter(isWanted).length;
  if (modelCount === 0 && !names.some(isWanted)) {
    return `Nothing has such a name here. There are: ${[...models, ...names].join(", ")}`;
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
    onRow: (row, left) => {
      const own = row.results.native ? nativeRow(row) : cells(row);
      console.log(`${own.join("  ")}   (${left} to go)`);
    },
  });
  print(heads, rows.map(cells));
  print(memoryHeads, rows.map(memoryCells));
  return rows;
}

async function layerReports({ isWanted }: BenchArguments): Promise<LayerReport[]> {
  const reports: LayerReport[] = [];
  for (const work of layerWorks.filter(({ name }) => isWanted(name)))
    for (const target of ["wasm", "native"] as const) {
      const report = await measureLayers(work, target);
      if (!report) continue;
      const total = report.layers.reduce((sum, l) => sum + l.microseconds, 0) / 1000;
      console.log(
        `${work.name.padEnd(34)} ${target.padEnd(7)} ${total.toFixed(2).padStart(8)} ms in ${report.layers.length} kernels`,
      );
      reports.push(report);
    }
  print(arithmeticHeads, arithmeticRows(reports));
  print(memoryHeadsOfLayers, memoryRows(reports));
  return reports;
}

async function kitFigures({ isWanted, engines }: BenchArguments): Promise<KitFigure[]> {
  const isNativeWanted = engines.includes("native") && (await nativeProblem()) === undefined;
  const targets = [
    ...(engines.includes("azulejo") ? (["wasm"] as const) : []),
    ...(isNativeWanted ? (["native"] as const) : []),
  ];
  const figures: KitFigure[] = [];
  for (const [, measure] of kitWorks.filter(([name]) => isWanted(name)))
    for (const target of targets)
      for (const figure of await measure(target)) {
        console.log(kitRow(figure).join("  "));
        figures.push(figure);
      }
  print(kitHeads, figures.map(kitRow));
  return figures;
}

async function tunerReport({ isWanted, threads, engines }: BenchArguments): Promise<TunerReport> {
  const works = tunerWorks.filter(({ name }) => isWanted(name));
  const target = engines.includes("native") ? "native" : "wasm";
  const report = await measureTuner(works, target, Math.max(...threads), figure =>
    console.log(tunerRow(figure).join("  ")),
  );
  print(tunerHeads, report.figures.map(tunerRow));
  console.log(tunerSummary(report));
  return report;
}

async function run(given: BenchArguments): Promise<void> {
  const wants = (own: BenchArguments["part"]): boolean => given.part === own || given.part === "all";
  const report: BenchReport = {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus()[0]?.model ?? "unknown processor"}, ${cpus().length} cores`,
    node: process.version,
    command: `npm run bench -- ${measuring(process.argv.slice(2)).join(" ")}`.trim(),
    kernels: wants("kernels") ? kernels(given) : [],
    models: wants("models") && modelNames().some(given.isWanted) ? modelRows(given) : [],
    ...(wants("layers") ? { layers: await layerReports(given) } : {}),
    // takes much longer than all others together
    ...(given.part === "kit" ? { kit: await kitFigures(given) } : {}),
    ...(given.part === "tuner" ? { tuner: await tunerReport(given) } : {}),
    ...(given.part === "webgpu-sessions" ? { webgpu: await webGpuRows(given) } : {}),
  };
  if (given.json) writeFileSync(given.json, `${JSON.stringify(report, null, 2)}\n`);
}

async function webGpuRows({ isWanted, rounds }: BenchArguments): Promise<readonly WebGpuRow[]> {
  const rows = await benchWebGpu({ isWanted, rounds, onRow: row => console.log(`${row.model} on ${row.adapter}`) });
  print(webGpuHeads, rows.flatMap(webGpuCells));
  for (const row of rows) console.log(trafficText(row));
  return rows;
}

function page(files: readonly string[]): void {
  const reports = files.map(f => JSON.parse(readFileSync(f, "utf8")) as BenchReport);
  const notes = readFileSync(join(root, "bench/notes.md"), "utf8");
  const others = reports.filter(r => r.kernels.length > 0 || r.models.some(m => m.results.azulejo));
  if (others.length) writeFileSync(join(root, "docs/benchmarks.md"), markdown(others, notes));
  const natives = reports.filter(isNative);
  const nativeNotes = readFileSync(join(root, "bench/native-notes.md"), "utf8");
  if (natives.length) writeFileSync(join(root, "docs/benchmarks-native.md"), nativeMarkdown(natives, nativeNotes));
  const kits = reports.filter(isKit);
  const kitNotes = readFileSync(join(root, "bench/kit-notes.md"), "utf8");
  if (kits.length) writeFileSync(join(root, "docs/benchmarks-kit.md"), kitMarkdown(kits, kitNotes));
  for (const r of reports)
    if (r.webgpu?.length)
      writeFileSync(join(root, "docs/benchmarks-webgpu-sessions.md"), sessionsMarkdown(r.webgpu, r));
  const drawn = networkOf(reports);
  if (drawn) writeFileSync(join(root, "docs/roofline.svg"), roofline(drawn, `${drawn[0]!.model}, one thread`));
}

try {
  const given = parseArguments(process.argv.slice(2));
  const hindered = given === "help" || given.part === "page" || given.part === "webgpu" ? undefined : obstacle(given);
  if (given === "help") console.log(help);
  else if (hindered !== undefined) {
    console.error(hindered);
    process.exitCode = 1;
  } else if (given.part === "page") page(given.files);
  else if (given.part === "webgpu") {
    const notes = readFileSync(join(root, "bench/webgpu-notes.md"), "utf8");
    writeFileSync(join(root, "docs/benchmarks-webgpu.md"), webgpuPage(notes));
  } else await run(given);
} catch (error) {
  if (!(error instanceof WrongArguments)) throw error;
  console.error(`${error.message}; see npm run bench -- --help`);
  process.exitCode = 2;
}

/** Where a report was written to is no part of how it was measured. */
function measuring(parameters: readonly string[]): string[] {
  const at = parameters.indexOf("--json");
  return parameters.filter((_, i) => at < 0 || (i !== at && i !== at + 1));
}
