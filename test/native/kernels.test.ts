// Kernels in C at every width of vectors that the processor has, and without any vector instruction, against WebAssembly's results.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sym } from "../../src/ir/poly.js";
import type { Kernel } from "../../src/ir/tile.js";
import { askAhead } from "../../src/lower/cpu/ahead.js";
import { lower } from "../../src/lower/cpu/lower.js";
import { deriveSchedule } from "../../src/schedule/derive.js";
import { findCompiler, retargeted } from "../../src/targets/c/compiler.js";
import { nativeProblem } from "../../src/targets/c/native-problem.js";
import { assertRemainders, remainders32, remainders64, remaindersOf } from "../kernels/remainders.js";
import * as kernels from "../kernels/stage1.js";
import type { Data } from "../lower/harness.js";
import { compile, instantiate } from "../lower/harness.js";
import { isInTurn } from "../rotation.js";
import { randomNumbers } from "../models/inventory.js";
import { nested } from "../kernels/cells.js";
import { eachWidth } from "./each-width.js";
import { scheduledKernels } from "./scheduled-kernels.js";

interface Case {
  readonly name: string;
  readonly kernel: () => Kernel;
  readonly dims: Readonly<Record<string, number>>;
}
const cases: readonly Case[] = [
  { name: "loops of cells", kernel: () => nested().ir, dims: { R: 5, K: 3, J: 37, T: 5 } },
  { name: "linear", kernel: () => kernels.linear().ir, dims: { M: 13, N: 37, K: 19 } },
  {
    name: "conv",
    kernel: () => kernels.conv(1, 1).ir,
    dims: { B: 1, H: 9, W: 7, U: 9, V: 7, C: 5, K: 21, P: 3, Q: 3 },
  },
  {
    name: "depthwise",
    kernel: () => kernels.depthwise(1, 1).ir,
    dims: { B: 1, H: 9, W: 7, U: 9, V: 7, C: 35 },
  },
  { name: "softmax", kernel: () => kernels.softmax().ir, dims: { R: 5, C: 131 } },
  { name: "layerNorm", kernel: () => kernels.layerNorm().ir, dims: { R: 3, C: 77 } },
  {
    name: "attention",
    kernel: () => kernels.attention({ causal: true }).ir,
    dims: { B: 1, H: 2, G: 2, S: 19, T: 19, D: 24, E: 24 },
  },
];

/** outputs of a kernel by name, as `run` leaves them */
function outputs(it: ReturnType<typeof instantiate>, kernel: Kernel): Record<string, Data> {
  it.run();
  it.checkGuards();
  return Object.fromEntries(kernel.tensors.filter(t => t.role !== "input").map(t => [t.name, it.read(t.name)]));
}

function inputsOf(kernel: Kernel, dims: Readonly<Record<string, number>>): Record<string, Data> {
  const inputs = kernel.tensors.filter(t => t.role !== "output");
  return Object.fromEntries(
    inputs.map((t, i) => {
      const size = t.dims.reduce((p, d) => p * d.evaluate(s => dims[s.name]!), 1);
      return [t.name, randomNumbers(size, 2, i + 1)];
    }),
  );
}

eachWidth(
  how => `kernels with ${how} agree with WebAssembly`,
  async (compiler, width) => {
    const due = cases.filter((_, i) => isInTurn(i + width, 2));
    const sized = due.map(({ name, kernel: make, dims: given }) => {
      const ir = make();
      const dims: Readonly<Record<string, number>> = {
        ...Object.fromEntries(ir.dims.flatMap(d => (d.size.isConst ? [[d.name, d.size.constant]] : []))),
        ...given,
      };
      return { name, ir, dims, hints: (s: Sym) => dims[s.name] };
    });
    const made = await scheduledKernels(sized, compiler, (ir, schedule) => lower(ir, schedule, "c", askAhead));
    for (const one of made) {
      const { name, ir: kernel, dims, schedule } = one;
      const inputs = inputsOf(kernel, dims);
      const got = outputs(instantiate(one, kernel, dims, inputs, schedule), kernel);
      const plain = deriveSchedule(kernel, { dimHints: s => dims[s.name] });
      const want = outputs(instantiate(compile(kernel, plain), kernel, dims, inputs, plain), kernel);
      for (const [output, values] of Object.entries(want)) {
        const largest = Math.max(...Array.from(values as Float32Array, Math.abs));
        (values as Float32Array).forEach((x, at) => {
          const y = (got[output] as Float32Array)[at]!;
          assert.ok(Math.abs(y - x) <= 1e-5 * largest, `${name}, ${output}[${at}]: ${y} instead of ${x}`);
        });
      }
    }
  },
);

test("remainders in C are exact with every width", async t => {
  const problem = await nativeProblem();
  if (problem) return t.skip(problem);
  const own = await findCompiler();
  for (const lanes of ([4, 8, 16] as const).filter(n => n <= own.lanes)) {
    const compiler = retargeted(own, lanes, own.flags.includes("-march=native") ? "-march=native" : "");
    const both = [
      { ir: remainders32(), want: remaindersOf(n => new Float32Array(n)) },
      { ir: remainders64(), want: remaindersOf(n => new Float64Array(n)) },
    ];
    for (const made of await scheduledKernels(both, compiler)) {
      const { ir, want, schedule } = made;
      const { A, B } = want;
      const it = instantiate(made, ir, { N: A.length }, { A, B }, schedule);
      assertRemainders(want, outputs(it, ir));
    }
  }
});
