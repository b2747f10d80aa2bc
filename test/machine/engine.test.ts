// What is known of the engine, the flags that are set around compilation, and code that depends on them.
import assert from "node:assert/strict";
import { test } from "node:test";
import v8 from "node:v8";
import { assembleFunction, get, i32 } from "../../src/targets/wasm/assembler.js";
import { compileModule, engine } from "../../src/targets/wasm/machine-engine.js";
import { assembleModule } from "../../src/targets/wasm/module.js";
import { KINDS, machineOf, testModule } from "./kernels.js";

test("engine flags are set while compiling and restored after, also when compilations overlap or fail", async context => {
  const given: string[] = [];
  context.mock.method(v8, "setFlagsFromString", (flag: string) => given.push(flag));
  const { bytes } = testModule(true);
  const [first] = await Promise.all([compileModule(bytes, "auto"), compileModule(bytes, "auto")]);
  const set = first!.flags;
  assert.deepEqual(set.slice(0, 2), ["--no-liftoff", "--no-wasm-lazy-compilation"]);
  const restored = set.map(flag =>
    flag.startsWith("--no-") ? flag.replace("--no-", "--") : flag.replace("--", "--no-"),
  );
  // each sets its own: another thread of the process may have restored them meanwhile
  assert.deepEqual(given, [...set, ...set, ...restored]);
  given.length = 0;
  await assert.rejects(compileModule(bytes.slice(0, 100), "auto"), { code: "internal" });
  assert.deepEqual(given.slice(0, 2 * set.length), [...set, ...restored]);
  assert.deepEqual(given.slice(-2 * set.length), [...set, ...restored]);
  given.length = 0;
  await compileModule(bytes, "never");
  assert.deepEqual(given, []);
});

test("relaxed SIMD is found, and no switch of the process stays behind", async () => {
  const before = engine("never");
  assert.equal(engine("auto").relaxedSimd, true);
  assert.deepEqual(engine("never"), before);
  const machine = await machineOf("shared 1", { engineFlags: "auto" });
  assert.deepEqual(engine("never"), before);
  assert.deepEqual(machine.flags.slice(0, 2), ["--no-liftoff", "--no-wasm-lazy-compilation"]);
  machine.dispose();
});

/** params (X): X[0..4) = X·X + X with one relaxed fused multiply-add */
const fused = assembleFunction("fused", { params: { params: "i32", block: "i32", scratch: "i32" } }, l => {
  const x = i32.load(get(l.params));
  const load = [x, 0xfd, 0x00, 4, 0];
  return [x, load, load, load, 0xfd, 0x85, 0x02, 0xfd, 0x0b, 4, 0];
});

for (const kind of KINDS)
  test(`${kind}: relaxed SIMD runs after its flag is off again, on every thread`, async () => {
    const shared = kind.startsWith("shared");
    const module = assembleModule({ functions: [{ ...fused, code: () => fused.code }], entries: [0], shared });
    const machine = await machineOf(kind, { module, engineFlags: "auto" });
    try {
      const [address, values] = [machine.heapBase, new Uint8Array(Float32Array.of(2, 3, 4, 5).buffer)];
      const program = machine.prepare([{ op: "call", func: 0, params: [address], blocks: 1 }], {
        address: address + 64,
        bytesPerThread: 64,
      });
      for (let run = 0; run < 20; run++) {
        const [bytes] = await machine.run(program, [{ address, bytes: values }], [{ address, byteLength: 16 }]);
        assert.deepEqual([...new Float32Array(bytes!.buffer)], [6, 12, 20, 30]);
      }
    } finally {
      machine.dispose();
    }
  });
