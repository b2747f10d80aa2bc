// Tokens of printed tile IR, and the errors of reading it.
import { AzulejoError } from "../support/errors.js";

export interface Token {
  readonly kind: "word" | "name" | "number" | "sign" | "end";
  readonly text: string;
  readonly line: number;
}

/** words (a slash may stand inside); quoted names; numbers (an exponent may have a sign); single signs. Comments run from // or # to the end of the line. */
const pattern =
  /\s+|\/\/[^\n]*|#[^\n]*|("(?:[^"\\]|\\.)*")|([A-Za-z_](?:[\w.]|\/(?!\/))*)|(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)|([-+*@()[\]{},:=>])|(.)/gs;

export const parseError = (line: number, what: string): AzulejoError =>
  new AzulejoError("parse", `line ${line}: ${what}`);

function unquoted(quoted: string, line: number): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    throw parseError(line, `${quoted.split("\n")[0]} is not a quoted name; close it on its line and escape as in JSON`);
  }
}

function* tokens(text: string): Generator<Token> {
  let line = 1;
  for (const m of text.matchAll(pattern)) {
    const [all, quoted, word, number, sign, strange] = m;
    if (strange !== undefined)
      throw parseError(line, `"${strange}" does not belong here; see docs/tile-ir.md for the grammar`);
    if (quoted !== undefined) yield { kind: "name", text: unquoted(quoted, line), line };
    else if (word !== undefined) yield { kind: "word", text: word, line };
    else if (number !== undefined) yield { kind: "number", text: number, line };
    else if (sign !== undefined) yield { kind: "sign", text: sign, line };
    line += all.split("\n").length - 1;
  }
  yield { kind: "end", text: "the end of the text", line };
}

/** One token of look-ahead over a text. */
export class Lexer {
  readonly #tokens: readonly Token[];
  #at = 0;
  constructor(text: string) {
    this.#tokens = [...tokens(text)];
  }
  peek(ahead = 0): Token {
    return this.#tokens[Math.max(0, Math.min(this.#at + ahead, this.#tokens.length - 1))]!;
  }
  next(): Token {
    const t = this.peek();
    this.#at++;
    return t;
  }
  /** an error about what was read last */
  fail(what: string): AzulejoError {
    return parseError(this.peek(-1).line, what);
  }
  /** Is the next token this word or sign? A quoted name never is. */
  is(text: string): boolean {
    const t = this.peek();
    return (t.kind === "word" || t.kind === "sign") && t.text === text;
  }
  /** Takes the word or sign if it comes next. */
  take(text: string): boolean {
    if (!this.is(text)) return false;
    this.#at++;
    return true;
  }
  expect(text: string): void {
    const t = this.peek();
    if (!this.take(text)) throw parseError(t.line, `"${text}" is expected before "${t.text}"`);
  }
  name(): string {
    const t = this.next();
    if (t.kind !== "word" && t.kind !== "name") throw parseError(t.line, `a name is expected before "${t.text}"`);
    return t.text;
  }
  integer(): number {
    const negative = this.take("-");
    const t = this.next();
    const x = Number(t.text);
    if (t.kind !== "number" || !Number.isSafeInteger(x))
      throw parseError(t.line, `an integer is expected before "${t.text}"`);
    return negative ? -x : x;
  }
  /** items separated by commas, up to `end`, which is taken */
  list<T>(end: string, item: () => T): T[] {
    const out: T[] = [];
    while (!this.take(end)) {
      if (out.length > 0) this.expect(",");
      out.push(item());
    }
    return out;
  }
  /** one or more items separated by commas */
  items<T>(item: () => T): T[] {
    const out = [item()];
    while (this.take(",")) out.push(item());
    return out;
  }
}
