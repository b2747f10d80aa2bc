// A progress bar on standard error while a model is loaded; nothing at all where nobody watches.
import { Presets, SingleBar } from "cli-progress";
import type { Progress } from "../runtime/target.js";
import type { Terminal } from "./library.js";

const words: Readonly<Record<Progress["phase"], string>> = {
  read: "reading",
  graph: "simplifying",
  compile: "compiling",
  weights: "packing weights",
  warmup: "warming up",
};

export interface ProgressLine {
  readonly onProgress: (progress: Progress) => void;
  update(text: string, fraction: number): void;
  stop(): void;
}

/** `stop` clears the line; it may be called twice. */
export function progressLine(terminal: Terminal): ProgressLine {
  if (!terminal.interactive) return { onProgress: () => {}, update: () => {}, stop: () => {} };
  const bar = new SingleBar(
    { format: "{bar} {text}", clearOnComplete: true, hideCursor: true, stream: process.stderr, barsize: 24 },
    Presets.shades_grey,
  );
  let started = false;
  const update = (text: string, fraction: number): void => {
    if (!started) bar.start(100, 0, { text });
    started = true;
    bar.update(Math.round(fraction * 100), { text });
  };
  return {
    onProgress: ({ phase, fraction }) => update(words[phase], fraction),
    update,
    stop: () => bar.stop(),
  };
}
