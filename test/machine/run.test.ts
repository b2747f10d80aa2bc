// What a machine promises of one program, on every kind of machine.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { AzulejoError } from "../../src/support/errors.js";
import type { Instruction, Machine } from "../../src/targets/cpu/machine.js";
import type { Kind } from "./kernels.js";
import { arena, branch, bytesOf, call, KINDS, machineOf, wordsOf } from "./kernels.js";

const noScratch = (machine: Machine) => ({ address: machine.heapBase + (1 << 20), bytesPerThread: 64 });
const count = (n: number) => Array.from({ length: n }, (_, i) => i);

async function withMachine(kind: Kind, body: (machine: Machine) => Promise<void>): Promise<void> {
  const machine = await machineOf(kind);
  try {
    await body(machine);
  } finally {
    machine.dispose();
  }
}

/** steps that each read all of the step before: sums of sums, modulo 2³² */
function chain(machine: Machine, steps: number, blocks: number) {
  const place = arena(machine);
  const input = place(blocks);
  const instructions: Instruction[] = [];
  let from = input;
  for (let step = 0; step < steps; step++) {
    const to = place(blocks);
    instructions.push(step % 2 ? call("scale", blocks, from, to, 3, step) : call("sum", blocks, from, to, blocks));
    from = to;
  }
  const want = (x: number[]): number[] => {
    let values = x;
    for (let step = 0; step < steps; step++)
      values =
        step % 2 ? values.map(v => (v * 3 + step) | 0) : values.map(() => values.reduce((a, b) => (a + b) | 0, 0));
    return values;
  };
  return { instructions, input, output: { address: from, byteLength: blocks * 4 }, want };
}

