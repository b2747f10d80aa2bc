// The page: a camera or a picture goes to the engine; text, boxes and the timeline of kernels come back.
import samplePicture from "example-images/tea-house.jpg?url";
import { drawBoxes, joinHighlights, listLines } from "../../browser/src/draw.js";
import { Camera } from "./camera.js";
import { factsOf, milliseconds, showFacts, showTable } from "./kernels.js";
import type { EngineMessage, Ready, Request, Result, Span, Target } from "./messages.js";
import { kinds, Timeline } from "./timeline.js";
// Chinese for systems that lack it; the browser fetches only the files whose characters are shown.
import "@fontsource-variable/noto-sans-sc";
import "../../browser/src/style.css";
import "./style.css";

const element = <T extends Element>(selector: string): T => document.querySelector<T>(selector)!;
const drop = element<HTMLElement>("#drop");
const cameraButton = element<HTMLButtonElement>("#camera");
const chosen = element<HTMLInputElement>("#file");
const detail = element<HTMLSelectElement>("#detail");
const offer = element<HTMLButtonElement>("#offer");
const progress = element<HTMLProgressElement>("#progress");
const status = element<HTMLElement>("#status");
const result = element<HTMLElement>("#result");
const picture = element<HTMLImageElement>("#picture");
const video = element<HTMLVideoElement>("#video");
const overlay = element<SVGSVGElement>("#boxes");
const list = element<HTMLOListElement>("#lines");
const nothing = element<HTMLElement>("#nothing");
const kernels = element<HTMLElement>("#kernels");
const facts = element<HTMLDListElement>("#facts");
const selected = element<HTMLElement>("#selected");
const tableBody = element<HTMLTableSectionElement>("#table");
const targets = [...document.querySelectorAll<HTMLInputElement>('[name="target"]')];

const engine = new Worker(new URL("./engine.ts", import.meta.url), { type: "module" });
const ask = (request: Request, transfer: Transferable[] = []): void => engine.postMessage(request, transfer);
const camera = new Camera(video);
const hint = selected.textContent!;
const timeline = new Timeline(element("#timeline"), span => {
  selected.textContent = span ? sentenceOf(span) : hint;
});
let ready: Ready | undefined;
let lastId = 0;
let paused = false;
let shown: Blob | undefined;

type State = "loading" | "idle" | "reading" | "done" | "failed";
function show(state: State, text: string): void {
  document.body.dataset.state = state;
  status.textContent = text;
  offer.hidden = true;
}

function sentenceOf({ kernel, nodes, network, startMs, timeMs, where }: Span): string {
  const place = where === "host" ? ", on the host" : "";
  return `${kernel.replaceAll("_", " + ")} of ${network}: ${milliseconds(timeMs)} from ${milliseconds(startMs)} on${place} (${nodes.join(", ")})`;
}

// ---- what is read
function read(source: Blob | ImageBitmap): void {
  result.hidden = false;
  progress.value = 0;
  const { state } = document.body.dataset;
  // between frames of the camera what was read last stays
  if (state !== "loading" && !(camera.isOn && state === "done")) show("reading", "Reading …");
  const request = { kind: "read", id: ++lastId, picture: source, longSide: Number(detail.value) } as const;
  ask(request, source instanceof ImageBitmap ? [source] : []);
}
function readPicture(file: Blob): void {
  stopCamera();
  shown = file;
  URL.revokeObjectURL(picture.src);
  picture.src = URL.createObjectURL(file);
  picture.hidden = false;
  overlay.replaceChildren();
  list.replaceChildren();
  read(file);
}
async function readFrame(): Promise<void> {
  if (!camera.isOn || paused) return;
  const frame = await camera.frame();
  if (camera.isOn && !paused) read(frame);
  else frame.close();
}
/** After a change of what computes, or how finely. */
function readAgain(): void {
  if (camera.isOn) void readFrame();
  else if (shown) read(shown);
}

// ---- the camera
async function toggleCamera(): Promise<void> {
  if (camera.isWanted) {
    stopCamera();
    show("idle", "The camera is off");
    return;
  }
  try {
    if (!(await camera.start())) return;
  } catch (error) {
    show("failed", (error as Error).message);
    return;
  }
  paused = false;
  shown = undefined;
  picture.hidden = true;
  video.hidden = false;
  cameraButton.textContent = "Stop the camera";
  cameraButton.ariaPressed = "true";
  await readFrame();
}
function stopCamera(): void {
  lastId++;
  ask({ kind: "stop" });
  camera.stop();
  video.hidden = true;
  cameraButton.textContent = "Use the camera";
  cameraButton.ariaPressed = "false";
}
function togglePause(): void {
  paused = !paused;
  if (paused) video.pause();
  else void video.play().then(readFrame);
  status.textContent = paused ? "Paused; the space bar goes on" : "Reading …";
}

