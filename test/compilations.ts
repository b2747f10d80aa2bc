// How many programs are compiled to WebAssembly: what tests of reuse count.

/** Counts from here on, until the process ends. */
export function countCompilations(): () => number {
  let count = 0;
  const { compile } = WebAssembly;
  WebAssembly.compile = (...parameters) => {
    // Node compiles modules of its own, for fetch
    if (new Error().stack?.includes("compileWasm")) count++;
    return compile(...parameters);
  };
  return () => count;
}
