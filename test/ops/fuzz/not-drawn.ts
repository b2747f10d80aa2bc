// Operators that are not drawn for, with the reason. An entry that is no operator's fails.

/** Parts that only the compiler makes, of operators whose draws lead to them. */
export const notDrawn: Readonly<Record<string, string>> = {
  "azulejo Prefix": "draws of NonZero, Compress and Unique end in it",
  "azulejo While": "draws of Loop and Scan whose dims stay become it",
  "azulejo WriteRow": "draws of Loop and Scan whose rows are kept become it",
};
