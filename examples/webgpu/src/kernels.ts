// The kernels of one reading as numbers: facts above the timeline, and a table of those that took longest.
import type { Ready, Result, Span } from "./messages.js";
import { kindOf } from "./timeline.js";

const ROWS = 12;

export const milliseconds = (time: number): string =>
  time >= 1000 ? `${(time / 1000).toFixed(time < 9950 ? 1 : 0)} s` : `${time.toPrecision(3)} ms`;
const bytes = (n: number): string => (n >= 1e6 ? `${(n / 1e6).toFixed(1)} MB` : `${Math.round(n / 1000)} KB`);

const clocks: Readonly<Record<Span["where"], string>> = {
  gpu: "GPU timestamps",
  submission: "around each submission (no timestamps here)",
  cpu: "of the worker",
  host: "of the worker",
};

/** Terms with what they are; those of the GPU only where there is one. */
export function factsOf(ready: Ready, { spans, readMs, bytesUp, bytesDown }: Result): readonly [string, string][] {
  const busy = spans.reduce((sum, s) => sum + s.timeMs, 0);
  const onGpu = ready.target === "webgpu";
  return [
    [onGpu ? "Adapter" : "Runs on", ready.where],
    ["Kernels", `${spans.length} runs of ${ready.kernels} kernels`],
    ["In kernels", `${milliseconds(busy)} of ${milliseconds(readMs)}`],
    ...(onGpu ? ([["Moved", `${bytes(bytesUp)} to the GPU, ${bytes(bytesDown)} back`]] as [string, string][]) : []),
    ["Weights", bytes(ready.constantBytes)],
    ["Clock", clocks[spans.find(s => s.where !== "host")?.where ?? "host"]],
  ];
}

export function showFacts(list: HTMLDListElement, facts: readonly (readonly [string, string])[]): void {
  list.replaceChildren(
    ...facts.map(([term, text]) => {
      const item = document.createElement("div");
      const [dt, dd] = [document.createElement("dt"), document.createElement("dd")];
      dt.textContent = term;
      dd.textContent = text;
      item.append(dt, dd);
      return item;
    }),
  );
}

interface Row {
  readonly span: Span;
  calls: number;
  timeMs: number;
}

export function showTable(body: HTMLTableSectionElement, spans: readonly Span[]): void {
  const rows = new Map<string, Row>();
  for (const span of spans) {
    const key = `${span.network}/${span.kernel}/${span.nodes.join()}`;
    const row = rows.get(key) ?? { span, calls: 0, timeMs: 0 };
    rows.set(key, row);
    row.calls++;
    row.timeMs += span.timeMs;
  }
  const total = spans.reduce((sum, s) => sum + s.timeMs, 0);
  const longest = [...rows.values()].sort((a, b) => b.timeMs - a.timeMs).slice(0, ROWS);
  body.replaceChildren(
    ...longest.map(({ span, calls, timeMs }) => {
      const row = document.createElement("tr");
      const name = document.createElement("th");
      name.scope = "row";
      name.textContent = span.kernel.replaceAll("_", " + ");
      name.title = span.nodes.join(", ");
      const node = document.createElement("small");
      node.textContent = span.nodes[0] ?? "";
      name.append(node);
      const share = document.createElement("meter");
      share.max = longest[0]!.timeMs;
      share.value = timeMs;
      share.className = kindOf(span.kernel);
      const text = `${((100 * timeMs) / total).toFixed(1)} %`;
      share.title = text;
      row.append(name, cell(span.network), cell(String(calls)), cell(milliseconds(timeMs)), cell(text, share));
      return row;
    }),
  );
}

function cell(text: string, ...more: readonly Element[]): HTMLTableCellElement {
  const made = document.createElement("td");
  made.append(text, ...more);
  return made;
}
