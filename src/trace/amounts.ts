// Bytes, counts and times as people read them.
import type { Amount } from "./trace.js";

const scaled = (value: number, units: readonly string[]): string => {
  const unit = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, value)) / 3));
  const number = value / 1000 ** unit;
  return `${unit === 0 || number >= 100 ? Math.round(number) : number.toPrecision(2)}${units[unit]}`;
};

/** `812 B`, `1.2 MB`; a formula as it is */
export const bytesText = (amount: Amount): string =>
  typeof amount === "number" ? scaled(amount, [" B", " KB", " MB", " GB"]) : `${amount} bytes`;
/** `1.2 M`; a formula as it is */
export const countText = (amount: Amount): string =>
  typeof amount === "number" ? scaled(amount, ["", " K", " M", " G", " T"]) : amount;
export const plural = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? "" : noun.endsWith("s") ? "es" : "s"}`;

/** Sum of those that are numbers, and whether all are. */
export function total(amounts: readonly (Amount | undefined)[]): { readonly sum: number; readonly complete: boolean } {
  const numbers = amounts.filter(a => typeof a === "number");
  return { sum: numbers.reduce((a, b) => a + b, 0), complete: numbers.length === amounts.length };
}
