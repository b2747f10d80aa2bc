// Fields of schedules as programs without types may pin them: names and kinds. Whether they fit a kernel is judged in verify.ts.
import type { Kernel } from "../ir/tile.js";
import { AzulejoError } from "../support/errors.js";
import type { Place, Schedule, StageSchedule } from "./schedule.js";

const isObject = (value: unknown): value is object => Object(value) === value && !Array.isArray(value);
const kinds = {
  "a number": (value: unknown) => typeof value === "number",
  "a name": (value: unknown) => typeof value === "string",
  "a list": (value: unknown) => Array.isArray(value),
  "a list of lists": (value: unknown) => Array.isArray(value) && value.every(Array.isArray),
  "an object": isObject,
  "an object of lists": (value: unknown) => isObject(value) && Object.values(value).every(Array.isArray),
  "true or false": (value: unknown) => typeof value === "boolean",
  '"mask" or "peel"': (value: unknown) => value === "mask" || value === "peel",
  '"root", "region", "row", "inline" or { axis }': (value: unknown) =>
    ["root", "region", "row", "inline"].includes(value as string) || (isObject(value) && "axis" in value),
};
/** What each field is; the keys are all that there are. */
type Fields<T> = Readonly<Record<keyof T, keyof typeof kinds>>;

const ofSchedule: Fields<Schedule> = {
  lanes: "a number",
  fuse: "a list of lists",
  block: "an object",
  order: "a list",
  layouts: "an object",
  pointers: "a list",
  split: "a list",
  parts: "an object",
  ahead: "an object",
  panelsAhead: "an object",
  stepsAhead: "an object",
  place: "an object",
  stage: "an object",
  unroll: "a number",
  partials: "a number",
  maxPointers: "a number",
  exact: "true or false",
};
const ofStage: Fields<StageSchedule> = {
  order: "a list",
  rows: "an object of lists",
  lane: "a name",
  vectors: "a number",
  tail: '"mask" or "peel"',
  panel: "an object",
};
const ofPlace: Fields<Place> = {
  at: '"root", "region", "row", "inline" or { axis }',
  block: "a list",
  layout: "an object",
};

/** @throws AzulejoError schedule: a field that schedules do not have, or one of another kind */
export function verifyFields(kernel: Pick<Kernel, "name">, pins: Partial<Schedule>): void {
  const wrong = (what: string): AzulejoError =>
    new AzulejoError("schedule", `schedule of kernel "${kernel.name}": ${what}`);
  const check = (given: unknown, fields: Fields<Record<string, unknown>>, where = ""): void => {
    if (!isObject(given)) throw wrong(`${where}${JSON.stringify(given)} stands where an object of fields is wanted`);
    for (const [name, value] of Object.entries(given)) {
      const kind = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (!kind) throw wrong(`${where}there is no field "${name}"; the fields are ${Object.keys(fields).join(", ")}`);
      if (!kinds[kind](value)) throw wrong(`${where}${name} is ${JSON.stringify(value)}; give ${kind} or leave it out`);
    }
  };
  check(pins, ofSchedule);
  for (const [id, stage] of Object.entries(pins.stage ?? {})) check(stage, ofStage, `stage "${id}": `);
  for (const [id, place] of Object.entries(pins.place ?? {})) check(place, ofPlace, `place of "${id}": `);
}
