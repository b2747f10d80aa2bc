// How workgroups stage the operands of a contraction in workgroup memory: each invocation a block of 4 places × 4 steps of an operand. An operand is any
// expression (a padded window of a convolution, dequantised weights), computed once for each element that is staged.
import type { Poly } from "../../ir/poly.js";
import type { Axis, Node } from "../../ir/tile.js";
import { gathersIn, isTensor, reach } from "../../ir/tile.js";
import type { Contraction } from "./contraction.js";
import { CONTRACTION_WORKGROUP, DEPTH, tileSize, volume } from "./contraction.js";
import { bindDigits, knownDigits } from "./digits.js";
import { cast } from "./maps.js";
import type { Shader } from "./shader.js";
import { stepsByOne } from "./shader.js";
import type { TensorLoad } from "./vectors.js";
import { isMultipleOf, vectorLoad } from "./vectors.js";

/** places and steps of the block that an invocation stages */
export const BLOCK = 4;
/** nodes that may be written sixteen times; more become a loop */
const FEW_NODES = 6;
export const each = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
export const xyzw = "xyzw";

/** One of a contraction's operands, and where of its tile what is staged lies. */
export interface Operand {
  readonly axes: readonly Axis[];
  readonly first: string;
  readonly value: Node;
  /** of the operand within a half, in elements of memory */
  readonly offset: number;
  /** which of the workgroup's groups of invocations stages it, where each operand has one of its own; absent: the first invocations stage both */
  readonly group?: number;
}
/** What memory is an array of. */
export interface StagedAs {
  readonly type: "f32" | "f16" | "i32" | "u32";
  /** places in memory are vectors of four, or numbers */
  readonly vectors: boolean;
}
/** How an invocation's block of 4 places × 4 steps is read. */
interface Staging extends Operand {
  readonly as: StagedAs;
  readonly over: readonly Axis[];
  /** of four that are staged */
  readonly vector: string;
  /** the operand's element, in the type that is staged */
  readonly element: () => string;
  /** four elements in a row */
  readonly load: (load: TensorLoad) => string;
  /** invocations that stage a block */
  readonly blocks: number;
  /** quads of places in the tile */
  readonly row: number;
  readonly places: Poly;
  readonly depth: Poly;
}

/** Emits what stays the same at all steps, and gives what emits a step. Zeros stand for what lies outside of the operand. */
export function stagingOf(shader: Shader, c: Contraction, as: StagedAs, operand: Operand): () => void {
  const { e } = shader;
  const row = tileSize(c.shape) / BLOCK;
  const { over } = c.dot;
  const { value } = operand;
  const element = (): string => cast(e.use, value.dtype, c.type === "f32" ? value.dtype : c.type, shader.value(value));
  const isHalf = as.type === "f16";
  const s: Staging = {
    ...operand,
    as,
    over,
    vector: `vec4<${as.type}>`,
    element: isHalf ? () => `${e.use("halfOf")}(${element()})` : element,
    load: load => (isHalf ? shader.halves(load) : shader.vector(load)),
    row,
    blocks: (row * DEPTH) / BLOCK,
    places: volume(operand.axes),
    depth: volume(over),
  };
  const name = operand.first.replace("0", "");
  const { blocks, group } = s;
  const local = group === undefined ? "local" : e.let("lane", `local % ${blocks}u`);
  // neighbours in memory are neighbours among invocations
  const along = walksDepth(s)
    ? [`${local} / ${DEPTH / BLOCK}u`, `${local} % ${DEPTH / BLOCK}u`]
    : [`${local} % ${row}u`, `${local} / ${row}u`];
  e.line(`let ${name}Quad = ${along[0]};`);
  e.line(`let ${name}Step = ${along[1]} * ${BLOCK}u;`);
  e.line(`let ${name}s = ${operand.first} + i32(${name}Quad) * ${BLOCK}i;`);
  const emit = stagedBlock(shader, s, name);
  const step = (): void => {
    e.line(`let ${name}K = k0 + i32(${name}Step);`);
    emit();
  };
  const condition =
    group !== undefined
      ? `if (local / ${blocks}u == ${group}u)`
      : blocks < CONTRACTION_WORKGROUP
        ? `if (local < ${blocks}u)`
        : "";
  return () => e.nest(condition, step);
}
/** Writes four places of a step. */
function put({ e }: Shader, s: Staging, name: string, j: number | string, four: string): void {
  const step = `(${name}Step + ${index(j)})`;
  if (s.as.vectors) {
    e.line(`staged[here + ${s.offset}u + ${step} * ${s.row}u + ${name}Quad] = ${four};`);
    return;
  }
  const at = e.let("at", `here + ${s.offset}u + ${step} * ${s.row * BLOCK}u + ${name}Quad * ${BLOCK}u`);
  const places = e.let("places", four);
  for (const i of each(BLOCK)) e.line(`staged[${at} + ${i}u] = ${places}.${xyzw[i]};`);
}
const index = (j: number | string): string => (typeof j === "number" ? `${j}u` : j);
function walksDepth(s: Staging): boolean {
  const inner = s.over.at(-1);
  return inner !== undefined && stepsByOne(s.value, inner);
}

function stagedBlock(shader: Shader, s: Staging, name: string): () => void {
  const place = s.axes.at(-1);
  const step = s.over.at(-1);
  if (step && shader.hasVectors(vectorLoad(s.value, step, shader.multiples)?.tensor))
    return vectorsOfSteps(shader, s, name);
  if (place && shader.hasVectors(vectorLoad(s.value, place, shader.multiples)?.tensor))
    return vectorsOfPlaces(shader, s, name);
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
  const load = vectorLoad(s.value, s.over.at(-1)!, shader.multiples)!;
  const places = placesBound(shader, s, name);
  const inside = placesInside(shader, s, name);
  return () => {
    const isStep = stepInside(shader, s, `${name}K`);
    bindDigits(e, s.over, `${name}K`, () => {
      for (const i of each(BLOCK))
        places[i]!(() => e.line(`let ${name}Part${i} = ${orZero(`${s.vector}()`, s.load(load), inside[i], isStep)};`));
    });
    for (const j of each(BLOCK)) {
      const parts = each(BLOCK).map(i => `${name}Part${i}.${xyzw[j]}`);
      put(shader, s, name, j, `${s.vector}(${parts.join(", ")})`);
    }
  };
}
function vectorsOfPlaces(shader: Shader, s: Staging, name: string): () => void {
  const { e } = shader;
  const load = vectorLoad(s.value, s.axes.at(-1)!, shader.multiples)!;
  const bound = knownDigits(e, s.axes, `${name}s`);
  const isPlace = placeInside(shader, s, `${name}s`);
  return () => {
    for (const j of each(BLOCK)) {
      const at = e.let("k", `${name}K + ${j}i`);
      const isStep = stepInside(shader, s, at);
      e.vary(`${name}${j}`, () =>
        bound(() =>
          bindDigits(e, s.over, at, () =>
            put(shader, s, name, j, orZero(`${s.vector}()`, s.load(load), isPlace, isStep)),
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
        put(shader, s, name, j, `${s.vector}(${parts.join(", ")})`);
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
      put(shader, s, name, "j", "parts");
    });
}
