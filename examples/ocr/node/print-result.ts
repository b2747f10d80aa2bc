// What was read, and where the time went: for people as tables, for programs as JSON.
import Table from "cli-table3";
import type { Quad } from "../pipeline/geometry.js";
import { direction, sizeOf } from "../pipeline/geometry.js";
import type { TextLine } from "../pipeline/read-text.js";
import type { NetworkName } from "./models.js";

export interface Outcome {
  readonly picture: string;
  readonly width: number;
  readonly height: number;
  readonly lines: readonly TextLine[];
  readonly threads: number;
  /** milliseconds to load and compile each network */
  readonly loadMs: Readonly<Record<NetworkName, number>>;
  /** for each network, what its report says of the time to load and compile it */
  readonly phasesMs: Readonly<Record<NetworkName, Readonly<Record<string, number>>>>;
  /** milliseconds of each step on the picture, in order */
  readonly stepsMs: Readonly<Record<string, number>>;
  /** the drawing */
  readonly output: string | undefined;
}

export function linesTable(lines: readonly TextLine[]): string {
  const table = new Table({
    head: ["#", "text", "confidence", "position"],
    colAligns: ["right", "left", "right", "left"],
    style: { head: [], border: [], compact: true },
  });
  for (const [i, { text, confidence, quad }] of lines.entries()) {
    table.push([i + 1, text, `${(confidence * 100).toFixed(1)} %`, position(quad)]);
  }
  return table.toString();
}

/** Where reading begins, how long and high the line is, and its angle if it is not level: "(34, 120) 310 × 28, 12°". */
export function position(quad: Quad): string {
  const { width, height } = sizeOf(quad);
  const along = direction(quad[0], quad[1]);
  const degrees = Math.round((Math.atan2(along.y, along.x) * 180) / Math.PI);
  const place = `(${Math.round(quad[0].x)}, ${Math.round(quad[0].y)}) ${Math.round(width)} × ${Math.round(height)}`;
  return degrees === 0 ? place : `${place}, ${degrees}°`;
}

export function timesTable({ loadMs, phasesMs, stepsMs }: Outcome): string {
  const table = new Table({
    head: ["time", "ms", ""],
    colAligns: ["left", "right", "left"],
    style: { head: [], border: [], compact: true },
  });
  for (const name of Object.keys(loadMs) as NetworkName[]) {
    const phases = Object.entries(phasesMs[name]).map(([phase, ms]) => `${phase} ${ms.toFixed(0)}`);
    table.push([`load ${name}`, loadMs[name].toFixed(0), phases.join(", ")]);
  }
  for (const [step, ms] of Object.entries(stepsMs)) table.push([step, ms.toFixed(0), explanations[step] ?? ""]);
  const all = [...Object.values(loadMs), ...Object.values(stepsMs)];
  table.push(["total", all.reduce((sum, ms) => sum + ms, 0).toFixed(0), ""]);
  return table.toString();
}

const explanations: Readonly<Record<string, string>> = {
  picture: "decode the file",
  resize: "to the input size of detection and direction",
  detection: "network: where is text?",
  boxes: "score map to boxes",
  crops: "cut lines out, straight and 48 pixels high",
  direction: "network: upside down?",
  recognition: "network: what does it say?",
  decoding: "probabilities to text",
  drawing: "draw and save the result",
};

export function json({ lines, ...rest }: Outcome): string {
  const plain = lines.map(({ text, confidence, quad }) => ({ text, confidence, corners: quad.map(p => [p.x, p.y]) }));
  return JSON.stringify({ ...rest, lines: plain }, undefined, 2);
}
