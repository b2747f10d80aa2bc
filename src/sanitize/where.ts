// Of which elements something holds.
import type { Value } from "../ir/evaluate/values.js";
import { zip } from "../ir/evaluate/values.js";

/** 1 where `holds` says so of the operands, which are broadcast, and 0 elsewhere; undefined: nowhere. */
export function where(holds: (...x: never[]) => boolean, ...operands: readonly Value[]): Value | undefined {
  let found = false;
  const value = zip(
    (...x: never[]) => {
      const here = holds(...x);
      found ||= here;
      return +here;
    },
    "f64",
    ...operands,
  );
  return found ? value : undefined;
}
