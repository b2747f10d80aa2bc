// Greedy decoding of CTC ("Connectionist Temporal Classification", Graves et al. 2006): at every step the likeliest symbol;
// repeats merge, blanks vanish.

export interface Decoded {
  readonly text: string;
  /** mean probability of the symbols kept, 0 if there are none */
  readonly confidence: number;
}

/** The symbols a recogniser's classes stand for: blank first, then the lines of its dictionary, then a space. */
export function alphabetOf(dictionary: string): string[] {
  const lines = dictionary.split("\n").map(line => line.replace(/\r$/, ""));
  if (lines.at(-1) === "") lines.pop();
  return ["", ...lines, " "];
}

/** Decodes `steps` rows of probabilities, one per symbol of the alphabet. */
export function decode(probabilities: Float32Array, steps: number, alphabet: readonly string[]): Decoded {
  const classes = alphabet.length;
  let text = "";
  let sum = 0;
  let kept = 0;
  let previous = 0;
  for (let step = 0; step < steps; step++) {
    const best = likeliest(probabilities, step * classes, classes);
    if (best !== 0 && best !== previous) {
      text += alphabet[best]!;
      sum += probabilities[step * classes + best]!;
      kept++;
    }
    previous = best;
  }
  return { text, confidence: kept === 0 ? 0 : sum / kept };
}

function likeliest(values: Float32Array, start: number, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) if (values[start + i]! > values[start + best]!) best = i;
  return best;
}
