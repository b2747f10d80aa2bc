// Numbers as the text of kernels has them, also those that JavaScript has no literal for.
export function printNumber(x: number | bigint): string {
  if (typeof x === "bigint") return `${x}`;
  if (Number.isNaN(x)) return "nan";
  if (x === Number.POSITIVE_INFINITY) return "inf";
  if (x === Number.NEGATIVE_INFINITY) return "-inf";
  return Object.is(x, -0) ? "-0" : `${x}`;
}
