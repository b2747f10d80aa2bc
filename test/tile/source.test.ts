// Positions in the user's source, from the stacks of all engines.
import assert from "node:assert/strict";
import { test } from "node:test";
import { captureSite, Site, withoutSources } from "../../src/tile/source.js";

const siteOf = (stack: string): string | undefined => new Site({ stack } as Error).text;

test("Node and Chromium", () => {
  const stack = "Error\n    at Softmax.body (file:///app/kernels.js:12:7)\n    at file:///app/main.js:3:1";
  assert.equal(siteOf(stack), "/app/kernels.js:12");
  assert.equal(siteOf("Error\n    at https://host/app/kernels.js?v=2:40:9"), "https://host/app/kernels.js?v=2:40");
  assert.equal(siteOf("Error\n    at body (C:\\app\\kernels.js:5:9)"), "C:\\app\\kernels.js:5");
});
test("Firefox and Safari", () => {
  assert.equal(
    siteOf("body@https://host/app/kernels.js:12:7\n@https://host/main.js:3:1\n"),
    "https://host/app/kernels.js:12",
  );
  assert.equal(
    siteOf("body@https://host/app/kernels.js:12:7\nmodule code@https://host/main.js:3:1"),
    "https://host/app/kernels.js:12",
  );
});
test("no positions, no source", () => {
  assert.equal(siteOf("Error: nothing"), undefined);
  assert.equal(new Site({} as Error).text, undefined);
});
test("a site is the caller's line, and costs nothing where sources are off", () => {
  assert.match(captureSite()!.text!, /source\.test\.js:\d+$/);
  assert.equal(
    withoutSources(() => captureSite()),
    undefined,
  );
  const before = (Error as { stackTraceLimit?: number }).stackTraceLimit;
  captureSite();
  assert.equal((Error as { stackTraceLimit?: number }).stackTraceLimit, before);
});
