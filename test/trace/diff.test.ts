// Diffs of printed graphs: what a row says is what happened, and rows give back both texts.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { DiffRow } from "../../src/trace/diff.js";
import { diffGraphs } from "../../src/trace/diff.js";

const before = `graph g(x: f32[N, 3]) -> (y) {
  constant w: f32[3] // 12 bytes
  a = Relu@17(x) first
  b = Exp@17(a) second
  y = Add@17(b, w) third
}
`;

test("types that inference adds are changes of their lines", () => {
  const after = before.replace("a = Relu", "a: f32[N, (1 + N div 2)] = Relu").replace("y = Add", "y: f32[N, 3] = Add");
  const rows = diffGraphs(before, after);
  assert.deepEqual(
    rows.map(r => r.kind),
    ["same", "same", "changed", "same", "changed", "same"],
  );
  assert.deepEqual(rows[2], {
    kind: "changed",
    before: "  a = Relu@17(x) first",
    after: "  a: f32[N, (1 + N div 2)] = Relu@17(x) first",
  });
});
test("nodes that are gone, new, or moved are removed and added", () => {
  const after = before
    .replace("  b = Exp@17(a) second\n", "")
    .replace("Add@17(b, w)", "Add@17(a, w)")
    .replace("  constant w", "  constant v: f32[] = [2]\n  constant w");
  assert.deepEqual(
    diffGraphs(before, after).map(r => [r.kind, r.kind === "changed" ? r.after : r.text.trim().slice(0, 10)]),
    [
      ["same", "graph g(x:"],
      ["added", "constant v"],
      ["same", "constant w"],
      ["same", "a = Relu@1"],
      ["removed", "b = Exp@17"],
      ["changed", "  y = Add@17(a, w) third"],
      ["same", "}"],
    ],
  );
});
test("rows give back both texts, whatever lines there are", () => {
  const line = fc.oneof(
    fc.constantFrom("a = Relu@1(x)", "a: f32[2] = Relu@1(x)", "b, c: i64 = Split@2(a)", "}", "constant w // 3", "end"),
    fc.string({ maxLength: 6 }).map(s => s.replace(/\s/g, "_")),
  );
  const text = fc.array(line, { minLength: 1, maxLength: 30 }).map(lines => [...lines, "}"].join("\n"));
  fc.assert(
    fc.property(text, text, (a, b) => {
      const rows = diffGraphs(a, b);
      const side = (gone: DiffRow["kind"], pick: "before" | "after"): string =>
        rows.flatMap(r => (r.kind === "changed" ? [r[pick]] : r.kind === gone ? [] : [r.text])).join("\n");
      assert.equal(side("added", "before"), a);
      assert.equal(side("removed", "after"), b);
    }),
    { numRuns: 300 },
  );
});
