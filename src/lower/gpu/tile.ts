// The text of a contraction's tile: workgroups stage blocks of both operands in workgroup memory, in two halves, so that one barrier a
// step is enough; each invocation keeps a square of sums in registers, which nothing indexes. An operand is any expression (a padded
// window of a convolution, dequantised weights), computed once for each element that is staged.
import type { Poly } from "../../ir/poly.js";
import { ceilDiv } from "../../ir/poly.js";
import type { Axis, Node } from "../../ir/tile.js";
import { gathersIn, isTensor, reach } from "../../ir/tile.js";
import type { Contraction } from "./contraction.js";
import { CONTRACTION_WORKGROUP, DEPTH, SIDE, tileSize, volume } from "./contraction.js";
import { bindDigits, knownDigits } from "./digits.js";
import { cast, product } from "./maps.js";
import type { Shader } from "./shader.js";
import { stepsByOne } from "./shader.js";
import { isMultipleOf, vectorLoad } from "./vectors.js";

/** places and steps of the block that an invocation stages */
const BLOCK = 4;
/** nodes that may be written sixteen times; more become a loop */
const FEW_NODES = 6;
const each = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
const xyzw = "xyzw";

/** vectors of four in one half of one operand */
const halfOf = (c: Contraction): number => (DEPTH * tileSize(c.shape)) / BLOCK;
const vectorOf = (c: Contraction): string => `vec4<${c.type}>`;
export const contractionMemory = (c: Contraction): string =>
  `var<workgroup> staged: array<${vectorOf(c)}, ${4 * halfOf(c)}>;`;

/** Emits the body; `tile` is the number of the workgroup's tile. */
export function emitContraction(shader: Shader, c: Contraction, tile: string): void {
  const { e } = shader;
  const size = tileSize(c.shape);
  const across = e.size(ceilDiv(volume(c.columns), size));
  const down = e.size(ceilDiv(volume(c.rows), size));
  e.line(`let column0 = (${tile} % ${across}) * ${size}i;`);
  e.line(`let row0 = ((${tile} / ${across}) % ${down}) * ${size}i;`);
  e.line(`let batch = ${tile} / ${across} / ${down};`);
  e.line(`let tx = local % ${SIDE}u;`);
  e.line(`let ty = local / ${SIDE}u;`);
  bindDigits(e, c.batch, "batch", () => {
    for (const sum of sumsOf(c)) e.line(`var ${sum} = ${vectorOf(c)}();`);
    emitSteps(shader, c);
    emitEpilogue(shader, c);
  });
}

/** A row of an invocation, and four of its columns. */
const sumName = (row: number, quad: number): string => `sum${row}_${quad}`;
const sumsOf = ({ shape: { sums } }: Contraction): readonly string[] =>
  each(sums).flatMap(i => each(sums / BLOCK).map(j => sumName(i, j)));

