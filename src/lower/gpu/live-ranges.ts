// Registers that an invocation of an emitted shader needs at once, estimated from its text: the widest set of names that are defined and still
// wanted. Parameters of the uniform block lie outside of registers, conditions take none.
import { bytesOfType, SUBGROUP, widthOfType } from "./count.js";
import { parseShader, type ShaderText, type TextBlock } from "./wgsl-text.js";

/** identifiers of the invocation, the addresses at hand, the counters of loops */
const ALWAYS = 8;

interface Range {
  readonly from: number;
  to: number;
  readonly width: number;
}

/** In numbers of 32 bits. */
export function registersOf(code: string): number {
  const text = parseShader(code);
  const ranges = new Ranges(text).of(text.functions.get("main")!);
  const last = Math.max(0, ...ranges.map(r => r.to));
  const change = new Int32Array(last + 2);
  for (const { from, to, width } of ranges) {
    change[from]! += width;
    change[to]! -= width;
  }
  let live = 0;
  let most = 0;
  for (const c of change) {
    live += c;
    most = Math.max(most, live);
  }
  return most + ALWAYS;
}

class Ranges {
  readonly #text: ShaderText;
  readonly #all: Range[] = [];
  readonly #widths = new Map<string, number>();
  #at = 0;
  constructor(text: ShaderText) {
    this.#text = text;
  }
  of(main: TextBlock): readonly Range[] {
    this.#block(main, new Map());
    return this.#all;
  }
  #block(block: TextBlock, outer: ReadonlyMap<string, Range>): void {
    const known = new Map(outer);
    const start = this.#at;
    const isLoop = block.head.startsWith("for ") || block.head.startsWith("while ");
    this.#use(block.head, known);
    for (const item of block.items) {
      this.#at++;
      if (typeof item !== "string") {
        this.#block(item, known);
        continue;
      }
      const [, , name, type, value] = /^(let|var) (\w+)(?:: (.+?))?(?: = (.*))?$/.exec(item) ?? [];
      this.#use(value ?? (name ? "" : item), known);
      if (!name || /^p\d+$/.test(name)) continue;
      const width = type ? widthOfType(type) : this.#widthOf(value ?? "");
      this.#widths.set(name, width);
      const range: Range = { from: this.#at, to: this.#at, width };
      this.#all.push(range);
      known.set(name, range);
    }
    this.#at++;
    // what a loop uses of its surroundings is wanted until its last iteration ends
    if (isLoop) for (const range of outer.values()) if (range.to >= start) range.to = this.#at;
  }
  #use(text: string, known: ReadonlyMap<string, Range>): void {
    for (const [name] of text.matchAll(/[A-Za-z_]\w*/g)) {
      const range = known.get(name);
      if (range) range.to = Math.max(range.to, this.#at);
    }
  }
  #widthOf(value: string): number {
    if (/^\(?[^()]* (?:<|>|<=|>=|==|&&) [^()]*\)?$/.test(value)) return 0;
    if (/^(?:select\()?vec(\d)/.test(value)) return widthOfType(value);
    const matrix = this.#text.matrices.get(/^(\w+)\(/.exec(value)?.[1] ?? "");
    if (matrix) return Math.ceil((matrix.rows * matrix.columns * bytesOfType(matrix.type)) / (4 * SUBGROUP));
    const [, array, rest] = /^(\w+)\[[^\]]*\](.*)$/.exec(value) ?? [];
    const type = array && (this.#text.storage.get(array) ?? this.#text.workgroup.get(array)?.type);
    if (type) return rest === "" ? widthOfType(type) : 1;
    return this.#widths.get(value) ?? 1;
  }
}
