// The graph's part of the page: what each pass changed.
import { plural } from "./amounts.js";
import type { DiffRow } from "./diff.js";
import { diffGraphs } from "./diff.js";
import type { Html } from "./html.js";
import { html } from "./html.js";
import type { GraphTrace, PassTrace } from "./trace.js";

/** Unchanged lines that are shown around a change. */
const CONTEXT = 2;

export function graphSection(graph: GraphTrace): Html {
  let before = graph.read;
  const passes = graph.passes.map(pass => {
    const shown = passRow(pass, before);
    before = pass.text ?? before;
    return shown;
  });
  return html`<section id="graph" aria-labelledby="graph-title">
<h2 id="graph-title">Graph <small>${plural(graph.passes.length, "pass")}, ${plural(graph.passes.filter(p => p.text).length, "change")}</small></h2>
${fold("As it was read", graph.read)}
<div class="list">${passes}</div>
${fold("After all passes", graph.text)}
</section>`;
}

const fold = (title: string, text: string): Html =>
  html`<details class="block"><summary>${title} <small>${plural(text.split("\n").length - 1, "line")}</small></summary><pre data-lang="graph">${text}</pre></details>`;

function passRow(pass: PassTrace, before: string): Html {
  const nodes =
    pass.nodesBefore === pass.nodesAfter ? `${pass.nodesAfter}` : `${pass.nodesBefore} → ${pass.nodesAfter}`;
  const facts = html`<span class="name">${pass.name}</span><span class="fact">${nodes} nodes</span><span class="fact time">${pass.timeMs.toFixed(1)} ms</span>`;
  if (pass.text === undefined) return html`<div class="row idle">${facts}<span class="counts">no change</span></div>`;
  const rows = diffGraphs(before, pass.text);
  const count = (kind: DiffRow["kind"]): number => rows.filter(r => r.kind === kind).length;
  const marks = (["added", "removed", "changed"] as const).map(kind =>
    count(kind) > 0 ? html`<span class="${kind}">${signs[kind]}${count(kind)}</span>` : undefined,
  );
  return html`<details class="row pass"><summary>${facts}<span class="counts">${marks}</span></summary><pre class="diff">${diffLines(rows)}</pre></details>`;
}

const signs = { added: "+", removed: "−", changed: "~" } as const;

/** Rows near a change; how many lines were left out between them. */
function diffLines(rows: readonly DiffRow[]): Html[] {
  const near = rows.map((_, i) => rows.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some(r => r.kind !== "same"));
  const lines: Html[] = [];
  for (let i = 0; i < rows.length; ) {
    if (near[i]) {
      lines.push(diffLine(rows[i++]!));
      continue;
    }
    const end = near.indexOf(true, i);
    const skipped = (end < 0 ? rows.length : end) - i;
    lines.push(html`<span class="skipped">⋯ ${plural(skipped, "line")} as before</span>`);
    i += skipped;
  }
  return lines;
}

function diffLine(row: DiffRow): Html {
  if (row.kind === "same") return html`<span class="line">  ${row.text}\n</span>`;
  if (row.kind !== "changed") return html`<span class="line ${row.kind}">${signs[row.kind]} ${row.text}\n</span>`;
  const { start, end } = sameEnds(row.before, row.after);
  const middle = (text: string): string => text.slice(start, text.length - end);
  const [gone, come] = [middle(row.before), middle(row.after)];
  const parts = [gone ? html`<del>${gone}</del>` : undefined, come ? html`<ins>${come}</ins>` : undefined];
  return html`<span class="line changed">~ ${row.after.slice(0, start)}${parts}${row.after.slice(row.after.length - end)}\n</span>`;
}

/** How many characters two lines share at their start and at their end. */
function sameEnds(a: string, b: string): { readonly start: number; readonly end: number } {
  const most = Math.min(a.length, b.length);
  let start = 0;
  while (start < most && a[start] === b[start]) start++;
  let end = 0;
  while (end < most - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  return { start, end };
}