for (const kind of KINDS) {
  test(`${kind}: every step sees all that the steps before wrote`, () =>
    withMachine(kind, async machine => {
      for (const blocks of [1, 2, 3, 17, 64]) {
        const { instructions, input, output, want } = chain(machine, 12, blocks);
        const program = machine.prepare(instructions, noScratch(machine));
        const x = count(blocks).map(i => i * i - 5);
        const [y] = await machine.run(program, [{ address: input, bytes: bytesOf(x) }], [output]);
        assert.deepEqual(wordsOf(y!), want(x));
        machine.release(program);
      }
    }));

  test(`${kind}: an empty program, and calls without blocks`, () =>
    withMachine(kind, async machine => {
      assert.deepEqual(await machine.run(machine.prepare([], noScratch(machine)), [], []), []);
      const address = machine.heapBase;
      const program = machine.prepare([call("store", 0, address, 7)], noScratch(machine));
      const [bytes] = await machine.run(program, [{ address, bytes: bytesOf([1]) }], [{ address, byteLength: 4 }]);
      assert.deepEqual(wordsOf(bytes!), [1]);
    }));

  test(`${kind}: if goes both ways, nested, with and without else`, () =>
    withMachine(kind, async machine => {
      const place = arena(machine);
      const [outer, inner, result] = [place(1), place(1), place(1)];
      // no two of these commute
      const then = (addend: number) => call("scale", 1, result, result, 3, addend);
      const program = machine.prepare(
        [
          call("store", 1, result, 1),
          branch(outer, [then(1), branch(inner, [then(2)])], [branch(inner, [], [then(3)]), then(4)]),
          then(5),
        ],
        noScratch(machine),
      );
      const after = (...addends: number[]) => addends.reduce((value, addend) => value * 3 + addend, 1);
      for (const [a, b, want] of [
        [1, 1, after(1, 2, 5)],
        [1, 0, after(1, 5)],
        [0, 1, after(4, 5)],
        [0, 0, after(3, 4, 5)],
      ] as const) {
        const inputs = [
          { address: outer, bytes: Uint8Array.of(a) },
          { address: inner, bytes: Uint8Array.of(b) },
        ];
        const [bytes] = await machine.run(program, inputs, [{ address: result, byteLength: 4 }]);
        assert.deepEqual(wordsOf(bytes!), [want]);
      }
    }));

  test(`${kind}: a condition is read where the program computed it, and its memory may be reused after`, () =>
    withMachine(kind, async machine => {
      const place = arena(machine);
      const [condition, result] = [place(1), place(1)];
      const program = machine.prepare(
        [
          call("store", 1, condition, 1),
          // the first step of the branch overwrites the condition
          branch(
            condition,
            [call("store", 1, condition, 0), call("store", 1, result, 5), call("work", 64, place(64), 10)],
            [call("store", 1, result, 6)],
          ),
        ],
        noScratch(machine),
      );
      for (let run = 0; run < 50; run++) {
        const [bytes] = await machine.run(program, [], [{ address: result, byteLength: 4 }]);
        assert.deepEqual(wordsOf(bytes!), [5]);
      }
    }));

  test(`${kind}: A, B, A with different sizes gives the same bits`, () =>
    withMachine(kind, async machine => {
      const [a, b] = [chain(machine, 9, 40), chain(machine, 9, 7)];
      const [programA, programB] = [a, b].map(c => machine.prepare(c.instructions, noScratch(machine)));
      const run = async (c: typeof a, program: typeof programA, x: number[]) => {
        const [y] = await machine.run(program!, [{ address: c.input, bytes: bytesOf(x) }], [c.output]);
        assert.deepEqual(wordsOf(y!), c.want(x));
      };
      for (let round = 0; round < 20; round++) {
        await run(a, programA, count(40));
        await run(b, programB, count(7));
      }
    }));

  test(`${kind}: runs that are asked for at once queue`, () =>
    withMachine(kind, async machine => {
      const { instructions, input, output, want } = chain(machine, 5, 33);
      const program = machine.prepare(instructions, noScratch(machine));
      const inputs = count(50).map(seed => count(33).map(i => i * seed));
      const results = await Promise.all(
        inputs.map(x => machine.run(program, [{ address: input, bytes: bytesOf(x) }], [output])),
      );
      assert.deepEqual(
        results.map(([y]) => wordsOf(y!)),
        inputs.map(want),
      );
    }));

  test(`${kind}: a failed check of an index rejects with "bounds", any other trap with "internal", and both name the kernel; the machine works afterwards`, () =>
    withMachine(kind, async machine => {
      const place = arena(machine);
      const [cells, result] = [place(32), place(1)];
      const bad = machine.prepare(
        [call("work", 32, cells, 10), call("gather", 32, 20), call("store", 1, result, 9)],
        noScratch(machine),
      );
      // the address and the load's offset add up to more than 4 GiB, which no memory has
      const wild = machine.prepare([call("peek", 4, -1)], noScratch(machine));
      const good = machine.prepare(
        [call("work", 32, cells, 10), call("gather", 32, 99), call("store", 1, result, 9)],
        noScratch(machine),
      );
      for (let round = 0; round < 10; round++) {
        await assert.rejects(machine.run(bad, [], []), {
          name: "AzulejoError",
          code: "bounds",
          message:
            'Kernel "gather" stopped at an index outside its tensor; check the indices among the inputs, or take { target: "interpreter" }, which names tensor and index, and the line of a kernel of yours',
        });
        await assert.rejects(machine.run(wild, [], []), {
          name: "AzulejoError",
          code: "internal",
          message: 'Kernel "peek" trapped: memory access out of bounds; this is a bug in Azulejo, please report it',
        });
        const [bytes] = await machine.run(
          good,
          [{ address: result, bytes: bytesOf([0]) }],
          [{ address: result, byteLength: 4 }],
        );
        assert.deepEqual(wordsOf(bytes!), [9]);
      }
    }));

  test(`${kind}: a signal that has fired rejects with "aborted"; a queued run is withdrawn`, () =>
    withMachine(kind, async machine => {
      const cells = machine.heapBase;
      const program = machine.prepare([call("work", 64, cells, 20_000)], noScratch(machine));
      await assert.rejects(machine.run(program, [], [], AbortSignal.abort()), {
        code: "aborted",
        message: "The run was aborted by the caller's signal",
      });
      const controller = new AbortController();
      const zero = [{ address: cells, bytes: new Uint8Array(256) }];
      const first = machine.run(program, zero, [{ address: cells, byteLength: 256 }]);
      const second = machine.run(program, [], [], controller.signal);
      controller.abort();
      await assert.rejects(second, { code: "aborted" });
      const [bytes] = await first;
      assert.deepEqual(
        wordsOf(bytes!),
        count(64).map(() => 1),
      );
    }));

  test(`${kind}: after dispose() everything says so`, async () => {
    const machine = await machineOf(kind);
    const program = machine.prepare([call("work", 8, machine.heapBase, 10)], noScratch(machine));
    machine.dispose();
    machine.dispose();
    const disposed = { code: "disposed", message: "The model was disposed" };
    await assert.rejects(machine.run(program, [], []), disposed);
    assert.throws(() => machine.prepare([], noScratch(machine)), disposed);
    await assert.rejects(async () => machine.write([{ address: machine.heapBase, bytes: bytesOf([1]) }]), disposed);
  });

  test(`${kind}: more memory than there is, is refused with both numbers`, () =>
    withMachine(kind, async machine => {
      await assert.rejects(
        async () => machine.reserve(2 ** 33),
        (error: AzulejoError) => {
          assert.equal(error.code, "memory");
          assert.match(error.message, /^The program needs 8589934592 bytes of memory, and this host /);
          return true;
        },
      );
      await machine.reserve(machine.heapBase + (64 << 20));
      const address = machine.heapBase + (60 << 20);
      await machine.write([{ address, bytes: bytesOf([42]) }]);
      const [bytes] = await machine.run(machine.prepare([], noScratch(machine)), [], [{ address, byteLength: 4 }]);
      assert.deepEqual(wordsOf(bytes!), [42]);
    }));
}
