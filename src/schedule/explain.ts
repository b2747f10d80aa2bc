// A schedule in words, one decision a line: what `azulejo explain` and reports print.
import type { Layout } from "../ir/tile.js";
import type { Prediction } from "./predict.js";
import type { Place, Schedule, StageSchedule } from "./schedule.js";

export function explainSchedule(s: Schedule): string {
  const lines: string[] = [];
  const say = (what: string, items: readonly string[]): void => {
    if (items.length) lines.push(`${what}: ${items.join("; ")}`);
  };
  say(
    "walked as one",
    s.fuse.map(([outer, inner, as]) => `${outer}, ${inner} → ${as}`),
  );
  say(
    "blocks",
    Object.entries(s.block).map(([axis, size]) => `${axis} by ${size}`),
  );
  say("blocks in turn", s.order?.length ? [s.order.join(", ")] : []);
  say(
    "packed at load",
    Object.entries(s.layouts).map(([name, l]) => `${name} ${layout(l)}`),
  );
  say("tables of row pointers", s.pointers);
  say("borders apart", s.split.length ? [s.split.join(", ")] : []);
  say(
    "folds in parts",
    Object.entries(s.parts ?? {}).map(([axis, blocks]) => `${axis}, for ${blocks} blocks`),
  );
  say("asked for ahead", [
    ...Object.entries(s.ahead ?? {}).map(([value, row]) => `the next ${row} while ${value} is computed`),
    ...Object.entries(s.panelsAhead ?? {}).map(
      ([value, bytes]) => `the next panel of ${value}, by each row ${bytes} B for each step of the depth`,
    ),
    ...Object.entries(s.stepsAhead ?? {}).map(([tensor, axis]) => `the next ${axis} of ${tensor}`),
  ]);
  say(
    "kept",
    Object.entries(s.place)
      .filter(([, p]) => p.at !== "inline")
      .map(([name, p]) => `${name} ${place(p)}`),
  );
  for (const [id, stage] of Object.entries(s.stage)) lines.push(`stage ${id}: ${describe(stage)}`);
  lines.push(`unroll ${s.unroll}, partial sums ${s.partials}, pointers ${s.maxPointers}${s.exact ? ", exact" : ""}`);
  return `${lines.join("\n")}\n`;
}

/** A prediction in words, one fact a line. */
export function explainPrediction({ timeMs, blocks, stages, bytes }: Prediction): string[] {
  const megabytes = (n: number): string => `${(n / 1e6).toPrecision(3)} MB`;
  return [
    ...stages.map(
      ({ id, rows, vectors, registers, filling }) =>
        `registers of ${id}: ${registers} vectors for a tile of ${rows} × ${vectors}, ${(100 * filling).toFixed(0)} % of the lanes in use`,
    ),
    `traffic: ${megabytes(bytes.registers)} into registers, ${megabytes(bytes.l2)} from the second-level cache, ${megabytes(bytes.memory)} from beyond`,
    `predicted: ${timeMs.toPrecision(3)} ms in ${blocks} block${blocks === 1 ? "" : "s"}`,
  ];
}

function layout(l: Layout): string {
  const order = l.order.map(d => (l.block?.dim === d ? `d${d}/${l.block.size}` : `d${d}`));
  return `[${order.join("][")}]${l.block ? `[${l.block.size}]` : ""}`;
}
function place(p: Place): string {
  const panels = p.block ? ` in panels of ${p.block[1]} along ${p.block[0]}` : "";
  const at =
    typeof p.at === "string"
      ? { root: "for the call", region: "for the block", row: "for the row", inline: "nowhere" }[p.at]
      : `at ${p.at.axis}`;
  return `${at}${panels}${p.layout ? ` as ${layout(p.layout)}` : ""}`;
}
function describe(s: StageSchedule): string {
  const rows = Object.entries(s.rows ?? {}).map(([axis, pieces]) => `${axis} by ${pieces.join("/")}`);
  const parts = [
    s.lane === undefined ? "" : `lane ${s.lane} × ${s.vectors ?? 2}`,
    rows.length ? `rows ${rows.join(", ")}` : "",
    s.order?.length ? `order ${s.order.join(", ")}` : "",
    s.tail ? `tail ${s.tail}` : "",
  ];
  return parts.filter(Boolean).join("; ");
}
