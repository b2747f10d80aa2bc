// Elements of tensors in storage buffers: their addresses, reads and writes. Elements of 8 and 16 bits lie packed in words; a write of one
// changes its bits by two atomic operations, so that neighbours may be written by other invocations at the same time.
import { bitsOf, bytesOf, type Dtype, dtypes } from "../../ir/dtypes.js";
import { isNarrowFloat } from "../../ir/float-bits.js";
import { Poly } from "../../ir/poly.js";
import type { Tensor } from "../../ir/tile.js";
import { floatToNarrow, narrowToFloat } from "./library.js";
import type { Use } from "./maps.js";
import { registerOf } from "./registers.js";

/** Elements from one index to the next, by dim. Constants lie as the model has them. */
export function stridesOf(t: Tensor): readonly Poly[] {
  const layout = t.constant ? undefined : t.layout;
  if (layout?.strides) return layout.strides;
  const strides = t.dims.map(() => Poly.one);
  let step = Poly.one;
  for (const d of [...(layout?.order ?? t.dims.map((_, d) => d))].reverse()) {
    strides[d] = step;
    step = step.mul(t.dims[d]!);
  }
  return strides;
}

/** How a buffer is named in the text, and whether its words are atomic. */
export interface Memory {
  readonly name: string;
  readonly atomic: boolean;
  /** in vectors of four; "halves": of f16 as the device has it, else f16 lies in two words; "bytes": four are a word, which is written as a whole */
  readonly vector?: "words" | "halves" | "bytes" | undefined;
}

/** The value of element `at` (i32). */
export function readText(use: Use, d: Dtype, { name, atomic, vector }: Memory, at: string): string {
  if (vector && (d === "f32" || vector === "halves")) {
    const element = `${name}[u32(${at}) >> 2u][u32(${at}) & 3u]`;
    return d === "f32" ? element : `f32(${element})`;
  }
  if (bytesOf(d) >= 4) return `${name}[${at}]`;
  const bits = 8 * bytesOf(d);
  const per = 32 / bits;
  const shift = Math.log2(per);
  const word =
    vector && vector !== "bytes"
      ? `${name}[u32(${at}) >> 2u][(u32(${at}) >> ${shift}u) & 1u]`
      : `${name}[u32(${at}) >> ${shift}u]`;
  const part = `((${atomic ? `atomicLoad(&${word})` : word} >> ((u32(${at}) & ${per - 1}u) * ${bits}u)) & ${2 ** bits - 1}u)`;
  if (isNarrowFloat(d)) return `${use(narrowToFloat(d))}(${part})`;
  if (registerOf(d) === "bool") return `(${part} != 0u)`;
  return dtypes[d].kind === "signed" ? `((bitcast<i32>(${part}) << ${32 - bits}u) >> ${32 - bits}u)` : part;
}

/** The four elements from `at` on, a multiple of four, as f32. */
export function readVector(use: Use, d: Dtype, { name, vector }: Memory, at: string): string {
  const element = `${name}[u32(${at}) >> 2u]`;
  if (d === "f32") return element;
  return vector === "halves" ? `vec4<f32>(${element})` : `${use("fourHalves")}(${element})`;
}

/** The same as vectors of f16, where the buffer is an array of them. */
export const halvesText = ({ name }: Memory, at: string): string => `${name}[u32(${at}) >> 2u]`;

/** What writeVector takes of four elements, as the type of a variable, and one of them. */
export const quadType = (d: Dtype): string => (bytesOf(d) === 1 ? "vec4<u32>" : "vec4<f32>");
export const quadElement = (use: Use, d: Dtype, value: string): string =>
  bytesOf(d) === 1 ? `${bitsText(use, d, value)} & 255u` : value;

/** A statement that writes four elements from `at` on, a multiple of four. `value`: the name of a variable. */
export function writeVector(use: Use, d: Dtype, { name, vector }: Memory, at: string, value: string): string {
  const element = `${name}[u32(${at}) >> 2u]`;
  if (vector === "bytes")
    return `${element} = ${value}.x | (${value}.y << 8u) | (${value}.z << 16u) | (${value}.w << 24u);`;
  if (d === "f32") return `${element} = ${value};`;
  // by bits: a conversion need not know infinity
  const packed = `${use("halvesOf")}(${value})`;
  return `${element} = ${vector === "halves" ? `bitcast<vec4<f16>>(${packed})` : packed};`;
}

/** Statements that write a value, which is a name or a literal. */
export function writeLines(use: Use, d: Dtype, { name }: Memory, at: string, value: string): readonly string[] {
  if (bytesOf(d) >= 4) return [`${name}[${at}] = ${value};`];
  const bits = 8 * bytesOf(d);
  const per = 32 / bits;
  const word = `${name}[u32(${at}) >> ${Math.log2(per)}u]`;
  const shift = `((u32(${at}) & ${per - 1}u) * ${bits}u)`;
  const mask = `${2 ** bits - 1}u`;
  return [
    `atomicAnd(&${word}, ~(${mask} << ${shift}));`,
    `atomicOr(&${word}, (${bitsText(use, d, value)} & ${mask}) << ${shift});`,
  ];
}
function bitsText(use: Use, d: Dtype, value: string): string {
  if (isNarrowFloat(d)) return `${use(floatToNarrow(d))}(${value})`;
  const r = registerOf(d);
  if (r === "bool") return `select(0u, 1u, ${value})`;
  return r === "i32" ? `bitcast<u32>(${value})` : value;
}
export const isPacked = (d: Dtype): boolean => bitsOf(d) < 32;
