// The text of a fold in tiles: 64 invocations have 64 rows. Scores of a tile of keys are sums in registers, 8 rows × `keys` of each invocation, from operands
// that are staged in workgroup memory. Invocations reduce what they have of each row, and the row's own joins what all have. Weights go to workgroup
// memory and are multiplied there by values. Results of 8 rows × `columns` share registers with scores: while there are scores, results lie
// where the weights will be, each at the place of a weight of the same invocation, so that they change places without a barrier.
import { ceilDiv } from "../../ir/poly.js";
import { type Axis, type Node, type NodeOf, reach } from "../../ir/tile.js";
import { SIDE, volume } from "./contraction.js";
import { bindDigits } from "./digits.js";
import {
  FOLD_DEPTH,
  FOLD_ROWS,
  foldColumns,
  foldKeys,
  type FoldTile,
  rowArrays,
  stagedVectors,
  weightVectors,
} from "./fold-tile.js";
import { combined } from "./maps.js";
import type { Shader } from "./shader.js";
import { isMultipleOf, vectorLoad } from "./vectors.js";

const each = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
const xyzw = "xyzw";
const ROW_QUADS = FOLD_ROWS / 4;
/** vectors of partial results of one reduction */
const PARTIALS = SIDE * ROW_QUADS;

export const foldTileMemory = (f: FoldTile): readonly string[] => [
  `var<workgroup> weights: array<vec4<f32>, ${weightVectors(f.shape)}>;`,
  `var<workgroup> staged: array<vec4<f32>, ${Math.max(stagedVectors(f.shape), ...f.passes.map(p => p.length * PARTIALS))}>;`,
  ...each(rowArrays(f)).map(i => `var<workgroup> rows${i}: array<f32, ${FOLD_ROWS}>;`),
];

export function emitFoldTile(shader: Shader, f: FoldTile, tile: string): void {
  new FoldText(shader, f).emit(tile);
}

