// The blocks in which evaluation walks an axis of the grid: pieces of it, which end where a segment ends.
import type { Axis, Kernel } from "../tile.js";
import type { Evaluator, Span } from "./evaluator.js";

/** Runs `body` with the axis restricted to each block of at most `block` indices, and the segment's number to that of the block. */
export function eachBlock(e: Evaluator, kernel: Kernel, axis: Axis, block: number, body: () => void): void {
  const walk = ({ start, length }: Span): void => {
    for (let i = 0; i < length; i += block) {
      e.restrict(axis, { start: start + i, length: Math.min(block, length - i) });
      body();
    }
  };
  const { segments } = kernel;
  const extent = e.extent(axis);
  if (segments?.axis !== axis) walk({ start: 0, length: extent });
  else if (extent > 0)
    spansOf(e, kernel, extent).forEach((span, at) => {
      e.restrict(segments.at, { start: at, length: 1 });
      walk(span);
    });
}

/** From offset to offset; they must start with 0, not fall, and end with the extent. */
function spansOf(e: Evaluator, { segments }: Kernel, extent: number): Span[] {
  const { axis, offsets } = segments!;
  const { data, offset, strides, dims } = e.storages.get(offsets)!;
  const bounds = Array.from({ length: dims[0]! }, (_, i) => Number(data[offset + i * strides[0]!]));
  const isWrong = (x: number, i: number): boolean =>
    i === 0 ? x !== 0 : x < bounds[i - 1]! || (i === bounds.length - 1 && x !== extent);
  const wrong = bounds.findIndex(isWrong);
  if (wrong >= 0 || bounds.at(-1) !== extent)
    throw e.error(
      "segments",
      `the segments of "${axis.name}" are bounded by "${offsets.name}", which holds ${bounds[wrong] ?? bounds.at(-1)} at ${wrong < 0 ? bounds.length - 1 : wrong}; bounds start with 0, do not fall, and end with ${extent}`,
      {},
    );
  return bounds.slice(1).map((end, i) => ({ start: bounds[i]!, length: end - bounds[i]! }));
}
