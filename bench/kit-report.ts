// docs/benchmarks-kit.md from reports: kernels of azulejo/kernels against what they are asked to reach, and schedules that are derived and tuned against
// the best of all. Reports of parts (one work, one target) make one page; of two that measured the same, the later counts.
import { type KitFigure, kitHeads, kitRow } from "./kit.js";
import type { BenchReport } from "./main.js";
import { table } from "./report.js";
import { type TunerReport, tunerHeads, tunerRow, tunerSummary } from "./tuner.js";

export const isKit = (report: BenchReport): boolean => report.kit !== undefined || report.tuner !== undefined;

const latest = <T>(list: readonly T[], key: (x: T) => string): T[] => [...new Map(list.map(x => [key(x), x])).values()];
const measuredOn = (reports: readonly BenchReport[]): string =>
  [...new Set(reports.map(r => `Measured on ${r.date}, ${r.machine}, Node ${r.node}`))].join("; ");

function kitSection(reports: readonly BenchReport[]): string {
  const figures = latest(
    reports.flatMap(r => r.kit ?? []),
    (f: KitFigure) => [f.work, f.target, f.against].join(),
  );
  const asked = figures.filter(f => f.asked !== undefined);
  const reached = asked.filter(f => f.ratio >= f.asked!).length;
  const rows = figures.sort((a, b) => (a.work < b.work ? -1 : a.work > b.work ? 1 : 0)).map(kitRow);
  return `## Kernels\n\n${measuredOn(reports)}, one thread. ${reached} of ${asked.length} figures reach what they are asked for.\n\n${table(kitHeads, rows)}`;
}

function tunerSection(reports: readonly BenchReport[]): string {
  const tuners = reports.flatMap(r => r.tuner ?? []);
  const kinds = latest(tuners, t => `${t.target} ${t.threads}`);
  const parts = kinds.map(({ target, threads }) => {
    const own = tuners.filter(t => t.target === target && t.threads === threads);
    const merged: TunerReport = {
      target,
      threads,
      peak: Math.max(...own.map(t => t.peak)),
      figures: latest(
        own.flatMap(t => t.figures),
        f => f.name,
      ),
    };
    const [head, ...lines] = tunerSummary(merged).split("\n");
    const list = lines.map(l => `- ${l}`).join("\n");
    return `### ${head}\n\n${list}\n\n${table(tunerHeads, merged.figures.map(tunerRow))}`;
  });
  return `## Schedules\n\n${measuredOn(reports)}.\n\n${parts.join("\n\n")}`;
}

export function kitMarkdown(reports: readonly BenchReport[], notes: string): string {
  const kits = reports.filter(r => r.kit);
  const tuners = reports.filter(r => r.tuner);
  return `# Benchmarks: kernels of the library, and schedules

Made by \`npm run bench -- page REPORT.json…\` from what \`npm run bench -- kit --engines azulejo,native --json REPORT.json\` and \`npm run bench -- tuner\`
measured, part by part with \`--only\`. What else was measured is in [benchmarks](benchmarks.md).

- *Kernels*: ratios above 1 say that the kernel is faster, or reaches more of a rate. What is compared takes turns, a burst of 60 ms each; of a burst the shortest run
  counts, and of nine bursts the median. Rates (a product, reading memory, one dense product) are of kernels alone; calls (onnxruntime, a call for each expert) are timed with
  their tensors on the way in and out.
- *Schedules*: of each shape, the schedules in its space, how many the tuner timed, milliseconds of the derived, the tuned and the best of all schedules, how much
  longer the first two take than the best, and seconds that tuning and trying all took.

${[...(kits.length ? [kitSection(kits)] : []), ...(tuners.length ? [tunerSection(tuners)] : [])].join("\n\n")}

${notes.trim()}
`;
}