function emitSteps(shader: Shader, c: Contraction): void {
  const { e } = shader;
  const [a, b] = c.dot.args as readonly [Node, Node];
  const depth = volume(c.dot.over);
  const half = halfOf(c);
  const left = stagingOf(shader, c, { axes: c.rows, first: "row0", value: a, offset: 0 });
  const right = stagingOf(shader, c, { axes: c.columns, first: "column0", value: b, offset: half });
  e.nest(`for (var k0 = 0i; ; k0 += ${DEPTH}i)`, () => {
    e.line(`let here = ((u32(k0) / ${DEPTH}u) & 1u) * ${2 * half}u;`);
    e.nest(`if (k0 < ${e.size(depth)})`, () => {
      left();
      right();
    });
    e.nest("if (k0 > 0i)", () => {
      e.line(`let before = ${2 * half}u - here;`);
      e.nest(`for (var k = 0u; k < ${DEPTH}u; k++)`, () => emitStep(shader, c));
    });
    e.line(`if (k0 >= ${e.size(depth)}) { break; }`);
    e.line("workgroupBarrier();");
  });
}
function emitStep(shader: Shader, c: Contraction): void {
  const { e } = shader;
  const quads = each(c.shape.sums / BLOCK);
  const row = tileSize(c.shape) / BLOCK;
  for (const q of quads) {
    e.line(`let l${q} = staged[before + k * ${row}u + ${q * SIDE}u + ty];`);
    e.line(`let r${q} = staged[before + ${halfOf(c)}u + k * ${row}u + ${q * SIDE}u + tx];`);
  }
  for (const i of each(c.shape.sums))
    for (const j of quads) {
      const sum = sumName(i, j);
      e.line(`${sum} = ${joined(shader, c, `l${Math.floor(i / BLOCK)}.${xyzw[i % BLOCK]}`, `r${j}`, sum)};`);
    }
}
/** A row's number times four columns', added to their sums. */
function joined({ e, packedDots }: Shader, c: Contraction, row: string, quad: string, sum: string): string {
  const vector = vectorOf(c);
  if (c.type === "f32") return `fma(${vector}(${row}), ${quad}, ${sum})`;
  if (c.dot.op === "sum") return `${vector}(${row}) * ${quad} + ${sum}`;
  const parts = each(BLOCK).map(j => product(e.use, c.dot, row, `${quad}.${xyzw[j]}`, packedDots));
  return `${vector}(${parts.join(", ")}) + ${sum}`;
}

interface Operand {
  readonly axes: readonly Axis[];
  readonly first: string;
  readonly value: Node;
  /** of the operand within a half */
  readonly offset: number;
}
/** How an invocation's block of 4 places × 4 steps is read. */
interface Staging extends Operand {
  readonly over: readonly Axis[];
  /** of four that are staged */
  readonly vector: string;
  /** the operand's element, in the type of sums */
  readonly element: () => string;
  /** invocations that stage a block */
  readonly blocks: number;
  /** quads of places in the tile */
  readonly row: number;
  readonly places: Poly;
  readonly depth: Poly;
}

/** Emits what stays the same at all steps, and gives what emits a step. Zeros stand for what lies outside of the operand. */
function stagingOf(shader: Shader, c: Contraction, operand: Operand): () => void {
  const { e } = shader;
  const row = tileSize(c.shape) / BLOCK;
  const { over } = c.dot;
  const s: Staging = {
    ...operand,
    over,
    vector: vectorOf(c),
    element: () =>
      cast(e.use, operand.value.dtype, c.type === "f32" ? operand.value.dtype : c.type, shader.value(operand.value)),
    row,
    blocks: (row * DEPTH) / BLOCK,
    places: volume(operand.axes),
    depth: volume(over),
  };
  const name = operand.first.replace("0", "");
  // neighbours in memory are neighbours among invocations
  const along = walksDepth(s)
    ? [`local / ${DEPTH / BLOCK}u`, `local % ${DEPTH / BLOCK}u`]
    : [`local % ${row}u`, `local / ${row}u`];
  e.line(`let ${name}Quad = ${along[0]};`);
  e.line(`let ${name}Step = ${along[1]} * ${BLOCK}u;`);
  e.line(`let ${name}s = ${operand.first} + i32(${name}Quad) * ${BLOCK}i;`);
  const emit = stagedBlock(shader, s, name);
  const step = (): void => {
    e.line(`let ${name}K = k0 + i32(${name}Step);`);
    emit();
  };
  return () => (s.blocks < CONTRACTION_WORKGROUP ? e.nest(`if (local < ${s.blocks}u)`, step) : e.nest("", step));
}
function walksDepth(s: Staging): boolean {
  const inner = s.over.at(-1);
  return inner !== undefined && stepsByOne(s.value, inner);
}

