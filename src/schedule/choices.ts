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
