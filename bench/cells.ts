// One row of the table of models: times of ours, and how many times longer the peers take.
import type { ModelRow } from "./models.js";

const ms = (x: number | undefined): string => (x === undefined ? "–" : x >= 100 ? x.toFixed(0) : x.toPrecision(3));
const ratio = (peer: number | undefined, ours: number | undefined): string =>
  peer && ours ? `${(peer / ours).toFixed(2)}×` : "–";

export function cells({ name, threads, results }: ModelRow): string[] {
  const { azulejo, web, node } = results;
  const first = (r: typeof azulejo): number | undefined => r && r.loadMs + r.firstMs;
  return [
    name,
    `${threads}`,
    ms(azulejo?.medianMs),
    ratio(web?.medianMs, azulejo?.medianMs),
    ratio(node?.medianMs, azulejo?.medianMs),
    ms(first(azulejo)),
    ratio(first(web), first(azulejo)),
    ms(first(results.first)),
    ratio(first(web), first(results.first)),
    ms(azulejo?.eventLoopMs),
    azulejo?.codeBytes ? `${(azulejo.codeBytes / 1024).toFixed(0)}` : "–",
  ];
}

/** Memory over that of a process with Node and idle workers, in MiB; `bound` is what a model of 20 MB or more may take. */
export function memoryCells({ name, threads, results, idleRssBytes }: ModelRow): string[] {
  const { azulejo, web, node } = results;
  const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
  const over = (r: typeof azulejo): string => (r ? mib(r.maxRssBytes - idleRssBytes) : "–");
  const needed = (azulejo?.constantBytes ?? 0) + (azulejo?.arenaBytes ?? 0);
  const bound = mib(1.3 * needed + (40 << 20));
  return [name, `${threads}`, mib(needed), over(azulejo), bound, over(results.first), over(web), over(node)];
}
export const memoryHeads = ["model", "threads", "weights + arena", "ours", "bound", "ours, first load", "web", "node"];
export const heads = [
  "model",
  "threads",
  "steady ms",
  "web ÷ ours",
  "node ÷ ours",
  "load + first ms",
  "web ÷ ours",
  "first load ms",
  "web ÷ ours",
  "event loop ms",
  "code KiB",
];
