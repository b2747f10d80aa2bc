// What tuning found, as JSON lines: one for each kernel's structure, sizes and machine. Files merge by putting one behind the other. A kernel that was never
// tuned on this machine is served by the nearest record: the same structure and target, sizes and processor alike.
import { type Canonical, structureOf } from "../ir/canonical.js";
import type { Kernel } from "../ir/tile.js";
import { AzulejoError } from "../support/errors.js";
import { isChoices, type ScheduleChoices } from "./choices.js";
import { genericProfile, type MachineProfile, type ScheduleFeatures } from "./machine-profile.js";
import { fromPortable } from "./portable.js";

export interface KnowledgeRecord {
  /** what the kernel computes: a hash of its canonical form, names and sizes apart */
  readonly structure: string;
  /** for people */
  readonly kernel: string;
  /** sizes of the canonical form's symbols, in their order */
  readonly sizes: readonly number[];
  readonly target: string;
  readonly processor: string;
  /** of code: vectors, fused multiply-add, the engine's registers */
  readonly features: string;
  readonly threads: number;
  /** in canonical names; empty: what the compiler derives by itself was best */
  readonly schedule: ScheduleChoices;
  /** milliseconds, and those of the derived schedule in the same minutes */
  readonly ms: number;
  readonly derivedMs: number;
  readonly rooflineMs: number;
  /** schedules that were timed, of so many that there are */
  readonly tried: number;
  readonly space: number;
  /** of the day, ISO */
  readonly date: string;
  readonly version: string;
}

/** Who asks. */
export interface Place {
  readonly target: string;
  readonly processor: string;
  readonly threads: number;
}

export const featuresText = (
  { relaxedSimd, tileProfile }: ScheduleFeatures,
  profile: MachineProfile = genericProfile,
) => `${profile.lanes} lanes, ${relaxedSimd ? "fma" : "no fma"}, ${tileProfile}`;

/** Farther than this, a record says nothing: sizes by a factor of two in all, or another processor and half of that. */
const FARTHEST = 1;
const OTHER_PROCESSOR = 0.5;
const OTHER_THREADS = 0.1;
/** gain below which a record of other sizes or another processor is no reason to leave what is derived */
const WORTH_CARRYING = 1.05;

export class Knowledge {
  readonly #byStructure = new Map<string, KnowledgeRecord[]>();

  constructor(records: Iterable<KnowledgeRecord>) {
    for (const r of records) {
      const list = this.#byStructure.get(r.structure) ?? [];
      this.#byStructure.set(r.structure, list);
      list.push(r);
    }
  }
  /** The nearest record and how far it is; the later of two that are as near. */
  nearest(
    structure: string,
    sizes: readonly number[],
    features: string,
    place: Place,
  ): { readonly record: KnowledgeRecord; readonly distance: number } | undefined {
    let best: { record: KnowledgeRecord; distance: number } | undefined;
    for (const record of this.#byStructure.get(structure) ?? []) {
      if (record.target !== place.target || record.features !== features) continue;
      const distance =
        distanceOf(record.sizes, sizes) +
        (record.processor === place.processor ? 0 : OTHER_PROCESSOR) +
        (record.threads === place.threads ? 0 : OTHER_THREADS);
      const isGood = distance === 0 || record.derivedMs / record.ms >= WORTH_CARRYING;
      if (distance > FARTHEST || !isGood) continue;
      if (!best || distance <= best.distance) best = { record, distance };
    }
    return best;
  }
}

function distanceOf(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return a.reduce((sum, n, i) => sum + Math.abs(Math.log2(Math.max(1, n) / Math.max(1, b[i]!))), 0);
}

/** Knowledge for the kernels of one compilation. */
export class Tuning {
  readonly #knowledge: Knowledge;
  readonly #place: Place;

  constructor(knowledge: Knowledge, place: Place) {
    this.#knowledge = knowledge;
    this.#place = place;
  }
  /** The same knowledge where another processor asks. */
  on(processor: string): Tuning {
    return new Tuning(this.#knowledge, { ...this.#place, processor });
  }
  /** In the kernel's own names; undefined: nothing is known. `sizes` are those of the canonical form's symbols. */
  choices(
    kernel: Kernel,
    own: Canonical,
    sizes: readonly (number | undefined)[],
    features: string,
  ): ScheduleChoices | undefined {
    if (sizes.some(n => n === undefined)) return undefined;
    const found = this.#knowledge.nearest(structureOf(own), sizes as readonly number[], features, this.#place);
    return found && fromPortable(found.record.schedule, kernel, own);
  }
}

/** @throws AzulejoError option: which line is no record */
export function parseKnowledge(text: string, name: string): KnowledgeRecord[] {
  return text.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    const record = parsed(line);
    if (!isRecord(record))
      throw new AzulejoError(
        "option",
        `line ${i + 1} of "${name}" is no record of the tuner; remove it, or tune again into another file`,
      );
    return [record];
  });
}
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
export function isRecord(value: unknown): value is KnowledgeRecord {
  const r = Object(value) as Record<keyof KnowledgeRecord, unknown>;
  const texts = [r.structure, r.target, r.processor, r.features];
  const numbers = [r.threads, r.ms, r.derivedMs];
  return (
    texts.every(x => typeof x === "string") &&
    numbers.every(x => typeof x === "number") &&
    Array.isArray(r.sizes) &&
    r.sizes.every(x => typeof x === "number") &&
    isChoices(r.schedule)
  );
}
