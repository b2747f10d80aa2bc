// How wrong recognised text is: edits per character, spaces and line breaks apart (the recogniser is not trained to keep them).

export function characterErrorRate(text: string, truth: string): number {
  const [got, want] = [text, truth].map(s => [...s.normalize("NFKC").replace(/\s/g, "")]) as [string[], string[]];
  return editDistance(got, want) / want.length;
}

/** Levenshtein's distance, row by row. */
function editDistance(a: readonly string[], b: readonly string[]): number {
  let row = b.map((_, j) => j + 1);
  a.forEach((symbol, i) => {
    let left = i + 1;
    let diagonal = i;
    row = row.map((above, j) => {
      left = Math.min(left + 1, above + 1, diagonal + (symbol === b[j] ? 0 : 1));
      diagonal = above;
      return left;
    });
  });
  return row.at(-1) ?? a.length;
}
