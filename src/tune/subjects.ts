// What there is to tune: the distinct kernels of a model, or a kernel of the user's with sizes.
import { cut, segmentsOf, usesHost } from "../graph/cut.js";
import type { KernelProgram } from "../graph/program.js";
import { kernelSteps } from "../graph/program.js";
import type { SymbolValues } from "../graph/program-dims.js";
import { canonical, structureOf } from "../ir/canonical.js";
import type { Sym } from "../ir/poly.js";
import type { Kernel } from "../ir/tile.js";
import { checkDimNames, kernelProgram } from "../load/compile-kernel.js";
import { editedProgramOf, prepareGraph, readModel, registryFor, whyConcrete } from "../load/prepare.js";
import type { LoadOptions, ModelSource } from "../runtime/api.js";
import type { TensorData } from "../runtime/tensor.js";
import { AzulejoError } from "../support/errors.js";
import { batchesOf } from "../targets/cpu/compiled-program.js";
import { type KernelStep, sizesOf, type Subject } from "../load/measure/contest.js";

export interface NamedSubject extends Subject {
  readonly structure: string;
  readonly sizes: readonly number[];
  /** how often the model runs it */
  readonly count: number;
}
export interface Subjects {
  readonly list: readonly NamedSubject[];
  /** kernels whose sizes only the data of a run tell */
  readonly open: number;
  close(): Promise<void>;
}

export function subjectOfKernel(
  kernel: Kernel,
  dims: Readonly<Record<string, number>>,
  tensors: Readonly<Record<string, TensorData>> = {},
): NamedSubject {
  checkDimNames(kernel, dims);
  const missing = kernel.dims.filter(d => !d.size.isConst && dims[d.name] === undefined).map(d => d.name);
  if (missing.length > 0)
    throw new AzulejoError(
      "option",
      `kernel "${kernel.name}" needs the ${missing.length > 1 ? "sizes" : "size"} of ${missing.join(", ")}; give --dims ${missing.map(d => `${d}=…`).join(",")}`,
    );
  const program = kernelProgram(kernel, { dims, unread: true });
  const step = program.steps.at(-1) as KernelStep;
  return named({ step, values: new Map(), tensors }, 1)!;
}

/** @throws AzulejoError as load() does; option: dims are open that the model's kernels depend on */
export async function subjectsOfModel(source: ModelSource, options: LoadOptions): Promise<Subjects> {
  const { graph: read, close } = await readModel(source, options);
  try {
    const registry = await registryFor(read, options);
    const { graph } = await prepareGraph(read, registry, options);
    const graphs = usesHost(graph, registry) ? [...segmentsOf(cut(graph, registry))].map(s => s.graph) : [graph];
    const waiting = graphs.find(g => whyConcrete(g) !== undefined);
    if (waiting)
      throw new AzulejoError(
        "option",
        `the model depends on its input dims (${whyConcrete(waiting)}); fix them with dims`,
      );
    const programs = await Promise.all(graphs.map(g => editedProgramOf(g, registry, options)));
    const found = new Map<string, NamedSubject>();
    let open = 0;
    for (const program of programs) {
      const values = valuesOf(program);
      for (const step of kernelSteps(program.steps)) {
        const subject = named({ step, values, tensors: {} }, 1);
        if (!subject) {
          open++;
          continue;
        }
        const key = `${subject.structure} ${subject.sizes.join()}`;
        const known = found.get(key);
        found.set(key, known ? { ...known, count: known.count + 1 } : subject);
      }
    }
    return { list: [...found.values()], open, close };
  } catch (e) {
    await close();
    throw e;
  }
}

/** Undefined: a size is not known. */
function named(subject: Subject, count: number): NamedSubject | undefined {
  const own = canonical(subject.step.kernel);
  for (const p of subject.step.symbols.values())
    if (symbolsIn(p.syms).some(s => !subject.values.has(s))) return undefined;
  const size = sizesOf(subject);
  const sizes = own.symbols.map(size);
  if (sizes.some(n => n === undefined)) return undefined;
  return { ...subject, structure: structureOf(own), sizes: sizes as number[], count };
}
const symbolsIn = (syms: Iterable<Sym>): Sym[] =>
  [...syms].flatMap(s => (s.def && s.def.op !== "value" ? symbolsIn([...s.def.a.syms, ...s.def.b.syms]) : [s]));

/** A batch that the file leaves open is one; other dims that it leaves open have no value. */
const valuesOf = (program: KernelProgram): SymbolValues => new Map([...batchesOf(program)].map(s => [s, 1]));
