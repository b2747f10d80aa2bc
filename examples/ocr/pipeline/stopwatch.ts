// Adds up where time goes, by name.

export class Stopwatch {
  readonly timesMs: Record<string, number> = {};

  async time<T>(name: string, work: () => T | Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.timesMs[name] = (this.timesMs[name] ?? 0) + performance.now() - start;
    }
  }
}
