// The register tile of windows that overlap: depthwise convolutions in wide vectors.
import type { Axis, NodeOf } from "../ir/tile.js";
import type { StageSchedule } from "./schedule.js";
import type { KernelView, SinkView } from "./view.js";

/**
 * Pixels of a tile over windows that overlap in both directions, by lanes: each row of the image is read once for up to three rows of results. V8 has no registers
 * for so many addresses: a third slower. In vectors of 16, 3 × 3 over 56 × 56 × 144 takes 65 µs, by four pixels of two vectors 123. Vectors of 8 come with half as many
 * registers, and a tile of few results is over soon enough for the processor to wait for the memory of several at once: 2 × 3 instead of 4 × 3 results take 0.93 of the
 * time there, 0.73 over 112 × 112 × 96 and 0.65 over 512 × 512 × 64 (Zen 3; of 2 × 2 to 6 × 2, 1 × 4 and 2 × 4 none is as good over all).
 */
const TALL = { 8: { row: [2, 1], above: [3, 1] }, 16: { row: [4, 1], above: [3, 1] } };
export function tallWindows(
  view: KernelView,
  s: SinkView,
  reduces: readonly NodeOf<"reduce">[],
  row: Axis,
  lane: Axis,
): Partial<StageSchedule> {
  const tall = view.lanes === 8 ? TALL[8] : TALL[16];
  if (view.extent(row) < tall.row[0]!) return {};
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
    rows: { [nameOf(row)]: tall.row, [nameOf(above)]: tall.above },
    order: [...others, above, row].map(nameOf),
  };
}
