// The text of an emitted shader as blocks and statements again, for counting. It knows the few forms that this folder emits, no more of WGSL.

export interface TextBlock {
  /** what stands before the brace: `for (…)`, `if (…)`, `switch (…)`, `case 0u:`; empty: a block by itself */
  readonly head: string;
  readonly items: (TextBlock | string)[];
}
export interface ShaderText {
  readonly functions: ReadonlyMap<string, TextBlock>;
  /** type of an element, by name of an array in storage or workgroup memory */
  readonly storage: ReadonlyMap<string, string>;
  readonly workgroup: ReadonlyMap<string, { readonly type: string; readonly count: number }>;
  /** invocations */
  readonly workgroupSize: number;
  /** matrices of subgroups, by name of their type and of functions that give one */
  readonly matrices: ReadonlyMap<string, MatrixType>;
}
export interface MatrixType {
  readonly type: string;
  readonly columns: number;
  readonly rows: number;
}

export function parseShader(code: string): ShaderText {
  const functions = new Map<string, TextBlock>();
  for (const item of blocksOf(code).items)
    if (typeof item !== "string") {
      const name = /fn (\w+)\(/.exec(item.head)?.[1];
      if (name) functions.set(name, item);
    }
  const storage = [...code.matchAll(/var<storage, \w+> (\w+): array<(.+)>;/g)].map(m => [m[1]!, m[2]!] as const);
  const workgroup = [...code.matchAll(/var<workgroup> (\w+): array<(.+), (\d+)>;/g)].map(
    m => [m[1]!, { type: m[2]!, count: Number(m[3]) }] as const,
  );
  const workgroupSize = Number(/@workgroup_size\((\d+)\)/.exec(code)?.[1] ?? 1);
  const matrices = new Map(
    [...code.matchAll(/alias (\w+) = subgroup_matrix_\w+<(\w+), (\d+), (\d+)>;/g)].map(
      m => [m[1]!, { type: m[2]!, columns: Number(m[3]), rows: Number(m[4]) }] as const,
    ),
  );
  for (const [, name, type] of matrices.size > 0 ? code.matchAll(/fn (\w+)\(.*\) -> (\w+) \{/g) : [])
    if (matrices.has(type!)) matrices.set(name!, matrices.get(type!)!);
  return { functions, storage: new Map(storage), workgroup: new Map(workgroup), workgroupSize, matrices };
}

/** Statements end with a semicolon outside of parentheses, blocks are in braces. */
function blocksOf(code: string): TextBlock {
  const root: TextBlock = { head: "", items: [] };
  const open = [root];
  let text = "";
  let depth = 0;
  const flush = (): string => {
    const done = text.trim().replace(/\s+/g, " ");
    text = "";
    return done;
  };
  for (const c of code) {
    if (c === "(") depth++;
    if (c === ")") depth--;
    if (c === ";" && depth === 0) {
      const statement = flush();
      if (statement) open.at(-1)!.items.push(statement);
    } else if (c === "{") {
      const block: TextBlock = { head: flush(), items: [] };
      open.at(-1)!.items.push(block);
      open.push(block);
    } else if (c === "}") {
      flush();
      open.pop();
    } else text += c;
  }
  return root;
}

/** The number that an expression of numbers, names and operators is; undefined where a name is not known. */
export function evaluateText(text: string, valueOf: (name: string) => number | undefined): number | undefined {
  const tokens =
    text.match(/\d+(?:\.\d+)?(?:e[+-]?\d+)?[iuf]?|[A-Za-z_]\w*|<=|>=|==|&&|\|\||<<|>>|[-+*/%()<>&,]/g) ?? [];
  let at = 0;
  const unit = (): number | undefined => {
    const t = tokens[at++];
    if (t === undefined) return undefined;
    if (t === "(") {
      const x = level(0);
      at++;
      return x;
    }
    if (t === "-") {
      const x = unit();
      return x === undefined ? undefined : -x;
    }
    if (/^\d/.test(t)) return Number.parseFloat(t);
    // conversions and other functions: of their only argument
    if (tokens[at] === "(") return t === "min" ? smaller() : t === "i32" || t === "u32" ? unit() : undefined;
    return valueOf(t);
  };
  const smaller = (): number | undefined => {
    at++;
    const left = level(0);
    at++;
    const right = level(0);
    at++;
    return left === undefined || right === undefined ? undefined : Math.min(left, right);
  };
  const level = (least: number): number | undefined => {
    let left = unit();
    for (;;) {
      const operator = tokens[at];
      const strength = operator === undefined ? undefined : precedence[operator];
      if (strength === undefined || strength < least) return left;
      at++;
      const right = level(strength + 1);
      left = left === undefined || right === undefined ? undefined : operations[operator!]!(left, right);
    }
  };
  return level(0);
}
const precedence: Readonly<Record<string, number>> = {
  "||": 0,
  "&&": 1,
  "==": 2,
  "<": 2,
  "<=": 2,
  ">": 2,
  ">=": 2,
  "&": 3,
  "<<": 4,
  ">>": 4,
  "+": 5,
  "-": 5,
  "*": 6,
  "/": 6,
  "%": 6,
};
const operations: Readonly<Record<string, (a: number, b: number) => number>> = {
  "||": (a, b) => Number(a !== 0 || b !== 0),
  "&&": (a, b) => Number(a !== 0 && b !== 0),
  "==": (a, b) => Number(a === b),
  "<": (a, b) => Number(a < b),
  "<=": (a, b) => Number(a <= b),
  ">": (a, b) => Number(a > b),
  ">=": (a, b) => Number(a >= b),
  "&": (a, b) => a & b,
  "<<": (a, b) => a << b,
  ">>": (a, b) => a >> b,
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => Math.trunc(a / b),
  "%": (a, b) => a % b,
};
