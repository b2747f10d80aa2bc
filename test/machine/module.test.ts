// Assembled modules and prepared programs as data: numbers, sections, the driver's instructions, the memory of programs.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { signed, text, unsigned } from "../../src/targets/wasm/assembler.js";
import { HEAP_BASE, OP, PROGRAMS_BASE, STEP, STEP_BYTES } from "../../src/targets/cpu/program-layout.js";
import type { Program } from "../../src/targets/cpu/program-memory.js";
import { encode, layOut, ProgramMemory } from "../../src/targets/cpu/program-memory.js";
import type { ModuleFunction } from "../../src/targets/wasm/module.js";
import { assembleModule } from "../../src/targets/wasm/module.js";
import { branch, call, FUNC, loopOver, testModule } from "./kernels.js";

const scratch = { address: HEAP_BASE, bytesPerThread: 64 };

/** LEB128 read back, as the specification describes it */
function decode(bytes: readonly number[], isSigned: boolean): bigint {
  let value = 0n;
  bytes.forEach((byte, index) => {
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
  });
  return isSigned ? BigInt.asIntN(7 * bytes.length, value) : value;
}

test("numbers are written in the shortest LEB128", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), value => {
      assert.equal(decode(unsigned(value), false), BigInt(value));
      assert.equal(unsigned(value).length, Math.max(1, Math.ceil(value.toString(2).length / 7)));
    }),
  );
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), value => {
      assert.equal(decode(signed(value), true), value);
      if (signed(value).length > 1) assert.notEqual(decode(signed(value).slice(0, -1), true), value);
    }),
  );
});

test("names are UTF-8", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), value => {
      const bytes = new TextEncoder().encode(value);
      assert.deepEqual(text(value), [...unsigned(bytes.length), ...bytes]);
    }),
  );
});

test("a module is valid, imports one memory, and carries the names of its functions", async () => {
  for (const shared of [true, false]) {
    const { bytes, entries } = testModule(shared);
    const module = await WebAssembly.compile(bytes as BufferSource);
    assert.deepEqual(WebAssembly.Module.imports(module), [{ module: "env", name: "memory", kind: "memory" }]);
    const exports = WebAssembly.Module.exports(module).map(e => e.name);
    assert.deepEqual(exports.sort(), shared ? ["execute", "fail", "serve", "takePart"] : ["execute"]);
    assert.deepEqual(entries, Object.keys(FUNC));
    const [names] = WebAssembly.Module.customSections(module, "name");
    const readable = new TextDecoder().decode(names);
    for (const name of [...entries, "driver.execute"]) assert.ok(readable.includes(name), name);
    // the driver is all that a program without kernels needs: keep it small
    assert.ok(bytes.length < 2500, `${bytes.length} bytes`);
  }
});

test("an entry that is no kernel is refused", () => {
  const wrong: ModuleFunction = { name: "helper", params: ["i32"], code: () => Uint8Array.of(2, 0, 0x0b) };
  assert.throws(() => assembleModule({ functions: [wrong], entries: [0], shared: true }), {
    code: "internal",
    message: '"helper" can\'t be an entry: it takes (i32), entries take three i32 and give nothing',
  });
  assert.throws(() => assembleModule({ functions: [wrong], entries: [1], shared: true }), { code: "internal" });
  // as a helper it is welcome
  assert.ok(
    WebAssembly.validate(assembleModule({ functions: [wrong], entries: [], shared: true }).bytes as BufferSource),
  );
});

/** steps of a program in words: "call 3 blocks", "series 2 calls" … */
function steps(...instructions: Parameters<typeof layOut>[0]): string[] {
  const layout = layOut(instructions);
  const words = encode(layout, scratch, PROGRAMS_BASE);
  const names = Object.fromEntries(Object.entries(OP).map(([name, op]) => [op, name]));
  const stepAt = (address: number) => (address - PROGRAMS_BASE) / STEP_BYTES - 1;
  return layout.steps.map((_, index) => {
    const field = (name: keyof typeof STEP) => words[(STEP_BYTES * (1 + index) + STEP[name]) / 4]!;
    const op = names[field("op")]!;
    if (op === "if" || op === "jump" || op === "alone") return `${op} → ${stepAt(field("target"))}`;
    return op === "end" ? op : `${op} ${field("count")}`;
  });
}

test("a loop is run alone and jumps back; a loop in it does as well", () => {
  const [one, many] = [call("store", 1, 0, 0), call("store", 3, 0, 0)];
  assert.deepEqual(steps(one, loopOver(0, [many, loopOver(4, [one]), one]), one), [
    "series 1",
    "alone → 10",
    "if → 9",
    "call 3",
    "if → 7",
    "series 1",
    "jump → 4",
    "series 1",
    "jump → 2",
    "end",
    "series 1",
    "end",
  ]);
});

test("neighbouring calls of one block become a series, calls without blocks vanish, branches jump over each other", () => {
  const [one, many, none] = [call("store", 1, 0, 0), call("store", 3, 0, 0), call("store", 0, 0, 0)];
  assert.deepEqual(steps(), ["end"]);
  assert.deepEqual(steps(none), ["end"]);
  assert.deepEqual(steps(one, none, one, many, one), ["series 2", "call 3", "series 1", "end"]);
  assert.deepEqual(steps(one, branch(0, [one, one]), one), ["series 1", "if → 3", "series 2", "series 1", "end"]);
  assert.deepEqual(steps(branch(0, [], [many])), ["if → 2", "jump → 3", "call 3", "end"]);
  assert.deepEqual(steps(branch(0, [one], [branch(4, [many], [one])]), one), [
    "if → 3",
    "series 1",
    "jump → 7",
    "if → 6",
    "call 3",
    "jump → 7",
    "series 1",
    "series 1",
    "end",
  ]);
});

test("programs never share memory, and all of it comes back", () => {
  const sizes = fc.array(fc.record({ blocks: fc.nat(3), calls: fc.nat(200), release: fc.nat() }), { maxLength: 60 });
  fc.assert(
    fc.property(sizes, list => {
      const memory = new ProgramMemory();
      const live: Program[] = [];
      const release = (index: number) => memory.release(live.splice(index, 1)[0]!);
      for (const { blocks, calls, release: which } of list) {
        const instructions = Array.from({ length: calls }, () => call("scale", blocks, 1, 2, 3, 4));
        const { program, words } = memory.prepare(instructions, scratch);
        assert.equal(words.byteLength, program.byteLength);
        assert.ok(program.address % STEP_BYTES === 0 && program.address >= PROGRAMS_BASE);
        assert.ok(program.address + program.byteLength <= HEAP_BASE);
        for (const other of live)
          assert.ok(
            program.address + program.byteLength <= other.address ||
              other.address + other.byteLength <= program.address,
          );
        live.push(program);
        if (which % 3 === 0) release(which % live.length);
      }
      while (live.length) release(live.length >> 1);
      assert.equal(memory.largestFree, HEAP_BASE - PROGRAMS_BASE);
    }),
    { numRuns: 40 },
  );
});

test("a program that does not fit is refused with both numbers", () => {
  const memory = new ProgramMemory();
  const many = Array.from({ length: 250_000 }, () => call("store", 2, 0, 0));
  assert.throws(() => memory.prepare(many, scratch), {
    code: "memory",
    message: `A program of 18000128 bytes does not fit: ${HEAP_BASE - PROGRAMS_BASE} bytes are free in one piece; release programs for dims that are no longer used`,
  });
});
