// The kernels' part of the page: each with its nodes, fusion, tile IR beside the author's lines, schedule, loops and code.
import { bytesText, countText, plural } from "./amounts.js";
import type { Html } from "./html.js";
import { html } from "./html.js";
import type { DecisionTrace, KernelTrace, PartTrace, SourceLine, StepTrace, TensorTrace } from "./trace.js";

/** Nodes whose names stand in the head of a kernel. */
const NAMED = 3;

export const kernelSection = (parts: readonly PartTrace[], kernels: number, open: boolean): Html =>
  html`<section id="kernels" aria-labelledby="kernels-title">
<h2 id="kernels-title">Kernels <small>${kernels}</small></h2>
${parts.map(part => partOf(part, open))}
</section>`;

const partOf = (part: PartTrace, open: boolean): Html =>
  html`${part.name === undefined ? undefined : html`<h3>segment ${part.name}</h3>`}${part.steps.length > 0 ? html`<div class="list">${part.steps.map(step => stepOf(step, open))}</div>` : undefined}${part.steps.length === 0 && part.note ? html`<p class="note">${part.note}.</p>` : undefined}`;

function stepOf(step: StepTrace, open: boolean): Html {
  if (step.kind === "kernel") return kernelCard(step, open);
  const inside = (steps: readonly StepTrace[]): Html =>
    html`<div class="inside">${steps.map(s => stepOf(s, open))}</div>`;
  if (step.kind === "loop") return html`<p class="flow">while <code>${step.condition}</code></p>${inside(step.body)}`;
  return html`<p class="flow">if <code>${step.condition}</code></p>${inside(step.then)}<p class="flow">else</p>${inside(step.else)}`;
}

function kernelCard(k: KernelTrace, open: boolean): Html {
  // a kernel that stands alone is its only node
  const named = k.nodes
    .filter(n => n !== k.name)
    .slice(0, NAMED)
    .join(", ");
  const more = k.nodes.length > NAMED ? ` and ${k.nodes.length - NAMED} more` : "";
  return html`<details class="row kernel" id="kernel-${k.number}" ${open ? html`open` : undefined}>
<summary><span class="number">${k.number}</span><span class="name">${k.name}</span><span class="nodes">${named}${more}</span>${facts(k)}</summary>
<div class="body">
<p class="lead">${k.nodes.length > 1 ? `Computes ${plural(k.nodes.length, "node")}: ${k.nodes.join(", ")}. ` : undefined}${work(k)}</p>
${k.sameAs === undefined ? undefined : html`<p class="note">It runs the code of <a href="#kernel-${k.sameAs}">kernel ${k.sameAs}</a> with other sizes.</p>`}
${k.decisions.length > 0 ? decisionTable(k.decisions) : undefined}
<h4>Tile IR</h4>
${irTable(k.ir)}
<h4>Tensors</h4>
${tensorTable(k.tensors)}
${k.sameAs === undefined ? lowered(k) : undefined}
</div>
</details>`;
}

/** Numbers only: a formula of open dims is too long for a line of a list. */
const facts = ({ flops, bytes }: KernelTrace): readonly (Html | undefined)[] => [
  typeof flops === "number" ? html`<span class="fact flops">${countText(flops)} flop</span>` : undefined,
  typeof bytes === "number" ? html`<span class="fact bytes">${bytesText(bytes)}</span>` : undefined,
];
function work({ flops, bytes }: KernelTrace): string {
  const each = typeof flops === "number" && typeof bytes === "number" && bytes > 0 ? flops / bytes : undefined;
  const ratio = each === undefined ? "" : `, ${each.toPrecision(2)} a byte`;
  return `Operations: ${typeof flops === "number" ? flops.toLocaleString("en") : flops}${ratio}. Its tensors: ${bytesText(bytes)}.`;
}

const lowered = (k: KernelTrace): Html =>
  html`${k.schedule === undefined ? undefined : html`<h4>Schedule</h4><pre class="plain">${k.stages.map(s => `loops: ${s}\n`).join("")}${k.schedule}</pre>`}${k.loops === undefined ? undefined : fold("Loop IR", k.loops, "loops")}${fold(k.codeLanguage, k.code, "code")}`;

const fold = (title: string, text: string, language: string): Html =>
  html`<details class="block"><summary>${title} <small>${plural(text.trimEnd().split("\n").length, "line")}</small></summary><pre data-lang="${language}">${text}</pre></details>`;

function irTable(lines: readonly SourceLine[]): Html {
  const sources = lines.some(l => l.source !== undefined);
  if (!sources) return html`<pre data-lang="ir">${lines.map(l => `${l.text}\n`).join("")}</pre>`;
  const rows = lines.map((l, i) => {
    const place = l.source?.slice(l.source.lastIndexOf("/") + 1);
    const again = l.source === lines[i - 1]?.source;
    return html`<tr><td class="code" data-lang="ir">${l.text}</td><td class="place" title="${l.source}">${again ? undefined : place}</td><td class="code theirs">${again ? undefined : l.sourceText}</td></tr>`;
  });
  return html`<div class="wide"><table class="ir"><thead><tr><th>tile IR</th><th>line</th><th>source</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** What stayed out of memory first: that is what fusion is for. */
function decisionTable(decisions: readonly DecisionTrace[]): Html {
  const sorted = [...decisions].sort((a, b) => Number(b.inlined) - Number(a.inlined));
  const rows = sorted.map(
    d =>
      html`<tr class="${d.inlined ? "inlined" : "stored"}"><td class="code">${d.value}</td><td>${d.inlined ? "computed on the way" : "in memory"}</td><td>${d.reason}</td><td class="right">${d.inlined && d.bytes !== undefined ? saved(d.bytes) : undefined}</td></tr>`,
  );
  return html`<h4>Fusion</h4><div class="wide"><table><thead><tr><th>value</th><th></th><th>because</th><th class="right">saved</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}
const saved = (bytes: number | string): string =>
  typeof bytes === "number" ? bytesText(2 * bytes) : `2 · (${bytes}) bytes`;

const tensorTable = (tensors: readonly TensorTrace[]): Html =>
  html`<div class="wide"><table><thead><tr><th>tensor</th><th>role</th><th>type</th><th>buffer</th><th class="right">size</th></tr></thead><tbody>${tensors.map(
    t =>
      html`<tr><td class="code">${t.name}</td><td>${t.role}</td><td class="code">${t.type}</td><td class="code">${t.buffer}</td><td class="right">${bytesText(t.bytes)}</td></tr>`,
  )}</tbody></table></div>`;
