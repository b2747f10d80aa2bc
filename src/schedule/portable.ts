// Choices in names that all kernels of one structure share: tensors, axes and values by their number in the canonical form, so that what was tuned for
// one kernel serves another whose author, or whose model, names things otherwise.
import type { Canonical } from "../ir/canonical.js";
import type { Kernel } from "../ir/tile.js";
import type { ScheduleChoices } from "./choices.js";
import { namesOf } from "./names.js";

interface Renaming {
  axis(name: string): string | undefined;
  stage(id: string): string | undefined;
}

/** Undefined: a name is not the kernel's. */
export const toPortable = (choices: ScheduleChoices, kernel: Kernel, own: Canonical): ScheduleChoices | undefined =>
  renamed(choices, renaming(pairs(kernel, own)));
export const fromPortable = (choices: ScheduleChoices, kernel: Kernel, own: Canonical): ScheduleChoices | undefined => {
  const { axes, stages } = pairs(kernel, own);
  const swap = (list: readonly Pair[]): Pair[] => list.map(([a, b]) => [b, a] as const);
  return renamed(choices, renaming({ axes: swap(axes), stages: swap(stages) }));
};

type Pair = readonly [from: string, to: string];
function pairs(kernel: Kernel, own: Canonical): { readonly axes: Pair[]; readonly stages: Pair[] } {
  const names = namesOf(kernel);
  const axes = own.axes.map((a, i) => [names.axis(a), `a${i}`] as const);
  const tensors = own.tensors.map((t, i) => [t.name, `T${i}`] as const);
  // equal values have one number: the first of them stands for all
  const seen = new Set<string>();
  const values = [...own.values].flatMap(([n, id]): Pair[] => {
    if (seen.has(id)) return [];
    seen.add(id);
    return [[names.value(n), id]];
  });
  return { axes, stages: [...values, ...tensors] };
}

function renaming({ axes, stages }: { readonly axes: readonly Pair[]; readonly stages: readonly Pair[] }): Renaming {
  const axisNames = new Map(axes);
  const stageNames = new Map(stages);
  /** fused axes are named by their parts, with a dot between them */
  const axis = (name: string): string | undefined => {
    const known = axisNames.get(name);
    if (known !== undefined) return known;
    for (let at = name.indexOf("."); at >= 0; at = name.indexOf(".", at + 1)) {
      const [left, right] = [axis(name.slice(0, at)), axis(name.slice(at + 1))];
      if (left !== undefined && right !== undefined) return `${left}.${right}`;
    }
    return undefined;
  };
  return { axis, stage: id => stageNames.get(id) };
}

function renamed(choices: ScheduleChoices, names: Renaming): ScheduleChoices | undefined {
  let complete = true;
  const sure = (name: string | undefined): string => {
    complete &&= name !== undefined;
    return name ?? "";
  };
  const { stage, block, order, ...others } = choices;
  const made = {
    ...others,
    ...(stage && {
      stage: Object.fromEntries(
        Object.entries(stage).map(([id, { lane, row, ...tile }]) => [
          sure(names.stage(id)),
          {
            ...tile,
            ...(lane === undefined ? {} : { lane: sure(names.axis(lane)) }),
            ...(row === undefined ? {} : { row: sure(names.axis(row)) }),
          },
        ]),
      ),
    }),
    ...(block && {
      block: Object.fromEntries(Object.entries(block).map(([axis, size]) => [sure(names.axis(axis)), size])),
    }),
    ...(order && { order: order.map(axis => sure(names.axis(axis))) }),
  };
  return complete ? made : undefined;
}
