// Windows in plain numbers, for the references of convolutions and pooling. Only references and tests import this.
import type { Attributes } from "./operator.js";

export interface ReferenceWindow {
  readonly stride: number;
  readonly dilation: number;
  readonly begin: number;
  readonly end: number;
  readonly output: number;
}

/** Output sizes by counting windows that start where they may, not by the formulas that the operators use. */
export function referenceWindows(
  input: readonly number[],
  taps: readonly number[],
  attributes: Attributes,
): readonly ReferenceWindow[] {
  return input.map((size, j) => {
    const stride: number = attributes.strides?.[j] ?? 1;
    const dilation: number = attributes.dilations?.[j] ?? 1;
    const span = (taps[j]! - 1) * dilation + 1;
    const auto: string = attributes.auto_pad ?? "NOTSET";
    if (auto.startsWith("SAME")) {
      const output = Math.ceil(size / stride);
      const total = Math.max((output - 1) * stride + span - size, 0);
      const begin = auto === "SAME_UPPER" ? Math.floor(total / 2) : Math.ceil(total / 2);
      return { stride, dilation, begin, end: total - begin, output };
    }
    const explicit = auto === "VALID" ? [] : (attributes.pads ?? []);
    const [begin, end]: [number, number] = [explicit[j] ?? 0, explicit[j + input.length] ?? 0];
    const padded = size + begin + end;
    // with ceil_mode, a window that starts behind the input is none; without, ONNX's formula counts it if it ends inside the padding
    const starts = attributes.ceil_mode === 1 ? size + begin : Infinity;
    let output = 0;
    for (let start = 0; start + span <= padded && start < starts; start += stride) output++;
    // one more window may stick out, if it starts inside input or begin padding
    // (of a window larger than all of it ONNX's ⌈(padded − span) / stride⌉ + 1 leaves one where the stride is larger still)
    const missed = output === 0 ? padded > 0 && span - padded < stride : (output - 1) * stride + span < padded;
    if (attributes.ceil_mode === 1 && missed && output * stride < starts) output++;
    return { stride, dilation, begin, end, output };
  });
}
