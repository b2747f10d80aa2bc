// docs/benchmarks.md from a report: what was measured, how, on what, and the tables.
import { cells, heads } from "./cells.js";
import type { BenchReport } from "./main.js";

const line = (row: readonly string[]): string => `| ${row.join(" | ")} |`;
const geometricMean = (xs: readonly number[]): number => Math.exp(xs.reduce((s, x) => s + Math.log(x), 0) / xs.length);

export function markdown(report: BenchReport): string {
  const kernels = report.kernels.map(f =>
    line([f.name, `${f.perNanosecond.toFixed(1)}`, `${f.percentOfPeak.toFixed(0)} %`, `${f.bestPercent.toFixed(0)} %`]),
  );
  const models = report.models.map(row => line(cells(row)));
  const ratios = (peer: string, threads: number): number[] =>
    report.models.flatMap(({ results, threads: t }) => {
      const [a, b] = [results[peer]?.medianMs, results.azulejo?.medianMs];
      return t === threads && a && b ? [a / b] : [];
    });
  const means = [...new Set(report.models.map(r => r.threads))].map(t => {
    const parts = ["web", "node"].map(p => `${geometricMean(ratios(p, t)).toFixed(2)}× onnxruntime-${p}`);
    return `- ${t} thread${t > 1 ? "s" : ""}: ${parts.join(", ")}`;
  });
  return `# Benchmarks

Measured on ${report.date}, ${report.machine}, Node ${report.node}, with \`${report.command}\`. Times of shared machines vary by some percent; a
ratio holds better than a time.

## Models

Each engine runs in processes of its own, in turn; a figure is the median of the rounds, "steady" the median of the last two thirds of
a process's runs. onnxruntime-web and onnxruntime-node are 1.30.0 (\`npm install --ignore-scripts --prefix bench/peers\`). "web ÷ ours" above
1 means that ours is faster. Models with constant weights get random ones first. RSS is that of the whole process, Node included.

${line(heads)}
${line(heads.map(() => "---"))}
${models.join("\n")}

Geometric means of the steady ratios:

${means.join("\n")}

## Kernels

One thread; kernel and peak loop (12 independent 128-bit multiply-add chains) alternate in one process; a figure is the median of the
ratios. Schedules are those that the compiler derives.

| kernel | GFLOP/s or elements per ns | share of peak | best |
| --- | --- | --- | --- |
${kernels.join("\n")}
`;
}
