// The response headers that a page with Azulejo needs: for the development server, and to copy into your own.

/**
 * The strictest content security policy under which everything works.
 * 'wasm-unsafe-eval' lets the page compile WebAssembly (not eval); blob: in worker-src starts the threads that run it.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "connect-src 'self'",
  "img-src 'self' blob:",
  "style-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Memory shared between threads needs a page isolated from other origins; without these two headers one thread is used. */
export const isolation: Readonly<Record<string, string>> = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};
