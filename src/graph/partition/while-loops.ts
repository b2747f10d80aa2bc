// Loop and Scan of fixed dims become While: states that go round, one of them the number of the round, and rows that are written in
// place. Slices of a Scan are gathered by that number. The graph is typed before and after; nothing is inferred anew.
import { Poly } from "../../ir/poly.js";
import type { Registry } from "../../ops/registry.js";
import { bindNode } from "../bind.js";
import { constantValue } from "../constants.js";
import type { Dims, Graph, GraphNode, Value } from "../graph.js";
import { bodyOf, isIteration, rolesOf, scanAxes } from "../iteration.js";
import { makeNode } from "../make.js";
import { everywhere } from "../values.js";

export const isWhile = (n: GraphNode): boolean => n.op === "While" && n.domain === "azulejo";

export const withWhileLoops = (graph: Graph, registry: Registry): Graph =>
  everywhere(graph, g => {
    if (!g.nodes.some(isIteration)) return g;
    return { ...g, nodes: g.nodes.flatMap(n => (isIteration(n) ? new Making(n, registry).nodes() : [n])) };
  });

const scalar = (name: string, dtype: Value["dtype"]): Value => ({ name, dtype, dims: [] });

class Making {
  readonly #node: GraphNode;
  readonly #registry: Registry;
  readonly #outside: GraphNode[] = [];
  readonly #inside: GraphNode[] = [];
  /** in the body, behind its own nodes */
  readonly #late: GraphNode[] = [];
  readonly #behind: GraphNode[] = [];
  #made = 0;

