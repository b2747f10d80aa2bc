// Graph → program of kernels: which values live in memory, which kernels make them, what is computed on the way.
import { nameKernel } from "../../ir/names.js";
import type { Poly, Sym } from "../../ir/poly.js";
import { type Axis, type Kernel, type Layout, type Node, reach, type Store } from "../../ir/tile.js";
import type { Registry } from "../../ops/registry.js";
import { AzulejoError, invariant } from "../../support/errors.js";
import type { Equality, Graph, GraphNode, Value } from "../graph.js";
import type { Buffer, KernelProgram, Precondition, Step } from "../program.js";
import { Buffers } from "./buffers.js";
import { type Decision, fuse, type FusionView, type Producer } from "./fusion.js";
import { assignLayouts } from "./layout.js";
import { type BoundNode, bindNode } from "../bind.js";
import { knownCondition } from "../infer.js";
import { bodyOf } from "../iteration.js";
import { bodiesIn } from "./node-body.js";
import { type OutputIndex, outputIndex, type Pattern, Patterns } from "./pattern.js";
import { Alike, askedIn, Likeness } from "./likeness.js";
import { withoutSources } from "../../tile/source.js";
import { indexTile } from "../../tile/tile.js";
import { Positions } from "./positions.js";
import { type Assumptions, type Body, KernelScope, sameDims } from "./scope.js";
import { shareAxes } from "./share-axes.js";
import { splitSizes } from "./split-sizes.js";
import { withFreeInputs } from "./free-inputs.js";
import { isWhile, withWhileLoops } from "./while-loops.js";
import { bindWholeKernels } from "./whole-kernels.js";

export interface PartitionOptions {
  /** false: every node is a kernel of its own, for debugging and node-by-node checks */
  readonly fusion?: boolean;
  /** receives what fusion decided and why, by kernel */
  readonly onDecisions?: (kernel: Kernel, decisions: readonly Decision[]) => void;
  /** keep the authors' lines of operators' bodies in kernels? It costs as much time as all else. */
  readonly sources?: boolean;
}

/** The graph must be inferred: every value has dtype and dims. */
export function partition(graph: Graph, registry: Registry, options: PartitionOptions = {}): KernelProgram {
  if (options.sources) return divide(graph, registry, options);
  try {
    // positions of operators' source cost half of the time, and only an error wants them
    return withoutSources(() => divide(graph, registry, options));
  } catch (error) {
    if (error instanceof AzulejoError && error.code === "kernel") divide(graph, registry, options);
    throw error;
  }
}

function divide(given: Graph, registry: Registry, options: PartitionOptions): KernelProgram {
  const graph = withFreeInputs(withWhileLoops(given, registry), registry);
  const buffers = new Buffers();
  const inputs = graph.inputs.map(v => buffers.create(v, "input"));
  const positions = new Positions();
  const assumptions = { sameDim: sameDims(graph.equalities ?? []), assumeInside: positions.assume };
  const region = new Region(graph, registry, options, buffers, assumptions, undefined);
  const steps = region.steps();
  const outputs = graph.outputs.map(v => region.outputBuffer(v));
  return {
    name: graph.name,
    inputs,
    outputs,
    steps,
    symbols: graph.symbols,
    preconditions: [...(graph.equalities ?? []).map(precondition), ...positions.preconditions()],
  };
}

const precondition = ({ left, right, node }: Equality): Precondition => ({
  left,
  relation: "eq",
  right,
  message: `${node}: dims ${left.print()} and ${right.print()} differ for these inputs, and the compiled code relies on their being equal`,
});

/** One graph: the main one or a branch. Branches read the buffers of the graphs around them. */
class Region implements FusionView {
  readonly #graph: Graph;
  readonly #registry: Registry;
  readonly #options: PartitionOptions;
  readonly #buffers: Buffers;
  readonly #assumptions: Assumptions;
  readonly #bound: readonly BoundNode[];
  readonly #producers = new Map<Value, { bound: BoundNode; output: string }>();
  readonly #consumers = new Map<Value, Set<BoundNode>>();
  /** values that something other than an element body reads */
  readonly #outside = new Set<Value>();
  readonly #patterns = new Map<Value, Pattern>();
  readonly #alike: Patterns;
  readonly #kernels: Alike<KernelTemplate>;
  readonly #layoutOf: (v: Value) => Layout;

