// The driver: the functions inside a module that interpret prepared programs. It knows steps, blocks and threads, nothing of kernels.
// A step's blocks are claimed with its `next` counter and counted with its `done` counter; a step is over when all blocks are done,
// whoever did them, so a thread that the operating system parked holds nobody up (a thread barrier would: 5.2 → 11 ms measured
// with one competing process). Kernels are called per block, so that an engine can replace their code between blocks.
// Counters are good for one pass: a loop is run by one thread alone, which uses none.
import type { AssembledFunction, Code, Local } from "./assembler.js";
import {
  assembleFunction,
  atomic,
  block,
  branch,
  branchIf,
  call,
  callIndirect,
  drop,
  get,
  giveBack,
  i32,
  i64,
  loop,
  set,
  tee,
  when,
} from "./assembler.js";
import { HEADER, OP, PAIR_BYTES, STEP, STEP_BYTES, THREAD_BYTES } from "../cpu/program-layout.js";
import { CONTROL, GATE_OPEN, OUTCOME } from "./machine-layout.js";

/** Type index of (params: i32, block: i32, scratch: i32) → () in every module. */
export const KERNEL_TYPE = 0;

export interface DriverOptions {
  readonly shared: boolean;
  /** index of the driver's first function */
  readonly firstIndex: number;
  /** random pauses wherever threads race; for tests */
  readonly delays: boolean;
}
export interface Driver {
  readonly functions: readonly AssembledFunction[];
  /** name → function index */
  readonly exports: ReadonlyMap<string, number>;
}

const word = (address: number): Code => i32.const(address);
const increment = (local: Local, by = 1): Code => set(local, i32.add(get(local), i32.const(by)));

/** What the functions of the driver need to know of each other. */
interface Context extends DriverOptions {
  readonly index: (name: DriverFunction) => number;
  /** a random pause in test modules, nothing otherwise */
  readonly delay: Code;
}
type DriverFunction =
  | "callAlone"
  | "seriesAlone"
  | "decideAlone"
  | "executeAlone"
  | "runAlone"
  | "delay"
  | "wake"
  | "runCall"
  | "runSeries"
  | "awaitDone"
  | "decide"
  | "execute"
  | "leave"
  | "takePart"
  | "serve"
  | "fail";

const SHARED: readonly DriverFunction[] = [
  "delay",
  "wake",
  "runCall",
  "runSeries",
  "awaitDone",
  "decide",
  "callAlone",
  "seriesAlone",
  "decideAlone",
  "executeAlone",
  "runAlone",
  "execute",
  "leave",
  "takePart",
  "serve",
  "fail",
];
const UNSHARED: readonly DriverFunction[] = ["callAlone", "seriesAlone", "decideAlone", "executeAlone", "execute"];
const EXPORTED: readonly DriverFunction[] = ["execute", "takePart", "serve", "fail"];

export function driver(options: DriverOptions): Driver {
  const delays = options.shared && options.delays;
  const names = (options.shared ? SHARED : UNSHARED).filter(name => name !== "delay" || delays);
  const index = (name: DriverFunction) => options.firstIndex + names.indexOf(name);
  const context: Context = { ...options, index, delay: delays ? call(index("delay")) : [] };
  return {
    functions: names.map(name => write[name](context)),
    exports: new Map(names.filter(name => EXPORTED.includes(name)).map(name => [name, index(name)])),
  };
}

