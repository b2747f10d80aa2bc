// Operators that look into text: judges walk through characters by hand.
import type { AttributeInit } from "../../../frontends/onnx-model.js";
import { int, strings, text } from "../../../frontends/onnx-model.js";
import type { Random } from "../random.js";
import { sizes } from "../random.js";
import type { DrawModel } from "./model-draw.js";
import { nodeDraw, withDeparture } from "./model-draw.js";
import { drawMatch, drawPattern, matches, written } from "./patterns.js";
import type { Plain } from "./plain.js";
import { at, build, drawPlain, plain, word } from "./plain.js";

const texts = (dims: readonly number[], data: readonly string[]): Plain => plain("string", dims, data);
const drawTexts = (random: Random, dims: readonly number[], draw: () => string): Plain =>
  texts(
    dims,
    random.list(
      dims.reduce((a, b) => a * b, 1),
      draw,
    ),
  );
/** Rows of lists, as long as the longest, with a text behind those that end before. */
function padded(dims: readonly number[], rows: readonly (readonly string[])[], filler: string): Plain {
  const longest = Math.max(0, ...rows.map(r => r.length));
  return texts(
    [...dims, longest],
    rows.flatMap(r => Array.from({ length: longest }, (_, i) => r[i] ?? filler)),
  );
}

export const stringConcat: DrawModel = random => {
  const [left, right] = [random.int(0, 3), random.int(0, 3)];
  return nodeDraw(random, {
    op: "StringConcat",
    outputs: { Z: "string" },
    run: () => {
      const rank = Math.max(left, right);
      const dims = sizes(random, rank, 100);
      const side = (own: number): Plain =>
        drawPlain(
          random,
          "string",
          dims.slice(rank - own).map(n => (random.chance(0.25) ? 1 : n)),
        );
      const [X, Y] = [side(left), side(right)];
      const size = (t: Plain, axis: number): number => t.dims[axis - rank + t.dims.length] ?? 1;
      const all = dims.map((_, d) => (size(X, d) === 1 ? size(Y, d) : size(X, d)));
      const of = (t: Plain, index: readonly number[]): string =>
        String(
          at(
            t,
            index.slice(rank - t.dims.length).map((i, d) => (t.dims[d] === 1 ? 0 : i)),
          ),
        );
      return { inputs: { X, Y }, outputs: { Z: build("string", all, index => of(X, index) + of(Y, index)) } };
    },
  });
};

const blank = (c: string): boolean => c === " " || c === "\t" || c === "\n";
/** Words between blanks; when there are `most` of them, what follows is one more. */
function wordsOf(s: string, most: number): string[] {
  const out: string[] = [];
  let own = "";
  for (const [i, c] of [...s].entries()) {
    if (!blank(c)) own += c;
    else if (own !== "") {
      out.push(own);
      own = "";
    }
    if (own === c && out.length === most) return [...out, [...s].slice(i).join("")];
  }
  return own === "" ? out : [...out, own];
}
function partsOf(s: string, by: string, most: number): string[] {
  const out: string[] = [];
  let from = 0;
  for (let i = 0; i + by.length <= s.length && out.length < most; )
    if (s.startsWith(by, i)) {
      out.push(s.slice(from, i));
      i += by.length;
      from = i;
    } else i++;
  return [...out, s.slice(from)];
}
export const stringSplit: DrawModel = random => {
  const by = random.pick([undefined, "", " ", ",", "ab", "é"]);
  const most = random.chance(0.5) ? undefined : random.int(0, 3);
  const rank = random.int(0, 3);
  let [blanks, trailing] = [false, false];
  const tabs = random.chance(0.3);
  const piece = (): string => random.pick(["a", "b", "ab", ",", ",", " ", "  ", tabs ? "\t" : "c", "é", "", "日"]);
  const drawn = nodeDraw(random, {
    op: "StringSplit",
    attributes: [
      ...(by === undefined ? [] : [text("delimiter", by)]),
      ...(most === undefined ? [] : [int("maxsplit", most)]),
    ],
    outputs: { Y: "string", Z: "i64" },
    run: () => {
      const X = drawTexts(random, sizes(random, rank, 40), () => random.list(random.int(0, 6), piece).join(""));
      blanks ||= X.data.includes("");
      const rows = (X.data as readonly string[]).map(s =>
        by ? partsOf(s, by, most ?? Infinity) : wordsOf(s, most ?? Infinity),
      );
      trailing ||= rows.some(r => /\s$/u.test(r.at(-1) ?? ""));
      const Z = plain(
        "i64",
        X.dims,
        rows.map(r => r.length),
      );
      return { inputs: { X }, outputs: { Y: padded(X.dims, rows, ""), Z } };
    },
  });
  const departures = [
    most === 0 && "maxsplit 0 leaves nothing there, and here the whole text, as ONNX's reference does",
    tabs && !by && "spaces alone divide there, where ONNX says white space",
    trailing &&
      !by &&
      "of the rest behind maxsplit parts it cuts off white space at the end, which Python's split keeps",
    blanks && by && "an empty text has no part there, and one, which is empty, in ONNX's reference",
  ];
  return withDeparture(
    drawn,
    departures.find(reason => typeof reason === "string"),
  );
};

const lower = (s: string): string =>
  s.replace(/[A-ZÉ]/gu, c => "abcdefghijklmnopqrstuvwxyzé"["ABCDEFGHIJKLMNOPQRSTUVWXYZÉ".indexOf(c)]!);
