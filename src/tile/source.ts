// Where in the user's source a node was made. Capturing must cost little: an Error keeps its raw frames, and they become
// text only when somebody asks. No host globals, so it works in browsers; where frames have no positions there is no source.

const frame = /(?:^|[\s(@])((?:[a-z][a-z0-9+.-]*:\/\/|\/|[A-Za-z]:\\)[^\s()]*?):(\d+):\d+\)?\s*$/i;
const positions = (stack: string | undefined): { file: string; line: string }[] => {
  const out: { file: string; line: string }[] = [];
  for (const text of (stack ?? "").split("\n")) {
    const m = frame.exec(text);
    if (m) out.push({ file: m[1]!, line: m[2]! });
  }
  return out;
};

const folderOf = (file: string): string => file.slice(0, file.lastIndexOf("/") + 1);
let ownFolder: string | undefined;
/** folder of the language itself, learnt from a stack because bundles have no import.meta.url to trust */
function languageFolder(): string {
  if (ownFolder === undefined) ownFolder = folderOf(positions(new Error().stack)[0]?.file ?? "");
  return ownFolder;
}

let muted = 0;
/** Runs `f` without capturing positions: bodies of functions and parsed text have no user's line. */
export function withoutSources<T>(f: () => T): T {
  muted++;
  try {
    return f();
  } finally {
    muted--;
  }
}

/** Frames kept per node: the language's own are at most five deep, then comes the user's line. */
const FRAMES = 8;
type Limit = { stackTraceLimit?: number };

/** A position that is computed when it is read: "path:line" of the first frame outside the language. */
export class Site {
  #error: Error | undefined;
  #text: string | undefined;
  constructor(error: Error) {
    this.#error = error;
  }
  get text(): string | undefined {
    if (this.#error) {
      const own = languageFolder();
      const user = positions(this.#error.stack).find(p => own === "" || folderOf(p.file) !== own);
      this.#text = user && `${user.file.replace(/^file:\/\//, "")}:${user.line}`;
      this.#error = undefined;
    }
    return this.#text;
  }
}

export function captureSite(frames = FRAMES): Site | undefined {
  if (muted > 0) return undefined;
  const limit = Error as Limit;
  const before = limit.stackTraceLimit;
  limit.stackTraceLimit = frames;
  const site = new Site(new Error());
  limit.stackTraceLimit = before;
  return site;
}
