// What an entry of the package exports, read from the declarations that the TypeScript compiler writes: names, signatures, doc comments. Re-exports
// are followed to where things are declared.
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseSync } from "rolldown/utils";
import { root } from "../project.js";

/** A node of the syntax tree, as far as it is looked at here. */
interface Syntax {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  // biome-ignore lint/suspicious/noExplicitAny: the tree's other fields depend on its type
  readonly [field: string]: any;
}
interface Comment {
  readonly value: string;
  readonly type: string;
  readonly end: number;
}

export interface Doc {
  /** Markdown, without tags */
  readonly text: string;
  readonly throws: readonly string[];
}
export interface Member {
  readonly name: string;
  readonly signature: string;
  readonly doc: Doc | undefined;
}
export type Kind = "function" | "class" | "interface" | "type" | "value";
export interface Declaration {
  readonly name: string;
  readonly kind: Kind;
  /** without comments; overloads one after the other */
  readonly signature: string;
  readonly doc: Doc | undefined;
  readonly members: readonly Member[];
  /** members of classes that it extends */
  readonly inherited: readonly Member[];
  /** path of the TypeScript source */
  readonly source: string;
}

/** By exported name, in the order of the entry's file. `entry`: a declaration file below dist. */
export function exportsOf(entry: string): ReadonlyMap<string, Declaration> {
  const found = new Map<string, Declaration>();
  for (const [name, place] of moduleAt(join(root, entry)).exported()) found.set(name, declared(name, place));
  return found;
}

/** Where something is declared: the statements (several: overloads) of a module. */
interface Place {
  readonly module: Module;
  readonly statements: readonly Syntax[];
}

const modules = new Map<string, Module>();
function moduleAt(file: string): Module {
  let module = modules.get(file);
  if (!module) {
    module = new Module(file);
    modules.set(file, module);
  }
  return module;
}

class Module {
  readonly file: string;
  readonly text: string;
  readonly #body: readonly Syntax[];
  readonly #docs = new Map<number, string>();

  constructor(file: string) {
    this.file = file;
    this.text = readFileSync(file, "utf8");
    const { program, comments, errors } = parseSync(file, this.text);
    if (errors.length > 0) throw new Error(`${file}: ${errors[0]!.message}`);
    this.#body = program.body as unknown as Syntax[];
    for (const c of comments as unknown as Comment[]) {
      if (c.type !== "Block" || !c.value.startsWith("*")) continue;
      // a comment belongs to what begins after it, but for blanks
      const next = c.end + /^\s*/.exec(this.text.slice(c.end))![0].length;
      this.#docs.set(next, c.value);
    }
  }
  docAt(start: number): Doc | undefined {
    const comment = this.#docs.get(start);
    return comment === undefined ? undefined : docOf(comment);
  }

