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
    azulejo ? `${((azulejo.maxRssBytes ?? 0) / 2 ** 20).toFixed(0)}` : "–",
    azulejo?.codeBytes ? `${(azulejo.codeBytes / 1024).toFixed(0)}` : "–",
  ];
}
export const heads = [
  "model",
  "threads",
  "steady ms",
  "web ÷ ours",
  "node ÷ ours",
  "load + first ms",
  "web ÷ ours",
  "RSS MiB",
  "code KiB",
];
