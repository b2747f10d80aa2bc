// Contractions by workgroups: tiles of both operands are staged in workgroup memory, each invocation keeps a square of sums in registers.
// An operand is any expression (a padded window of a convolution, dequantised weights), computed once for each element that is staged.
import { ceilDiv, Poly } from "../../ir/poly.js";
import { type Axis, type Kernel, type Node, type NodeOf, reachCells, type Store } from "../../ir/tile.js";
import { axesOfStore } from "../../ir/walk.js";
import { isContraction } from "../../schedule/contraction.js";
import type { Emitter } from "./emitter.js";
import { registerOf } from "./registers.js";
import type { Shader } from "./shader.js";

/** 8 × 8 invocations with 4 × 4 sums each: two loads of four for 16 multiply-adds, and 2 KiB of workgroup memory */
const SIDE = 8;
const SUMS = 4;
const TILE = SIDE * SUMS;
const DEPTH = 8;
export const CONTRACTION_WORKGROUP = SIDE * SIDE;
/** rows or columns below which most of a tile would be empty */
const FEWEST = 16;

export interface Contraction {
  readonly dot: NodeOf<"reduce">;
  readonly store: Store;
  readonly rows: readonly Axis[];
  readonly columns: readonly Axis[];
  /** of both operands, or of none */
  readonly batch: readonly Axis[];
}
const volume = (axes: readonly Axis[]): Poly => Poly.product(axes.map(a => a.extent));

/** The kernel as one contraction with an epilogue, if that is what these stores are. */
export function contractionOf(kernel: Kernel, stores: readonly Store[]): Contraction | undefined {
  const [store] = stores;
  if (stores.length !== 1 || !store || store.combine || store.when || kernel.segments) return undefined;
  if (kernel.folds.length > 0) return undefined;
  const reduces = reachCells([store.value]).filter((n): n is NodeOf<"reduce"> => n.kind === "reduce");
  const [dot] = reduces;
  if (reduces.length !== 1 || !dot || dot.op !== "sum" || dot.dtype !== "f32" || !isContraction(dot)) return undefined;
  if (dot.args.some(a => registerOf(a.dtype) !== "f32")) return undefined;
  const [a, b] = dot.args as readonly [Node, Node];
  // in the order of memory, which is that of the grid
  const all = axesOfStore(store);
  const own = [...kernel.grid.filter(x => all.includes(x)), ...all.filter(x => !kernel.grid.includes(x))];
  if (own.some(x => dot.over.includes(x))) return undefined;
  const rows = own.filter(x => a.axes.includes(x) && !b.axes.includes(x));
  const columns = own.filter(x => b.axes.includes(x) && !a.axes.includes(x));
  const small = (axes: readonly Axis[]): boolean => {
    const size = volume(axes);
    return size.isConst && size.constant < FEWEST;
  };
  if (small(rows) || small(columns)) return undefined;
  return { dot, store, rows, columns, batch: own.filter(x => !rows.includes(x) && !columns.includes(x)) };
}

export const tilesOf = ({ rows, columns, batch }: Contraction): Poly =>
  ceilDiv(volume(rows), TILE)
    .mul(ceilDiv(volume(columns), TILE))
    .mul(volume(batch));

export const contractionMemory = (): string =>
  `var<workgroup> left: array<f32, ${TILE * DEPTH}>;\nvar<workgroup> right: array<f32, ${TILE * DEPTH}>;`;

