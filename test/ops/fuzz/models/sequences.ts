// Operators of sequences and optionals: a file is a chain of them that begins and ends with tensors, so that onnxruntime-node takes it;
// its judge keeps lists.
import type { AttributeInit, NodeInit } from "../../../frontends/onnx-model.js";
import { int, node, value } from "../../../frontends/onnx-model.js";
import type { Random } from "../random.js";
import { sizes } from "../random.js";
import type { Declared, DrawModel, PlainRun } from "./model-draw.js";
import { declaredInputs, drawDeclared, hostRun } from "./model-draw.js";
import type { ItemType, Plain } from "./plain.js";
import { at, build, codeOf, drawPlain, joined, movedTypes, plain, taken } from "./plain.js";
import { drawAxis } from "./sizes.js";

/** Lists of tensors and what is known of a run. */
interface State {
  readonly inputs: Record<string, Plain>;
  readonly outputs: Record<string, Plain>;
  list: readonly Plain[];
}
/** Sequence in, sequence or result out: the same steps for every run of a file, over tensors of other sizes. */
interface Move {
  readonly node: NodeInit;
  readonly apply: (state: State) => void;
}

/** What a chain is made with: names are numbered, the sequence so far is `s`. */
class Chain {
  readonly moves: Move[] = [];
  readonly types = new Map<string, number>();
  sequence = "";
  /** so many tensors are in it, in every run */
  length = 0;
  /** its tensors differ in size along this axis alone */
  uneven: number | undefined;
  readonly random: Random;
  readonly dtype: ItemType;
  readonly rank: number;
  #names = 0;
  constructor(random: Random, dtype: ItemType, rank: number) {
    this.random = random;
    this.dtype = dtype;
    this.rank = rank;
  }
  name = (what: string): string => `${what}${this.#names++}`;

  step(
    op: string,
    inputs: readonly string[],
    output: string,
    apply: Move["apply"],
    attributes: readonly AttributeInit[] = [],
  ): void {
    this.moves.push({ node: node(op, [...inputs], [output], [...attributes]), apply });
  }
  result(what: string, dtype: ItemType): string {
    const name = this.name(what);
    this.types.set(name, codeOf(dtype));
    return name;
  }
  /** a sequence takes the place of the last */
  becomes(
    op: string,
    inputs: readonly string[],
    apply: Move["apply"],
    attributes: readonly AttributeInit[] = [],
  ): void {
    const next = this.name("s");
    this.step(op, inputs, next, apply, attributes);
    this.sequence = next;
  }
  /** an input of the file with a tensor of each run's dims, or of others */
  tensor(draw: (dims: readonly number[]) => Plain): string {
    const name = this.name("t");
    this.draws.push([name, draw]);
    return name;
  }
  readonly draws: [string, (dims: readonly number[]) => Plain][] = [];
  readonly own = (dims: readonly number[]): Plain =>
    drawPlain(this.random, this.dtype, dims, { flavour: this.random.pick(["plain", "special", "extreme"]) });
  position(last: number, length: number): readonly [name: string, read: (state: State) => number] {
    const name = this.tensor(() => {
      const place = this.random.int(0, last);
      const negative = length > 0 && place < length && this.random.chance(0.5);
      return plain("i64", [], [negative ? place - length : place]);
    });
    return [name, ({ inputs }) => (Number(inputs[name]!.data[0]) + length) % length];
  }
}