function stagedBlock(shader: Shader, s: Staging, name: string): () => void {
  const place = s.axes.at(-1);
  const step = s.over.at(-1);
  if (step && shader.hasVectors(vectorLoad(s.value, step)?.tensor)) return vectorsOfSteps(shader, s, name);
  if (place && shader.hasVectors(vectorLoad(s.value, place)?.tensor)) return vectorsOfPlaces(shader, s, name);
  return isSimple(s.value) ? singles(shader, s, name) : looped(shader, s, name);
}
/** Then it may be written for each of the block's elements, and be computed where it lies outside of the operand: no index is gathered. */
function isSimple(value: Node): boolean {
  const nodes = reach([value]);
  const plain = nodes.every(n => n.kind === "full" || n.kind === "map" || (n.kind === "load" && isTensor(n.tensor)));
  return (
    plain &&
    nodes.length <= FEW_NODES &&
    !nodes.some(n => n.kind === "load" && n.index.some(p => gathersIn(p).length > 0))
  );
}
const target = (s: Staging, name: string, j: number | string): string =>
  `staged[here + ${s.offset}u + (${name}Step + ${j}u) * ${s.row}u + ${name}Quad]`;

/** Digits of the four places, and what only they decide, are computed before the steps. */
function placesBound(shader: Shader, s: Staging, name: string): readonly ((body: () => void) => void)[] {
  const { e } = shader;
  return each(BLOCK).map(i => {
    const bound = knownDigits(e, s.axes, e.let("place", `${name}s + ${i}i`));
    return body => e.vary(`${name}${i}`, () => bound(body));
  });
}
/** Whether a place lies in the operand, known before the steps; undefined: tiles leave nothing over. */
const placeInside = ({ e }: Shader, s: Staging, at: string): string | undefined =>
  isMultipleOf(s.places, s.row * BLOCK) ? undefined : e.let("inside", `(${at} < ${e.size(s.places)})`);
const stepInside = ({ e }: Shader, s: Staging, at: string): string | undefined =>
  isMultipleOf(s.depth, DEPTH) ? undefined : e.let("inside", `(${at} < ${e.size(s.depth)})`);
const placesInside = (shader: Shader, s: Staging, name: string): readonly (string | undefined)[] =>
  each(BLOCK).map(i => placeInside(shader, s, `${name}s + ${i}i`));
const zeroOf = (s: Staging): string => `${s.vector.slice("vec4<".length, -1)}(0)`;
/** What lies outside is read all the same, because WGSL reads something of the buffer then, and is replaced: a branch costs more. */
function orZero(zero: string, value: string, ...conditions: readonly (string | undefined)[]): string {
  const inside = conditions.filter(c => c !== undefined);
  return inside.length === 0 ? value : `select(${zero}, ${value}, ${inside.join(" && ")})`;
}

