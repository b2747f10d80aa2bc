// What the library says of its options, in the words of the command line: `{ target: "wasm" }` is `--target wasm` there. Not here: options that no command has.
const WORDS: readonly (readonly [said: RegExp, here: string])[] = [
  [/pass one to load\(model, \{ operators: \[\.\.\.\] \}\)/g, "name a file that exports it with --operators"],
  [/\{ (target|threads): "?(\w+)"? \}/g, "--$1 $2"],
  [/^Option dims: /g, "--dims: "],
  [/\{ tuning: false \}/g, "AZULEJO_TUNING=off"],
  [/^threads: (?=\S+ is)/g, "--threads "],
  [/\b(target|stage): "(\w+)"/g, "--$1 $2"],
  [/\bdims: \{ (.+?): … \}/g, "--dims $1=…"],
  [/\bthe option (dims|operators)\b/g, "--$1"],
  [/\b((?:fix|give) (?:it|them) (?:with|in)) dims\b/g, "$1 --dims"],
  [/\bname one with knowledge\b/g, "name one with --knowledge"],
];

export const inWordsOfTheCommandLine = (text: string): string =>
  WORDS.reduce((said, [words, here]) => said.replace(words, here), text);
