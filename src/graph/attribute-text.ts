// Attributes as text that tells all values apart, for keys: JSON has neither −0 nor NaN and infinities. Not for people: print.ts is.

/** Of numbers, text and lists of them. */
export const attributeText = (a: unknown): string =>
  Array.isArray(a)
    ? `[${a.map(attributeText).join()}]`
    : Object.is(a, -0)
      ? "-0"
      : typeof a === "string"
        ? JSON.stringify(a)
        : `${a}`;
