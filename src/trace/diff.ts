// What changed between two printed graphs. A line is known by what it defines, so that a line whose type or operands changed is one changed line.

export type DiffRow =
  | { readonly kind: "same" | "added" | "removed"; readonly text: string }
  | { readonly kind: "changed"; readonly before: string; readonly after: string };

/** Lines of both texts in order: the longest run of definitions that kept their order stands, all else was removed and added. */
export function diffGraphs(before: string, after: string): DiffRow[] {
  const [old, now] = [keyed(before), keyed(after)];
  const places = new Map(old.map(({ key }, i) => [key, i]));
  const common = now.flatMap(({ key }, j) => (places.has(key) ? [{ i: places.get(key)!, j }] : []));
  const rows: DiffRow[] = [];
  let [i, j] = [0, 0];
  const upTo = (endOld: number, endNow: number): void => {
    for (; i < endOld; i++) rows.push({ kind: "removed", text: old[i]!.line });
    for (; j < endNow; j++) rows.push({ kind: "added", text: now[j]!.line });
  };
  for (const kept of longestRising(common)) {
    upTo(kept.i, kept.j);
    const [a, b] = [old[i++]!.line, now[j++]!.line];
    rows.push(a === b ? { kind: "same", text: a } : { kind: "changed", before: a, after: b });
  }
  upTo(old.length, now.length);
  return rows;
}

/** Lines with what tells them apart: the names that they define, and how often these came before. */
function keyed(text: string): { readonly line: string; readonly key: string }[] {
  const seen = new Map<string, number>();
  return text
    .trimEnd()
    .split("\n")
    .map(line => {
      const plain = definedBy(line.trim());
      const times = (seen.get(plain) ?? 0) + 1;
      seen.set(plain, times);
      return { line, key: `${plain}#${times}` };
    });
}

/** `a: f32[N, 3], b: i64 = Op@1(…)` → `a, b`; `constant w: f32[3] // 12 bytes` → `constant w`; `graph name(…)` → `graph name` */
function definedBy(line: string): string {
  if (line.startsWith("graph ")) return line.split("(")[0]!;
  const [left] = line.split(/ = | \/\/ /);
  return left!.replace(/: \w+(\[[^\]]*\])?/g, "").trim();
}

/** The longest subsequence whose `i` rise; `j` rise as they are given. Patience sorting. */
function longestRising<P extends { readonly i: number }>(pairs: readonly P[]): P[] {
  const ends: number[] = [];
  const before: number[] = [];
  pairs.forEach(({ i }, at) => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (pairs[ends[middle]!]!.i < i) low = middle + 1;
      else high = middle;
    }
    before[at] = low > 0 ? ends[low - 1]! : -1;
    ends[low] = at;
  });
  const found: P[] = [];
  for (let at = ends.at(-1) ?? -1; at >= 0; at = before[at]!) found.push(pairs[at]!);
  return found.reverse();
}
