// Why one schedule is faster than another, in sentences: what differs, and what the cost model says of it. Not here: how much faster it is.
import type { CompileOptions } from "../runtime/target.js";
import type { ScheduleChoices } from "../schedule/choices.js";
import { deriveSchedule } from "../schedule/derive.js";
import { genericProfile } from "../schedule/machine-profile.js";
import { type Prediction, Predictor } from "../schedule/predict.js";
import type { Schedule } from "../schedule/schedule.js";
import type { MachineModel } from "../targets/cpu/kernel-library.js";
import { sizesOf, type Subject } from "../load/measure/contest.js";

/** changes of a number that are worth a word */
const NOTABLE = 1.1;

export function reasonsOf(
  subject: Subject,
  choices: ScheduleChoices,
  machine: MachineModel,
  threads: CompileOptions["threads"],
): string[] {
  const { kernel } = subject.step;
  const dimHints = sizesOf(subject);
  const { profile = genericProfile, features } = machine;
  const predictor = new Predictor(kernel, { profile, features, threads, sizeOf: dimHints });
  const [before, after] = [{}, choices].map(c => deriveSchedule(kernel, { ...machine, dimHints, choices: c })) as [
    Schedule,
    Schedule,
  ];
  return differences(before, after, predictor.predict(before), predictor.predict(after));
}

export function differences(before: Schedule, after: Schedule, old: Prediction, now: Prediction): string[] {
  const said: string[] = [];
  const say = (what: string, was: string, is: string, why = ""): void => {
    if (was !== is) said.push(`${what}: ${is} instead of ${was}${why && `; ${why}`}`);
  };
  for (const [id, stage] of Object.entries(after.stage)) {
    const [was, is] = [before.stage[id], stage].map(
      s => `${Object.values(s?.rows ?? {})[0]?.[0] ?? 1} × ${s?.vectors ?? 2}`,
    );
    const [a, b] = [old, now].map(p => p.stages.find(s => s.id === id));
    const registers =
      a && b && a.registers !== b.registers ? `${b.registers} vector registers instead of ${a.registers}` : "";
    const filling =
      a && b && Math.abs(b.filling - a.filling) > 0.01
        ? `${percent(b.filling)} of its lanes are used instead of ${percent(a.filling)}`
        : "";
    say(`register tile of ${id}`, was!, is!, [registers, filling].filter(Boolean).join(", "));
  }
  const sizes = (s: Schedule): string =>
    Object.entries(s.block)
      .map(([axis, n]) => `${axis} by ${n}`)
      .join(", ") || "none";
  say("blocks", sizes(before), sizes(after), ratio("blocks", old.blocks, now.blocks, String));
  say(
    "order of blocks",
    (before.order ?? []).join(", ") || "the grid's",
    (after.order ?? []).join(", ") || "the grid's",
  );
  say("turns unrolled", String(before.unroll), String(after.unroll));
  const levels = (["registers", "l2", "memory"] as const).map(level =>
    ratio(LEVELS[level], old.bytes[level], now.bytes[level], megabytes),
  );
  if (said.length) said.push(...levels.filter(Boolean));
  return said;
}
const LEVELS = {
  registers: "loaded into registers",
  l2: "read from the second-level cache",
  memory: "read from beyond",
};
const percent = (x: number): string => `${Math.round(100 * x)} %`;
const megabytes = (n: number): string => `${(n / 1e6).toFixed(n < 1e7 ? 2 : 0)} MB`;
function ratio(what: string, was: number, is: number, print: (n: number) => string): string {
  const changed = Math.max(was, is) > NOTABLE * Math.min(was, is);
  return changed ? `${print(is)} ${what} instead of ${print(was)}` : "";
}
