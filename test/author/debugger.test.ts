// Breakpoints in a user's kernel stop under `.eager`, and tiles show their values by name: driven as an editor does it, by Node's inspector.
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { Worker } from "node:worker_threads";
import * as tile from "../../src/author/index.js";
import { root } from "../../tools/project.js";

const kernelSource = `import { f32, grid, kernel } from "azulejo/tile";

export const softmax = kernel({ X: f32("R C"), Y: f32("R C") }, ({ X, Y, R, C }) =>
  grid(R.tile(), r => {
    const c = C.all();
    const x = X.at(r, c);
    const largest = x.max(c);
    const e = x.sub(largest).exp();
    Y.at(r, c).set(e.div(e.sum(c)));
  }),
);
`;

/** An editor's debugger: breaks where asked, evaluates expressions there, and goes on. It needs a thread of its own, because ours stands still. */
const debuggerSource = `
const { Session } = require("node:inspector");
const { parentPort, workerData } = require("node:worker_threads");
const session = new Session();
session.connectToMainThread();
const post = (method, parameters) =>
  new Promise((resolve, reject) => session.post(method, parameters, (e, r) => (e ? reject(e) : resolve(r))));
session.on("Debugger.paused", async ({ params: { callFrames: [frame] } }) => {
  const values = {};
  for (const expression of workerData.expressions) {
    const { result } = await post("Debugger.evaluateOnCallFrame", {
      callFrameId: frame.callFrameId, expression, returnByValue: true,
    });
    values[expression] = result.value ?? result.description;
  }
  parentPort.postMessage({ line: frame.location.lineNumber + 1, name: frame.functionName, values });
  await post("Debugger.resume");
});
// keeps the thread alive until it is told to end
parentPort.once("message", () => session.disconnect());
(async () => {
  await post("Debugger.enable");
  await post("Debugger.setBreakpointByUrl", {
    url: workerData.url, lineNumber: workerData.line - 1, condition: workerData.condition,
  });
  parentPort.postMessage("ready");
})();
`;

const folder = join(root, "out/debugger");
const file = join(folder, "softmax.mjs");
const url = pathToFileURL(file).href;
before(() => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, kernelSource);
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Stop {
  readonly line: number;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Stops in the file while `run` runs. */
async function stopsDuring(
  run: () => Promise<void>,
  where: { readonly line: number; readonly condition?: string; readonly expressions: readonly string[] },
): Promise<Stop[]> {
  const worker = new Worker(debuggerSource, { eval: true, workerData: { url, condition: "", ...where } });
  const stops: Stop[] = [];
  await new Promise<void>((resolve, reject) => {
    worker.on("error", reject);
    worker.on("message", (message: "ready" | Stop) => {
      if (message === "ready") resolve();
      else stops.push(message);
    });
  });
  await run();
  // what the debugger posted arrives before it ends
  await new Promise<void>(resolve => {
    worker.once("exit", () => resolve());
    worker.postMessage("end");
  });
  return stops;
}

const X = { dtype: "f32", dims: [2, 3], data: Float32Array.of(1, 2, 3, 6, 5, 4) } as const;

test("a breakpoint in the body stops where the kernel is recorded, and under eager() with values", async () => {
  let Y: tile.TensorArgument | undefined;
  const stops = await stopsDuring(
    async () => {
      const { softmax } = (await import(url)) as { softmax: tile.TileKernel };
      ({ Y } = softmax.eager({ X }) as { Y: tile.TensorArgument });
    },
    { line: 8, expressions: ["largest.peek()?.data.join(' ')", "x.peek()?.lengths.join(' ')", "c.axis.name"] },
  );
  assert.deepEqual(
    stops.map(({ line, values }) => [line, ...Object.values(values)]),
    [
      [8, undefined, undefined, "c"],
      [8, "3 6", "2 3", "c"],
    ],
  );
  assert.ok(Math.abs(Number(Y!.data[2]) - 0.66524094) < 1e-6);
});

test("with blocks, a conditional breakpoint stops at the block that is asked for", async () => {
  const { softmax } = (await import(url)) as { softmax: tile.TileKernel };
  const stops = await stopsDuring(async () => void softmax.eager({ X }, { block: 1 }), {
    line: 8,
    condition: "largest.peek()?.data[0] > 5",
    expressions: ["largest.peek()?.data.join(' ')", "x.peek()?.data.join(' ')"],
  });
  assert.deepEqual(
    stops.map(({ values }) => Object.values(values)),
    [["6", "6 5 4"]],
  );
});

test("console.log and editors show a tile's values while a kernel runs eagerly, and say so while it is recorded", () => {
  const shown: string[] = [];
  const k = tile.kernel({ X: tile.f32("R C"), Y: tile.f32("R") }, ({ X, Y, R, C }) =>
    tile.grid(R.tile(), r => {
      const c = C.all();
      const total = X.at(r, c).sum(c).named("total");
      shown.push(inspect(total));
      const described = total as unknown as Record<symbol, () => string>;
      assert.equal(described[Symbol.for("debug.description")]!(), shown.at(-1));
      Y.at(r).set(total);
    }),
  );
  k.eager({ X });
  assert.deepEqual(shown, [
    "total: f32 (recorded; values are there while the kernel runs eagerly)",
    "total: f32 over r = 2: 6 15",
  ]);
  const big = tile.kernel({ Z: tile.f32("N"), Y: tile.f32("N") }, ({ Z, Y, N }) =>
    tile.grid(N.tile(), n => {
      shown.push(inspect(Z.at(n)));
      Y.at(n).set(Z.at(n));
    }),
  );
  big.eager({ Z: { dtype: "f32", dims: [100], data: new Float32Array(100) } });
  assert.match(shown.at(-1)!, / 0 … \(100 in all\)$/);
});
