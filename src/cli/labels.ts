// Names of classes, and the most probable classes of a model's output. Pure functions.
import type { Tensor } from "../runtime/api.js";
import { AzulejoError } from "../support/errors.js";
import { numberAt } from "./numbers.js";

export interface Guess {
  readonly index: number;
  readonly label: string | undefined;
  readonly probability: number;
}

/** A label file: one name a line, a JSON array or object by index, or the Python dictionary that ImageNet's names come in. */
export function parseLabels(text: string): string[] {
  const trimmed = text.trim();
  if (trimmed.startsWith("[") || trimmed.startsWith("{")) {
    const parsed = parseJson(trimmed) ?? parsePythonDictionary(trimmed);
    if (parsed !== undefined) return parsed;
  }
  return trimmed === "" ? [] : trimmed.split(/\r?\n/).map(line => line.trim());
}

function parseJson(text: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    // Keras stores {"0": ["n01440764", "tench"]}: the last part is the name.
    return Object.values(value).map(entry => String(Array.isArray(entry) ? entry.at(-1) : entry));
  } catch {
    return undefined;
  }
}

function parsePythonDictionary(text: string): string[] | undefined {
  const names: string[] = [];
  for (const match of text.matchAll(/(\d+)\s*:\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g)) {
    names[Number(match[1])] = (match[2] ?? match[3]!).replace(/\\(.)/g, "$1");
  }
  return names.length === 0 ? undefined : names;
}

/** The output that holds one score per class: the one as long as the list of labels, else the largest. */
export function classOutput(outputs: Readonly<Record<string, Tensor>>, labels: readonly string[] | undefined): Tensor {
  const scores = Object.entries(outputs).filter(([, tensor]) => !/^(bool|[iu]\d+)$/.test(tensor.dtype));
  const exact = scores.find(([, tensor]) => tensor.data.length === labels?.length);
  const [name, tensor] = exact ?? scores.sort(([, a], [, b]) => b.data.length - a.data.length)[0] ?? [];
  if (tensor === undefined) {
    throw new AzulejoError(
      "input",
      "the model has no output of floating-point scores to rank; run it without --labels and --top",
    );
  }
  if (labels !== undefined && exact === undefined) {
    const sizes = `output "${name}" has ${tensor.data.length} scores but there are ${labels.length} labels`;
    throw new AzulejoError("input", `${sizes}; give a label file with one line for each score`);
  }
  return tensor;
}

/** The `count` most probable classes. Scores that are not probabilities yet go through softmax. */
export function topGuesses(scores: Tensor, labels: readonly string[] | undefined, count: number): Guess[] {
  const values = Array.from({ length: scores.data.length }, (_, index) => numberAt(scores, index));
  const probabilities = isDistribution(values) ? values : softmax(values);
  return probabilities
    .map((probability, index) => ({ index, label: labels?.[index], probability }))
    .sort((a, b) => b.probability - a.probability || a.index - b.index)
    .slice(0, count);
}

function isDistribution(values: readonly number[]): boolean {
  const sum = values.reduce((total, value) => total + value, 0);
  return values.every(value => value >= 0 && value <= 1) && Math.abs(sum - 1) < 1e-2;
}

function softmax(values: readonly number[]): number[] {
  const max = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = values.map(value => Math.exp(value - max));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map(power => power / sum);
}
