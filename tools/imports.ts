// Finds the imports of a TypeScript source and judges them by the table of layers. Not a parser: it reads the import and
// export statements and the calls of import() that the formatter leaves in one of three shapes.
import { posix } from "node:path";
import { layerOf, layers } from "./layers.js";

export interface Import {
  readonly specifier: string;
  /** nothing is loaded: `import type`, or nothing but `type` names between the braces */
  readonly typeOnly: boolean;
}

const statement = /^(?:import|export)\s+(type\s+)?([\w*\s{},$]*?)\s*from\s*"([^"]+)"/gm;
const bare = /^import\s+"([^"]+)"/gm;
const call = /\bimport\(\s*"([^"]+)"\s*\)/g;

function namesOnlyTypes(clause: string): boolean {
  const braces = /^\{([^}]*)\}$/.exec(clause.trim());
  if (braces === null) return false;
  const names = braces[1]!
    .split(",")
    .map(name => name.trim())
    .filter(name => name !== "");
  return names.length > 0 && names.every(name => name.startsWith("type "));
}

export function importsOf(source: string): Import[] {
  const code = source.replace(/^\s*(\/\/|\/?\*).*$/gm, "");
  return [
    ...[...code.matchAll(statement)].map(([, type, clause, specifier]) => ({
      specifier: specifier!,
      typeOnly: type !== undefined || namesOnlyTypes(clause!),
    })),
    ...[...code.matchAll(bare)].map(([, specifier]) => ({ specifier: specifier!, typeOnly: false })),
    ...[...code.matchAll(call)].map(([, specifier]) => ({ specifier: specifier!, typeOnly: false })),
  ];
}

function problemOf(path: string, { specifier, typeOnly }: Import): string | undefined {
  const from = layerOf(path);
  if (from === undefined) return `${path} lies in no layer of tools/layers.ts; move it or add its folder there`;
  const layer = layers[from]!;
  if (!specifier.startsWith(".")) {
    const allowed = layer.packages ?? [];
    const known = allowed.some(
      name => specifier === name || specifier.startsWith(name.endsWith(":") ? name : `${name}/`),
    );
    return known ? undefined : `${path} imports the package "${specifier}", which layer ${from} may not`;
  }
  const target = posix.join(posix.dirname(path), specifier).replace(/\.js$/, ".ts");
  const to = layerOf(target);
  if (to === from) return undefined;
  if (to === undefined) return `${path} imports ${target}, which lies in no layer`;
  if (layer.uses.includes(to) || (typeOnly && layer.types?.includes(to))) return undefined;
  return `${path} imports ${typeOnly ? "types of " : ""}${target}: layer ${from} may not use layer ${to} (tools/layers.ts)`;
}

/** Imports of a file below src/ that the table does not allow, as sentences. */
export function layerProblems(path: string, source: string): string[] {
  return importsOf(source)
    .map(found => problemOf(path, found))
    .filter(problem => problem !== undefined);
}

/** Examples show what a user can write: they import the package by its name, other packages, and files of their own. */
export function exampleProblems(path: string, source: string): string[] {
  const folder = path.split("/").slice(0, 2).join("/");
  return importsOf(source)
    .filter(({ specifier }) => specifier.startsWith("."))
    .map(({ specifier }) => posix.join(posix.dirname(path), specifier))
    .filter(target => !target.startsWith(`${folder}/`) && !target.startsWith("examples/"))
    .map(target => `${path} imports ${target}; an example uses the public API, "azulejo" and "azulejo/…"`);
}