type Grow = (c: Chain) => void;
const construct: Grow = c => {
  const names = c.random.list(c.random.int(1, 4), () => c.tensor(c.own));
  c.length = names.length;
  c.becomes("SequenceConstruct", names, s => (s.list = names.map(n => s.inputs[n]!)));
};
const emptyThenInsert: Grow = c => {
  c.becomes("SequenceEmpty", [], s => (s.list = []), [int("dtype", codeOf(c.dtype))]);
  c.length = 0;
  insert(c);
};
const insert: Grow = c => {
  const tensor = c.tensor(c.own);
  const { length } = c;
  const placed = length > 0 && c.random.chance(0.7);
  const [name, place] = placed ? c.position(length - 1, length) : ["", () => length];
  c.becomes("SequenceInsert", [c.sequence, tensor, ...(placed ? [name] : [])], s => {
    const k = place(s);
    s.list = [...s.list.slice(0, k), s.inputs[tensor]!, ...s.list.slice(k)];
  });
  c.length++;
};
const erase: Grow = c => {
  if (c.length < 2) return insert(c);
  const { length } = c;
  const placed = c.random.chance(0.7);
  const [name, place] = placed ? c.position(length - 1, length) : ["", () => length - 1];
  c.becomes("SequenceErase", [c.sequence, ...(placed ? [name] : [])], s => {
    const k = place(s);
    s.list = s.list.filter((_, i) => i !== k);
  });
  c.length--;
};
const lengthOf: Grow = c => {
  const out = c.result("length", "i64");
  c.step("SequenceLength", [c.sequence], out, s => (s.outputs[out] = plain("i64", [], [s.list.length])));
};
const element: Grow = c => {
  if (c.length === 0) return lengthOf(c);
  const { length } = c;
  const [name, place] = c.position(length - 1, length);
  const out = c.result("element", c.dtype);
  c.step("SequenceAt", [c.sequence, name], out, s => (s.outputs[out] = s.list[place(s)]!));
};
const concat: Grow = c => {
  if (c.length === 0) return lengthOf(c);
  const opens = c.uneven === undefined && c.random.chance(0.5);
  const rank = c.rank + Number(opens);
  const axis = c.uneven ?? drawAxis(c.random, rank);
  const along = (axis + rank) % rank;
  const out = c.result("joined", c.dtype);
  const apply = (s: State): void => {
    const opened = s.list.map(t =>
      build(t.dtype, [...t.dims.slice(0, along), 1, ...t.dims.slice(along)], index => at(t, index.toSpliced(along, 1))),
    );
    s.outputs[out] = joined(opens ? opened : s.list, along);
  };
  c.step("ConcatFromSequence", [c.sequence], out, apply, [int("axis", axis), int("new_axis", Number(opens))]);
};
/** Of a size that is the same in all runs: the chain knows how many parts there are. */
const split: Grow = c => {
  const axis = drawAxis(c.random, c.rank);
  const along = (axis + c.rank) % c.rank;
  const size = c.random.int(1, 6);
  const tensor = c.tensor(dims => c.own(dims.with(along, size)));
  const kind = c.random.pick(["each", "step", "sizes"] as const);
  const step = c.random.int(1, size);
  const cuts = [0, ...c.random.list(2, () => c.random.int(0, size)).sort((a, b) => a - b), size];
  const sizesOfParts =
    kind === "each"
      ? new Array<number>(size).fill(1)
      : kind === "sizes"
        ? cuts.slice(1).map((end, i) => end - cuts[i]!)
        : Array.from({ length: Math.ceil(size / step) }, (_, k) => Math.min(step, size - k * step));
  const given =
    kind === "each"
      ? []
      : [
          c.tensor(() =>
            kind === "step" ? plain("i64", [], [step]) : plain("i64", [sizesOfParts.length], sizesOfParts),
          ),
        ];
  c.length = sizesOfParts.length;
  c.uneven = along;
  c.becomes(
    "SplitToSequence",
    [tensor, ...given],
    s => {
      let from = 0;
      s.list = sizesOfParts.map(n => {
        from += n;
        return taken(
          s.inputs[tensor]!,
          along,
          Array.from({ length: n }, (_, i) => from - n + i),
        );
      });
    },
    [int("axis", axis), ...(kind === "each" ? [int("keepdims", 1)] : [])],
  );
};
/** Slices without the axis that they are cut along, put together again. */
const splitAndDrop: Grow = c => {
  const axis = drawAxis(c.random, c.rank);
  const along = (axis + c.rank) % c.rank;
  const [size, out, sequence] = [c.random.int(1, 5), c.result("slice", c.dtype), c.name("d")];
  const tensor = c.tensor(dims => c.own(dims.with(along, size)));
  c.step("SplitToSequence", [tensor], sequence, () => {}, [int("axis", axis), int("keepdims", 0)]);
  const [name, place] = c.position(size - 1, size);
  c.step("SequenceAt", [sequence, name], out, s => {
    const t = s.inputs[tensor]!;
    const dims = t.dims.toSpliced(along, 1);
    s.outputs[out] = build(t.dtype, dims, index => at(t, index.toSpliced(along, 0, place(s))));
  });
};
const optional: Grow = c => {
  const [tensor, made, has, out] = [c.tensor(c.own), c.name("o"), c.result("has", "bool"), c.result("held", c.dtype)];
  c.step("Optional", [tensor], made, () => {});
  c.step("OptionalHasElement", [made], has, s => (s.outputs[has] = plain("bool", [], [1])));
  c.step("OptionalGetElement", [made], out, s => (s.outputs[out] = s.inputs[tensor]!));
};
/** A sequence in an optional comes back as it was. */
const optionalSequence: Grow = c => {
  const [made, has] = [c.name("o"), c.result("has", "bool")];
  const of = c.sequence;
  c.step("Optional", [of], made, () => {});
  c.step("OptionalHasElement", [made], has, s => (s.outputs[has] = plain("bool", [], [1])));
  c.becomes("OptionalGetElement", [made], () => {});
};
/** What is no optional, and what is left out. */
const noOptional: Grow = c => {
  const [tensor, has, out] = [c.tensor(c.own), c.result("has", "bool"), c.result("held", c.dtype)];
  c.step("OptionalGetElement", [tensor], out, s => (s.outputs[out] = s.inputs[tensor]!));
  c.step("OptionalHasElement", c.random.chance(0.5) ? [tensor] : [], has, s => {
    s.outputs[has] = plain(
      "bool",
      [],
      [Number(c.moves.some(m => m.node.output![0] === has && m.node.input!.length > 0))],
    );
  });
};

