// The register tile of windows that overlap: depthwise convolutions.
import type { Axis, NodeOf } from "../ir/tile.js";
import type { StageSchedule } from "./schedule.js";
import type { KernelView, SinkView } from "./view.js";

interface Tall {
  readonly vectors: number;
  /** pixels of a row, and rows above each other */
  readonly row: readonly number[];
  readonly above: readonly number[];
}
/**
 * Pixels of a tile over windows that overlap in both directions: each row of the image is read once for up to three rows of results. In vectors of 16,
 * 3 × 3 over 56 × 56 × 144 takes 65 µs, by four pixels of two vectors 123. Narrower vectors come with half as many
 * registers, and a tile of few results is over soon enough for the processor to wait for the memory of several at once: in vectors of 8, 2 × 3 instead of 4 × 3 results take
 * 0.93 of the time there, 0.73 over 112 × 112 × 96 and 0.65 over 512 × 512 × 64 (Zen 3; of 2 × 2 to 6 × 2, 1 × 4, 2 × 4 and those of two vectors none is as good over all). In vectors of 4
 * an engine keeps the addresses of two rows, and two vectors share each.
 *
 * How many pixels of a row pay hangs on how many columns neighbours share. With one (3 × 3 by steps of 2) a row of one takes 0.65 to 1.05 of the time in vectors of 8, in
 * vectors of 4 0.5 to 0.86 of that of four pixels; with two or three, two pixels take 0.73 to 0.95 of that; with four (5 × 5) those remain best.
 */
function tallTile(lanes: number, shared: number): Tall | undefined {
  if (lanes > 8) return { vectors: 1, row: [4, 1], above: [3, 1] };
  const row = shared > 1 ? [2, 1] : [1];
  if (lanes > 4) return { vectors: 1, row, above: [3, 1] };
  return shared < 4 ? { vectors: 2, row, above: [2, 1] } : undefined;
}

export function tallWindows(
  view: KernelView,
  s: SinkView,
  reduces: readonly NodeOf<"reduce">[],
  row: Axis,
  lane: Axis,
): Partial<StageSchedule> {
  /** taps that windows next to each other along `a` have in common */
  const shared = (a: Axis): number => {
    const indices = reduces.flatMap(n =>
      n.args.flatMap(x => (x.kind === "load" ? x.index.map(at => ({ at, over: n.over })) : [])),
    );
    const counts = indices.map(({ at, over }) => {
      const step = at.coef(a.sym);
      return step?.isConst && step.constant > 0 ? view.volume(over.filter(o => at.has(o.sym))) - step.constant : 0;
    });
    return Math.max(0, ...counts);
  };
  const along = shared(row);
  const tall = along > 0 ? tallTile(view.lanes, along) : undefined;
  if (!tall || view.extent(row) < tall.row[0]! || view.extent(lane) < view.lanes * tall.vectors) return {};
  const above = view.rows(s).find(a => a !== row && a !== lane && view.extent(a) > 1 && shared(a) > 0);
  if (!above) return {};
  const others = view.rows(s).filter(a => a !== row && a !== above && a !== lane);
  const nameOf = (a: Axis): string => view.names.axis(a);
  return {
    vectors: tall.vectors,
    rows: { [nameOf(row)]: tall.row, [nameOf(above)]: tall.above },
    order: [...others, above, row].map(nameOf),
  };
}
