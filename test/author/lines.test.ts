// How short kernels are: lines that hold words, at the formatter's width of 100, without imports and comments; those of brackets alone don't count.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../tools/project.js";

/** one statement a line: the formatter sees to it */
function linesOf(source: string): number {
  const formatted = execFileSync(
    join(root, "node_modules/.bin/biome"),
    ["format", "--line-width=100", "--stdin-file-path=kernel.ts"],
    { cwd: root, input: source, encoding: "utf8" },
  );
  const isCode = (line: string): boolean => /\w/.test(line) && !/^\s*(\/\/|\/?\*)|^import\b/.test(line);
  return formatted.split("\n").filter(isCode).length;
}
/** the block of a document that begins with imports and declares this */
function blockOf(document: string, name: string): string {
  const blocks = readFileSync(join(root, document), "utf8")
    .split("```")
    .filter((_, i) => i % 2 === 1);
  const block = blocks.find(text => text.includes(`export const ${name} =`));
  assert.ok(block, `${document} declares ${name}`);
  const from = block.indexOf(`export const ${name} =`);
  return block.slice(from, block.indexOf("\n);\n", from) + 4);
}
const bounds = [
  ["attention", "causal, with grouped heads", 20],
  ["groupedGemm", "experts", 8],
  ["softmax", "rows", 6],
  ["conv", "channels last, with bias", 10],
] as const;
for (const [name, what, most] of bounds)
  test(`${name} (${what}) takes ${most} lines at most`, () => {
    const count = linesOf(blockOf("docs/kernel-language.md", name));
    assert.ok(count > 3 && count <= most, `${count} lines`);
  });
