// A check of a model's values as people read it: the first node that departs, by how much and where, then the others.
import type { Departure, ModelCheck } from "../testing/index.js";
import { count, digits } from "./numbers.js";
import { table } from "./table.js";

/** Departures that are listed; those behind the first mostly follow from it. */
const LISTED = 10;

export function checkText({ judge, target, compared, skipped, largest, departures }: ModelCheck): string {
  const left = skipped.map(({ value, reason }) => `"${value}" is not compared: ${reason}`);
  const lines = [
    `${count(compared, "value")} on ${target} compared with ${judge}`,
    ...left.slice(0, LISTED),
    ...(left.length > LISTED ? [`… and ${left.length - LISTED} more are not compared; --json lists them`] : []),
  ];
  if (compared === 0) return `${[...lines, "nothing could be compared"].join("\n")}\n`;
  const most = largest
    ? `the largest difference is ${share(largest.share)} of what is allowed: "${largest.value}" of node "${largest.node}"`
    : "all are equal";
  if (departures.length === 0) return `${[...lines, most, "no value departs"].join("\n")}\n`;
  const rows = departures.slice(0, LISTED).map(rowOf);
  const rest = departures.length > LISTED ? `… and ${departures.length - LISTED} more; --json lists them\n` : "";
  const columns = ["node", "operator", "value", "departs", "index", "got", "want", "difference", "allowed"].map(
    head => ({
      head,
    }),
  );
  return `${lines.join("\n")}\n\n${firstText(departures[0]!)}\n\n${table(columns, rows)}${rest}`;
}

function firstText({ operator, node, value, problem, worst, elements, size, onlyFused }: Departure): string {
  const how = onlyFused
    ? ", in the model as it is and not where values between are stored: look at what it is fused with"
    : "";
  const what =
    problem ??
    `${elements} of ${size} elements, most at [${worst!.index.join(", ")}]: ${worst!.got}, not ${worst!.want} ± ${digits(worst!.allowed, 2)}`;
  return `the first node that departs is ${operator} "${node}"${how}\n  "${value}": ${what}`;
}

function rowOf({ node, operator, value, problem, worst, elements, size }: Departure): string[] {
  const [where, got, want, difference, allowed] = worst
    ? [
        `[${worst.index.join(", ")}]`,
        shown(worst.got),
        shown(worst.want),
        digits(worst.difference, 3),
        digits(worst.allowed, 2),
      ]
    : [problem!, "", "", "", ""];
  return [node, operator, value, `${elements} of ${size}`, where, got, want, difference, allowed];
}

const shown = (x: number | bigint): string => (typeof x === "bigint" ? String(x) : digits(x, 6));
const share = (x: number): string => `${digits(x * 100, 2)} %`;
