// What was counted of a dispatch, in one comment.
import { countShader } from "./count.js";
import { registersOf } from "./live-ranges.js";
import type { Dispatch } from "./lowered.js";
import { bytesOfType } from "./count.js";
import { parseShader } from "./wgsl-text.js";

export const workgroupBytesOf = (code: string): number =>
  [...parseShader(code).workgroup.values()].reduce((sum, { type, count }) => sum + count * bytesOfType(type), 0);

/** Sizes that dims decide are taken for 1024. */
export function explainCounts(d: Dispatch): string {
  const sizes = d.parameters.map(p =>
    p.kind === "size" && p.value.isConst ? p.value.constant : p.kind === "size" ? 1024 : 0,
  );
  const c = countShader(d.code, sizes);
  const bytes = workgroupBytesOf(d.code);
  const parts = [
    `about ${registersOf(d.code)} registers`,
    `${c.globalLoads} loads and ${c.globalStores} stores`,
    `${c.multiplyAdds} multiply-adds`,
    `${c.operations} other operations`,
    ...(bytes > 0 ? [`${bytes / 1024} KiB of workgroup memory`, `${c.workgroupLoads} loads from it`] : []),
    ...(c.multiplyAdds > 0 && c.workgroupLoads > 0
      ? [`${(c.multiplyAdds / c.workgroupLoads).toFixed(1)} multiply-adds for each`]
      : []),
  ];
  const isOpen = d.parameters.some(p => p.kind === "size" && !p.value.isConst);
  return `// an invocation${isOpen ? ", open sizes taken for 1024" : ""}: ${parts.join(", ")}`;
}
