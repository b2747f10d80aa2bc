// What a tuner may decide of a schedule. All that hangs on it (layouts, pieces of what is left, copies) is derived again, so that choices
// made for one size are right for another. Plain data in the names of the kernel; knowledge.ts gives them names that all kernels of one structure share.
import type { AxisName } from "./schedule.js";

export interface StageChoice {
  readonly lane?: AxisName;
  /** the axis of the register tile */
  readonly row?: AxisName;
  /** steps of it that a full register tile takes */
  readonly rows?: number;
  readonly vectors?: number;
}
/** How workgroups of a GPU share a kernel. */
export interface GpuChoice {
  /** rows and columns of a contraction's tile */
  readonly tile?: 32 | 64;
  /** sums of a contraction's tile are kept in registers, though subgroups have matrices */
  readonly registers?: true;
  /** keys in the tile of a fold that contracts twice */
  readonly keys?: 32 | 96;
  /** invocations that reduce a row */
  readonly rowWorkgroup?: 64 | 256;
  /** a long fold, or a deep contraction, is not cut into parts */
  readonly whole?: true;
  /** invocations that parts of a long fold are to make; a user's, never a tuner's */
  readonly blocks?: number;
}
export interface ScheduleChoices {
  readonly stage?: Readonly<Record<string, StageChoice>>;
  /** indices per block; "whole": the axis is not blocked */
  readonly block?: Readonly<Record<AxisName, number | "whole">>;
  readonly order?: readonly AxisName[];
  readonly unroll?: number;
  readonly partials?: number;
  /** all there is to choose on "webgpu", and nothing elsewhere */
  readonly gpu?: GpuChoice;
}

/** copies of a body, or partial sums, beyond which code only grows */
export const MOST_COPIES = 64;
/** of a register tile along one axis */
const MOST_STEPS = 32;
const MOST_INDICES = 2 ** 31 - 1;

const isWhole = (value: unknown, most: number): boolean =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;
const isName = (value: unknown): boolean => typeof value === "string";
const isRecordOf = (value: unknown, isValue: (x: unknown) => boolean): boolean =>
  Object(value) === value && !Array.isArray(value) && Object.values(value as object).every(isValue);
/** What each field may be, where it is there. Fields that others than these know are left to them: a base may be of a later version. */
const hasFields = (value: unknown, fields: Readonly<Record<string, (x: unknown) => boolean>>): boolean =>
  isRecordOf(value, () => true) &&
  Object.entries(fields).every(([name, is]) => {
    const given = (value as Record<string, unknown>)[name];
    return given === undefined || is(given);
  });
const ofStage: Readonly<Record<keyof StageChoice, (x: unknown) => boolean>> = {
  lane: isName,
  row: isName,
  rows: n => isWhole(n, MOST_STEPS),
  vectors: n => isWhole(n, MOST_STEPS),
};
const ofGpu: Readonly<Record<keyof GpuChoice, (x: unknown) => boolean>> = {
  tile: n => n === 32 || n === 64,
  registers: x => x === true,
  keys: n => n === 32 || n === 96,
  rowWorkgroup: n => n === 64 || n === 256,
  whole: x => x === true,
  blocks: n => isWhole(n, MOST_INDICES),
};
const ofChoices: Readonly<Record<keyof ScheduleChoices, (x: unknown) => boolean>> = {
  stage: x => isRecordOf(x, stage => hasFields(stage, ofStage)),
  block: x => isRecordOf(x, n => n === "whole" || isWhole(n, MOST_INDICES)),
  order: x => Array.isArray(x) && x.every(isName),
  unroll: n => isWhole(n, MOST_COPIES),
  partials: n => isWhole(n, MOST_COPIES),
  gpu: x => hasFields(x, ofGpu),
};
/** Bases come from other machines and people: no line of theirs may make code without end. Whether choices fit a kernel is judged in verify.ts. */
export const isChoices = (value: unknown): value is ScheduleChoices => hasFields(value, ofChoices);

/** Later choices beside and instead of earlier ones. */
export const joinChoices = (a: ScheduleChoices, b: ScheduleChoices): ScheduleChoices => {
  const stage: Record<string, StageChoice> = { ...a.stage };
  for (const [id, choice] of Object.entries(b.stage ?? {})) stage[id] = { ...stage[id], ...choice };
  const block = { ...a.block, ...b.block };
  return {
    ...a,
    ...b,
    ...(Object.keys(stage).length ? { stage } : {}),
    ...(Object.keys(block).length ? { block } : {}),
  };
};