/** A chain in which `own` stands, with others before and behind. */
const chainWith =
  (own: Grow, begins: boolean): DrawModel =>
  random => {
    const c = new Chain(random, random.pick(movedTypes), random.int(1, 3));
    (begins ? own : random.pick([construct, split, emptyThenInsert]))(c);
    for (let k = random.int(0, 2); k > 0; k--) random.pick([insert, erase, element])(c);
    if (!begins) own(c);
    random.pick([lengthOf, element, concat])(c);
    random.pick([concat, element])(c);
    const how = drawDeclared(random);
    const runs = [runOf(c), ...(how === "numbers" ? [] : [runOf(c)])];
    return { model: modelOf(c, runs, how), runs: runs.map(hostRun) };
  };

function runOf(c: Chain): PlainRun {
  const dims = sizes(c.random, c.rank, 60);
  const inputs = Object.fromEntries(c.draws.map(([name, draw]) => [name, draw(dims)]));
  const state: State = { inputs, outputs: {}, list: [] };
  for (const { apply } of c.moves) apply(state);
  return { inputs, outputs: state.outputs };
}
const modelOf = (c: Chain, runs: readonly PlainRun[], how: Declared) => ({
  opset: 21,
  irVersion: 10,
  inputs: declaredInputs(runs, how),
  outputs: [...c.types].map(([name, code]) => value(name, code)),
  nodes: c.moves.map(m => m.node),
});

export const sequenceDraws: Readonly<Record<string, DrawModel>> = {
  SequenceConstruct: chainWith(construct, true),
  SequenceEmpty: chainWith(emptyThenInsert, true),
  SequenceInsert: chainWith(insert, false),
  SequenceErase: chainWith(erase, false),
  SequenceLength: chainWith(lengthOf, false),
  SequenceAt: chainWith(element, false),
  ConcatFromSequence: chainWith(concat, false),
  SplitToSequence: random => chainWith(random.chance(0.7) ? split : c => (split(c), splitAndDrop(c)), true)(random),
  Optional: random => chainWith(random.chance(0.5) ? optional : optionalSequence, false)(random),
  OptionalGetElement: random => chainWith(random.pick([optional, optionalSequence, noOptional]), false)(random),
  OptionalHasElement: random => chainWith(random.pick([optional, optionalSequence, noOptional]), false)(random),
};
