// Whose turn it is: of cases that show much the same and cost most, `npm test` runs a share, another one each day, and full sweeps all. Not here:
// the seeds of random draws.
import { fullSweep } from "./ops/large-cases.js";

/** The day, by Greenwich; AZULEJO_SEED repeats another one's shares. `tools/test.ts` prints it. */
export const rotation = Number(process.env.AZULEJO_SEED ?? Math.floor(Date.now() / 86_400_000));

/** One place in `every` has its turn: each of them within as many days. */
export const isInTurn = (at: number, every: number): boolean => fullSweep || (at + rotation) % every === 0;

/** The same for a list of `count`, of which at least one is due each day. */
export const isInTurnOf = (count: number, at: number, every: number): boolean => isInTurn(at, Math.min(every, count));

/** why a test of what is not due is skipped */
export const LATER = "has its turn on another day, and in full sweeps (npm run test:all)";