class FoldText {
  readonly #shader: Shader;
  readonly #f: FoldTile;
  readonly #keys: number;
  readonly #results: number;
  /** the tile's first column, if there is more than one tile */
  #column0 = "";
  constructor(shader: Shader, f: FoldTile) {
    this.#shader = shader;
    this.#f = f;
    this.#keys = f.shape.keys;
    this.#results = SIDE * (f.shape.columns / 4);
  }
  get #e(): Shader["e"] {
    return this.#shader.e;
  }
  get #rowStates(): readonly number[] {
    return each(this.#f.fold.init.length).filter(i => i !== this.#f.slot);
  }
  emit(tile: string): void {
    const e = this.#e;
    const f = this.#f;
    const across = e.size(ceilDiv(volume(f.columns), foldColumns(f.shape)));
    const down = e.size(ceilDiv(volume(f.rows), FOLD_ROWS));
    const width = foldColumns(f.shape);
    const isOne = volume(f.columns).isConst && volume(f.columns).constant <= width;
    if (!isOne) e.line(`let column0 = (${tile} % ${across}) * ${width}i;`);
    this.#column0 = isOne ? "" : "column0 + ";
    e.line(`let row0 = ((${tile} / ${across}) % ${down}) * ${FOLD_ROWS}i;`);
    e.line(`let tx = local % ${SIDE}u;`);
    e.line(`let ty = local / ${SIDE}u;`);
    bindDigits(e, f.batch, `(${tile} / ${across} / ${down})`, () => {
      for (const n of each(2 * this.#keys)) e.line(`var acc${n} = vec4<f32>();`);
      this.#overResults([], () => this.#shader.value(f.fold.init[f.slot]!));
      for (const i of this.#rowStates) e.line(`var state${i}: f32;`);
      this.#ownRow(() => this.#setStates(f.fold.init));
      const end = this.#end();
      e.nest(`for (var t0 = 0i; t0 < ${end}; t0 += ${foldKeys(f.shape)}i)`, () => this.#tile(end));
      this.#epilogue();
    });
  }
  /** Keys behind the last row of the tile may be left out where the fold says so. */
  #end(): string {
    const { fold, rows } = this.#f;
    const keys = this.#e.size(fold.axis.extent);
    return rows.length === 1 && fold.until === rows[0]
      ? this.#e.let("end", `min(${keys}, row0 + ${FOLD_ROWS}i)`)
      : keys;
  }

  #tile(end: string): void {
    const e = this.#e;
    const f = this.#f;
    for (const n of each(this.#results)) e.line(`weights[${this.#slotOf(n)}] = acc${n};`);
    if (f.rowValues[0]!.length > 0) this.#storeRowValues(0);
    f.passes
      .slice(0, -1)
      .flat()
      .forEach((_, i) => e.line(`var reduced${i}: f32;`));
    for (const n of each(2 * this.#keys)) e.line(`acc${n} = vec4<f32>();`);
    this.#scores();
    f.passes.forEach((reductions, i) => {
      this.#pass(reductions, i, i === f.passes.length - 1);
      this.#storeRowValues(i + 1, reductions);
    });
    this.#overResults(f.rowValues.flat(), () => this.#shader.value(f.kept));
    this.#weigh(end);
  }
  /** Where a vector of results lies, and of weights: by the number of its register. */
  #slotOf(n: number): string {
    const [row, c] = [Math.floor(n / this.#keys), n % this.#keys];
    return `(${32 * Math.floor(c / 4) + (c % 4)}u + 4u * tx) * ${ROW_QUADS}u + ${8 * row}u + ty`;
  }
  #scores(): void {
    const e = this.#e;
    const f = this.#f;
    const quads = foldKeys(f.shape) / 4;
    const key = f.fold.axis;
    e.nest(`for (var k0 = 0i; k0 < ${e.size(volume(f.scores.over))}; k0 += ${FOLD_DEPTH}i)`, () => {
      this.#stage({
        value: f.left,
        places: f.rows,
        first: "row0 + ",
        quads: ROW_QUADS,
        over: f.scores.over,
        from: "k0",
        offset: 0,
      });
      this.#stage({
        value: f.right,
        places: [key],
        first: "t0 + ",
        quads,
        over: f.scores.over,
        from: "k0",
        offset: ROW_QUADS * FOLD_DEPTH,
      });
      e.line("workgroupBarrier();");
      e.nest(`for (var k = 0u; k < ${FOLD_DEPTH}u; k++)`, () => {
        for (const i of each(2)) e.line(`let l${i} = staged[k * ${ROW_QUADS}u + ${8 * i}u + ty];`);
        for (const q of each(this.#keys / 4)) {
          e.line(`let r${q} = staged[${ROW_QUADS * FOLD_DEPTH}u + k * ${quads}u + ${8 * q}u + tx];`);
          for (const j of each(4))
            for (const i of each(2)) {
              const acc = `acc${i * this.#keys + 4 * q + j}`;
              e.line(`${acc} = fma(l${i}, vec4<f32>(r${q}.${xyzw[j]}), ${acc});`);
            }
        }
      });
      e.line("workgroupBarrier();");
    });
  }
  /** Blocks of vectors along places, one index of what is summed over at a time; what lies beyond an end is computed as the last one, and is zero where it counts. */
  #stage(s: {
    readonly value: Node;
    readonly places: readonly Axis[];
    readonly first: string;
    readonly quads: number;
    readonly over: readonly Axis[];
    readonly from: string;
    readonly offset: number;
  }): void {
    const e = this.#e;
    const shader = this.#shader;
    const depth = volume(s.over);
    const load = vectorLoad(s.value, s.places.at(-1)!, shader.multiples);
    const isVector = load !== undefined && shader.hasVectors(load.tensor);
    e.nest(`for (var i = local; i < ${s.quads * FOLD_DEPTH}u; i += 64u)`, () => {
      // neighbours in memory are neighbours among invocations
      const [quad, k] = isVector
        ? [`i % ${s.quads}u`, `i / ${s.quads}u`]
        : [`i / ${FOLD_DEPTH}u`, `i % ${FOLD_DEPTH}u`];
      e.line(`let quad = ${quad};`);
      e.line(`let k = ${k};`);
      const at = e.let("at", `${s.from} + i32(k)`);
      const isFull = isMultipleOf(depth, FOLD_DEPTH);
      const index = isFull ? at : e.let("at", `min(${at}, ${e.size(depth.sub(1))})`);
      const orZero = (zero: string, x: string): string =>
        isFull ? x : `select(${zero}, ${x}, ${at} < ${e.size(depth)})`;
      const target = `staged[${s.offset}u + k * ${s.quads}u + quad]`;
      const place = (j: number): string =>
        e.let("place", `min(${s.first}i32(4u * quad) + ${j}i, ${e.size(volume(s.places).sub(isVector ? 4 : 1))})`);
      bindDigits(e, s.over, index, () => {
        if (isVector)
          bindDigits(e, s.places, place(0), () => e.line(`${target} = ${orZero("vec4<f32>()", shader.vector(load))};`));
        else {
          const parts = each(4).map(j => {
            let part = "";
            e.vary(`p${j}`, () =>
              bindDigits(e, s.places, place(j), () => {
                part = e.let("part", orZero("0.0f", shader.value(s.value)));
              }),
            );
            return part;
          });
          e.line(`${target} = vec4<f32>(${parts.join(", ")});`);
        }
      });
    });
  }

  /** The register of a number. A switch picks it: an array that is indexed would not stay in registers. */
  #pick(number: string, count: number): void {
    const e = this.#e;
    e.line("var quad: vec4<f32>;");
    e.nest(`switch (${number})`, () => {
      for (const n of each(count)) e.line(`${n < count - 1 ? `case ${n}u` : "default"}: { quad = acc${n}; }`);
    });
  }
  #replace(number: string, count: number, by: string): void {
    const e = this.#e;
    e.nest(`switch (${number})`, () => {
      for (const n of each(count)) e.line(`${n < count - 1 ? `case ${n}u` : "default"}: { acc${n} = ${by}; }`);
    });
  }
  /** Emits a body in which the rows are bound to a row that exists. */
  #atRow(row: string, body: () => void): void {
    const e = this.#e;
    const { rows } = this.#f;
    bindDigits(e, rows, e.let("ofRow", `min(row0 + i32(${row}), ${e.size(volume(rows).sub(1))})`), body);
  }
  /** Reduces what the invocation's scores lead to; the last pass makes weights of them as well. */
  #pass(reductions: readonly NodeOf<"reduce">[], over: number, isLast: boolean): void {
    const e = this.#e;
    const f = this.#f;
    const roots = [...reductions, ...(isLast ? [f.weights] : [])];
    const known = f.rowValues.slice(0, over + 1).flatMap(list => list.filter(n => reach(roots).includes(n)));
    const number = `rq * ${this.#keys}u + c`;
    const inTile = "(c >> 2u) * 32u + tx * 4u + (c & 3u)";
    const extent = f.fold.axis.extent;
    const isFull = isMultipleOf(extent, foldKeys(f.shape));
    e.nest("for (var rq = 0u; rq < 2u; rq++)", () => {
      const names = this.#rowVectors(known, "rq * 32u + ty * 4u");
      reductions.forEach((_, i) => e.line(`var part${i} = vec4<f32>();`));
      e.nest(`for (var c = 0u; c < ${this.#keys}u; c++)`, () => {
        this.#pick(number, 2 * this.#keys);
        e.line(`let at = t0 + i32(${inTile});`);
        const isKey = isFull ? undefined : e.let("isKey", `at < ${e.size(extent)}`);
        const key = isFull ? "at" : e.let("key", `min(at, ${e.size(extent.sub(1))})`);
        e.nest("for (var j = 0u; j < 4u; j++)", () =>
          e.withAxis(f.fold.axis, key, () =>
            this.#atRow("rq * 32u + ty * 4u + j", () => {
              this.#assumeAll(
                known,
                names.map(n => `${n}[j]`),
              );
              this.#shader.assume(f.scores, "quad[j]");
              reductions.forEach((n, i) => this.#reduceInto(`part${i}`, n, isKey));
              if (!isLast) return;
              const weight = this.#shader.value(f.weights);
              e.line(`quad[j] = ${isKey ? `select(0.0f, ${weight}, ${isKey})` : weight};`);
            }),
          ),
        );
        if (isLast) this.#exchange(number, `(${inTile}) * ${ROW_QUADS}u + rq * 8u + ty`);
      });
      reductions.forEach((_, i) => e.line(`staged[${i * PARTIALS}u + tx * ${ROW_QUADS}u + rq * 8u + ty] = part${i};`));
    });
    e.line("workgroupBarrier();");
  }
  #reduceInto(part: string, n: NodeOf<"reduce">, isKey: string | undefined): void {
    const e = this.#e;
    const value = e.let("v", this.#shader.value(n.args[0]!));
    const joined = e.let("v", combined(e.use, n.op, n.dtype, `${part}[j]`, value));
    // a key that is counted twice changes no maximum
    const next =
      n.op === "sum"
        ? isKey
          ? `select(${part}[j], ${joined}, ${isKey})`
          : joined
        : `select(${joined}, ${value}, c == 0u)`;
    e.line(`${part}[j] = ${next};`);
  }
  /** Weights take the places of results, which come back to registers. */
  #exchange(number: string, place: string): void {
    const e = this.#e;
    e.nest(`if (${number} < ${this.#results}u)`, () => {
      e.line(`let result = weights[${place}];`);
      this.#replace(number, this.#results, "result");
    });
    e.line(`weights[${place}] = quad;`);
  }

  // ---- row values
  /** In the block of an element or row: values that are known by other names. */
  #assumeAll(nodes: readonly Node[], texts: readonly string[]): void {
    this.#shader.placeFold(this.#f.fold);
    nodes.forEach((n, i) => this.#shader.assume(n, texts[i]!));
  }
  #arrayOf(n: Node): string {
    const at = this.#f.rowValues.flat().indexOf(n);
    return `rows${at < 0 ? this.#f.results.indexOf(n) : at}`;
  }
  /** Of four rows from `row` on. */
  #rowVectors(nodes: readonly Node[], row: string): readonly string[] {
    return nodes.map(n => {
      const array = this.#arrayOf(n);
      return this.#e.let(
        "rv",
        `vec4<f32>(${each(4)
          .map(j => `${array}[${row} + ${j}u]`)
          .join(", ")})`,
      );
    });
  }
  /** The invocation's own row, with the states that it has of it. */
  #ownRow(body: () => void): void {
    this.#e.nest("", () =>
      this.#atRow("local", () => {
        this.#shader.placeFold(this.#f.fold);
        body();
      }),
    );
  }
  #assumeStates(kind: "state" | "result", roots: readonly Node[]): void {
    for (const n of statesIn(kind, roots)) {
      if (n.slot === this.#f.slot) continue;
      const copy = this.#e.name("v");
      this.#e.line(`let ${copy} = state${n.slot};`);
      this.#shader.assume(n, copy);
    }
  }
  #setStates(nodes: readonly Node[]): void {
    const e = this.#e;
    const values = this.#rowStates.map(i => e.let("v", this.#shader.value(nodes[i]!)));
    this.#rowStates.forEach((state, i) => e.line(`state${state} = ${values[i]};`));
  }
  /** Joins partial results, and keeps what they make known; after the last pass states become the next ones. */
  #storeRowValues(pass: number, reductions: readonly NodeOf<"reduce">[] = []): void {
    const e = this.#e;
    const f = this.#f;
    const isLast = pass === f.passes.length;
    this.#ownRow(() => {
      this.#assumeStates("state", [...this.#rowStates.map(i => f.fold.next[i]!), ...f.rowValues.flat()]);
      const nameOf = (n: NodeOf<"reduce">): string => `reduced${f.passes.flat().indexOf(n)}`;
      for (const n of f.passes.slice(0, Math.max(0, pass - 1)).flat()) this.#shader.assume(n, nameOf(n));
      reductions.forEach((n, i) => {
        const at = (x: string): string => `staged[${i * PARTIALS}u + ${x} * ${ROW_QUADS}u + local / 4u][local & 3u]`;
        const name = nameOf(n);
        e.line(`${isLast ? "var " : ""}${name} = ${at("0u")};`);
        e.nest(`for (var x = 1u; x < ${SIDE}u; x++)`, () => {
          e.line(`let other = ${at("x")};`);
          e.line(`${name} = ${combined(e.use, n.op, n.dtype, name, "other")};`);
        });
        this.#shader.assume(n, name);
      });
      for (const n of f.rowValues[pass] ?? []) e.line(`${this.#arrayOf(n)}[local] = ${this.#shader.value(n)};`);
      if (isLast) this.#setStates(f.fold.next);
    });
    e.line("workgroupBarrier();");
  }

  // ---- results
  /** Replaces each element of the results by a value; row values are known. */
  #overResults(rowValues: readonly Node[], value: () => string): void {
    const e = this.#e;
    this.#eachResult(rowValues, () => {
      this.#eachColumn(rowValues, () => {
        this.#assumeResult("state");
        e.line(`quad[j] = ${value()};`);
      });
      this.#replace(this.#resultNumber, this.#results, "quad");
    });
  }
  get #resultNumber(): string {
    return `i * ${this.#f.shape.columns / 4}u + q`;
  }
  #eachResult(rowValues: readonly Node[], body: () => void): void {
    const e = this.#e;
    const quads = this.#f.shape.columns / 4;
    e.nest(`for (var i = 0u; i < ${SIDE}u; i++)`, () => {
      e.line("let row = (i >> 2u) * 32u + ty * 4u + (i & 3u);");
      for (const n of rowValues) e.line(`let of_${this.#arrayOf(n)} = ${this.#arrayOf(n)}[row];`);
      e.nest(`for (var q = 0u; q < ${quads}u; q++)`, () => {
        this.#pick(this.#resultNumber, this.#results);
        e.line(`let columns = ${this.#column0}i32(q * 32u + tx * 4u);`);
        body();
      });
    });
  }
  #eachColumn(rowValues: readonly Node[], body: () => void): void {
    const e = this.#e;
    const { columns } = this.#f;
    e.nest("for (var j = 0u; j < 4u; j++)", () => {
      const column = e.let("ofColumn", `min(columns + i32(j), ${e.size(volume(columns).sub(1))})`);
      bindDigits(e, columns, column, () =>
        this.#atRow("row", () => {
          this.#assumeAll(
            rowValues,
            rowValues.map(n => `of_${this.#arrayOf(n)}`),
          );
          body();
        }),
      );
    });
  }
  #assumeResult(kind: "state" | "result"): void {
    const { slot, kept, store } = this.#f;
    for (const n of statesIn(kind, [kind === "state" ? kept : store.value]))
      if (n.slot === slot) this.#shader.assume(n, "quad[j]");
  }
  #weigh(end: string): void {
    const e = this.#e;
    const f = this.#f;
    const quads = foldColumns(f.shape) / 4;
    const length = e.let("length", `min(${foldKeys(f.shape)}i, ${end} - t0)`);
    e.nest(`for (var k0 = 0i; k0 < ${length}; k0 += ${FOLD_DEPTH}i)`, () => {
      this.#stage({
        value: f.values,
        places: f.columns,
        first: this.#column0,
        quads,
        over: [f.fold.axis],
        from: "t0 + k0",
        offset: 0,
      });
      e.line("workgroupBarrier();");
      e.nest(`for (var k = 0u; k < ${FOLD_DEPTH}u; k++)`, () => {
        for (const i of each(2)) e.line(`let l${i} = weights[(u32(k0) + k) * ${ROW_QUADS}u + ${8 * i}u + ty];`);
        for (const q of each(quads / SIDE)) {
          e.line(`let r${q} = staged[k * ${quads}u + ${8 * q}u + tx];`);
          for (const i of each(SIDE)) {
            const acc = `acc${(i * quads) / SIDE + q}`;
            e.line(`${acc} = fma(vec4<f32>(l${Math.floor(i / 4)}.${xyzw[i % 4]}), r${q}, ${acc});`);
          }
        }
      });
      e.line("workgroupBarrier();");
    });
  }
  #epilogue(): void {
    const e = this.#e;
    const { results, rows, columns, store } = this.#f;
    const shader = this.#shader;
    if (results.length > 0) {
      this.#ownRow(() => {
        this.#assumeStates("result", results);
        for (const n of results) e.line(`${this.#arrayOf(n)}[local] = ${shader.value(n)};`);
      });
      e.line("workgroupBarrier();");
    }
    const isVector = shader.hasVectors(store.tensor);
    const ends = e.size(volume(columns));
    this.#eachResult(results, () =>
      e.nest(`if (row0 + i32(row) < ${e.size(volume(rows))})`, () => {
        this.#eachColumn(results, () => {
          this.#assumeResult("result");
          if (isVector) e.line(`quad[j] = ${shader.value(store.value)};`);
          else e.nest(`if (columns + i32(j) < ${ends})`, () => shader.store(store));
        });
        if (isVector)
          e.nest(`if (columns < ${ends})`, () =>
            this.#atRow("row", () => bindDigits(e, columns, "columns", () => shader.storeVector(store, "quad"))),
          );
      }),
    );
  }
}

const statesIn = (kind: "state" | "result", roots: readonly Node[]): readonly (NodeOf<"state"> | NodeOf<"result">)[] =>
  reach(roots).filter((n): n is NodeOf<"state"> | NodeOf<"result"> => n.kind === kind);
