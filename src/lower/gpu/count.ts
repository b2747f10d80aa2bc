// What an invocation of an emitted shader does, counted from its text: loads, multiply-adds, other operations. A branch whose condition numbers
// don't decide counts as taken, unless it is one of a group of invocations. Registers are in live-ranges.ts.
import { evaluateText, type MatrixType, parseShader, type ShaderText, type TextBlock } from "./wgsl-text.js";

/** Of one invocation. */
export interface Counts {
  multiplyAdds: number;
  /** other arithmetic, comparisons and conversions, in elements */
  operations: number;
  /** instructions, and the bytes that they move */
  globalLoads: number;
  globalLoadBytes: number;
  globalStores: number;
  globalStoreBytes: number;
  workgroupLoads: number;
  workgroupLoadBytes: number;
  workgroupStores: number;
  workgroupStoreBytes: number;
  barriers: number;
}
const none = (): Counts => ({
  multiplyAdds: 0,
  operations: 0,
  globalLoads: 0,
  globalLoadBytes: 0,
  globalStores: 0,
  globalStoreBytes: 0,
  workgroupLoads: 0,
  workgroupLoadBytes: 0,
  workgroupStores: 0,
  workgroupStoreBytes: 0,
  barriers: 0,
});
const add = (to: Counts, from: Counts, times = 1): void => {
  for (const key of Object.keys(to) as (keyof Counts)[]) to[key] += times * from[key];
};

/** `parameters`: the numbers of the uniform block, by position. */
export function countShader(code: string, parameters: readonly number[]): Counts {
  const text = parseShader(code);
  const names = new Map(parameters.map((n, i) => [`p${i}`, n]));
  return new Counting(text).block(text.functions.get("main")!, names);
}

/** Bytes of a value of a type, and how many numbers it holds. */
export const bytesOfType = (type: string): number => (/f16/.test(type) ? 2 : 4) * widthOfType(type);
export function widthOfType(type: string): number {
  const vector = /vec(\d)/.exec(type);
  return vector ? Number(vector[1]) : 1;
}

class Counting {
  readonly #text: ShaderText;
  readonly #functions = new Map<string, Counts>();
  constructor(text: ShaderText) {
    this.#text = text;
  }

