// Pieces of a page: text is escaped wherever it is put in, because names come from models that nobody has checked.

export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
type Part = string | number | Html | undefined | readonly Part[];

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, c => escapes[c]!);

const textOf = (part: Part): string => {
  if (part instanceof Html) return part.text;
  if (part === undefined) return "";
  return typeof part === "object" ? part.map(textOf).join("") : escaped(String(part));
};

/** html`<b>${name}</b>`: what is put in is escaped, unless it is Html itself. */
export const html = (strings: TemplateStringsArray, ...parts: readonly Part[]): Html =>
  new Html(strings.map((s, i) => s + textOf(parts[i])).join(""));

/** Text of our own that is no HTML to escape: a style sheet, a program. */
export const verbatim = (text: string): Html => new Html(text);
