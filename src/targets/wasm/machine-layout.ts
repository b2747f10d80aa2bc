// The control words at the start of program memory, on which threads agree; program-layout.ts has what comes behind them.
// Shared by the driver (which is WebAssembly) and by the JavaScript that starts and ends runs. Byte addresses.
import { LINE, THREADS_BASE } from "../cpu/program-layout.js";

export const CONTROL = {
  /** number of runs started; workers sleep on it, all but the first */
  started: 1 * LINE,
  /** number of runs started that the first worker takes part in; it sleeps on it */
  startedFirst: 1 * LINE + 4,
  /** GATE_OPEN while threads may join the run, plus the number of threads inside */
  gate: 2 * LINE,
  /** number of the last run that ended; the starter sleeps on it */
  finished: 3 * LINE,
  /** bumped when a step is done and somebody sleeps; threads sleep on it between steps */
  wake: 4 * LINE,
  /** threads that sleep on `wake`, or are about to */
  sleepers: 4 * LINE + 4,
  /** 0 while the run goes on, else an OUTCOME; whoever changes it first decides */
  outcome: 5 * LINE,
  // the rest of this line is written before the gate opens and only read while it is open
  run: 5 * LINE + 4,
  entry: 5 * LINE + 8,
  /** threads with smaller numbers stay out: 1 when the calling thread is thread 0 itself */
  firstThread: 5 * LINE + 12,
  /** loads of a counter before a thread sleeps */
  spins: 5 * LINE + 16,
  /** what went wrong first: claimed (0 or 1), table index of the function, characters of the text, the text in UTF-16 */
  trap: 6 * LINE,
  /** state of the random delays in test modules */
  delays: 15 * LINE,
  /** one line a thread: table index of the function it runs */
  threads: THREADS_BASE,
} as const;
export const TRAP = { claimed: 0, func: 4, length: 8, text: 12, maxCharacters: (9 * LINE - 12) / 2 } as const;

export const GATE_OPEN = 1 << 30;
export const OUTCOME = { running: 0, complete: 1, aborted: 2, trapped: 3 } as const;
