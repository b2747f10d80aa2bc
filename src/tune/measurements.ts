// Every single measurement, as JSON lines beside the knowledge base: what was interrupted goes on where it stopped. Nothing else reads it.
import type { Place } from "../schedule/knowledge.js";
import type { ScheduleChoices } from "../schedule/choices.js";
import { appendLines, prepareLines } from "./append-lines.js";
import type { Entrant } from "./race.js";

/** What a measurement is of, apart from the schedule. */
export interface MeasuredKernel extends Place {
  readonly structure: string;
  readonly sizes: readonly number[];
  readonly features: string;
  readonly version: string;
}
interface Line extends MeasuredKernel, Entrant {
  /** in canonical names */
  readonly schedule: ScheduleChoices;
}

export class Measurements {
  readonly #path: string;
  readonly #known = new Map<string, Entrant>();

  private constructor(path: string) {
    this.#path = path;
  }
  static async open(knowledge: string): Promise<Measurements> {
    const made = new Measurements(`${knowledge.replace(/\.jsonl$/, "")}.measurements.jsonl`);
    for (const line of (await prepareLines(made.#path)).split("\n")) {
      const read = lineOf(line);
      if (read) made.#known.set(keyOf(read, read.schedule), read);
    }
    return made;
  }
  of(kernel: MeasuredKernel, schedule: ScheduleChoices): Entrant | undefined {
    return this.#known.get(keyOf(kernel, schedule));
  }
  async add(kernel: MeasuredKernel, list: readonly (readonly [ScheduleChoices, Entrant])[]): Promise<void> {
    const lines = list.map(([schedule, entrant]): Line => ({ ...kernel, schedule, ...entrant }));
    await appendLines(this.#path, lines);
  }
}

const keyOf = (k: MeasuredKernel, schedule: ScheduleChoices): string =>
  JSON.stringify([k.structure, k.sizes, k.target, k.processor, k.features, k.threads, k.version, schedule]);

/** Undefined: the line was cut off when the process ended. */
function lineOf(text: string): Line | undefined {
  try {
    const line = JSON.parse(text) as Partial<Line> | null;
    return line && typeof line.gain === "number" && line.schedule ? (line as Line) : undefined;
  } catch {
    return undefined;
  }
}
