// Cases of the outside suites with host steps, each through load() on every target: loops, sequences, optionals, text, and results
// whose size hangs on data.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readOnnx } from "../../src/frontends/onnx/index.js";
import type { HostValue, LoadOptions } from "../../src/index.js";
import { load } from "../../src/index.js";
import { gpuState } from "../../src/targets/webgpu/target.js";
import { dataPath } from "../data.js";
import { isInTurn } from "../rotation.js";
import { fullRegistry } from "./full-registry.js";
import { hostDifference, readHostValue } from "./host-values.js";
import { failureOf, gapOf } from "./known-gaps.js";
import { fullSweep } from "./large-cases.js";
import { absent } from "./run-suite.js";
import type { SuiteName } from "./suite.js";
import { listCases, needsHost, operatorsOf } from "./suite.js";

const registry = fullRegistry();

interface HostCase {
  readonly name: string;
  readonly model: Uint8Array;
  readonly inputs: Readonly<Record<string, HostValue>>;
  readonly outputs: Readonly<Record<string, HostValue>>;
}

async function loadHostCase(suite: SuiteName, name: string): Promise<HostCase | string | undefined> {
  const folder = join(dataPath(`onnx-backend/${suite}`)!, name);
  const model = readFileSync(join(folder, "model.onnx"));
  const graph = await readOnnx(model).catch(() => undefined);
  if (!graph || !needsHost(graph, registry)) return undefined;
  const unknown = operatorsOf(graph).find(n => !registry.find(n.domain, n.op, n.opset));
  if (unknown) return `operator ${unknown.domain ? `${unknown.domain}.` : ""}${unknown.op}`;
  const set = join(folder, "test_data_set_0");
  const values = (kind: string, list: typeof graph.inputs) =>
    list.flatMap((v, i): [string, HostValue][] => {
      const path = join(set, `${kind}_${i}.pb`);
      return existsSync(path) ? [[v.name, readHostValue(new Uint8Array(readFileSync(path)), v)]] : [];
    });
  try {
    const [inputs, outputs] = [values("input", graph.inputs), values("output", graph.outputs)];
    return { name, model, inputs: Object.fromEntries(inputs), outputs: Object.fromEntries(outputs) };
  } catch (error) {
    return (error as Error).message;
  }
}

async function problemOf({ model, inputs, outputs }: HostCase, options: LoadOptions): Promise<string | undefined> {
  try {
    const loaded = await load(model, options);
    try {
      // twice: what the first run leaves behind must not matter
      for (let run = 0; run < 2; run++) {
        const got = await loaded.run<Record<string, HostValue>>(inputs);
        for (const [name, want] of Object.entries(outputs)) {
          const problem = hostDifference(got[name], want);
          if (problem) return `output ${name} ${problem}`;
        }
      }
    } finally {
      loaded.dispose();
    }
  } catch (error) {
    return (error as Error).message;
  }
  return undefined;
}

/** host steps know no threads: with two, only what loops over compiled parts is run by default; each takes a quarter of the cases, others than the next one, in turn */
const subjects: readonly (LoadOptions & {
  readonly name: string;
  readonly problem?: () => Promise<string | undefined>;
})[] = [
  { name: "interpreter", target: "interpreter" },
  { name: "wasm", target: "wasm", threads: 1 },
  { name: "wasm with 2 threads", target: "wasm", threads: 2 },
  ...(fullSweep
    ? [
        {
          name: "webgpu",
          target: "webgpu",
          onUnsupported: "host",
          problem: async () => (await gpuState()).problem,
        } as const,
      ]
    : []),
];
for (const suite of ["node", "simple"] as const)
  for (const [place, { name: subject, threads, problem, ...options }] of subjects.entries())
    test(`${subject} gives what the cases of "${suite}" with host steps expect`, async t => {
      const missing = await problem?.();
      if (missing) return t.skip(missing);
      const names = listCases(suite);
      if (!names) return t.skip(absent(suite));
      const failures: string[] = [];
      const skipped: string[] = [];
      let passed = 0;
      for (const [at, name] of names.entries()) {
        if (!isInTurn(at + place, 4)) continue;
        const testCase = await loadHostCase(suite, name);
        if (!testCase || (threads === 2 && !fullSweep && !/loop|scan|sequence/.test(name))) continue;
        if (typeof testCase === "string") {
          skipped.push(`${name} (${testCase})`);
          continue;
        }
        const failure = failureOf(
          gapOf(suite, name, subject),
          name,
          await problemOf(testCase, { ...options, engineFlags: "never", threads: threads ?? 1 }),
        );
        if (failure) failures.push(failure);
        else passed++;
      }
      t.diagnostic(
        `${passed} passed, ${failures.length} failed, ${skipped.length} skipped: ${skipped.join(", ") || "none"}`,
      );
      assert.deepEqual(failures, []);
    });
