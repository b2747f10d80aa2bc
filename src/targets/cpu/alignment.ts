// Everything in program memory starts at a multiple of 64 bytes: a line of the processor's caches.
export const alignUp = (n: number): number => Math.ceil(n / 64) * 64;
