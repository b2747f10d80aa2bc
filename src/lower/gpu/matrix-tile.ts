// The text of a contraction's tile whose products are those of matrices that subgroups multiply. Operands are staged like those of tile.ts, one number
// after the other; matrices are loaded from there. Nothing can look into a matrix: sums go back to workgroup memory, strip by strip, and from there
// to what the kernel makes of them.
import type { Node } from "../../ir/tile.js";
import type { Contraction } from "./contraction.js";
import { DEPTH } from "./contraction.js";
import { bindDigits } from "./digits.js";
import type { MatrixTile } from "./matrices.js";
import { halfOf, stripRows, sumText } from "./matrices.js";
import type { Shader } from "./shader.js";
import { BLOCK, each, stagingOf } from "./staging.js";
import { emitDepth, emitOrigin, emitStores } from "./tile.js";

/** Emits the body; `tile` is the number of the workgroup's tile. */
export function emitMatrixTile(shader: Shader, c: Contraction, t: MatrixTile, tile: string): void {
  const { e } = shader;
  emitOrigin(shader, c, tile);
  for (const turn of each(t.turns)) {
    e.line(`let rectangle${turn} = subgroup + ${turn}u * subgroups;`);
    e.line(`let rowOf${turn} = (rectangle${turn} / ${t.across}u) * ${t.own.down * t.rows}u;`);
    e.line(`let columnOf${turn} = (rectangle${turn} % ${t.across}u) * ${t.own.across * t.columns}u;`);
  }
  bindDigits(e, c.batch, "batch", () => {
    for (const turn of each(t.turns))
      for (const i of each(t.own.down))
        for (const j of each(t.own.across)) e.line(`var ${sumName(turn, i, j)} = SumMatrix();`);
    emitSteps(shader, c, t);
    emitEpilogue(shader, c, t);
  });
}
const sumName = (turn: number, i: number, j: number): string => `sum${turn}_${i}_${j}`;

/** The turns that a subgroup has a rectangle for. */
function eachTurn({ e }: Shader, t: MatrixTile, body: (turn: number) => void): void {
  for (const turn of each(t.turns))
    e.nest(t.full ? "" : `if (rectangle${turn} < ${t.down * t.across}u)`, () => body(turn));
}

function emitSteps(shader: Shader, c: Contraction, t: MatrixTile): void {
  const { e } = shader;
  const [a, b] = c.dot.args as readonly [Node, Node];
  const half = halfOf(t);
  const as = { type: t.type, vectors: false };
  const left = stagingOf(shader, c, as, { axes: c.rows, first: "row0", value: a, offset: 0, group: 0 });
  const right = stagingOf(shader, c, as, { axes: c.columns, first: "column0", value: b, offset: half, group: 1 });
  const stage = (): void => {
    left();
    right();
  };
  emitDepth(shader, c, half, stage, () =>
    e.nest(`for (var k = 0u; k < ${DEPTH}u; k += ${t.depth}u)`, () => {
      e.line(`let step = before + k * ${t.size}u;`);
      eachTurn(shader, t, turn => emitProducts(shader, t, turn));
    }),
  );
}
function emitProducts({ e }: Shader, t: MatrixTile, turn: number): void {
  for (const i of each(t.own.down)) e.line(`let left${i} = leftMatrix(step + rowOf${turn} + ${i * t.rows}u);`);
  for (const j of each(t.own.across)) {
    e.line(`let right${j} = rightMatrix(step + ${halfOf(t)}u + columnOf${turn} + ${j * t.columns}u);`);
    for (const i of each(t.own.down)) {
      const sum = sumName(turn, i, j);
      e.line(`${sum} = addProduct(left${i}, right${j}, ${sum});`);
    }
  }
}

/** Strip by strip: a row of matrices of each rectangle. */
function emitEpilogue(shader: Shader, c: Contraction, t: MatrixTile): void {
  const { e } = shader;
  const quads = t.size / BLOCK;
  e.nest(`for (var strip = 0u; strip < ${t.own.down}u; strip++)`, () => {
    // what is there may still be read
    e.line("workgroupBarrier();");
    e.nest("switch (strip)", () =>
      each(t.own.down).forEach(i => {
        e.nest(i < t.own.down - 1 ? `case ${i}u:` : "default:", () =>
          eachTurn(shader, t, turn => {
            for (const j of each(t.own.across))
              e.line(
                `storeMatrix((rectangle${turn} / ${t.across}u) * ${t.rows * t.size}u + columnOf${turn} + ${j * t.columns}u, ${sumName(turn, i, j)});`,
              );
          }),
        );
      }),
    );
    e.line("workgroupBarrier();");
    e.nest(`for (var q = local; q < ${stripRows(t) * quads}u; q += ${t.workgroupSize}u)`, () => {
      e.line(`let line = q / ${quads}u;`);
      const parts = each(BLOCK).map(j => sumText(t, `q * ${BLOCK}u + ${j}u`));
      e.line(`let quad = vec4<f32>(${parts.join(", ")});`);
      e.line(
        `let row = row0 + i32((line / ${t.rows}u) * ${t.own.down * t.rows}u + strip * ${t.rows}u + line % ${t.rows}u);`,
      );
      e.line(`let columns = column0 + i32((q % ${quads}u) * ${BLOCK}u);`);
      emitStores(shader, c);
    });
  });
}
