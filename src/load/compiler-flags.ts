// V8's flags while our own compiler runs: most of its functions run once or for a second, so that optimising them costs more than it gives
// back, on cores that the compiler and its workers need. Not here: how V8 compiles WebAssembly (targets/wasm/machine-engine.ts).
import { type EngineFlag, nodeV8Version, withEngineFlags } from "../runtime/platform.js";
import type { CompileOptions } from "../runtime/target.js";

interface Known {
  /** versions of V8 whose defaults these are */
  readonly from: number;
  readonly below: number;
  readonly flags: readonly EngineFlag[];
}
const known: readonly Known[] = [
  // Node 20. TurboFan optimises what has run for a while: DenseNet-121 took 1.5 s of processor time for it beside 0.7 s of our own
  { from: 11.3, below: 11.4, flags: [{ name: "interrupt-budget", value: 600_000, usual: 67_584 }] },
  // Node 22 to 24
  {
    from: 12.4,
    below: 13.7,
    flags: [
      { name: "invocation-count-for-maglev", value: 1200, usual: 400 },
      { name: "invocation-count-for-turbofan", value: 100_000, usual: 3000 },
      // the young generation grows to 100 MiB by doubling, and saves nothing: garbage of a compiler dies soon
      { name: "semi-space-growth-factor", value: 1, usual: 2 },
    ],
  },
];

/** Runs the compiler under the flags that suit it, and remembers for the report which were set. */
export class CompilerFlags {
  readonly #flags: readonly EngineFlag[];
  readonly #applied = new Set<string>();

  constructor({ engineFlags }: Pick<CompileOptions, "engineFlags">) {
    const version = nodeV8Version() ?? 0;
    this.#flags = engineFlags === "auto" ? (known.find(k => version >= k.from && version < k.below)?.flags ?? []) : [];
  }
  get applied(): readonly string[] {
    return [...this.#applied];
  }
  async during<T>(work: () => Promise<T>): Promise<T> {
    if (this.#flags.length === 0) return work();
    const { value, applied } = await withEngineFlags(this.#flags, work);
    for (const flag of applied) this.#applied.add(flag);
    return value;
  }
}
