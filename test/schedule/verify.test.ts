// Schedules that do not fit are refused with a sentence that says what to do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { deriveSchedule } from "../../src/schedule/derive.js";
import type { Schedule } from "../../src/schedule/schedule.js";
import { verifySchedule } from "../../src/schedule/verify.js";
import { AzulejoError } from "../../src/support/errors.js";
import { scatterRows } from "../kernels/joining.js";
import * as kernels from "../kernels/stage1.js";

const linear = kernels.linear().ir;
const refused: readonly (readonly [Partial<Schedule>, string])[] = [
  [{ fuse: [["m", "q", "mq"]] }, 'there is no axis "q" to fuse; use the names that explain prints'],
  [{ block: { m: 0 } }, 'the block of axis "m" is 0; use a whole number from 1 on'],
  [{ block: { k: 8 } }, 'axis "k" is reduced or read across its blocks; leave it whole'],
  [{ stage: { Y: { rows: { m: [16, 1] }, vectors: 4 } } }, 'stage "Y" needs 64 accumulators; use at most 32'],
  [{ stage: { Y: { vectors: 0 } } }, 'stage "Y" has 0 vectors; use a whole number from 1 on'],
  [{ layouts: { W: { order: [1, 0] } } }, 'tensor "W" is no constant; only constants are packed at load'],
  [{ layouts: { Q: { order: [0] } } }, 'there is no tensor "Q" to lay out'],
  [{ ahead: { Q: "m" } }, 'there is no reduction "Q" to ask for memory ahead; use the names that explain prints'],
  [
    { panelsAhead: { Q: 1 } },
    'there is no contraction "Q" to ask for weights ahead; use the names that explain prints',
  ],
  [{ panelsAhead: { dot0: 0.5 } }, '"dot0" asks for 0.5 bytes of weights ahead a row; use a whole number from 1 on'],
  [{ stepsAhead: { Q: "m" } }, 'there is no tensor "Q" to ask for ahead; use the names that explain prints'],
  [
    { stepsAhead: { W: "m" } },
    'no fold walks an axis "m" whose next step could be asked for; use the names that explain prints',
  ],
  [{ order: ["q"] }, 'order names "q", which is no axis; use the names that explain prints'],
  [{ split: ["q"] }, 'split names "q", which is no axis; use the names that explain prints'],
  [{ pointers: ["Q"] }, 'pointers names "Q", which is no tensor; use the names that explain prints'],
  [{ place: { q: { at: "row" } } }, 'there is no value "q" to place; use the names that explain prints'],
  [{ stage: { Q: {} } }, 'there is no stage "Q"; use the names that explain prints'],
  [{ stage: { Y: { lane: "q" } } }, 'stage "Y" names "q", which is no axis; use the names that explain prints'],
  [{ unroll: 65 }, "unroll and partials are 65 and 4; use at most 64"],
  [{ unroll: 0 }, "unroll and partials are 0 and 4; use whole numbers from 1 on"],
];
for (const [pins, sentence] of refused)
  test(sentence, () => {
    const schedule = { ...deriveSchedule(linear), ...pins };
    assert.throws(
      () => verifySchedule(linear, schedule),
      (e: unknown) =>
        e instanceof AzulejoError && e.code === "schedule" && e.message === `schedule of kernel "linear": ${sentence}`,
    );
  });

const fields =
  "lanes, fuse, block, order, layouts, pointers, split, parts, ahead, panelsAhead, stepsAhead, place, stage, unroll, partials, maxPointers, exact";
/** pins of programs without types */
const malformed: readonly (readonly [unknown, string])[] = [
  [{ blok: { m: 1 } }, `there is no field "blok"; the fields are ${fields}`],
  [{ toString: 1 }, `there is no field "toString"; the fields are ${fields}`],
  [{ block: 5 }, "block is 5; give an object or leave it out"],
  [{ block: undefined }, "block is undefined; give an object or leave it out"],
  [{ fuse: ["m", "n", "mn"] }, 'fuse is ["m","n","mn"]; give a list of lists or leave it out'],
  [{ exact: 1 }, "exact is 1; give true or false or leave it out"],
  [{ unroll: "2" }, 'unroll is "2"; give a number or leave it out'],
  [{ stage: { Y: 5 } }, 'stage "Y": 5 stands where an object of fields is wanted'],
  [
    { stage: { Y: { lan: "n" } } },
    'stage "Y": there is no field "lan"; the fields are order, rows, lane, vectors, tail, panel',
  ],
  [{ stage: { Y: { rows: { m: 6 } } } }, 'stage "Y": rows is {"m":6}; give an object of lists or leave it out'],
  [{ stage: { Y: { tail: "cut" } } }, 'stage "Y": tail is "cut"; give "mask" or "peel" or leave it out'],
  [
    { place: { dot0: { at: "rows" } } },
    'place of "dot0": at is "rows"; give "root", "region", "row", "inline" or { axis } or leave it out',
  ],
];
for (const [pins, sentence] of malformed)
  test(sentence, () => {
    assert.throws(() => deriveSchedule(linear, { pins: pins as Partial<Schedule> }), {
      code: "schedule",
      message: `schedule of kernel "linear": ${sentence}`,
    });
  });

test("what the cost model derives is never refused", () => {
  for (const make of [
    kernels.linear,
    kernels.softmax,
    kernels.layerNorm,
    kernels.attention,
    kernels.lstm,
    kernels.transposingChain,
  ]) {
    const k = make().ir;
    verifySchedule(k, deriveSchedule(k));
  }
});

test("axes along which writes join what is there are not fused", () => {
  const k = scatterRows("add", "f32").ir;
  assert.throws(() => verifySchedule(k, { ...deriveSchedule(k), fuse: [["n", "c", "nc"]] }), {
    code: "schedule",
    message:
      'schedule of kernel "scatterRows": axes are fused, and writes to "Y" follow each other in the order of their axes; leave them apart',
  });
});
