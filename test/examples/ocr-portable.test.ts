// The pipeline runs in browsers too: its files import nothing but each other.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";

const pipeline = new URL("../../../examples/ocr/pipeline/", import.meta.url);

test("the pipeline's files import nothing but each other, and name no global of Node", async () => {
  const files = (await readdir(pipeline)).filter(name => name.endsWith(".ts"));
  assert.ok(files.includes("read-text.ts"));
  for (const name of files) {
    const source = await readFile(new URL(name, pipeline), "utf8");
    const imported = [...source.matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map(match => match[1]!);
    for (const path of imported) assert.ok(/^\.\/[a-z-]+\.js$/.test(path), `${name} imports ${path}`);
    assert.doesNotMatch(source, /\b(process|Buffer|require|__dirname)\b/, name);
  }
});
