// The memory plan's part of the page: a chart of buffers over the steps of a run, and the same as a table.
import { bytesText, plural } from "./amounts.js";
import type { Html } from "./html.js";
import { html } from "./html.js";
import type { MemoryTrace, PartTrace } from "./trace.js";

const [WIDTH, HEIGHT, LEFT, BOTTOM] = [1000, 340, 64, 28] as const;

/** Of the parts that were compiled. */
export function memorySection(all: readonly PartTrace[]): Html | undefined {
  const parts = all.filter(part => part.steps.length > 0);
  if (parts.length === 0) return undefined;
  return html`<section id="memory" aria-labelledby="memory-title">
<h2 id="memory-title">Memory</h2>
${parts.map(part => html`${part.name === undefined ? undefined : html`<h3>segment ${part.name}</h3>`}${part.memory ? planOf(part.memory) : html`<p class="note">${part.note}.</p>`}`)}
</section>`;
}

function planOf(memory: MemoryTrace): Html {
  const { bytes, lowerBoundBytes, buffers } = memory;
  const above =
    lowerBoundBytes > 0 ? ` (${((100 * bytes) / lowerBoundBytes - 100).toFixed(1)} % above what is alive at once)` : "";
  const rows = [...buffers].sort((a, b) => b.bytes - a.bytes);
  return html`<p class="lead">Inputs, outputs and ${plural(buffers.length, "buffer")} in all share ${bytesText(bytes)}${above}. Across: steps of a run. Up: places in memory.</p>
${chart(memory)}
<details class="block"><summary>Buffers <small>${buffers.length}</small></summary><div class="wide"><table><thead><tr><th>buffer</th><th>kind</th><th class="right">offset</th><th class="right">size</th><th class="right">steps</th></tr></thead><tbody>${rows.map(
    b =>
      html`<tr><td class="code">${b.name}</td><td>${b.kind}</td><td class="right">${b.offset}</td><td class="right">${bytesText(b.bytes)}</td><td class="right">${livesFrom(b)}</td></tr>`,
  )}</tbody></table></div></details>`;
}

type Placed = MemoryTrace["buffers"][number];
const livesFrom = ({ first, last }: Placed): string => (first === last ? `${first}` : `${first} to ${last}`);

function chart({ bytes, lowerBoundBytes, steps, buffers }: MemoryTrace): Html {
  // inputs live before the first step, outputs after the last
  const columns = steps + 2;
  const x = (step: number): number => LEFT + ((step + 1) / columns) * (WIDTH - LEFT);
  const y = (offset: number): number => (1 - offset / Math.max(1, bytes)) * (HEIGHT - BOTTOM);
  const boxes = buffers.map(b => {
    const [left, right, top, bottom] = [x(b.first), x(b.last + 1), y(b.offset + b.bytes), y(b.offset)];
    const title = `${b.name}: ${b.kind}, ${bytesText(b.bytes)}, steps ${livesFrom(b)}`;
    const place = html`x="${left.toFixed(1)}" y="${top.toFixed(1)}" width="${Math.max(1, right - left).toFixed(1)}" height="${Math.max(0.5, bottom - top).toFixed(1)}"`;
    return html`<rect class="${b.kind}" ${place}><title>${title}</title></rect>`;
  });
  const marks = [0, 0.25, 0.5, 0.75, 1].map(
    share =>
      html`<text x="${LEFT - 8}" y="${(y(share * bytes) + 4).toFixed(1)}" text-anchor="end">${bytesText(share * bytes)}</text><line x1="${LEFT}" x2="${WIDTH}" y1="${y(share * bytes).toFixed(1)}" y2="${y(share * bytes).toFixed(1)}"/>`,
  );
  const every = Math.max(1, Math.ceil(steps / 12));
  const ticks = Array.from({ length: Math.ceil(steps / every) }, (_, i) => i * every).map(
    step => html`<text x="${x(step + 0.5).toFixed(1)}" y="${HEIGHT - 8}" text-anchor="middle">${step}</text>`,
  );
  const bound = y(lowerBoundBytes).toFixed(1);
  return html`<svg class="memory" viewBox="0 -10 ${WIDTH} ${HEIGHT + 14}" role="img" aria-label="Memory plan: ${plural(buffers.length, "buffer")} over ${plural(steps, "step")}, ${bytesText(bytes)}">${marks}${boxes}<line class="bound" x1="${LEFT}" x2="${WIDTH}" y1="${bound}" y2="${bound}"><title>alive at once: ${bytesText(lowerBoundBytes)}</title></line>${ticks}</svg>
<p class="legend"><span class="input">input</span><span class="arena">between</span><span class="output">output</span><span class="bound">the most that is alive at once</span></p>`;
}
