// The font that texts are drawn in: Noto Sans SC (SIL Open Font License), which comes as about a hundred files, each for a range
// of characters. Only the files that a text needs are loaded.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { GlobalFonts } from "@napi-rs/canvas";

const folder = dirname(createRequire(import.meta.url).resolve("@fontsource-variable/noto-sans-sc/package.json"));

interface FontFile {
  readonly family: string;
  readonly path: string;
  readonly ranges: readonly (readonly [number, number])[];
}

/** The package lists ranges as CSS does: { "[4]": "U+1f1e9-1f1f5,U+1f1f7", latin: "U+0000-00FF,…" }. Latin comes last: first choice. */
function fontFiles(): FontFile[] {
  const byFile: Record<string, string> = JSON.parse(readFileSync(join(folder, "unicode.json"), "utf8"));
  return Object.entries(byFile)
    .reverse()
    .map(([key, ranges]) => {
      const name = key.replace(/[[\]]/g, "");
      const hex = (text: string) => Number.parseInt(text.replace(/^U\+/i, ""), 16);
      return {
        family: `Noto Sans SC ${name}`,
        path: join(folder, "files", `noto-sans-sc-${name}-wght-normal.woff2`),
        ranges: ranges.split(",").map(range => {
          const [first, last] = range.trim().split("-");
          return [hex(first!), hex(last ?? first!)] as const;
        }),
      };
    });
}

let known: FontFile[] | undefined;
const registered = new Set<string>();

/** Makes a text drawable; returns the list of families to name in a canvas font. */
export function fontFor(text: string): string {
  known ??= fontFiles();
  const all = known;
  const codes = [...new Set(`A1${text}`)].map(character => character.codePointAt(0)!);
  const needed = new Set(codes.map(code => all.find(file => holds(file, code))).filter(file => file !== undefined));
  for (const { family, path } of needed) {
    if (!registered.has(family)) GlobalFonts.registerFromPath(path, family);
    registered.add(family);
  }
  return [...needed].map(({ family }) => `"${family}"`).join(", ");
}

function holds({ ranges }: FontFile, code: number): boolean {
  return ranges.some(([first, last]) => first <= code && code <= last);
}
