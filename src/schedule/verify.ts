// Refuses schedules that do not fit their kernel, before any code is made. What it lets through is right for all sizes.
import type { Axis, Kernel } from "../ir/tile.js";
import { isTensor } from "../ir/tile.js";
import { storesOf } from "../ir/walk.js";
import { AzulejoError } from "../support/errors.js";
import { MOST_COPIES } from "./choices.js";
import { isContraction } from "./contraction.js";
import type { Names } from "./names.js";
import { namesOf } from "./names.js";
import { whyWhole } from "./parts.js";
import { type AxisName, lanesOf, type Schedule } from "./schedule.js";

/** accumulators beyond which no engine keeps a tile in registers */
const MOST_ACCUMULATORS = 32;

const refusalOf =
  (kernel: Kernel) =>
  (what: string): never => {
    throw new AzulejoError("schedule", `schedule of kernel "${kernel.name}": ${what}`);
  };

/** What every target reads of a schedule. */
export function verifyParts(
  kernel: Kernel,
  parts: Readonly<Record<AxisName, number>>,
  names: Names = namesOf(kernel),
): void {
  const refuse = refusalOf(kernel);
  for (const [name, blocks] of Object.entries(parts)) {
    const fold = names.folds.find(f => names.axis(f.axis) === name);
    if (!fold) refuse(`there is no fold over "${name}" to cut into parts; use the names that explain prints`);
    const reason = whyWhole(kernel, fold!);
    if (reason !== undefined) refuse(`the fold over "${name}" ${reason} and can't be cut into parts; leave it whole`);
    if (!Number.isInteger(blocks) || blocks < 1)
      refuse(`the fold over "${name}" is cut for ${blocks} blocks; use a whole number from 1 on`);
  }
}

export function verifySchedule(kernel: Kernel, schedule: Schedule, names: Names = namesOf(kernel)): void {
  const refuse = refusalOf(kernel);
  if (![4, 8, 16].includes(lanesOf(schedule)))
    refuse(`a vector of ${schedule.lanes} lanes does not exist; use 4, 8 or 16`);
  const fused = new Set(schedule.fuse.map(f => f[2]));
  const known = (name: string): boolean => names.axisNamed(name) !== undefined || fused.has(name);
  for (const f of schedule.fuse)
    for (const name of f.slice(0, 2))
      if (!known(name)) refuse(`there is no axis "${name}" to fuse; use the names that explain prints`);
  const joining = storesOf(kernel).find(s => s.combine);
  if (joining && schedule.fuse.length > 0)
    refuse(
      `axes are fused, and writes to "${joining.tensor.name}" follow each other in the order of their axes; leave them apart`,
    );
  const segmented = kernel.segments && names.axis(kernel.segments.axis);
  if (segmented !== undefined) {
    if (schedule.fuse.some(f => f.includes(segmented)))
      refuse(`axis "${segmented}" is walked in segments and fused with another; leave it apart`);
    if (Object.values(schedule.stage).some(s => s.lane === segmented))
      refuse(`axis "${segmented}" is walked in segments, which start anywhere in a vector; put another axis in lanes`);
  }
  verifyNames(kernel, schedule, names, known);
  verifyParts(kernel, schedule.parts ?? {}, names);
  const crossed = crossedAxes(names);
  const partsOf = (name: string): Axis[] => {
    const f = schedule.fuse.find(x => x[2] === name);
    const axis = names.axisNamed(name);
    return f ? [...partsOf(f[0]), ...partsOf(f[1])] : axis ? [axis] : [];
  };
  for (const [name, size] of Object.entries(schedule.block)) {
    if (!Number.isInteger(size) || size < 1)
      refuse(`the block of axis "${name}" is ${size}; use a whole number from 1 on`);
    const axis = names.axisNamed(name);
    const isFold = names.folds.some(f => f.axis === axis);
    if (!isFold && partsOf(name).some(a => crossed.has(a)))
      refuse(`axis "${name}" is reduced or read across its blocks; leave it whole`);
    if (!known(name)) refuse(`there is no axis "${name}" to block; use the names that explain prints`);
  }
  for (const [id, stage] of Object.entries(schedule.stage)) {
    const vectors = stage.vectors ?? 1;
    if (!Number.isInteger(vectors) || vectors < 1)
      refuse(`stage "${id}" has ${vectors} vectors; use a whole number from 1 on`);
    let accumulators = vectors;
    for (const [name, rows] of Object.entries(stage.rows ?? {})) {
      if (rows.some(r => !Number.isInteger(r) || r < 1))
        refuse(`stage "${id}" has rows ${rows.join(", ")} along "${name}"; use whole numbers from 1 on`);
      accumulators *= Math.max(1, ...rows);
    }
    if (accumulators > MOST_ACCUMULATORS)
      refuse(`stage "${id}" needs ${accumulators} accumulators; use at most ${MOST_ACCUMULATORS}`);
  }
  for (const [value, row] of Object.entries(schedule.ahead ?? {})) {
    if (!names.values.some(n => n.kind === "reduce" && names.value(n) === value))
      refuse(`there is no reduction "${value}" to ask for memory ahead; use the names that explain prints`);
    if (!known(row)) refuse(`there is no axis "${row}" of rows to ask for; use the names that explain prints`);
  }
  for (const [value, bytes] of Object.entries(schedule.panelsAhead ?? {})) {
    if (!names.values.some(n => isContraction(n) && names.value(n) === value))
      refuse(`there is no contraction "${value}" to ask for weights ahead; use the names that explain prints`);
    if (!Number.isInteger(bytes) || bytes < 1)
      refuse(`"${value}" asks for ${bytes} bytes of weights ahead a row; use a whole number from 1 on`);
  }
  for (const [name, step] of Object.entries(schedule.stepsAhead ?? {})) {
    if (!kernel.tensors.some(t => t.name === name))
      refuse(`there is no tensor "${name}" to ask for ahead; use the names that explain prints`);
    if (!names.folds.some(f => names.axis(f.axis) === step))
      refuse(`no fold walks an axis "${step}" whose next step could be asked for; use the names that explain prints`);
  }
  for (const [name, layout] of Object.entries(schedule.layouts)) {
    const t = kernel.tensors.find(x => x.name === name);
    if (!t)
      throw new AzulejoError(
        "schedule",
        `schedule of kernel "${kernel.name}": there is no tensor "${name}" to lay out`,
      );
    if (!t.constant) refuse(`tensor "${name}" is no constant; only constants are packed at load`);
    if ([...layout.order].sort((a, b) => a - b).join() !== t.dims.map((_, d) => d).join())
      refuse(
        `the layout of "${name}" orders dims ${layout.order.join(", ")}; name each of its ${t.dims.length} dims once`,
      );
  }
  for (const n of [schedule.unroll, schedule.partials])
    if (!Number.isInteger(n) || n < 1)
      refuse(`unroll and partials are ${schedule.unroll} and ${schedule.partials}; use whole numbers from 1 on`);
  if (Math.max(schedule.unroll, schedule.partials) > MOST_COPIES)
    refuse(`unroll and partials are ${schedule.unroll} and ${schedule.partials}; use at most ${MOST_COPIES}`);
}