const upper = (s: string): string =>
  s.replace(/[a-zé]/gu, c => "ABCDEFGHIJKLMNOPQRSTUVWXYZÉ"["abcdefghijklmnopqrstuvwxyzé".indexOf(c)]!);
export const stringNormalizer: DrawModel = random => {
  const action = random.pick(["NONE", "LOWER", "UPPER"]);
  const exact = random.int(0, 1);
  const stops = random.list(random.int(0, 3), () => word(random));
  const rows = random.chance(0.4) ? [1] : [];
  const locale = random.pick([undefined, "C", "C", "en_US", "C.UTF-8"]);
  let accents = false;
  const drawn = nodeDraw(random, {
    op: "StringNormalizer",
    attributes: [
      text("case_change_action", action),
      int("is_case_sensitive", exact),
      // C is the locale that every system has
      ...(locale === undefined ? [] : [text("locale", locale)]),
      ...(stops.length > 0 ? [strings("stopwords", stops)] : []),
    ],
    outputs: { Y: "string" },
    run: () => {
      const X = drawPlain(random, "string", [...rows, random.int(1, 9)]);
      const isStop = (s: string): boolean => stops.some(stop => (exact ? s === stop : lower(s) === lower(stop)));
      const kept = (X.data as readonly string[]).filter(s => !isStop(s));
      const changed = kept.map(s => (action === "LOWER" ? lower(s) : action === "UPPER" ? upper(s) : s));
      const left = changed.length > 0 ? changed : [""];
      accents ||= X.data.some(s => s === "é" || s === "É");
      return { inputs: { X }, outputs: { Y: texts([...rows, left.length], left) } };
    },
  });
  return withDeparture(drawn, accents && locale === "C" ? "the locale C knows ASCII alone there" : undefined);
};

export const regexFullMatch: DrawModel = random => {
  const pattern = drawPattern(random);
  const rank = random.int(0, 3);
  return nodeDraw(random, {
    op: "RegexFullMatch",
    attributes: [text("pattern", written(pattern))],
    outputs: { Y: "bool" },
    run: () => {
      const other = (): string => random.list(random.int(0, 4), () => random.pick(["a", "b", "\n", "é", "1"])).join("");
      const X = drawTexts(random, sizes(random, rank, 40), () =>
        random.chance(0.6) ? drawMatch(random, pattern) : other(),
      );
      const Y = plain(
        "bool",
        X.dims,
        (X.data as readonly string[]).map(s => Number(matches(pattern, s))),
      );
      return { inputs: { X }, outputs: { Y } };
    },
  });
};

interface Cut {
  readonly attribute: AttributeInit;
  readonly tokens: (s: string) => readonly string[];
}
/** Runs of characters that belong together; what belongs nowhere divides. */
const runsOf =
  (kinds: readonly ((c: string) => boolean)[]) =>
  (s: string): readonly string[] => {
    const out: string[] = [];
    let last = -1;
    for (const c of s) {
      const kind = kinds.findIndex(k => k(c));
      if (kind >= 0 && kind === last) out.push(out.pop() + c);
      else if (kind >= 0) out.push(c);
      last = kind;
    }
    return out;
  };
const isLetter = (c: string): boolean => c >= "a" && c <= "z";
const isDigit = (c: string): boolean => c >= "0" && c <= "9";
const drawCut = (random: Random): Cut => {
  const separators = random.pick([[" "], [","], [" ", ","], ["ab"], ["ab", "a"], [""]]);
  const bySeparators: Cut = {
    attribute: strings("separators", separators),
    tokens: s =>
      separators[0] === ""
        ? [...s]
        : separators.reduce<readonly string[]>((parts, by) => parts.flatMap(p => partsOf(p, by, Infinity)), [s]),
  };
  return random.pick<Cut>([
    bySeparators,
    bySeparators,
    { attribute: text("tokenexp", "."), tokens: s => [...s] },
    { attribute: text("tokenexp", "[a-z]+"), tokens: runsOf([isLetter]) },
    { attribute: text("tokenexp", "[a-z]+|[0-9]+"), tokens: runsOf([isLetter, isDigit]) },
  ]);
};
export const tokenizer: DrawModel = random => {
  const { attribute, tokens } = drawCut(random);
  const [mark, least] = [random.int(0, 1), random.int(1, 3)];
  const rank = random.int(1, 2);
  const piece = (): string => random.pick(["a", "b", "ab", "c", ",", " ", "1", "23", "é", "日本"]);
  return nodeDraw(random, {
    op: "Tokenizer",
    domain: "com.microsoft",
    attributes: [attribute, int("mark", mark), int("mincharnum", least), text("pad_value", "#")],
    outputs: { Y: "string" },
    run: () => {
      const X = drawTexts(random, sizes(random, rank, 20), () => random.list(random.int(0, 6), piece).join(""));
      const rows = (X.data as readonly string[]).map(s => tokens(s).filter(t => t !== "" && [...t].length >= least));
      const marked = rows.map(r => (mark ? ["\u0002", ...r, "\u0003"] : r));
      // nothing at all has no marks either
      const none = rows.every(r => r.length === 0);
      // of no texts, it gives no axis of tokens
      const nothing = texts(rank === 2 ? [X.dims[0]!, 0] : X.dims, []);
      const Y = X.data.length === 0 ? nothing : padded(X.dims, none ? rows : marked, "#");
      return { inputs: { X }, outputs: { Y } };
    },
  });
};
