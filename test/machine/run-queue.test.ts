// The queue of a machine by itself: turns, withdrawal by signals, the end.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { AzulejoError } from "../../src/support/errors.js";
import { RunQueue } from "../../src/targets/cpu/run-queue.js";

/** Ends when it is told to. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>(resolve => {
    open = resolve;
  });
  return { opened, open };
}
const listeners = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;
const outcome = (run: Promise<unknown>): Promise<unknown> => run.catch(e => e.code);

test("many runs wait with one listener of their signal, and none is left", async () => {
  const queue = new RunQueue();
  const { signal } = new AbortController();
  const { opened, open } = gate();
  const runs = Array.from({ length: 30 }, (_, i) => queue.enqueue(() => opened.then(() => i), signal));
  assert.equal(listeners(signal), 1);
  open();
  assert.deepEqual(
    await Promise.all(runs),
    runs.map((_, i) => i),
  );
  assert.equal(listeners(signal), 0);
  assert.ok(queue.idle);
});

test("a signal withdraws those that wait with it, and no others", async () => {
  const queue = new RunQueue();
  const controller = new AbortController();
  const { opened, open } = gate();
  const started: string[] = [];
  const run = (name: string, signal?: AbortSignal) =>
    outcome(queue.enqueue(() => (started.push(name), opened.then(() => name)), signal));
  const runs = [
    run("first", controller.signal),
    run("withdrawn", controller.signal),
    run("other"),
    run("withdrawn", controller.signal),
    run("another", new AbortController().signal),
  ];
  controller.abort();
  assert.equal(listeners(controller.signal), 0);
  runs.push(run("late", controller.signal));
  open();
  assert.deepEqual(await Promise.all(runs), ["first", "aborted", "other", "aborted", "another", "aborted"]);
  assert.deepEqual(started, ["first", "other", "another"]);
});

test("the end rejects what runs, what waits and what comes", async () => {
  const queue = new RunQueue();
  const { signal } = new AbortController();
  const runs = [1, 2, 3].map(() => outcome(queue.enqueue(() => new Promise(() => {}), signal)));
  queue.end(new AzulejoError("disposed", "The model was disposed"));
  runs.push(outcome(queue.enqueue(async () => {}, signal)));
  assert.deepEqual(await Promise.all(runs), new Array(4).fill("disposed"));
  assert.equal(listeners(signal), 0);
});