  constructor(node: GraphNode, registry: Registry) {
    this.#node = node;
    this.#registry = registry;
  }
  nodes(): GraphNode[] {
    const loop = this.#node.op === "Loop" ? this.#loop() : this.#scan();
    return [...this.#outside, loop, ...this.#behind];
  }
  #loop(): GraphNode {
    const [trip, condition] = this.#node.inputs;
    const body = bodyOf(this.#node);
    const roles = rolesOf(this.#node, {});
    const most = trip && this.#scalarOf(trip);
    const start = condition ? this.#scalarOf(condition) : this.#constant("bool", 1);
    const [round, running, ...states] = body.inputs as [Value, Value, ...Value[]];
    const [goesOn, ...results] = body.outputs as [Value, ...Value[]];
    const again = this.#scalarIn(goesOn);
    const stacked = results.slice(states.length);
    return this.#while({
      round,
      most,
      start,
      again,
      nodes: body.nodes,
      states: [
        { inside: running, initial: start, next: again, result: undefined },
        ...states.map(
          (inside, i): State => ({
            inside,
            initial: roles.states[i]!,
            next: results[i]!,
            result: this.#node.outputs[i],
          }),
        ),
      ],
      rows: stacked.flatMap((slice, i): Row[] => {
        const whole = this.#node.outputs[states.length + i];
        return whole ? [{ slice, whole, backwards: false }] : [];
      }),
    });
  }
  #scan(): GraphNode {
    const { attributes } = bindNode(this.#node, this.#registry).info;
    const body = bodyOf(this.#node);
    const roles = rolesOf(this.#node, attributes);
    const count = roles.states.length;
    const round = scalar(`${this.#node.name}/round`, "i64");
    const axes = scanAxes(attributes, "scan_input_axes", roles.slices.length);
    const backwards = scanAxes(attributes, "scan_input_directions", roles.slices.length);
    const whole = roles.slices[0]!;
    const most = this.#sizeOf(whole, axis(axes[0]!, whole.dims!.length));
    roles.slices.forEach((from, i) => {
      const at = backwards[i] === 1 ? this.#fromEnd(round, most) : round;
      const along = axis(axes[i]!, from!.dims!.length);
      this.#inside.push(this.#make("Gather", [from, at], body.inputs[count + i]!, { axis: along }));
    });
    const outAxes = scanAxes(attributes, "scan_output_axes", roles.stacked);
    const reversed = scanAxes(attributes, "scan_output_directions", roles.stacked);
    return this.#while({
      round,
      most,
      start: undefined,
      again: undefined,
      nodes: body.nodes,
      states: roles.states.map((initial, i) => ({
        inside: body.inputs[i]!,
        initial: initial!,
        next: body.outputs[i]!,
        result: this.#node.outputs[i],
      })),
      rows: body.outputs.slice(count).flatMap((slice, i): Row[] => {
        const output = this.#node.outputs[count + i];
        if (!output) return [];
        const rows = this.#rowsFirst(output, axis(outAxes[i]!, output.dims!.length));
        return [{ slice, whole: rows, backwards: reversed[i] === 1 }];
      }),
    });
  }
  #while({ round, most, start, again, nodes, states, rows }: Parts): GraphNode {
    const next = scalar(`${round.name}+1`, "i64");
    const counting = [this.#make("Add", [round, this.#constant("i64", 1)], next)];
    const zero = this.#constant("i64", 0);
    const go = this.#goes(most, next, again, counting);
    const written = rows.map(({ slice, whole, backwards }) => {
      const row = backwards ? this.#fromEnd(round, most!) : round;
      const out: Value = { name: `${slice.name} (rows)`, dtype: whole.dtype, dims: whole.dims };
      const write = { ...this.#make("WriteRow", [row, slice], out), domain: "azulejo" };
      return { write, out };
    });
    const body: Graph = {
      name: `${this.#node.name}/body`,
      symbols: [],
      inputs: [round, ...states.map(s => s.inside)],
      nodes: [...this.#inside, ...nodes, ...this.#late, ...counting, ...written.map(w => w.write)],
      outputs: [go, next, ...states.map(s => s.next), ...written.map(w => w.out)],
    };
    const first = this.#goes(most, zero, start, this.#outside);
    return {
      ...this.#make("While", [first, zero, ...states.map(s => s.initial)], undefined, { body: { graph: body } }),
      name: this.#node.name,
      domain: "azulejo",
      outputs: [undefined, ...states.map(s => s.result), ...rows.map(r => r.whole)],
    };
  }
  /** Is there another round? */
  #goes(most: Value | undefined, round: Value, condition: Value | undefined, into: GraphNode[]): Value {
    if (!most) return condition ?? this.#constant("bool", 1);
    const below = scalar(this.#name("below"), "bool");
    into.push(this.#make("Less", [round, most], below));
    if (!condition || condition.constant) return condition?.known && !isTrue(condition) ? condition : below;
    const both = scalar(this.#name("goes"), "bool");
    into.push(this.#make("And", [below, condition], both));
    return both;
  }
  #fromEnd(round: Value, most: Value): Value {
    const last = scalar(this.#name("last"), "i64");
    const at = scalar(this.#name("from end"), "i64");
    this.#inside.push(this.#make("Sub", [most, this.#constant("i64", 1)], last), this.#make("Sub", [last, round], at));
    return at;
  }
  #sizeOf(v: Value, along: number): Value {
    const dim = v.dims![along]!;
    if (dim.isConst) return this.#constant("i64", dim.constant);
    const size: Value = { name: this.#name("size"), dtype: "i64", dims: [Poly.one], known: { dims: [1], data: [dim] } };
    this.#outside.push(this.#make("Shape", [v], size, { start: along, end: along + 1 }));
    return this.#scalarOf(size);
  }
  /** Files write trip counts and conditions as scalars or as lists of one. */
  #scalarOf(v: Value): Value {
    return this.#asScalar(v, this.#outside);
  }
  #scalarIn(v: Value): Value {
    return this.#asScalar(v, this.#late);
  }
  #asScalar(v: Value, into: GraphNode[]): Value {
    if (v.dims!.length === 0) return v;
    const out = scalar(this.#name(`${v.name} (scalar)`), v.dtype);
    into.push(this.#make("Reshape", [v, constantValue(this.#name("shape"), "i64", [0], [])], out));
    return out;
  }
  /** The output with its stacked axis in front; a Transpose puts it where the node has it. */
  #rowsFirst(output: Value, along: number): Value {
    if (along === 0) return output;
    const order = (output.dims as Dims).map((_, d) => d).filter(d => d !== along);
    const rows: Value = {
      ...output,
      name: `${output.name} (rows)`,
      dims: [along, ...order].map(d => output.dims![d]!),
    };
    const perm = (output.dims as Dims).map((_, d) => (d === along ? 0 : d < along ? d + 1 : d));
    this.#behind.push(this.#make("Transpose", [rows], output, { perm }));
    return rows;
  }
  #constant(dtype: "i64" | "bool", x: number): Value {
    return constantValue(this.#name("constant"), dtype, [], [x]);
  }
  #name(what: string): string {
    return `${this.#node.name}/${what} ${this.#made++}`;
  }
  #make(
    op: string,
    inputs: readonly (Value | undefined)[],
    output: Value | undefined,
    attributes: GraphNode["attributes"] = {},
  ): GraphNode {
    return makeNode(this.#name(op), op, inputs, [output], attributes);
  }
}

interface State {
  readonly inside: Value;
  readonly initial: Value;
  readonly next: Value;
  readonly result: Value | undefined;
}
interface Row {
  readonly slice: Value;
  readonly whole: Value;
  readonly backwards: boolean;
}
interface Parts {
  readonly round: Value;
  readonly most: Value | undefined;
  readonly start: Value | undefined;
  readonly again: Value | undefined;
  readonly nodes: readonly GraphNode[];
  readonly states: readonly State[];
  readonly rows: readonly Row[];
}

const axis = (given: number, rank: number): number => (given < 0 ? given + rank : given);
const isTrue = (v: Value): boolean => v.known?.data[0] instanceof Poly && !v.known.data[0].isZero;