/** Emits the body; `tile` is the number of the workgroup's tile. */
export function emitContraction(shader: Shader, c: Contraction, tile: string): void {
  const { e } = shader;
  const size = (axes: readonly Axis[]): string => e.size(volume(axes));
  const across = e.size(ceilDiv(volume(c.columns), TILE));
  const down = e.size(ceilDiv(volume(c.rows), TILE));
  e.line(`let column0 = (${tile} % ${across}) * ${TILE}i;`);
  e.line(`let row0 = ((${tile} / ${across}) % ${down}) * ${TILE}i;`);
  e.line(`let batch = ${tile} / ${across} / ${down};`);
  bindDigits(e, c.batch, "batch", () => {
    e.line(`var sums: array<vec4<f32>, ${SUMS}>;`);
    const depth = size(c.dot.over);
    const [a, b] = c.dot.args as readonly [Node, Node];
    e.nest(`for (var k0 = 0i; k0 < ${depth}; k0 += ${DEPTH}i)`, () => {
      stage(shader, "left", { axes: c.rows, first: "row0", over: c.dot.over, value: a });
      stage(shader, "right", { axes: c.columns, first: "column0", over: c.dot.over, value: b });
      e.line("workgroupBarrier();");
      e.nest(`for (var k = 0u; k < ${DEPTH}u; k++)`, () => {
        const at = (name: string, side: string): string =>
          `vec4<f32>(${[0, 1, 2, 3].map(i => `${name}[k * ${TILE}u + ${side} * ${SUMS}u + ${i}u]`).join(", ")})`;
        e.line(`let l = ${at("left", `(local / ${SIDE}u)`)};`);
        e.line(`let r = ${at("right", `(local % ${SIDE}u)`)};`);
        for (let i = 0; i < SUMS; i++) e.line(`sums[${i}] = fma(vec4<f32>(l[${i}]), r, sums[${i}]);`);
      });
      e.line("workgroupBarrier();");
    });
    e.nest(`for (var i = 0u; i < ${SUMS}u; i++)`, () =>
      e.nest(`for (var j = 0u; j < ${SUMS}u; j++)`, () => {
        e.line(`let row = row0 + i32((local / ${SIDE}u) * ${SUMS}u + i);`);
        e.line(`let column = column0 + i32((local % ${SIDE}u) * ${SUMS}u + j);`);
        e.nest(`if (row < ${size(c.rows)} && column < ${size(c.columns)})`, () =>
          bindDigits(e, c.rows, "row", () =>
            bindDigits(e, c.columns, "column", () => {
              shader.assume(c.dot, "sums[i][j]");
              shader.store(c.store);
            }),
          ),
        );
      }),
    );
  });
}

interface Operand {
  readonly axes: readonly Axis[];
  readonly first: string;
  readonly over: readonly Axis[];
  readonly value: Node;
}
/** Each invocation computes some elements of the tile; what lies outside of the operand is 0. */
function stage(shader: Shader, name: string, { axes, first, over, value }: Operand): void {
  const { e } = shader;
  e.nest(`for (var s = local; s < ${TILE * DEPTH}u; s += ${CONTRACTION_WORKGROUP}u)`, () => {
    e.line(`let place = ${first} + i32(s % ${TILE}u);`);
    e.line(`let k = k0 + i32(s / ${TILE}u);`);
    e.line("var staged = 0.0f;");
    e.nest(`if (place < ${e.size(volume(axes))} && k < ${e.size(volume(over))})`, () =>
      bindDigits(e, axes, "place", () => bindDigits(e, over, "k", () => e.line(`staged = ${shader.value(value)};`))),
    );
    e.line(`${name}[s] = staged;`);
  });
}

/** Binds axes to the digits of a number that is never negative, the last axis fastest. */
export function bindDigits(e: Emitter, axes: readonly Axis[], number: string, body: () => void): void {
  const bind = (d: number, rest: string): void => {
    const a = axes[d];
    if (!a) body();
    else if (d === 0) e.withAxis(a, rest, body);
    else {
      const extent = e.size(a.extent);
      const digit = e.name("x");
      e.line(`let ${digit} = i32(u32(${rest}) % u32(${extent}));`);
      const next = e.name("r");
      e.line(`let ${next} = i32(u32(${rest}) / u32(${extent}));`);
      e.withAxis(a, digit, () => bind(d - 1, next));
    }
  };
  bind(axes.length - 1, number);
}
