// Text of attributes: ONNX stores strings as bytes, by convention UTF-8. With the ES library alone there is no TextDecoder.

/** UTF-8 where it is valid, else one character per byte, so that no two different strings become equal. */
export function decodeText(bytes: Uint8Array): string {
  const escaped = Array.from(bytes, b => `%${b.toString(16).padStart(2, "0")}`).join("");
  try {
    return decodeURIComponent(escaped);
  } catch {
    return Array.from(bytes, b => String.fromCharCode(b)).join("");
  }
}
