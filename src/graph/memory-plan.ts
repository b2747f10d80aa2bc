// Memory plan: an offset for every buffer of a run, for given dims. Pure: same program and dims, same plan. Buffers whose
// lifetimes overlap never overlap in memory; a test checks that independently.
import { Poly } from "../ir/poly.js";
import type { Buffer } from "./program.js";

/** First and last step that touch a buffer, both included; steps are numbered in order, branches one after the other. */
export interface Lifetime {
  first: number;
  last: number;
}
export interface Lifetimes {
  readonly of: ReadonlyMap<Buffer, Lifetime>;
  /** outputs that may take the memory of an input which dies in the same step */
  readonly inPlace: ReadonlyMap<Buffer, Buffer>;
  readonly steps: number;
}

/** The buffer whose memory this one is a window of, at the end of the chain. */
export function ownerOf(b: Buffer): Buffer {
  let owner = b;
  while (owner.window) owner = owner.window.of;
  return owner;
}
/** Elements from the owner's first element to the window's. */
export function offsetInOwner(b: Buffer): Poly {
  let offset = Poly.zero;
  for (let w = b; w.window; w = w.window.of) offset = offset.add(w.window.offset);
  return offset;
}

export interface Placed {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}
/**
 * Buffers with their sizes and lifetimes, and those that take the memory of another: an in-place output extends the life of the input
 * whose memory it takes.
 */
export function placedBuffers(
  { of, inPlace }: Lifetimes,
  bytesOf: (b: Buffer) => number,
): { readonly items: Map<Buffer, Placed>; readonly merged: ReadonlyMap<Buffer, Buffer> } {
  const items = new Map<Buffer, Placed & { last: number }>();
  const merged = new Map<Buffer, Buffer>();
  for (const [buffer, { first, last }] of of) items.set(buffer, { bytes: bytesOf(buffer), first, last });
  for (const [output, input] of inPlace) {
    const owner = merged.get(input) ?? input;
    const kept = items.get(owner)!;
    kept.last = Math.max(kept.last, items.get(output)!.last);
    items.delete(output);
    merged.set(output, owner);
  }
  return { items, merged };
}

export interface ArenaPlan<K> {
  readonly offsets: ReadonlyMap<K, number>;
  readonly bytes: number;
  /** largest sum of live bytes: what no plan can go below */
  readonly lowerBoundBytes: number;
}

/**
 * Offsets by "largest first into the lowest gap" (greedy by size, Pisarchyk & Lee 2020, arXiv:2001.03288): within a few percent of the
 * lower bound on networks, and fast enough to run again for new dims.
 */
export function planArena<K>(items: ReadonlyMap<K, Placed>, alignment: number): ArenaPlan<K> {
  const offsets = new Map<K, number>();
  const placed: { offset: number; item: Placed }[] = [];
  let bytes = 0;
  for (const [key, item] of [...items].sort(([, a], [, b]) => b.bytes - a.bytes)) {
    let offset = 0;
    for (const p of placed) {
      if (p.item.first > item.last || p.item.last < item.first) continue;
      if (p.offset >= offset + item.bytes) break;
      offset = Math.max(offset, align(p.offset + p.item.bytes, alignment));
    }
    offsets.set(key, offset);
    const entry = { offset, item };
    const at = placed.findIndex(p => p.offset > offset);
    if (at < 0) placed.push(entry);
    else placed.splice(at, 0, entry);
    bytes = Math.max(bytes, offset + item.bytes);
  }
  return { offsets, bytes, lowerBoundBytes: lowerBound([...items.values()]) };
}
const align = (n: number, to: number): number => Math.ceil(n / to) * to;

function lowerBound(items: readonly Placed[]): number {
  const at = new Map<number, number>();
  const add = (step: number, bytes: number): void => void at.set(step, (at.get(step) ?? 0) + bytes);
  for (const i of items) {
    add(i.first, i.bytes);
    add(i.last + 1, -i.bytes);
  }
  let live = 0;
  let most = 0;
  for (const [, change] of [...at].sort(([a], [b]) => a - b)) {
    live += change;
    most = Math.max(most, live);
  }
  return most;
}