  constructor(
    graph: Graph,
    registry: Registry,
    options: PartitionOptions,
    buffers: Buffers,
    assumptions: Assumptions,
    outer: Region | undefined,
  ) {
    this.#graph = graph;
    this.#registry = registry;
    this.#options = options;
    this.#buffers = buffers;
    this.#assumptions = assumptions;
    this.#alike = new Patterns(assumptions, outer ? outer.#alike.alike : undefined);
    this.#kernels = outer ? outer.#kernels : new Alike();
    this.#bound = graph.nodes.map(n => bindNode(n, registry));
    for (const bound of this.#bound) {
      for (const [output, v] of Object.entries(bound.outputs)) this.#producers.set(v, { bound, output });
      for (const v of Object.values(bound.inputs)) {
        const known = this.#consumers.get(v) ?? new Set();
        this.#consumers.set(v, known.add(bound));
        if (!bound.operator.at || bound.operator.concat || bound.operator.reshape) this.#outside.add(v);
      }
      for (const v of capturedBy(bound.node)) this.#outside.add(v);
    }
    for (const v of graph.outputs) this.#outside.add(v);
    const fixed = (v: Value): boolean =>
      v.constant !== undefined || !this.#producers.has(v) || graph.outputs.includes(v);
    const assigned = assignLayouts(
      this.#bound,
      (b, o) => (isElementwiseBody(b) ? this.#pattern(b, o) : undefined),
      fixed,
    );
    this.#layoutOf = v => (this.#producers.has(v) || !outer ? assigned(v) : outer.layout(v));
  }

  // ---- what fusion asks
  producer(v: Value): Producer | undefined {
    const made = this.#producers.get(v);
    if (!made || !isElementwiseBody(made.bound) || this.#buffers.isAlias(v)) return undefined;
    return { ...made, pattern: this.#pattern(made.bound, made.output) };
  }
  consumers(v: Value): ReadonlySet<BoundNode> | undefined {
    return this.#outside.has(v) || this.#options.fusion === false ? undefined : (this.#consumers.get(v) ?? new Set());
  }
  layout(v: Value): Layout {
    return this.#buffers.find(v)?.layout ?? this.#layoutOf(v);
  }
  #pattern(bound: BoundNode, output: string): Pattern {
    const v = bound.outputs[output]!;
    let p = this.#patterns.get(v);
    if (!p) {
      p = this.#alike.of(bound, output);
      this.#patterns.set(v, p);
    }
    return p;
  }

  // ---- steps, made from the outputs backwards, because a kernel decides what it needs from memory
  steps(): Step[] {
    this.#placeAliases();
    this.#placeConcats();
    const steps: Step[] = [];
    const needed = new Set<Value>(this.#outside);
    for (const bound of [...this.#bound].reverse()) {
      const made = this.#stepsOf(bound, needed);
      steps.push(...made.toReversed());
    }
    return steps.reverse();
  }
  #stepsOf(bound: BoundNode, needed: Set<Value>): readonly Step[] {
    const { operator, node } = bound;
    const wanted = Object.entries(bound.outputs).filter(([, v]) => needed.has(v));
    if (node.op === "If" && node.domain === "") return this.#branch(bound);
    if (isWhile(node)) return this.#loop(bound, needed);
    if (wanted.length === 0 || wanted.every(([, v]) => this.#buffers.isAlias(v)))
      return this.#needSources(
        wanted.map(([, v]) => v),
        needed,
      );
    if (operator.concat) return this.#concatSteps(bound, needed);
    if (operator.at)
      return wanted.filter(([, v]) => !this.#buffers.isAlias(v)).map(([, v]) => this.#kernelStep(v, v, needed));
    if (operator.kernels) return bindWholeKernels(bound, v => this.#bufferFor(v));
    throw new AzulejoError(
      "operator-unsupported",
      `${operator.name} "${node.name}": ${bodilessReason(operator)}; it cannot be compiled`,
    );
  }
  #needSources(values: readonly Value[], needed: Set<Value>): Step[] {
    for (const v of values) needed.add(this.#buffers.aliasSource(v)!);
    return [];
  }
  /** One kernel that computes a value, or copies what is in memory `into` a place that it can't have been made in. */
  #kernelStep(source: Value, target: Value, needed: Set<Value>, place?: Buffer): Step {
    const decisions: Decision[] = [];
    const into = place ?? this.#bufferFor(target);
    const made = place ? undefined : this.producer(source);
    const members = made ? fuse(source, this, decisions) : new Set<Value>();
    const inlined = made ? new Set([source, ...members]) : new Set<Value>();
    const name = kernelName(made?.bound.node.op ?? "Copy", members, v => this.#producers.get(v)!.bound);
    const phases = this.#phases(target, inlined);
    const like = this.#likenessOf(source, target, into, inlined);
    if (phases) like.phases(target.dims!, phases);
    // debuggers tell kernels apart by their objects
    const isShared = !this.#options.onDecisions && !this.#options.sources;
    const template =
      (isShared ? this.#kernels.find(like) : undefined) ??
      this.#build(source, target, into, { name, inlined, phases, like, isShared });
    this.#options.onDecisions?.(template.kernel, decisions);
    const buffers: Record<string, Buffer> = { [template.kernel.stores[0]!.tensor.name]: into };
    for (const [tensor, at] of template.tensors) {
      const v = like.values[at]!;
      buffers[tensor] = this.#bufferFor(v);
      needed.add(v);
    }
    const symbols = new Map<Sym, Poly>();
    for (const [s, size] of template.symbols) symbols.set(s, typeof size === "number" ? like.sizes[size]! : size);
    const nodes = [...inlined].map(v => this.#producers.get(v)!.bound.node.name).reverse();
    return { kind: "kernel", kernel: template.kernel, buffers, symbols, nodes: nodes.length ? nodes : [target.name] };
  }
  /** All that the kernel is made of. */
  #likenessOf(source: Value, target: Value, into: Buffer, inlined: ReadonlySet<Value>): Likeness {
    const like = new Likeness(this.#assumptions.sameDim, v => (inlined.has(v) ? undefined : this.layout(v)));
    for (const v of inlined) {
      const { bound, output } = this.#producers.get(v)!;
      like.node(bound);
      like.text += `!${output}`;
    }
    like.value("from", source);
    like.value("to", target);
    like.layout(target, into.layout);
    return like;
  }
  #build(
    source: Value,
    target: Value,
    into: Buffer,
    { name, inlined, phases, like, isShared }: KernelPlan,
  ): KernelTemplate {
    const bodies = new Map<BoundNode, Readonly<Record<string, Body>>>();
    const scope: KernelScope = new KernelScope(
      v => ({ layout: this.#bufferFor(v).layout, constant: v.constant !== undefined }),
      v => {
        if (!inlined.has(v)) return undefined;
        const { bound, output } = this.#producers.get(v)!;
        let body = bodies.get(bound);
        if (!body) {
          body = bodiesIn(scope, bound);
          bodies.set(bound, body);
        }
        return body[output]!;
      },
      this.#assumptions,
    );
    const walk = outputIndex(scope, target.dims!, phases);
    const { axes, index } = walk;
    const value = shareAxes(scope.operand(source, "X").at(...index.map(p => indexTile(p))).node, axes);
    scope.adoptSymbols(value);
    const { kernel, symbols } = finish(scope, name, target, into, walk, value);
    const template: KernelTemplate = {
      kernel,
      tensors: [...scope.tensors].map(([v, t]) => [t.name, like.valueAt(v)!]),
      symbols: [...symbols].map(([s, size]) => [s, like.sizeAt(size) ?? size]),
    };
    if (isShared && !scope.isParticular) this.#kernels.keep(like, askedIn(scope, like), template);
    return template;
  }
  /** Phases of the operator that computes the target's elements, seen through consumers that keep the dims. */
  #phases(target: Value, inlined: ReadonlySet<Value>): readonly number[] | undefined {
    const { sameDim } = this.#assumptions;
    for (const v of inlined) {
      const { bound } = this.#producers.get(v)!;
      const phases = bound.operator.phases?.(bound.info);
      const same = v.dims?.every((d, i) => target.dims![i] && sameDim(d).equals(sameDim(target.dims![i])));
      if (phases && same && v.dims?.length === target.dims!.length) return phases;
    }
    return undefined;
  }
  #concatSteps(bound: BoundNode, needed: Set<Value>): Step[] {
    const target = Object.values(bound.outputs)[0]!;
    return this.#buffers.pieces(target).flatMap(piece => {
      if (piece.inPlace) {
        needed.add(piece.value);
        return [];
      }
      return [this.#kernelStep(piece.value, piece.value, needed, piece.buffer)];
    });
  }
  #branch(bound: BoundNode): readonly Step[] {
    const [condition] = Object.values(bound.inputs);
    invariant(condition, "an If without a condition");
    const branch = (attribute: string): readonly Step[] => {
      const value = bound.node.attributes[attribute];
      invariant(value && typeof value === "object" && "graph" in value, `If has no ${attribute}`);
      const region = this.#inner(value.graph);
      bound.node.outputs.forEach((out, i) => out && region.#storeAs(value.graph.outputs[i]!, this.#bufferFor(out)));
      return [...region.steps(), ...region.#copies];
    };
    // of a branch that is never taken, inference may know nothing
    const taken = knownCondition(condition);
    if (taken !== undefined) return branch(taken ? "then_branch" : "else_branch");
    const branches = { then: branch("then_branch"), else: branch("else_branch") };
    return [{ kind: "if", condition: this.#bufferFor(condition), ...branches, nodes: [bound.node.name] }];
  }
  /** What may never run asks nothing of a run. */
  #inner(graph: Graph): Region {
    const { sameDim } = this.#assumptions;
    return new Region(graph, this.#registry, this.#options, this.#buffers, { sameDim }, this);
  }
  /**
   * Each state has one buffer for all rounds. A round computes the next states apart, because others may read the old ones, and copies
   * them there at its end; rows are written into the results themselves.
   */
  #loop({ node }: BoundNode, needed: Set<Value>): Step[] {
    const [first, ...initial] = node.inputs as [Value, ...Value[]];
    const body = bodyOf(node);
    const go = this.#buffers.create({ name: `${node.name}/goes`, dtype: "bool", dims: [] }, "arena");
    const states = body.inputs.map((v, i) => this.#stateBuffer(v, node.outputs[i]));
    const before = [first, ...initial].map((v, i) => this.#copyOf(v, i === 0 ? go : states[i - 1]!, needed));
    const region = this.#inner(body);
    const [goes, ...results] = body.outputs as [Value, ...Value[]];
    region.#storeAs(goes, go);
    const moves = states.flatMap((state, i): Step[] => {
      if (results[i] === body.inputs[i]) return [];
      const next = { ...plainValue(results[i]!), name: `${results[i]!.name} (next)` };
      region.#storeAs(results[i]!, this.#buffers.create(next, "arena"));
      return [region.#copyOf(next, state, new Set())];
    });
    results.slice(states.length).forEach((v, k) => {
      this.#buffers.assign(v, this.#bufferFor(node.outputs[states.length + k]!));
    });
    const round = [...region.steps(), ...region.#copies, ...moves];
    return [...before, { kind: "loop", condition: go, body: round, nodes: [node.name] }];
  }
  #stateBuffer(inside: Value, result: Value | undefined): Buffer {
    if (!result) return this.#buffers.create(inside, "arena");
    const buffer = this.#bufferFor(result);
    this.#buffers.assign(inside, buffer);
    return buffer;
  }
  #copyOf(v: Value, into: Buffer, needed: Set<Value>): Step {
    return this.#kernelStep(v, plainValue(v), needed, into);
  }
  readonly #copies: Step[] = [];
  /** A branch's output lands in the If's buffer: made there, or copied at the branch's end. */
  #storeAs(v: Value, buffer: Buffer): void {
    const direct = this.#producers.has(v) && !this.#buffers.find(v);
    if (direct) this.#buffers.assign(v, buffer);
    else this.#copies.push(this.#kernelStep(v, { ...v, constant: undefined } as Value, new Set(), buffer));
  }

  // ---- buffers
  outputBuffer(v: Value): Buffer {
    return this.#bufferFor(v);
  }
  #bufferFor(v: Value): Buffer {
    return (
      this.#buffers.find(v) ??
      this.#buffers.create(
        v,
        v.constant ? "constant" : this.#graph.outputs.includes(v) ? "output" : "arena",
        this.#layoutOf(v),
      )
    );
  }
  #placeJoined(v: Value, source: Value, axis: number): void {
    // others lie where they were handed in or have to go out: at addresses that need not be those of words
    const isOwn =
      this.#producers.has(source) && !this.#graph.outputs.includes(source) && !this.#buffers.isAlias(source);
    if (!isOwn || this.#buffers.find(v) || !this.#buffers.canJoin(this.#layoutOf(v), this.layout(source), axis)) return;
    this.#buffers.alias(v, this.#layoutOf(v), source, () => this.#bufferFor(source));
    this.#outside.add(source);
  }
  /** Reshapes, and transposes that change nothing in memory, are the same memory under other dims; slices of what is stored are parts of it. */
  #placeAliases(): void {
    for (const bound of this.#bound) {
      if (!bound.operator.at && !bound.operator.reshape) continue;
      for (const [output, v] of Object.entries(bound.outputs)) {
        const read = isElementwiseBody(bound) ? this.#pattern(bound, output).copy : undefined;
        const source = bound.operator.reshape ? Object.values(bound.inputs)[0]! : read?.value;
        if (bound.operator.joins) {
          const axis = bound.operator.joins(bound.info);
          if (axis !== undefined) this.#placeJoined(v, Object.values(bound.inputs)[0]!, axis);
          continue;
        }
        // a branch's output has its place already: in the buffer of the If
        if (!source || v.dtype !== source.dtype || this.#buffers.find(v)) continue;
        const same = this.#buffers.canAlias(
          v,
          this.#layoutOf(v),
          source,
          this.layout(source),
          bound.operator.reshape ? undefined : read!.position,
        );
        if (same) {
          this.#buffers.alias(v, this.#layoutOf(v), source, () => this.#bufferFor(source));
          this.#outside.add(source);
        } else if (read?.starts && this.#isPart(v, source, read.starts)) {
          this.#buffers.alias(v, this.#layoutOf(v), source, () => this.#bufferFor(source), read.starts);
          this.#outside.add(source);
        }
      }
    }
  }
  /** May the slice `v` be read where its source lies? Only of what is in memory anyway: else it would be computed as a whole, and stored. */
  #isPart(v: Value, source: Value, starts: readonly number[]): boolean {
    if (source.constant || this.#graph.outputs.includes(v)) return false;
    // a body may read beyond its input: that is padding
    const rest = source.dims!.map((d, i) => d.sub(v.dims![i]!).sub(starts[i]!));
    if (!rest.every(p => p.isConst && p.constant >= 0)) return false;
    if (this.layout(source).order.join() !== this.#layoutOf(v).order.join()) return false;
    const pattern = this.producer(source)?.pattern;
    const isShared = this.#outside.has(source) || this.#consumers.get(source)!.size > 1;
    return isShared || !pattern || pattern.contraction || pattern.reduction;
  }
  #placeConcats(): void {
    for (const bound of [...this.#bound].reverse()) {
      if (!bound.operator.concat) continue;
      const target = Object.values(bound.outputs)[0]!;
      const given = bound.operator.concat(bound.info);
      const axis = given < 0 ? given + target.dims!.length : given;
      const values = Object.values(bound.inputs);
      const isFree = (v: Value): boolean =>
        !this.#graph.outputs.includes(v) && !this.#buffers.find(v) && !this.#buffers.hasAliases(v);
      if (isFree(target) && this.#buffers.joinConcat(target, this.#layoutOf(target), values, axis)) continue;
      // what is a concatenation itself finds its place when its turn comes
      const isConcat = (v: Value): boolean => this.#producers.get(v)?.bound.operator.concat !== undefined;
      const mayMove = (v: Value): boolean => (this.producer(v) !== undefined || isConcat(v)) && isFree(v);
      this.#buffers.concat(this.#bufferFor(target), values, axis, mayMove);
    }
  }
}

/** A kernel that all alike share, in the numbers of their likeness. */
interface KernelTemplate {
  readonly kernel: Kernel;
  /** its inputs: which value each one is */
  readonly tensors: readonly (readonly [name: string, value: number])[];
  /** which size each symbol is; the program's own where a body computed with dims of the program */
  readonly symbols: readonly (readonly [symbol: Sym, size: number | Poly])[];
}
interface KernelPlan {
  readonly name: string;
  readonly inlined: ReadonlySet<Value>;
  readonly phases: readonly number[] | undefined;
  readonly like: Likeness;
  readonly isShared: boolean;
}

const plainValue = ({ name, dtype, dims }: Value): Value => ({ name, dtype, dims });

/** Bodies that fusion may compose: element functions that are neither laid out by concat nor plain reshapes of memory. */
const isElementwiseBody = (bound: BoundNode): boolean => bound.operator.at !== undefined && !bound.operator.concat;

const bodilessReason = ({ host, expand }: BoundNode["operator"]): string =>
  host?.reason ??
  (expand ? 'the pass "expand" turns it into other operators, and has not run' : "the operator has no body");

function finish(
  scope: KernelScope,
  name: string,
  target: Value,
  into: Buffer,
  { index, axes, phases }: OutputIndex,
  value: Node,
): { kernel: Kernel; symbols: ReadonlyMap<Sym, Poly> } {
  const tensor = scope.outputTensor(target, into.layout);
  const reduced = new Set(reach([value]).flatMap(n => (n.kind === "reduce" ? n.over : [])));
  const order = into.layout.order.map(d => axes[d]).filter((a): a is Axis => a !== undefined);
  const store: Store = { tensor, index, value };
  const whole: Kernel = {
    name,
    tensors: [...scope.tensors.values(), tensor],
    dims: scope.dims,
    grid: [...phases, ...order].filter(a => !reduced.has(a)),
    stores: [store],
    folds: [],
  };
  const split = splitSizes(whole, scope.symbols);
  nameKernel(split.kernel);
  return split;
}

const kernelName = (op: string, members: ReadonlySet<Value>, producer: (v: Value) => BoundNode): string =>
  [...[...members].map(v => producer(v).node.op).reverse(), op].slice(0, 6).join("_");

/** Values of outer graphs that a node's subgraphs read. */
function capturedBy(node: GraphNode): Value[] {
  const out: Value[] = [];
  for (const attribute of Object.values(node.attributes)) {
    if (typeof attribute !== "object" || !("graph" in attribute)) continue;
    const inner = attribute.graph;
    const own = new Set<Value>([...inner.inputs, ...inner.nodes.flatMap(n => n.outputs.filter(v => v !== undefined))]);
    const read = [
      ...inner.nodes.flatMap(n => [...n.inputs.filter(v => v !== undefined), ...capturedBy(n)]),
      ...inner.outputs,
    ];
    out.push(...read.filter(v => !own.has(v)));
  }
  return out;
}
