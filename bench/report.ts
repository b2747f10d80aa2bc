// docs/benchmarks.md from reports: what was measured, how, on what, and the tables. Notes that no run can write are in bench/notes.md.
import { cells, heads, memoryCells, memoryHeads } from "./cells.js";
import type { Figure } from "./kernels.js";
import type { BenchReport } from "./main.js";
import type { ModelRow } from "./models.js";

const line = (row: readonly string[]): string => `| ${row.join(" | ")} |`;
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map(line).join("\n");
const geometricMean = (xs: readonly number[]): number => Math.exp(xs.reduce((s, x) => s + Math.log(x), 0) / xs.length);

export const steady = (row: ModelRow, engine: string): number | undefined => row.results[engine]?.medianMs;
export const start = (row: ModelRow, engine: string): number | undefined => {
  const r = row.results[engine];
  return r && r.loadMs + r.firstMs;
};
/** peer ÷ ours over all models: geometric mean, and the least with its model */
export function summary(rows: readonly ModelRow[], peer: string, of: typeof steady, own = "azulejo"): string {
  const ratios = rows.flatMap(row => {
    const [theirs, ours] = [of(row, peer), of(row, own)];
    return theirs && ours ? [{ name: row.name, ratio: theirs / ours }] : [];
  });
  if (ratios.length === 0) return "–";
  const least = ratios.reduce((a, b) => (b.ratio < a.ratio ? b : a));
  return `${geometricMean(ratios.map(r => r.ratio)).toFixed(2)}× (least ${least.ratio.toFixed(2)}×, ${least.name})`;
}

function summaries(rows: readonly ModelRow[]): string {
  const threads = [...new Set(rows.map(r => r.threads))];
  return table(
    [
      "threads",
      "steady, web ÷ ours",
      "steady, node ÷ ours",
      "load + first, web ÷ ours",
      "load + first, node ÷ ours",
      "first load, web ÷ ours",
    ],
    threads.map(t => {
      const own = rows.filter(r => r.threads === t);
      const both = (of: typeof steady) => ["web", "node"].map(peer => summary(own, peer, of));
      return [`${t}`, ...both(steady), ...both(start), summary(own, "web", start, "first")];
    }),
  );
}

const kernelTable = (kernels: readonly Figure[]): string =>
  table(
    ["kernel", "GFLOP/s or elements per ns", "share of peak", "best"],
    kernels.map(f => [
      f.name,
      f.perNanosecond.toFixed(1),
      f.unit === "flop" ? `${f.percentOfPeak.toFixed(0)} %` : "–",
      f.unit === "flop" ? `${f.bestPercent.toFixed(0)} %` : "–",
    ]),
  );

function section(report: BenchReport): string {
  const head = `## Node ${report.node}\n\nMeasured on ${report.date}, ${report.machine}, with \`${report.command}\`.`;
  const models = `### Models\n\n${summaries(report.models)}\n\n${table(heads, report.models.map(cells))}`;
  const memory = `### Memory in MiB\n\n${table(memoryHeads, report.models.map(memoryCells))}`;
  const kernels = `### Kernels\n\n${kernelTable(report.kernels)}`;
  return [head, ...(report.models.length ? [models, memory] : []), ...(report.kernels.length ? [kernels] : [])].join(
    "\n\n",
  );
}

/** One page of several reports, newest engine first, then what `notes` has to say. */
export const markdown = (reports: readonly BenchReport[], notes: string): string => `# Benchmarks

Made by \`npm run bench -- page REPORT.json…\` from what \`npm run bench\` measured. Times of shared machines vary by some percent; a ratio holds
better than a time.

- *Models*: each engine runs in processes of its own, in turn; a figure is the median of the rounds, "steady" the median of the last two
  thirds of a process's runs. "Load + first" is a fresh process from the import of the package to the first result, of a model that this machine has loaded before
  ([kept models](architecture.md#kept-models)); "first load" is the same with nothing kept.
  Peers are onnxruntime-web and onnxruntime-node 1.30.0 (\`npm install --ignore-scripts --prefix bench/peers\`) on the CPU, with all
  optimisations. "web ÷ ours" above 1 means that ours is faster. Models whose weights are one constant get random ones first.
  "Event loop" is the 99th percentile of how late a timer of a millisecond fires while runs follow each other.
- *Memory*: the largest resident set of the process, less that of a process with Node and idle workers. "Bound" is
  1.3 × (packed weights + arena) + 40 MiB, what a model of 20 MB or more may take.
- *Kernels*: one thread; kernel and peak loop (12 independent 128-bit multiply-add chains) alternate in one process; a figure is the median of
  25 ratios. Schedules are those that the compiler derives.
- Native code, and every kernel by itself: [native code and layers](benchmarks-native.md).
- Kernels of the library, and the tuner: [kernels and schedules](benchmarks-kit.md).

${reports.map(section).join("\n\n")}

${notes.trim()}
`;
