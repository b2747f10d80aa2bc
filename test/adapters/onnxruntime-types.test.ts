// The program beside this file is one of onnxruntime's: what it is compiled with here are onnxruntime-common's declarations.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { commandOf, root } from "../../tools/project.js";

test("onnxruntime-common's declarations take the program that ours take", async () => {
  const ours = "../../src/adapters/onnxruntime/index.js";
  const theirs = createRequire(import.meta.url).resolve("onnxruntime-common");
  const text = await readFile(join(root, "test/adapters/onnxruntime-program.ts"), "utf8");
  assert.ok(text.includes(ours));
  const folder = await mkdtemp(join(tmpdir(), "azulejo-"));
  try {
    const file = join(folder, "program.ts");
    await writeFile(file, text.replace(ours, theirs));
    const flags = ["--noEmit", "--strict", "--noUncheckedIndexedAccess", "--module", "nodenext", "--target", "es2022"];
    const libraries = ["--lib", "es2023,dom", "--types", ""];
    const { stdout } = spawnSync(process.execPath, [commandOf("typescript", "bin/tsc"), ...flags, ...libraries, file], {
      encoding: "utf8",
      cwd: folder,
    });
    assert.equal(stdout, "");
  } finally {
    await rm(folder, { recursive: true });
  }
});