/** What a schedule speaks of is there: else its author would think that it does something. */
function verifyNames(kernel: Kernel, schedule: Schedule, names: Names, known: (axis: string) => boolean): void {
  const refuse = refusalOf(kernel);
  const remedy = "use the names that explain prints";
  const checkAxes = (where: string, axes: readonly AxisName[]): void => {
    const wrong = axes.find(name => !known(name));
    if (wrong !== undefined) refuse(`${where} names "${wrong}", which is no axis; ${remedy}`);
  };
  const isTensorName = (name: string): boolean => kernel.tensors.some(t => t.name === name);
  const isValue = (name: string): boolean => names.valueNamed(name) !== undefined;
  checkAxes("order", schedule.order ?? []);
  checkAxes("split", schedule.split);
  const pointed = schedule.pointers.find(name => !isTensorName(name));
  if (pointed !== undefined) refuse(`pointers names "${pointed}", which is no tensor; ${remedy}`);
  for (const id of Object.keys(schedule.place))
    if (!isValue(id) && !isTensorName(id)) refuse(`there is no value "${id}" to place; ${remedy}`);
  for (const [id, { lane, order = [], rows = {}, panel = {} }] of Object.entries(schedule.stage)) {
    if (!isValue(id) && !isTensorName(id)) refuse(`there is no stage "${id}"; ${remedy}`);
    checkAxes(`stage "${id}"`, [
      ...(lane === undefined || lane === "none" ? [] : [lane]),
      ...order,
      ...Object.keys(rows),
      ...Object.keys(panel),
    ]);
  }
}

/** Axes that a block must hold whole: reduced over, or read under other indices from scratch. */
export function crossedAxes(names: Names): Set<Axis> {
  const out = new Set<Axis>();
  for (const n of names.values) {
    if (n.kind === "reduce") for (const a of n.over) out.add(a);
    if (n.kind !== "load" || isTensor(n.tensor)) continue;
    n.tensor.axes.forEach((a, d) => {
      const [term, ...others] = n.index[d]!.terms;
      const isBare = others.length === 0 && term?.c === 1 && term.s.length === 1 && term.s[0] === a.sym;
      if (!isBare) out.add(a);
    });
  }
  return out;
}