// ---- what comes back
/** Chromium keeps boxes for characters that it drew before their part of the font came; so it comes first, if it comes at all. */
const fontsFor = (text: string): Promise<unknown> =>
  document.fonts.load('1rem "Noto Sans SC Variable"', text).catch(() => undefined);

async function showResult(found: Result): Promise<void> {
  await fontsFor(found.lines.map(({ text }) => text).join(""));
  if (found.id !== lastId) return;
  drawBoxes(overlay, found.width, found.height, found.lines);
  listLines(list, found.lines);
  nothing.hidden = found.lines.length > 0;
  kernels.hidden = false;
  showFacts(facts, factsOf(ready!, found));
  timeline.show(found.spans, found.readMs);
  showTable(tableBody, found.spans);
  const lines = `${found.lines.length} ${found.lines.length === 1 ? "line" : "lines"}`;
  show("done", `${lines} in ${milliseconds(found.readMs)}${camera.isOn && !paused ? ", live" : ""}`);
  void readFrame();
}
const handlers: {
  [K in EngineMessage["kind"]]: (message: Extract<EngineMessage, { kind: K }>) => void | Promise<void>;
} = {
  progress: ({ id, step, fraction }) => {
    if (id !== undefined && id !== lastId) return;
    progress.value = fraction;
    // the camera's picture is enough of a sign that something happens
    if (!camera.isOn || !ready) show(ready ? "reading" : "loading", `${step} …`);
  },
  ready: message => {
    ready = message;
    if (document.body.dataset.state === "loading" && !shown && !camera.isOn)
      show("idle", `Ready on ${message.where}, loaded in ${milliseconds(message.loadMs)}`);
  },
  result: showResult,
  failure: ({ id, message, offersWasm }) => {
    if (id !== undefined && id !== lastId) return;
    show("failed", message);
    offer.hidden = !offersWasm;
  },
};
engine.addEventListener("message", ({ data }: MessageEvent<EngineMessage>) => handlers[data.kind](data as never));
engine.addEventListener("error", ({ message }) => show("failed", message || "The engine could not be started."));

function start(target: Target): void {
  ready = undefined;
  for (const radio of targets) radio.checked = radio.value === target;
  show("loading", "Loading the models …");
  ask({ kind: "start", target });
  readAgain();
}

// ---- people
for (const radio of targets) radio.addEventListener("change", () => start(radio.value as Target));
offer.addEventListener("click", () => start("wasm"));
detail.addEventListener("change", readAgain);
cameraButton.addEventListener("click", toggleCamera);
chosen.addEventListener("change", () => {
  if (chosen.files?.[0]) readPicture(chosen.files[0]);
  chosen.value = "";
});
element("#sample").addEventListener("click", async () => readPicture(await (await fetch(samplePicture)).blob()));
// The whole page takes a drop: nobody has to aim.
for (const type of ["dragenter", "dragover"])
  addEventListener(type, event => {
    event.preventDefault();
    drop.classList.add("over");
  });
addEventListener("dragleave", event => {
  if (event.relatedTarget === null) drop.classList.remove("over");
});
addEventListener("drop", event => {
  event.preventDefault();
  drop.classList.remove("over");
  const file = event.dataTransfer?.files[0];
  if (file) readPicture(file);
});
addEventListener("paste", event => {
  const file = event.clipboardData?.files[0];
  if (file) readPicture(file);
});
addEventListener("keydown", event => {
  const inControl = (event.target as Element).closest("button, input, select, a, canvas") !== null;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "c") void toggleCamera();
  if (event.key !== " " || inControl || !camera.isOn) return;
  event.preventDefault();
  togglePause();
});

element("#legend").replaceChildren(
  ...Object.entries(kinds).map(([kind, { title }]) => {
    const entry = document.createElement("span");
    entry.className = kind;
    entry.textContent = title;
    return entry;
  }),
);
joinHighlights(overlay, list);
start("webgpu");
