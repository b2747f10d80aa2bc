// Speed of single kernels as native code with the schedules that the compiler derives, one thread: share of the processor's own rate of
// multiply-adds in vectors of this width. Kernel and peak loop alternate in one process, so that a slow phase hits both.
//   node dist/bench/native-kernels.js [name]        AZULEJO_LANES=8 asks for narrower vectors
import type { Sym } from "../src/ir/poly.js";
import type { Kernel } from "../src/ir/tile.js";
import { askAhead } from "../src/lower/cpu/ahead.js";
import { lower } from "../src/lower/cpu/lower.js";
import { deriveSchedule } from "../src/schedule/derive.js";
import { findCompiler } from "../src/targets/c/compiler.js";
import { machineModel } from "../src/targets/c/target.js";
import { instantiate } from "../test/lower/harness.js";
import { nativeKernels, PEAK_TURNS } from "../test/native/kernel-runner.js";
import { median, time, works } from "./kernels.js";

const only = process.argv[2];
const chosen = works.filter(w => !only || w.name.includes(only));
const compiler = await findCompiler();
const prepared = chosen.map(work => {
  const kernel = work.kernel();
  // weights are packed at load, as the planner does with constants of a model
  for (const t of kernel.tensors) if (["W", "F", "R"].includes(t.name)) Object.assign(t, { constant: true });
  const schedule = deriveSchedule(kernel, { dimHints: (s: Sym) => work.dims[s.name], ...machineModel(compiler) });
  return { work, kernel, schedule, lowered: lower(kernel, schedule, "c", askAhead) };
});
const { runners, peak } = await nativeKernels(
  prepared.map(p => p.lowered),
  compiler,
);
console.log(`${compiler.version}, ${compiler.lanes * 32}-bit vectors`);
for (const [i, { work, kernel, schedule, lowered }] of prepared.entries()) {
  const dims = {
    ...Object.fromEntries(kernel.dims.filter(d => d.size.isConst).map(d => [d.name, d.size.constant])),
    ...work.dims,
  };
  const size = (t: Kernel["tensors"][number]) => t.dims.reduce((p, d) => p * d.evaluate(s => dims[s.name]!), 1);
  const data = Object.fromEntries(
    kernel.tensors.map(t => [t.name, Float32Array.from({ length: size(t) }, () => Math.random() - 0.5)]),
  );
  const { run } = instantiate({ lowered, runner: runners[i]! }, kernel, dims, data, schedule);
  for (let n = 0; n < 5; n++) run();
  const times = Math.max(1, Math.round(4 / time(run, 3)));
  const samples = Array.from({ length: 25 }, () => ({ peak: time(peak, 2), ours: time(run, times) }));
  const peakFlop = PEAK_TURNS * 12 * 2 * compiler.lanes;
  const best = { peak: Math.min(...samples.map(s => s.peak)), ours: Math.min(...samples.map(s => s.ours)) };
  const share = (s: typeof best): string => ((work.count / s.ours / (peakFlop / s.peak)) * 100).toFixed(0);
  const middle = median(samples.map(s => Number(share(s)))).toFixed(0);
  const rate = work.count / best.ours / 1e6;
  const figures =
    work.unit === "flop"
      ? `${middle.padStart(3)} % (best ${share(best)} %) of ${(peakFlop / best.peak / 1e6).toFixed(0)}  ${rate.toFixed(1)} GFLOP/s`
      : `${rate.toFixed(2)} elements/ns`;
  console.log(`${work.name.padEnd(32)} ${figures.padEnd(44)} ${(best.ours * 1000).toFixed(0).padStart(8)} µs`);
}
