// docs/benchmarks-native.md from reports: native code against onnxruntime-node, and every kernel by itself on both targets.
import { arithmeticHeads, arithmeticRows, memoryHeadsOfLayers, memoryRows } from "./layer-tables.js";
import type { LayerReport } from "./layers.js";
import type { BenchReport } from "./main.js";
import type { ModelRow } from "./models.js";
import { start, steady, summary, table } from "./report.js";

const ms = (x: number | undefined): string => (x === undefined ? "–" : x >= 100 ? x.toFixed(0) : x.toPrecision(3));
const ratio = (theirs: number | undefined, ours: number | undefined): string =>
  theirs && ours ? `${(theirs / ours).toFixed(2)}×` : "–";
const least = (row: ModelRow, engine: string): number | undefined => row.results[engine]?.minMs;
/** threads that wait use a processor too */
const processor = (row: ModelRow, engine: string): number | undefined =>
  row.threads === 1 ? row.results[engine]?.processorMs : undefined;
const columns = [
  ["steady ms", steady],
  ["least ms", least],
  ["processor ms", processor],
  ["load + first ms", start],
] as const;

const nativeHeads = ["model", "threads", ...columns.flatMap(([name]) => [name, "node ÷ ours"]), "event loop ms"];
export const nativeRow = (row: ModelRow): string[] => [
  row.name,
  `${row.threads}`,
  ...columns.flatMap(([, of]) => [ms(of(row, "native")), ratio(of(row, "node"), of(row, "native"))]),
  ms(row.results.native?.eventLoopMs),
];
function nativeModels(rows: readonly ModelRow[]): string {
  const threads = [...new Set(rows.map(r => r.threads))];
  const means = threads.map(t => {
    const own = rows.filter(r => r.threads === t);
    return [`${t}`, ...columns.map(([, of]) => summary(own, "node", of, "native"))];
  });
  const heads = ["threads", ...columns.map(([name]) => `${name}, node ÷ ours`)];
  return `### Models\n\n${table(heads, means)}\n\n${table(nativeHeads, rows.map(nativeRow))}`;
}

function layerSection(reports: readonly LayerReport[]): string {
  const rate = (target: LayerReport["target"]): string => {
    const own = reports.filter(r => r.target === target);
    const [peak, copy] = [Math.max(...own.map(r => r.peak)), Math.max(...own.map(r => r.copy))];
    return own.length ? `${target} ${peak.toFixed(0)} GFLOP/s and ${copy.toFixed(0)} GB/s` : `no ${target}`;
  };
  return `### Layers

Every kernel by itself, one thread; equal ones share a row. Of the machine: ${rate("wasm")}, ${rate("native")}.

${table(arithmeticHeads, arithmeticRows(reports))}

Beyond the caches:

${table(memoryHeadsOfLayers, memoryRows(reports))}`;
}

/** The network of the newest report that has one, by target. */
export function networkOf(reports: readonly BenchReport[]): readonly LayerReport[] | undefined {
  for (const { layers = [] } of reports) {
    const model = layers.find(l => l.layers.length > 10)?.model;
    if (model !== undefined) return layers.filter(l => l.model === model);
  }
  return undefined;
}
const picture = (reports: readonly BenchReport[]): string => {
  const drawn = networkOf(reports);
  return drawn ? `![Roofline: kernels of ${drawn[0]!.model} under what the machine can do](roofline.svg)\n\n` : "";
};

function section(report: BenchReport): string {
  const rows = report.models.filter(r => r.results.native);
  return [
    `## Node ${report.node}\n\nMeasured on ${report.date}, ${report.machine}, with \`${report.command}\`.`,
    ...(rows.length ? [nativeModels(rows)] : []),
    ...(report.layers?.length ? [layerSection(report.layers)] : []),
  ].join("\n\n");
}

export const isNative = (report: BenchReport): boolean =>
  (report.layers?.length ?? 0) > 0 || report.models.some(r => r.results.native);

export const nativeMarkdown = (
  reports: readonly BenchReport[],
  notes: string,
): string => `# Benchmarks: native code and layers

Made by \`npm run bench -- page REPORT.json…\` from what \`npm run bench -- layers\` and \`npm run bench -- models --engines native,node\` measured.
What else was measured is in [benchmarks](benchmarks.md).

- *Models*: as there; "least" is the shortest run, and "processor" the least processor time of a run on one thread, which neighbours on a
  shared machine lengthen less. "Load + first" finds the model kept.
- *Layers*: the kernels of a model one after the other in whole passes, the least of 30 times, against multiply-adds in vectors of the target and a copy of 64 MiB in the
  same minutes. Operations are two for each product that is added up; in Winograd's products that is less than in the convolution. Bytes count each tensor once.

${picture(reports)}${reports.map(section).join("\n\n")}

${notes.trim()}
`;
