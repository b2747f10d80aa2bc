// Waiting for signals: one listener a signal, however many wait with it, since Node warns of a leak from the eleventh on.

interface Listening {
  readonly calls: Set<() => void>;
  readonly tell: () => void;
}
const listening = new WeakMap<AbortSignal, Listening>();

/** Calls once the signal fires; what it gives ends the waiting. */
export function whenAborted(signal: AbortSignal, call: () => void): () => void {
  const own = listening.get(signal) ?? listenTo(signal);
  own.calls.add(call);
  return () => {
    if (!own.calls.delete(call) || own.calls.size > 0) return;
    signal.removeEventListener("abort", own.tell);
    listening.delete(signal);
  };
}
function listenTo(signal: AbortSignal): Listening {
  const calls = new Set<() => void>();
  const tell = (): void => {
    signal.removeEventListener("abort", tell);
    listening.delete(signal);
    for (const call of calls) call();
    calls.clear();
  };
  const own = { calls, tell };
  listening.set(signal, own);
  signal.addEventListener("abort", tell);
  return own;
}