  exported(): Map<string, Place> {
    const all = new Map<string, Place>();
    for (const s of this.#body) {
      if (s.type === "ExportAllDeclaration") {
        const from = moduleAt(this.#resolve(s.source.value));
        // a name that the module exports itself goes before
        for (const [name, place] of from.exported()) if (!all.has(name)) all.set(name, place);
      } else if (s.type === "ExportNamedDeclaration" && s.declaration) {
        for (const name of namesOf(s.declaration)) all.set(name, this.#own(name));
      } else if (s.type === "ExportNamedDeclaration") {
        for (const { local, exported } of s.specifiers)
          all.set(exported.name, s.source ? this.#in(s.source.value, local.name) : this.find(local.name));
      }
    }
    return all;
  }
  /** A name as this module knows it: declared here, or imported. */
  find(name: string): Place {
    for (const s of this.#body) {
      if (s.type !== "ImportDeclaration") continue;
      const found = s.specifiers.find((x: Syntax) => x.local.name === name);
      if (found) return this.#in(s.source.value, found.imported?.name ?? name);
    }
    return this.#own(name);
  }
  #own(name: string): Place {
    const statements = this.#body.filter(s => namesOf(s.declaration ?? s).includes(name));
    if (statements.length === 0) throw new Error(`${this.file} declares no "${name}"`);
    return { module: this, statements };
  }
  #in(specifier: string, name: string): Place {
    const found = moduleAt(this.#resolve(specifier)).exported().get(name);
    if (!found) throw new Error(`${this.file}: ${specifier} exports no "${name}"`);
    return found;
  }
  #resolve(specifier: string): string {
    return join(dirname(this.file), specifier.replace(/\.js$/, ".d.ts"));
  }
  /** `typeof import("./a.js").b` is what b is. */
  target(type: Syntax | undefined): Place | undefined {
    if (type?.type !== "TSTypeQuery" || type.exprName?.type !== "TSImportType") return undefined;
    const { source, argument, qualifier } = type.exprName;
    return this.#in((source ?? argument.literal).value, qualifier.name);
  }
  get source(): string {
    return relative(join(root, "dist"), this.file)
      .replaceAll("\\", "/")
      .replace(/\.d\.ts$/, ".ts");
  }
}

const namesOf = (d: Syntax): string[] =>
  d.type === "VariableDeclaration"
    ? d.declarations.map((x: Syntax) => x.id.name)
    : d.id?.name === undefined
      ? []
      : [d.id.name];

const kinds: Readonly<Record<string, Kind>> = {
  TSDeclareFunction: "function",
  FunctionDeclaration: "function",
  ClassDeclaration: "class",
  TSInterfaceDeclaration: "interface",
  TSTypeAliasDeclaration: "type",
};

const ranks = ["ClassDeclaration", "TSDeclareFunction", "VariableDeclaration", "TSInterfaceDeclaration"];

function declared(name: string, { module, statements }: Place): Declaration {
  const declarations = statements.map(s => s.declaration ?? s);
  // a namespace of types beside a class, or an interface beside a value, is the lesser part
  const rank = ({ type }: Syntax): number => ranks.findIndex(r => r === type) >>> 0;
  const main = [...declarations].sort((a, b) => rank(a) - rank(b))[0]!;
  const { source } = module;
  const docs = statements.filter((_, i) => declarations[i]!.type === main.type).map(s => module.docAt(s.start));
  const doc = docs.find(d => d !== undefined);
  if (main.type === "VariableDeclaration") {
    const variable = main.declarations.find((d: Syntax) => d.id.name === name);
    const type: Syntax | undefined = variable.id.typeAnnotation?.typeAnnotation;
    const target = module.target(type);
    if (target) return { ...declared(name, target), name, source, ...(doc ? { doc } : {}) };
    const text = variable.id.typeAnnotation
      ? plain(module, type!.start, type!.end)
      : plain(module, variable.start, variable.end);
    const isFunction = type?.type === "TSFunctionType";
    const signature = isFunction ? `const ${name}: ${text}` : `const ${plain(module, variable.start, variable.end)}`;
    return { name, kind: isFunction ? "function" : "value", signature, doc, members: [], inherited: [], source };
  }
  const signature = declarations.map(d => plain(module, d.start, d.end).replace(/^declare /, "")).join("\n");
  return {
    name,
    kind: kinds[main.type] ?? "value",
    signature,
    doc,
    members: membersOf(module, main),
    inherited: inheritedBy(module, main),
    source,
  };
}

const bodyOf = (d: Syntax): readonly Syntax[] =>
  d.type === "ClassDeclaration" || d.type === "TSInterfaceDeclaration" ? d.body.body : [];

function membersOf(module: Module, d: Syntax): Member[] {
  const members: Member[] = [];
  for (const m of bodyOf(d)) {
    if (m.key?.type === "PrivateIdentifier" || m.accessibility || m.static || !m.key?.name) continue;
    const doc = module.docAt(m.start);
    const signature = plain(module, m.start, m.end).replace(/;$/, "");
    const before = members.at(-1);
    // overloads are one member
    if (before?.name === m.key.name)
      members[members.length - 1] = {
        ...before,
        signature: `${before!.signature}\n${signature}`,
        doc: before!.doc ?? doc,
      } as Member;
    else members.push({ name: m.key.name, signature, doc });
  }
  return members.filter(m => m.name !== "constructor");
}

function inheritedBy(module: Module, d: Syntax): Member[] {
  if (d.type !== "ClassDeclaration" || d.superClass?.type !== "Identifier" || d.superClass.name === "Error") return [];
  const { module: theirs, statements } = module.find(d.superClass.name);
  const base = statements[0]!.declaration ?? statements[0]!;
  const own = new Set(membersOf(module, d).map(m => m.name));
  const members = [...membersOf(theirs, base), ...inheritedBy(theirs, base)];
  return members.filter(m => !own.has(m.name));
}

/** The text without comments and private parts, indented by two. */
const plain = (module: Module, start: number, end: number): string =>
  module.text
    .slice(start, end)
    .replace(/[ \t]*\/\*\*[\s\S]*?\*\/\n?/g, "")
    .replace(/\bimport\("[^"]+"\)\./g, "")
    .replace(/^\s*(#private|private [^\n]*|protected [^\n]*);?\n/gm, "")
    .replace(/^( {4})+/gm, indent => indent.slice(indent.length / 2))
    .trim();

function docOf(comment: string): Doc {
  const lines = comment
    .slice(1)
    .split("\n")
    .map(line => line.replace(/^\s*\* ?/, "").trimEnd());
  const text: string[] = [];
  const throws: string[] = [];
  for (const line of lines.flatMap(l => l.split(/(?<=\s)(?=@throws )/))) {
    const tag = /^@(\w+)\s*(.*)$/.exec(line.trim());
    if (tag && tag[1] !== "throws")
      throw new Error(`a doc comment has the tag @${tag[1]}, which the API reference does not know: ${comment}`);
    if (tag) throws.push(tag[2]!);
    else if (throws.length > 0) throws.push(`${throws.pop()} ${line.trim()}`.trim());
    else text.push(line.trim());
  }
  return { text: text.join(" ").trim(), throws };
}
