// The register tile of windows that overlap: depthwise convolutions in wide vectors.
import type { Axis, NodeOf } from "../ir/tile.js";
import type { StageSchedule } from "./schedule.js";
import type { KernelView, SinkView } from "./view.js";

/**
 * Pixels of a tile over windows that overlap in both directions: each row of the image is read once for up to three rows of results. 3 × 3 over 56 × 56 × 144 in
 * vectors of 16: 65 µs, by four pixels of two vectors 123; of 8: 91 and 140. V8 has no registers for so many addresses: a third slower.
 */
const TALL = { row: [4, 1], above: [3, 1] };
export function tallWindows(
  view: KernelView,
  s: SinkView,
  reduces: readonly NodeOf<"reduce">[],
  row: Axis,
  lane: Axis,
): Partial<StageSchedule> {
  if (view.extent(row) < TALL.row[0]!) return {};
  const overlaps = (a: Axis): boolean =>
    reduces.some(n =>
      n.args.some(
        x =>
          x.kind === "load" &&
          x.index.some(p => {
            const step = p.coef(a.sym);
            return step?.isConst && step.constant > 0 && step.constant < view.volume(n.over.filter(o => p.has(o.sym)));
          }),
      ),
    );
  const above = overlaps(row)
    ? view.rows(s).find(a => a !== row && a !== lane && overlaps(a) && view.extent(a) > 1)
    : undefined;
  if (!above) return {};
  const others = view.rows(s).filter(a => a !== row && a !== above && a !== lane);
  const nameOf = (a: Axis): string => view.names.axis(a);
  return {
    vectors: 1,
    rows: { [nameOf(row)]: TALL.row, [nameOf(above)]: TALL.above },
    order: [...others, above, row].map(nameOf),
  };
}