  block({ items }: TextBlock, known: ReadonlyMap<string, number>): Counts {
    const total = none();
    const names = new Map(known);
    for (const [i, item] of items.entries()) {
      if (typeof item === "string") {
        this.#define(item, names);
        add(total, this.#statement(item));
      } else if (item.head.startsWith("for ")) add(total, this.#loop(item, names));
      else if (item.head.startsWith("switch")) add(total, this.#switch(item, names));
      else {
        const condition = conditionOf(item.head);
        if (condition) add(total, this.#statement(condition));
        const holds = condition === undefined ? 1 : (evaluateText(condition, n => names.get(n)) ?? 1);
        if (holds !== 0) add(total, this.block(item, names), this.#shareOf(condition));
        if (holds !== 0 && item.items.includes("break") && i < items.length) return total;
      }
    }
    return total;
  }
  /** Of a group of the workgroup's invocations alone; an invocation counts its share, as though they took turns. */
  #shareOf(condition: string | undefined): number {
    const group = /^local \/ (\d+)u == \d+u$/.exec(condition ?? "")?.[1];
    return group === undefined ? 1 : Number(group) / this.#text.workgroupSize;
  }
  /** What numbers decide is known to what follows. */
  #define(statement: string, names: Map<string, number>): void {
    const [, name, value] = /^let (\w+) = (.*)$/.exec(statement) ?? [];
    if (!name || value!.startsWith("parameters.")) return;
    const number = evaluateText(value!, n => names.get(n));
    if (number === undefined) names.delete(name);
    else names.set(name, number);
  }
  /** Few iterations are walked one by one, so that conditions see their number; of many, two at either end and one for all between. */
  #loop(block: TextBlock, names: ReadonlyMap<string, number>): Counts {
    const { name, valueAt, values } = iterationsOf(block, names);
    const total = none();
    const each = (i: number): Counts => {
      const counts = this.block(block, new Map([...names, [name, valueAt(i)]]));
      counts.operations += 2;
      return counts;
    };
    const ends = 2;
    if (values <= FEW) for (let i = 0; i < values; i++) add(total, each(i));
    else {
      for (let i = 0; i < ends; i++) {
        add(total, each(i));
        add(total, each(values - 1 - i));
      }
      add(total, each(ends), values - 2 * ends);
    }
    return total;
  }
  /** One of its cases. */
  #switch({ items }: TextBlock, names: ReadonlyMap<string, number>): Counts {
    const [first] = items.filter(i => typeof i !== "string");
    return first ? this.block(first, names) : none();
  }

  #statement(statement: string): Counts {
    const counts = none();
    if (statement === "workgroupBarrier()") counts.barriers = 1;
    this.#matrices(statement, counts);
    const [, target, value] = /^([\w[\]+\-*/%&<>. ()]+?) = (.*)$/.exec(statement) ?? [undefined, "", statement];
    this.#accesses(value!, counts, "Loads");
    const written = /^(\w+)\[/.exec(target!)?.[1];
    if (written !== undefined) {
      this.#accesses(target!.slice(target!.indexOf("[") + 1), counts, "Loads");
      this.#access(written, counts, "Stores");
    }
    for (const [, name] of statement.matchAll(/\batomic\w+\(&(\w+)/g)) {
      this.#access(name!, counts, "Loads");
      this.#access(name!, counts, "Stores");
    }
    const fused = value!.match(/\bfma\(/g)?.length ?? 0;
    const width = this.#widthOf(value!);
    counts.multiplyAdds += fused * width;
    // an index is one number, whatever is read there
    const [outside, inside] = [statement.replace(/\[[^\]]*\]/g, "[]"), statement.match(/\[[^\]]*\]/g)?.join(" ") ?? ""];
    counts.operations += width * operatorsIn(outside) + operatorsIn(inside);
    for (const [, callee] of value!.matchAll(/\b([a-z]\w*)\(/g))
      if (this.#text.functions.has(callee!) && callee !== "main") add(counts, this.#function(callee!));
    return counts;
  }
  /** An invocation's share of what its subgroup does with matrices. */
  #matrices(statement: string, counts: Counts): void {
    const [, what, name] = /\bsubgroupMatrix(Load<|Store<|MultiplyAccumulate\()(\w+)/.exec(statement) ?? [];
    if (!what) return;
    const typeOf = (name: string): MatrixType => this.#text.matrices.get(name)!;
    const shareOf = ({ rows, columns }: MatrixType): number => (rows * columns) / SUBGROUP;
    const [left, sum] = [typeOf("LeftMatrix"), typeOf("SumMatrix")];
    if (what.startsWith("M")) counts.multiplyAdds += shareOf(sum) * left.columns;
    else if (what === "Load<") {
      counts.workgroupLoads += shareOf(typeOf(name!));
      counts.workgroupLoadBytes += shareOf(typeOf(name!)) * bytesOfType(typeOf(name!).type);
    } else {
      counts.workgroupStores += shareOf(sum);
      counts.workgroupStoreBytes += shareOf(sum) * bytesOfType(sum.type);
    }
  }
  /** A statement is of vectors where it makes or reads one. */
  #widthOf(value: string): number {
    if (/vec4</.test(value)) return 4;
    return [...this.#text.storage, ...[...this.#text.workgroup].map(([n, { type }]) => [n, type] as const)].some(
      ([name, type]) => type.startsWith("vec4") && new RegExp(`\\b${name}\\[[^\\]]*\\](?!\\[)`).test(value),
    )
      ? 4
      : 1;
  }
  #function(name: string): Counts {
    let counts = this.#functions.get(name);
    if (!counts) {
      this.#functions.set(name, none());
      counts = this.block(this.#text.functions.get(name)!, new Map());
      this.#functions.set(name, counts);
    }
    return counts;
  }
  #accesses(value: string, counts: Counts, what: "Loads" | "Stores"): void {
    for (const [, name] of value.matchAll(/(?<![&\w])(\w+)\[/g)) this.#access(name!, counts, what);
  }
  #access(name: string, counts: Counts, what: "Loads" | "Stores"): void {
    const [space, type] = this.#text.storage.has(name)
      ? (["global", this.#text.storage.get(name)!] as const)
      : (["workgroup", this.#text.workgroup.get(name)?.type] as const);
    if (type === undefined) return;
    const one = what === "Loads" ? "Load" : "Store";
    counts[`${space}${what}`]++;
    counts[`${space}${one}Bytes`] += bytesOfType(type);
  }
}

const operatorsIn = (text: string): number =>
  text.match(/ [-+*/%&|^<>] | (?:==|<<|>>|<=|>=|&&|\|\|) |\bselect\(/g)?.length ?? 0;
const conditionOf = (head: string): string | undefined => /^(?:if|while) \((.*)\)$/.exec(head)?.[1];

/** invocations of a subgroup */
export const SUBGROUP = 32;
/** iterations that are walked one by one */
const FEW = 16;
/** What stands for a size that is not known: a loop over it is long. */
const UNKNOWN = 1024;

function iterationsOf({ head, items }: TextBlock, names: ReadonlyMap<string, number>) {
  const [, name, start, condition, change] = /^for \(var (\w+) = (.*?); (.*?); (.*)\)$/.exec(head) ?? [];
  if (!name) throw new Error(`no loop that is emitted here: ${head}`);
  const valueOf = (n: string): number | undefined => names.get(n);
  const first = evaluateText(start!, valueOf) ?? 0;
  // a tree halves what is left
  if (change!.includes(">>= 1u"))
    return { name, valueAt: (i: number) => first >> i, values: Math.floor(Math.log2(first)) + 1 };
  if (change!.includes("<<= 1u")) return { name, valueAt: (i: number) => first << i, values: Math.log2(SUBGROUP) };
  const step = change!.includes("subgroupSize")
    ? SUBGROUP
    : change!.endsWith("++")
      ? 1
      : (evaluateText(change!.split("+= ")[1]!, valueOf) ?? 1);
  const valueAt = (i: number): number => first + i * step;
  const bound = condition === "" ? undefined : condition!.split(" < ")[1];
  if (bound !== undefined) {
    const last = evaluateText(bound, valueOf) ?? UNKNOWN;
    return { name, valueAt, values: Math.max(0, Math.ceil((last - first) / step)) };
  }
  // it ends in its middle, in the first iteration in which the condition of a break holds
  const exit = items.find(i => typeof i !== "string" && i.items.includes("break"));
  const end = typeof exit === "object" ? evaluateText(conditionOf(exit.head)!.split(" >= ")[1]!, valueOf) : undefined;
  return { name, valueAt, values: Math.ceil(((end ?? UNKNOWN) - first) / step) + 1 };
}
