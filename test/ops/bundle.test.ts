// A bundle of the registry holds operators, and nothing that only tests use.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

test("a bundle of the registry drops references, cases and docs", async t => {
  const { metafile, outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("../../src/ops/registry.js", import.meta.url))],
    bundle: true,
    minify: true,
    format: "esm",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const [output] = Object.values(metafile.outputs);
  const kept = Object.entries(output!.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  const references = kept.filter(([path]) => /reference/.test(path)).map(([path]) => path);
  const text = outputFiles[0]!.text;
  t.diagnostic(`${Math.round(text.length / 1024)} KB minified`);
  assert.deepEqual(references, []);
  assert.equal(/opsets:/.test(text), false, "documentation lines are in the bundle");
});
