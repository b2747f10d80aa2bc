// The API reference: it names all that programs can import, follows re-exports to their text, and refuses what has none.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { exportsOf } from "../../tools/api/declarations.js";
import { entryPage, undocumented } from "../../tools/api/pages.js";
import { root } from "../../tools/project.js";

const folder = "out/api";
const entry = { name: "example", page: "example", about: "An example." };
const files: Readonly<Record<string, string>> = {
  "base.d.ts": `/** What all shapes have. */
export declare class Shape {
    #private;
    /** square metres */
    area(): number;
    protected readonly secret: number;
}
/** Cuts.\n * @throws Error depth: below 0,\n * or not a number\n */
export declare function cut(depth: number): void;
/** Cuts twice. */
export declare function cut(depth: number, again: number): void;
export interface Bare { readonly a: number }
/** never exported by the entry */
export declare const hidden: number;
`,
  "index.d.ts": `import { Shape as Base } from "./base.js";
export { cut as carve, type Bare } from "./base.js";
/** A shape with corners. @throws Error corners: fewer than 3 */
export declare class Polygon extends Base {
    /** how many */
    readonly corners: number;
    turn(degrees: number): this;
}
/** Half of it. */
export declare const half: (x: number) => number;
/** The same as carve, later. */
export declare const later: typeof import("./base.js").cut;
`,
};
before(() => {
  mkdirSync(join(root, folder), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, folder, name), text);
});
after(() => rmSync(join(root, folder), { recursive: true, force: true }));

test("re-exports, overloads, inherited members and errors are found; private parts are not", () => {
  const all = exportsOf(`${folder}/index.d.ts`);
  assert.deepEqual([...all.keys()], ["carve", "Bare", "Polygon", "half", "later"]);
  const carve = all.get("carve")!;
  assert.equal(
    carve.signature,
    "function cut(depth: number): void;\nfunction cut(depth: number, again: number): void;",
  );
  assert.deepEqual(carve.doc, { text: "Cuts.", throws: ["Error depth: below 0, or not a number"] });
  const polygon = all.get("Polygon")!;
  assert.deepEqual(polygon.doc, { text: "A shape with corners.", throws: ["Error corners: fewer than 3"] });
  assert.deepEqual(
    polygon.inherited.map(m => [m.name, m.doc?.text]),
    [["area", "square metres"]],
  );
  assert.match(all.get("half")!.signature, /^const half: \(x: number\) => number$/);
  assert.deepEqual([all.get("later")!.kind, all.get("later")!.doc!.text], ["function", "The same as carve, later."]);
});
test("a page holds signatures, text and errors", () => {
  const page = entryPage(entry, [...exportsOf(`${folder}/index.d.ts`).values()]);
  assert.match(page, /^# example\n/);
  assert.match(page, /### carve\n\nCuts\.\n\n\*Errors:\* Error depth: below 0, or not a number\.\n/);
  assert.match(page, /- `corners`: how many\n/);
  assert.match(page, /From the class that it extends:\n\n- `area\(\)`: square metres\n/);
  assert.doesNotMatch(page, /private|secret|hidden/);
});
test("exports and methods without a doc comment are told", () => {
  const all = [...exportsOf(`${folder}/index.d.ts`).values()];
  assert.deepEqual(
    all.flatMap(d => undocumented(entry, d)).map(text => text.split(" (")[0]),
    ["example: Bare", "example: Polygon.turn()"],
  );
});

const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  exports: Readonly<Record<string, unknown>>;
};
for (const path of Object.keys(exports).filter(p => p !== "./package.json")) {
  const name = path.replace(".", "azulejo");
  test(`the page of ${name} has all that a program can import`, async () => {
    const page = readFileSync(join(root, `docs/api/${path === "." ? "azulejo" : path.slice(2)}.md`), "utf8");
    const headings = new Set([...page.matchAll(/^### (.*)$/gm)].map(m => m[1]!));
    const names = Object.keys((await import(name)) as object).filter(n => n !== "default");
    assert.ok(names.length > 0);
    assert.deepEqual(
      names.filter(n => !headings.has(n)),
      [],
    );
  });
}