/** Four loads along the depth, turned. */
function vectorsOfSteps(shader: Shader, s: Staging, name: string): () => void {
  const { e } = shader;
  const load = vectorLoad(s.value, s.over.at(-1)!)!;
  const places = placesBound(shader, s, name);
  const inside = placesInside(shader, s, name);
  return () => {
    const isStep = stepInside(shader, s, `${name}K`);
    bindDigits(e, s.over, `${name}K`, () => {
      for (const i of each(BLOCK))
        places[i]!(() =>
          e.line(`let ${name}Part${i} = ${orZero(`${s.vector}()`, shader.vector(load), inside[i], isStep)};`),
        );
    });
    for (const j of each(BLOCK))
      e.line(
        `${target(s, name, j)} = vec4<f32>(${each(BLOCK)
          .map(i => `${name}Part${i}.${xyzw[j]}`)
          .join(", ")});`,
      );
  };
}
function vectorsOfPlaces(shader: Shader, s: Staging, name: string): () => void {
  const { e } = shader;
  const load = vectorLoad(s.value, s.axes.at(-1)!)!;
  const bound = knownDigits(e, s.axes, `${name}s`);
  const isPlace = placeInside(shader, s, `${name}s`);
  return () => {
    for (const j of each(BLOCK)) {
      const at = e.let("k", `${name}K + ${j}i`);
      const isStep = stepInside(shader, s, at);
      e.vary(`${name}${j}`, () =>
        bound(() =>
          bindDigits(e, s.over, at, () =>
            e.line(`${target(s, name, j)} = ${orZero(`${s.vector}()`, shader.vector(load), isPlace, isStep)};`),
          ),
        ),
      );
    }
  };
}
function singles(shader: Shader, s: Staging, name: string): () => void {
  const { e } = shader;
  const places = placesBound(shader, s, name);
  const inside = placesInside(shader, s, name);
  return () => {
    for (const j of each(BLOCK)) {
      const at = e.let("k", `${name}K + ${j}i`);
      const isStep = stepInside(shader, s, at);
      bindDigits(e, s.over, at, () => {
        const parts = each(BLOCK).map(i => {
          const part = e.name("part");
          e.vary(`${j}`, () =>
            places[i]!(() => e.line(`let ${part} = ${orZero(zeroOf(s), s.element(), inside[i], isStep)};`)),
          );
          return part;
        });
        e.line(`${target(s, name, j)} = ${s.vector}(${parts.join(", ")});`);
      });
    }
  };
}
function looped(shader: Shader, s: Staging, name: string): () => void {
  const { e } = shader;
  return () =>
    e.nest(`for (var j = 0u; j < ${BLOCK}u; j++)`, () => {
      e.line(`var parts = ${s.vector}();`);
      e.line(`let at = ${name}K + i32(j);`);
      e.nest(`for (var i = 0u; i < ${BLOCK}u; i++)`, () => {
        e.line(`let place = ${name}s + i32(i);`);
        e.nest(`if (place < ${e.size(s.places)} && at < ${e.size(s.depth)})`, () =>
          bindDigits(e, s.axes, "place", () => bindDigits(e, s.over, "at", () => e.line(`parts[i] = ${s.element()};`))),
        );
      });
      e.line(`staged[here + ${s.offset}u + (${name}Step + j) * ${s.row}u + ${name}Quad] = parts;`);
    });
}

/** The store of each sum. A switch picks it: an array that is indexed would not stay in registers. */
function emitEpilogue(shader: Shader, c: Contraction): void {
  const { e } = shader;
  const quads = c.shape.sums / BLOCK;
  e.nest(`for (var q = 0u; q < ${c.shape.sums * quads}u; q++)`, () => {
    e.line(`var quad: ${vectorOf(c)};`);
    const names = sumsOf(c);
    e.nest("switch (q)", () =>
      names.forEach((name, i) => {
        e.line(`${i < names.length - 1 ? `case ${i}u` : "default"}: { quad = ${name}; }`);
      }),
    );
    e.line(`let i = q / ${quads}u;`);
    e.line(`let row = row0 + i32((i / ${BLOCK}u) * ${SIDE * BLOCK}u + ty * ${BLOCK}u + i % ${BLOCK}u);`);
    e.line(`let columns = column0 + i32((q % ${quads}u) * ${SIDE * BLOCK}u + tx * ${BLOCK}u);`);
    e.nest(`if (row < ${e.size(volume(c.rows))})`, () =>
      bindDigits(e, c.rows, "row", () =>
        shader.hasVectors(c.store.tensor) ? storeQuad(shader, c) : storeEach(shader, c, () => shader.store(c.store)),
      ),
    );
  });
}
function storeEach(shader: Shader, c: Contraction, store: () => void): void {
  const { e } = shader;
  e.nest(`for (var j = 0u; j < ${BLOCK}u; j++)`, () => {
    e.line("let column = columns + i32(j);");
    e.nest(`if (column < ${e.size(volume(c.columns))})`, () =>
      bindDigits(e, c.columns, "column", () => {
        shader.assume(c.dot, "quad[j]");
        store();
      }),
    );
  });
}
/** Four columns are in the output or none is. */
function storeQuad(shader: Shader, c: Contraction): void {
  const { e } = shader;
  e.line("var results: vec4<f32>;");
  storeEach(shader, c, () => e.line(`results[j] = ${shader.value(c.store.value)};`));
  e.nest(`if (columns < ${e.size(volume(c.columns))})`, () =>
    bindDigits(e, c.columns, "columns", () => shader.storeVector(c.store, "results")),
  );
}
