// The page: takes a picture by dropping, choosing or pasting, hands it to the reader, shows progress and result.
import samplePicture from "example-images/tea-house.jpg?url";
import { drawBoxes, joinHighlights, listLines } from "./draw.js";
import type { ReaderMessage, ReadRequest } from "./messages.js";
// Chinese for systems that lack it; the browser fetches only the files whose characters are shown.
import "@fontsource-variable/noto-sans-sc";
import "./style.css";

const element = <T extends Element>(selector: string): T => document.querySelector<T>(selector)!;
const drop = element<HTMLElement>("#drop");
const chosen = element<HTMLInputElement>("#file");
const progress = element<HTMLProgressElement>("#progress");
const status = element<HTMLElement>("#status");
const result = element<HTMLElement>("#result");
const picture = element<HTMLImageElement>("#picture");
const overlay = element<SVGSVGElement>("#boxes");
const list = element<HTMLOListElement>("#lines");
const facts = element<HTMLElement>("#facts");
const copy = element<HTMLButtonElement>("#copy");

const reader = new Worker(new URL("./reader.ts", import.meta.url), { type: "module" });
let lastId = 0;

const seconds = (time: number): string => `${(time / 1000).toFixed(time < 9950 ? 1 : 0)} s`;

function show(state: "loading" | "idle" | "reading" | "done" | "failed", text: string): void {
  document.body.dataset.state = state;
  status.textContent = text;
}

function read(file: Blob): void {
  URL.revokeObjectURL(picture.src);
  picture.src = URL.createObjectURL(file);
  overlay.replaceChildren();
  list.replaceChildren();
  result.hidden = false;
  progress.value = 0;
  show("reading", "Waiting for the models");
  reader.postMessage({ id: ++lastId, picture: file } satisfies ReadRequest);
}

/** Chromium keeps boxes for characters that it drew before their part of the font came; so it comes first, if it comes at all. */
async function fontsFor(text: string): Promise<void> {
  await document.fonts.load('1rem "Noto Sans SC Variable"', text).catch(() => {});
}

const handlers: {
  [K in ReaderMessage["kind"]]: (message: Extract<ReaderMessage, { kind: K }>) => void | Promise<void>;
} = {
  progress: ({ id, step, fraction }) => {
    if (id !== undefined && id !== lastId) return;
    progress.value = fraction;
    show(id === undefined && lastId === 0 ? "loading" : "reading", `${step} …`);
  },
  ready: ({ threads, loadMs, codeBytes }) => {
    const isolated = crossOriginIsolated ? "" : " (this page is not cross-origin isolated)";
    const size = Math.round(codeBytes / 1000);
    facts.textContent = `Three models compiled to ${size} KB of WebAssembly in ${seconds(loadMs)} · ${threads} ${threads === 1 ? "thread" : "threads"}${isolated}`;
    document.body.dataset.threads = String(threads);
    if (lastId === 0) show("idle", "Ready");
  },
  result: async ({ id, width, height, lines, readMs }) => {
    await fontsFor(lines.map(({ text }) => text).join(""));
    if (id !== lastId) return;
    drawBoxes(overlay, width, height, lines);
    listLines(list, lines);
    const found = lines.length === 0 ? "No text found" : `${lines.length} ${lines.length === 1 ? "line" : "lines"}`;
    show("done", `${found} in ${seconds(readMs)}`);
  },
  failure: ({ id, message }) => {
    if (id !== undefined && id !== lastId) return;
    result.hidden = true;
    show("failed", message);
  },
};
reader.addEventListener("message", ({ data }: MessageEvent<ReaderMessage>) => handlers[data.kind](data as never));
reader.addEventListener("error", ({ message }) => show("failed", message || "The reader could not be started."));

chosen.addEventListener("change", () => {
  if (chosen.files?.[0]) read(chosen.files[0]);
  chosen.value = "";
});
// The whole page takes a drop: nobody has to aim.
for (const type of ["dragenter", "dragover"]) {
  addEventListener(type, event => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
addEventListener("dragleave", event => {
  if (event.relatedTarget === null) drop.classList.remove("over");
});
addEventListener("drop", event => {
  event.preventDefault();
  drop.classList.remove("over");
  const file = event.dataTransfer?.files[0];
  if (file !== undefined) read(file);
});
addEventListener("paste", event => {
  const file = event.clipboardData?.files[0];
  if (file !== undefined) read(file);
});
element("#sample").addEventListener("click", async () => {
  const response = await fetch(samplePicture);
  read(await response.blob());
});
copy.addEventListener("click", async () => {
  await navigator.clipboard.writeText([...list.querySelectorAll(".text")].map(line => line.textContent).join("\n"));
  copy.textContent = "Copied";
  setTimeout(() => (copy.textContent = "Copy text"), 1500);
});
joinHighlights(overlay, list);
