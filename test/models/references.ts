// What is kept of a reference output: dims, a sample of elements, sum and largest magnitude. Pages bundle this too: nothing of Node here.

export interface OutputReference {
  readonly dims: readonly number[];
  /** of |element| */
  readonly largest: number;
  readonly sum: number;
  /** elements at evenly spread places, the first and the last included */
  readonly sample: readonly number[];
}
export type ModelReference = Readonly<Record<string, OutputReference>>;

const SAMPLES = 41;
export const samplePlaces = (count: number): number[] =>
  Array.from({ length: Math.min(SAMPLES, count) }, (_, i, n = Math.min(SAMPLES, count)) =>
    n === 1 ? 0 : Math.round((i * (count - 1)) / (n - 1)),
  );

export function summarize(dims: readonly number[], data: ArrayLike<number>): OutputReference {
  let sum = 0;
  let largest = 0;
  for (let i = 0; i < data.length; i++) {
    sum += data[i]!;
    largest = Math.max(largest, Math.abs(data[i]!));
  }
  return { dims: [...dims], largest, sum, sample: samplePlaces(data.length).map(i => data[i]!) };
}