const write: Readonly<Record<DriverFunction, (context: Context) => AssembledFunction>> = {
  /** Walks the steps from the run's entry until the end, or until somebody decides the outcome. */
  execute: ({ shared, index }) =>
    assembleFunction(
      "driver.execute",
      { params: { thread: "i32" }, locals: { pc: "i32", op: "i32", scratch: "i32" } },
      ({ thread, pc, op, scratch }) => [
        set(pc, i32.load(word(CONTROL.entry))),
        set(
          scratch,
          i32.add(
            i32.load(get(pc), HEADER.scratch),
            i32.mul(get(thread), i32.load(get(pc), HEADER.scratchBytesPerThread)),
          ),
        ),
        increment(pc, STEP_BYTES),
        shared
          ? loop(
              when(atomic.load(word(CONTROL.outcome)), giveBack()),
              set(op, i32.load(get(pc), STEP.op)),
              when(i32.eq(get(op), i32.const(OP.call)), [
                call(index("runCall"), get(pc), get(thread), get(scratch)),
                call(index("awaitDone"), get(pc), i32.load(get(pc), STEP.count)),
                increment(pc, STEP_BYTES),
                branch(1),
              ]),
              when(i32.eq(get(op), i32.const(OP.series)), [
                call(index("runSeries"), get(pc), get(thread), get(scratch)),
                call(index("awaitDone"), get(pc), i32.const(1)),
                increment(pc, STEP_BYTES),
                branch(1),
              ]),
              when(i32.eq(get(op), i32.const(OP.if)), [set(pc, call(index("decide"), get(pc))), branch(1)]),
              when(i32.eq(get(op), i32.const(OP.jump)), [set(pc, i32.load(get(pc), STEP.target)), branch(1)]),
              when(i32.eq(get(op), i32.const(OP.alone)), [
                call(index("runAlone"), get(pc), get(thread), get(scratch)),
                call(index("awaitDone"), get(pc), i32.const(1)),
                set(pc, i32.load(get(pc), STEP.target)),
                branch(1),
              ]),
            )
          : call(index("executeAlone"), get(pc), get(thread), get(scratch)),
        shared
          ? drop(atomic.compareExchange(word(CONTROL.outcome), i32.const(OUTCOME.running), i32.const(OUTCOME.complete)))
          : [],
      ],
    ),

  /** Walks steps up to an end on this thread alone, without counters, so that steps may be run again and again. */
  executeAlone: ({ shared, index }) =>
    assembleFunction(
      "driver.executeAlone",
      { params: { pc: "i32", thread: "i32", scratch: "i32" }, locals: { op: "i32" } },
      ({ pc, thread, scratch, op }) => [
        loop(
          shared ? when(atomic.load(word(CONTROL.outcome)), giveBack()) : [],
          set(op, i32.load(get(pc), STEP.op)),
          when(i32.eq(get(op), i32.const(OP.call)), [
            call(index("callAlone"), get(pc), get(thread), get(scratch)),
            increment(pc, STEP_BYTES),
            branch(1),
          ]),
          when(i32.eq(get(op), i32.const(OP.series)), [
            call(index("seriesAlone"), get(pc), get(thread), get(scratch)),
            increment(pc, STEP_BYTES),
            branch(1),
          ]),
          when(i32.eq(get(op), i32.const(OP.if)), [set(pc, call(index("decideAlone"), get(pc))), branch(1)]),
          when(i32.eq(get(op), i32.const(OP.jump)), [set(pc, i32.load(get(pc), STEP.target)), branch(1)]),
          when(i32.eq(get(op), i32.const(OP.alone)), [
            call(index("executeAlone"), i32.add(get(pc), i32.const(STEP_BYTES)), get(thread), get(scratch)),
            set(pc, i32.load(get(pc), STEP.target)),
            branch(1),
          ]),
        ),
      ],
    ),

  /** One thread runs what stands alone, like a series; the others find it claimed and wait. */
  runAlone: ({ index, delay }) =>
    assembleFunction(
      "driver.runAlone",
      { params: { pc: "i32", thread: "i32", scratch: "i32" } },
      ({ pc, thread, scratch }) => [
        delay,
        when(atomic.load(get(pc), STEP.next), giveBack()),
        when(atomic.add(get(pc), i32.const(1), STEP.next), giveBack()),
        call(index("executeAlone"), i32.add(get(pc), i32.const(STEP_BYTES)), get(thread), get(scratch)),
        delay,
        drop(atomic.add(get(pc), i32.const(1), STEP.done)),
        call(index("wake")),
      ],
    ),

  callAlone: context => write.runCall({ ...context, shared: false }),
  seriesAlone: context => write.runSeries({ ...context, shared: false }),
  decideAlone: context => write.decide({ ...context, shared: false }),

  /** Runs blocks of one call: all of them alone, or those that this thread claims. */
  runCall: ({ shared, index, delay }) =>
    assembleFunction(
      "driver.runCall",
      {
        params: { pc: "i32", thread: "i32", scratch: "i32" },
        locals: { block: "i32", blocks: "i32", func: "i32", params: "i32" },
      },
      ({ pc, thread, scratch, block: b, blocks, func, params }) => [
        set(blocks, i32.load(get(pc), STEP.count)),
        set(func, i32.load(get(pc), STEP.func)),
        set(params, i32.load(get(pc), STEP.params)),
        noteFunction(thread, get(func)),
        block(
          loop(
            delay,
            shared ? set(b, atomic.add(get(pc), i32.const(1), STEP.next)) : [],
            branchIf(1, i32.atLeastUnsigned(get(b), get(blocks))),
            delay,
            callIndirect(KERNEL_TYPE, get(func), get(params), get(b), get(scratch)),
            delay,
            shared
              ? [
                  when(i32.eq(atomic.add(get(pc), i32.const(1), STEP.done), i32.sub(get(blocks), i32.const(1))), [
                    call(index("wake")),
                    giveBack(),
                  ]),
                  branchIf(1, atomic.load(word(CONTROL.outcome))),
                ]
              : increment(b),
            branch(0),
          ),
        ),
      ],
    ),

  /** Runs calls of one block each, one after the other on one thread: no hand-over between small steps. */
  runSeries: ({ shared, index, delay }) =>
    assembleFunction(
      "driver.runSeries",
      { params: { pc: "i32", thread: "i32", scratch: "i32" }, locals: { pair: "i32", end: "i32" } },
      ({ pc, thread, scratch, pair, end }) => [
        delay,
        // looking before claiming keeps threads that come late from taking the line away from the one that works
        shared ? when(atomic.load(get(pc), STEP.next), giveBack()) : [],
        shared ? when(atomic.add(get(pc), i32.const(1), STEP.next), giveBack()) : [],
        set(pair, i32.load(get(pc), STEP.params)),
        set(end, i32.add(get(pair), i32.mul(i32.load(get(pc), STEP.count), i32.const(PAIR_BYTES)))),
        loop(
          delay,
          noteFunction(thread, i32.load(get(pair))),
          callIndirect(KERNEL_TYPE, i32.load(get(pair)), i32.load(get(pair), 4), i32.const(0), get(scratch)),
          shared ? when(atomic.load(word(CONTROL.outcome)), giveBack()) : [],
          increment(pair, PAIR_BYTES),
          branchIf(0, i32.lessUnsigned(get(pair), get(end))),
        ),
        delay,
        shared ? [drop(atomic.add(get(pc), i32.const(1), STEP.done)), call(index("wake"))] : [],
      ],
    ),

  /** Next step of an `if`. Decided once: a thread that comes late would read a condition whose memory has been reused. */
  decide: ({ shared, delay }) =>
    assembleFunction(
      "driver.decide",
      { params: { pc: "i32" }, locals: { taken: "i32" }, results: ["i32"] },
      ({ pc, taken }) => {
        const read = i32.add(i32.const(1), i32.eqz(i32.load8(i32.load(get(pc), STEP.condition))));
        return [
          shared
            ? when(i32.eqz(tee(taken, atomic.load(get(pc), STEP.decision))), [
                set(taken, read),
                delay,
                drop(atomic.compareExchange(get(pc), i32.const(0), get(taken), STEP.decision)),
                set(taken, atomic.load(get(pc), STEP.decision)),
              ])
            : set(taken, read),
          when(i32.eq(get(taken), i32.const(2)), giveBack(i32.load(get(pc), STEP.target))),
          i32.add(get(pc), i32.const(STEP_BYTES)),
        ];
      },
    ),

  /** Until `blocks` blocks of a step are done: looks for a while (a wake-up takes 6 µs), then sleeps. */
  awaitDone: ({ delay }) =>
    assembleFunction(
      "driver.awaitDone",
      { params: { pc: "i32", blocks: "i32" }, locals: { spins: "i32", seen: "i32" } },
      ({ pc, blocks, spins, seen }) => {
        const unfinished = i32.lessUnsigned(atomic.load(get(pc), STEP.done), get(blocks));
        return [
          set(spins, i32.load(word(CONTROL.spins))),
          loop(when(i32.eqz(unfinished), giveBack()), branchIf(0, tee(spins, i32.sub(get(spins), i32.const(1))))),
          // Announce, then look again, then sleep: whoever finishes the step after the second look sees the announcement and
          // bumps `wake` after it was read here, so that the sleep ends or never begins.
          drop(atomic.add(word(CONTROL.sleepers), i32.const(1))),
          block(
            loop(
              delay,
              set(seen, atomic.load(word(CONTROL.wake))),
              branchIf(1, i32.eqz(unfinished)),
              branchIf(1, atomic.load(word(CONTROL.outcome))),
              delay,
              drop(atomic.wait(word(CONTROL.wake), get(seen))),
              branch(0),
            ),
          ),
          drop(atomic.add(word(CONTROL.sleepers), i32.const(-1))),
        ];
      },
    ),

  wake: () =>
    assembleFunction("driver.wake", { params: {} }, () =>
      when(atomic.load(word(CONTROL.sleepers)), [
        drop(atomic.add(word(CONTROL.wake), i32.const(1))),
        drop(atomic.notify(word(CONTROL.wake), i32.const(-1))),
      ]),
    ),

  /** Joins the run if it is still open, works, leaves. `starter`: this thread has opened the run itself. */
  takePart: ({ index, delay }) =>
    assembleFunction("driver.takePart", { params: { thread: "i32", starter: "i32" } }, ({ thread, starter }) => [
      delay,
      // joining a closed run is undone at once; the next one starts only when the gate is back at zero
      when(
        i32.and(atomic.add(word(CONTROL.gate), i32.const(1)), i32.const(GATE_OPEN)),
        when(
          i32.or(get(starter), i32.atLeastUnsigned(get(thread), i32.load(word(CONTROL.firstThread)))),
          call(index("execute"), get(thread)),
        ),
      ),
      call(index("leave")),
    ]),

  /**
   * The first thread to leave a decided run closes it and tells the starter; the last one out tells a starter that waits for an empty
   * gate. A thread that must stay out leaves a run that goes on, and closes nothing.
   */
  leave: ({ delay }) =>
    assembleFunction("driver.leave", { params: {} }, () => [
      delay,
      when(
        atomic.load(word(CONTROL.outcome)),
        when(i32.and(atomic.and(word(CONTROL.gate), i32.const(~GATE_OPEN)), i32.const(GATE_OPEN)), [
          delay,
          atomic.store(word(CONTROL.finished), i32.load(word(CONTROL.run))),
          drop(atomic.notify(word(CONTROL.finished), i32.const(-1))),
        ]),
      ),
      delay,
      when(
        i32.eq(atomic.add(word(CONTROL.gate), i32.const(-1)), i32.const(1)),
        drop(atomic.notify(word(CONTROL.gate), i32.const(-1))),
      ),
    ]),

  /** A worker's whole life between two runs: sleeps until a run other than `last` starts, takes part, gives that run's number. */
  serve: ({ index }) =>
    assembleFunction(
      "driver.serve",
      {
        params: { thread: "i32", last: "i32" },
        locals: { bell: "i32", spins: "i32", started: "i32" },
        results: ["i32"],
      },
      ({ thread, last, bell, spins, started }) => {
        const nothingNew = i32.eq(tee(started, atomic.load(get(bell))), get(last));
        return [
          set(bell, word(CONTROL.started)),
          when(i32.eqz(get(thread)), set(bell, word(CONTROL.startedFirst))),
          set(spins, i32.load(word(CONTROL.spins))),
          block(
            loop(branchIf(1, i32.eqz(nothingNew)), branchIf(0, tee(spins, i32.sub(get(spins), i32.const(1))))),
            loop(drop(atomic.wait(get(bell), get(last))), branchIf(0, nothingNew)),
          ),
          call(index("takePart"), get(thread), i32.const(0)),
          get(started),
        ];
      },
    ),

  /** Called from JavaScript after a trap in takePart, which has joined and not left. */
  fail: ({ index }) =>
    assembleFunction("driver.fail", { params: {} }, () => [
      drop(atomic.compareExchange(word(CONTROL.outcome), i32.const(OUTCOME.running), i32.const(OUTCOME.trapped))),
      call(index("wake")),
      call(index("leave")),
    ]),

  /** Pauses of 0 to 1023 steps, and one in 64 sleeps for up to 1.5 ms; a race on its state only adds to the disorder. */
  delay: () =>
    assembleFunction("driver.delay", { params: {}, locals: { state: "i32" } }, ({ state }) => {
      const bits = (from: number, mask: number): Code =>
        i32.and(i32.shiftRightUnsigned(get(state), i32.const(from)), i32.const(mask));
      const timeNs = i64.mul(i64.extendUnsigned(bits(14, 31)), i64.const(50_000));
      return [
        set(state, i32.add(i32.mul(i32.load(word(CONTROL.delays)), i32.const(1664525)), i32.const(1013904223))),
        i32.store(word(CONTROL.delays), get(state)),
        when(i32.eqz(bits(8, 63)), drop(atomic.wait(word(CONTROL.delays), get(state), timeNs))),
        set(state, i32.add(bits(22, 1023), i32.const(1))),
        loop(branchIf(0, tee(state, i32.sub(get(state), i32.const(1))))),
      ];
    }),
};

/** so that a trap can name its kernel */
function noteFunction(thread: Local, func: Code): Code {
  return i32.store(i32.mul(get(thread), i32.const(THREAD_BYTES)), func, CONTROL.threads);
}
