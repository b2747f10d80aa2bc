// Which schedules of a space are worth a measurement: those that the cost model likes best, and diverse ones, because it may be wrong; then what lies
// around the best that was measured.
import type { ScheduleChoices } from "../schedule/choices.js";
import type { Candidate } from "../schedule/space.js";

export interface Ranked extends Candidate {
  /** position in the space; the derived schedule has 0 */
  readonly index: number;
  readonly predictedMs: number;
}

/** What a tuner can turn, one by one. */
const tileOf = ({ stage }: ScheduleChoices): string => JSON.stringify(stage ?? {});
function coordinates(c: ScheduleChoices): readonly string[] {
  const blocks = Object.entries(c.block ?? {}).map(([axis, size]) => `${axis} ${size}`);
  return [tileOf(c), ...blocks, `order ${c.order}`, `unroll ${c.unroll}`];
}
const walkOf = ({ block, order }: ScheduleChoices): string => JSON.stringify([block, order]);

/** The best of each register tile, then the best of each way to walk the blocks, `count` of them and the derived one. */
export function firstChoice(space: readonly Ranked[], count: number): Ranked[] {
  const ranked = [...space].sort((a, b) => a.predictedMs - b.predictedMs);
  const chosen = new Map<number, Ranked>([[0, space[0]!]]);
  const takeDiverse = (key: (c: ScheduleChoices) => string, most: number): void => {
    const seen = new Set<string>();
    for (const c of ranked) {
      if (seen.size >= most) return;
      const k = key(c.choices);
      if (seen.has(k)) continue;
      seen.add(k);
      chosen.set(c.index, c);
    }
  };
  takeDiverse(tileOf, Math.ceil(count / 2));
  takeDiverse(walkOf, Math.ceil(count / 3));
  for (const c of ranked) {
    if (chosen.size > count) break;
    chosen.set(c.index, c);
  }
  return [...chosen.values()];
}

/** Those that differ from it in one thing, the most promising first. */
export function neighbours(space: readonly Ranked[], around: Ranked, count: number): Ranked[] {
  const own = coordinates(around.choices);
  return space
    .filter(c => {
      const other = coordinates(c.choices);
      return other.length === own.length && other.filter((x, i) => x !== own[i]).length === 1;
    })
    .sort((a, b) => a.predictedMs - b.predictedMs)
    .slice(0, count);
}
