// A trace as one self-contained page: no network, no files beside it, readable without its script.
import { bytesText, countText, plural, total } from "./amounts.js";
import { graphSection } from "./graph-section.js";
import type { Html } from "./html.js";
import { html, verbatim } from "./html.js";
import { kernelSection } from "./kernel-section.js";
import { memorySection } from "./memory-section.js";
import { script } from "./script.js";
import { style } from "./style.js";
import type { KernelTrace, Trace } from "./trace.js";
import { kernelsOf } from "./trace.js";

const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/** HTML of all that is in the trace. */
export function tracePage(trace: Trace): string {
  const kernels = trace.parts.flatMap(part => [...kernelsOf(part.steps)]);
  const alone = trace.graph === undefined && kernels.length === 1;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${trace.name} · Azulejo</title>
<style>${verbatim(style)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
${sidebar(trace, kernels)}
<main id="main" tabindex="-1">
${head(trace, kernels)}
${trace.graph ? graphSection(trace.graph) : undefined}
${kernelSection(trace.parts, kernels.length, alone)}
${memorySection(trace.parts)}
</main>
<script>${verbatim(script)}</script>
</body>
</html>
`.text;
}

function sidebar(trace: Trace, kernels: readonly KernelTrace[]): Html {
  const largest = Math.max(...kernels.map(k => (typeof k.flops === "number" ? k.flops : 0)), 1);
  const items = kernels.map(k => {
    const share = typeof k.flops === "number" ? (100 * k.flops) / largest : 0;
    return html`<li data-text="${[k.name, ...k.nodes].join(" ").toLowerCase()}"><a href="#kernel-${k.number}"><span class="number">${k.number}</span><span class="name">${k.name}</span><span class="bar" style="width:${share.toFixed(1)}%"></span></a></li>`;
  });
  return html`<nav aria-label="Stages">
<p class="brand"><span class="tiles" aria-hidden="true"></span>azulejo <button type="button" id="theme" title="light or dark (t)">◐</button></p>
<ul class="stages">${trace.graph ? html`<li><a href="#graph">Graph</a></li>` : undefined}<li><a href="#kernels">Kernels</a></li>${kernels.length > 0 ? html`<li><a href="#memory">Memory</a></li>` : undefined}</ul>
<label class="filter">Kernels <input id="filter" type="search" placeholder="name or node (/)" autocomplete="off"></label>
<ol class="kernels">${items}</ol>
<p class="keys"><kbd>j</kbd> <kbd>k</kbd> next, previous · <kbd>Enter</kbd> open · <kbd>x</kbd> all · <kbd>/</kbd> filter · <kbd>t</kbd> theme</p>
</nav>`;
}

function head(trace: Trace, kernels: readonly KernelTrace[]): Html {
  const { name, target, inputs, outputs, dims, notes } = trace;
  const facts = [`target ${target}`, ...dims];
  const types = (title: string, list: readonly string[]): Html =>
    html`<div><dt>${title}</dt><dd>${list.map(t => html`<code>${t}</code>`)}</dd></div>`;
  return html`<header>
<h1>${name}</h1>
<p class="facts">${facts.map(f => html`<span>${f}</span>`)}</p>
<dl class="types">${types(inputs.length === 1 ? "input" : "inputs", inputs)}${types(outputs.length === 1 ? "output" : "outputs", outputs)}</dl>
<div class="cards">${cards(trace, kernels)}</div>
${[...notes, ...uncompiled(trace)].map(note => html`<p class="note">${note}</p>`)}
</header>`;
}

/** What a reader would look for in vain below. */
const uncompiled = ({ parts }: Trace): string[] =>
  parts.flatMap(({ name, steps, note }) =>
    steps.length > 0 || note === undefined ? [] : [name === undefined ? `${note}.` : `Segment ${name}: ${note}.`],
  );

function cards({ graph, parts }: Trace, kernels: readonly KernelTrace[]): Html[] {
  const made: Html[] = [];
  const card = (title: string, value: string, detail: string): void => {
    made.push(html`<div class="card"><b>${value}</b><span>${title}</span><small>${detail}</small></div>`);
  };
  if (graph) {
    const [first, last] = [graph.passes[0]?.nodesBefore, graph.passes.at(-1)?.nodesAfter];
    card("nodes", `${last ?? 0}`, `${first ?? 0} in the file`);
  }
  if (kernels.length === 0) return made;
  const distinct = kernels.filter(k => k.sameAs === undefined).length;
  if (graph || kernels.length > 1) card("kernels", `${kernels.length}`, `${distinct} different ones in code`);
  const flops = total(kernels.map(k => k.flops));
  if (flops.complete) card("operations", countText(flops.sum), "of one run; a multiply-add counts two");
  const inlined = kernels.flatMap(k => k.decisions.filter(d => d.inlined));
  const saved = total(inlined.map(d => d.bytes));
  if (inlined.length > 0)
    card(
      "fused",
      saved.complete ? bytesText(2 * saved.sum) : plural(inlined.length, "value"),
      `${plural(inlined.length, "value")} neither stored nor reloaded`,
    );
  const memory = parts.map(p => p.memory?.bytes);
  const known = total(memory);
  if (known.complete && memory.length > 0)
    card("memory", bytesText(Math.max(...(memory as number[]))), "inputs, outputs and all between");
  return made;
}
