// Shows what was read: boxes over the picture, and the lines beside it, joined by hovering and focus.
import type { ReadLine } from "./messages.js";

const svg = "http://www.w3.org/2000/svg";

/** One polygon a line, in pixels of the picture; the SVG scales with it. */
export function drawBoxes(overlay: SVGSVGElement, width: number, height: number, lines: readonly ReadLine[]): void {
  overlay.setAttribute("viewBox", `0 0 ${width} ${height}`);
  overlay.replaceChildren(
    ...lines.map(({ quad, text }, index) => {
      const polygon = document.createElementNS(svg, "polygon");
      polygon.setAttribute("points", quad.map(({ x, y }) => `${x},${y}`).join(" "));
      polygon.dataset.line = String(index);
      const title = document.createElementNS(svg, "title");
      title.textContent = text;
      polygon.append(title);
      return polygon;
    }),
  );
}

export function listLines(list: HTMLOListElement, lines: readonly ReadLine[]): void {
  list.replaceChildren(
    ...lines.map(({ text, confidence }, index) => {
      const item = document.createElement("li");
      item.dataset.line = String(index);
      item.tabIndex = 0;
      const words = document.createElement("span");
      words.className = "text";
      words.textContent = text;
      const sure = document.createElement("span");
      sure.className = "confidence";
      sure.textContent = `${Math.round(confidence * 100)} %`;
      sure.title = "confidence";
      item.append(words, sure);
      return item;
    }),
  );
}

/** A line and its box light up together, whichever is pointed at. */
export function joinHighlights(...containers: readonly Element[]): void {
  const light = (target: EventTarget | null, on: boolean): void => {
    const line = (target as Element | null)?.closest<HTMLElement | SVGElement>("[data-line]")?.dataset.line;
    if (line === undefined) return;
    for (const container of containers) container.querySelector(`[data-line="${line}"]`)?.classList.toggle("lit", on);
  };
  for (const container of containers) {
    for (const type of ["pointerover", "focusin"]) container.addEventListener(type, event => light(event.target, true));
    for (const type of ["pointerout", "focusout"])
      container.addEventListener(type, event => light(event.target, false));
  }
}
