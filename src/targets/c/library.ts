// A compiled library in this process: the functions of runtime.ts, called through koffi.
import type { ForeignFunction, ForeignLibrary } from "../../runtime/native-host.js";
import { foreignFunctions } from "../../runtime/native-host.js";
import { RefusedCode } from "../../runtime/refused-code.js";
import { AzulejoError } from "../../support/errors.js";

export interface Library {
  readonly open: ForeignFunction;
  readonly close: ForeignFunction;
  /** Memory from an address on, as an array without a copy; absent where the host forbids such arrays. */
  readonly view: ((handle: number | bigint, address: number, byteLength: number) => Uint8Array) | undefined;
  readonly write: ForeignFunction;
  readonly read: ForeignFunction;
  readonly run: ForeignFunction;
  readonly abort: ForeignFunction;
}

/** @throws AzulejoError("target") naming what to install */
export function koffi(): NonNullable<ReturnType<typeof foreignFunctions>> {
  const found = foreignFunctions();
  if (!found)
    throw new AzulejoError(
      "target",
      'target: "native" needs the package koffi, which is not installed; run npm install koffi or use { target: "wasm" }',
    );
  return found;
}

/** What nobody defines is missed here: linkers let libraries leave it open. */
function opened(load: ReturnType<typeof koffi>["load"], path: string): ForeignLibrary {
  try {
    return load(path);
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new RefusedCode(`The compiled kernels can't be loaded: ${words}`, { cause });
  }
}

export function loadLibrary(path: string): Library {
  const { view, load } = koffi();
  const library = opened(load, path);
  const at = library.func("void *azulejo_at(uint64_t, uint32_t)");
  return {
    open: library.func("uint64_t azulejo_open(int32_t, int32_t, int32_t)"),
    close: library.func("void azulejo_close(uint64_t)"),
    view: view && ((handle, address, byteLength) => new Uint8Array(view(at(handle, address), byteLength))),
    write: library.func("void azulejo_write(uint64_t, uint32_t, const void *, uint64_t)"),
    read: library.func("void azulejo_read(uint64_t, uint32_t, _Out_ void *, uint64_t)"),
    run: library.func("int32_t azulejo_run(uint64_t, int32_t, int32_t, int32_t, int32_t)"),
    abort: library.func("void azulejo_abort(uint64_t, int32_t)"),
  };
}
