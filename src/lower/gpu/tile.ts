// The text of a contraction's tile: workgroups stage blocks of both operands in workgroup memory (staging.ts), in two halves, so that one barrier
// a step is enough; each invocation keeps a square of sums in registers, which nothing indexes.
import { ceilDiv } from "../../ir/poly.js";
import type { Node } from "../../ir/tile.js";
import type { Contraction } from "./contraction.js";
import { DEPTH, SIDE, tileSize, volume } from "./contraction.js";
import { bindDigits } from "./digits.js";
import { product } from "./maps.js";
import type { Shader } from "./shader.js";
import { BLOCK, each, stagingOf, xyzw } from "./staging.js";

/** vectors of four in one half of one operand */
const halfOf = (c: Contraction): number => (DEPTH * tileSize(c.shape)) / BLOCK;
const vectorOf = (c: Contraction): string => `vec4<${c.type}>`;
export const contractionMemory = (c: Contraction): string =>
  `var<workgroup> staged: array<${vectorOf(c)}, ${4 * halfOf(c)}>;`;

/** Emits the body; `tile` is the number of the workgroup's tile. */
export function emitContraction(shader: Shader, c: Contraction, tile: string): void {
  const { e } = shader;
  emitOrigin(shader, c, tile);
  e.line(`let tx = local % ${SIDE}u;`);
  e.line(`let ty = local / ${SIDE}u;`);
  bindDigits(e, c.batch, "batch", () => {
    for (const sum of sumsOf(c)) e.line(`var ${sum} = ${vectorOf(c)}();`);
    emitSteps(shader, c);
    emitEpilogue(shader, c);
  });
}

/** The first column and row of a tile, and its number in the batch. */
export function emitOrigin({ e }: Shader, c: Contraction, tile: string): void {
  const size = tileSize(c.shape);
  const across = e.size(ceilDiv(volume(c.columns), size));
  const down = e.size(ceilDiv(volume(c.rows), size));
  e.line(`let column0 = (${tile} % ${across}) * ${size}i;`);
  e.line(`let row0 = ((${tile} / ${across}) % ${down}) * ${size}i;`);
  e.line(`let batch = ${tile} / ${across} / ${down};`);
}

/** A row of an invocation, and four of its columns. */
const sumName = (row: number, quad: number): string => `sum${row}_${quad}`;
const sumsOf = ({ shape: { sums } }: Contraction): readonly string[] =>
  each(sums).flatMap(i => each(sums / BLOCK).map(j => sumName(i, j)));

function emitSteps(shader: Shader, c: Contraction): void {
  const [a, b] = c.dot.args as readonly [Node, Node];
  const half = halfOf(c);
  const as = { type: c.type, vectors: true };
  const left = stagingOf(shader, c, as, { axes: c.rows, first: "row0", value: a, offset: 0 });
  const right = stagingOf(shader, c, as, { axes: c.columns, first: "column0", value: b, offset: half });
  const stage = (): void => {
    left();
    right();
  };
  emitDepth(shader, c, half, stage, () =>
    shader.e.nest(`for (var k = 0u; k < ${DEPTH}u; k++)`, () => emitStep(shader, c)),
  );
}
/** Walks the depth: stages one half (`here`) while the one before it is multiplied (`before`). `half`: elements of one operand in it. */
export function emitDepth({ e }: Shader, c: Contraction, half: number, stage: () => void, multiply: () => void): void {
  const depth = volume(c.dot.over);
  e.nest(`for (var k0 = 0i; ; k0 += ${DEPTH}i)`, () => {
    e.line(`let here = ((u32(k0) / ${DEPTH}u) & 1u) * ${2 * half}u;`);
    e.nest(`if (k0 < ${e.size(depth)})`, stage);
    e.nest("if (k0 > 0i)", () => {
      e.line(`let before = ${2 * half}u - here;`);
      multiply();
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
    emitStores(shader, c);
  });
}
/** Stores `quad`, four sums from `row` and `columns` on. */
export function emitStores(shader: Shader, c: Contraction): void {
  const { e } = shader;
  e.nest(`if (row < ${e.size(volume(c.rows))})`, () =>
    bindDigits(e, c.rows, "row", () =>
      shader.hasVectors(c.store.tensor) ? storeQuad(shader, c) : storeEach(shader, c),
    ),
  );
}
function storeEach(shader: Shader, c: Contraction): void {
  shader.e.nest(`for (var j = 0u; j < ${BLOCK}u; j++)`, () => eachColumn(shader, c, () => shader.store(c.store)));
}
function eachColumn(shader: Shader, c: Contraction, body: () => void): void {
  const { e } = shader;
  e.line("let column = columns + i32(j);");
  e.nest(`if (column < ${e.size(volume(c.columns))})`, () =>
    bindDigits(e, c.columns, "column", () => {
      shader.assume(c.dot, "quad[j]");
      body();
    }),
  );
}
/** Four columns are in the output or none is. */
function storeQuad(shader: Shader, c: Contraction): void {
  const { e } = shader;
  const results = shader.quad(c.store, (_, body) => eachColumn(shader, c, body));
  e.nest(`if (columns < ${e.size(volume(c.columns))})`, () =>
    bindDigits(e, c.columns, "columns", () => shader.storeVector(c.store, results)),
  );
}
