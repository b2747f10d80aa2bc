// The timeline: a lane for each network, a bar for each kernel, one of them selected by pointing or by the arrow keys.
import type { NetworkName, Span } from "./messages.js";

const lanes: readonly NetworkName[] = ["detection", "direction", "recognition"];
const LANE = 34;
const AXIS = 22;
const LABEL = 92;
/** a bar that one can still see and point at */
const LEAST_WIDTH = 1.5;

/** What a kernel mostly does, by the operators in its name; each has a colour in the style sheet. */
export const kinds = {
  products: { title: "convolutions and products", names: /Conv|MatMul|Gemm|Attention|Einsum/ },
  reductions: { title: "pools, norms, softmax", names: /Pool|Reduce|Softmax|Norm|ArgMax/ },
  movement: { title: "movement", names: /^(Identity|Concat|Resize|Transpose|Slice|Pad|Gather|Reshape|Expand|Split)/ },
  elementwise: { title: "elementwise", names: /./ },
} as const;
export type Kind = keyof typeof kinds;
export const kindOf = (kernel: string): Kind =>
  (Object.keys(kinds) as Kind[]).find(kind => kinds[kind].names.test(kernel))!;

interface Bar {
  readonly span: Span;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

export class Timeline {
  readonly #canvas: HTMLCanvasElement;
  readonly #onSelect: (span: Span | undefined) => void;
  #spans: readonly Span[] = [];
  #bars: readonly Bar[] = [];
  #lengthMs = 1;
  #selected = -1;

  constructor(canvas: HTMLCanvasElement, onSelect: (span: Span | undefined) => void) {
    this.#canvas = canvas;
    this.#onSelect = onSelect;
    canvas.addEventListener("pointermove", event => this.#point(event));
    canvas.addEventListener("pointerleave", () => this.#select(-1));
    canvas.addEventListener("keydown", event => this.#key(event));
    new ResizeObserver(() => this.#draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }
  show(spans: readonly Span[], lengthMs: number): void {
    // the camera's next frame runs the same kernels: what was selected stays
    const before = this.#spans[this.#selected];
    if (before?.kernel !== spans[this.#selected]?.kernel) this.#selected = -1;
    this.#spans = spans;
    this.#lengthMs = Math.max(lengthMs, 0.001);
    this.#onSelect(spans[this.#selected]);
    this.#draw();
  }
  #select(at: number): void {
    if (at === this.#selected) return;
    this.#selected = at;
    this.#onSelect(this.#spans[at]);
    this.#draw();
  }
  #point({ offsetX: x, offsetY: y }: PointerEvent): void {
    const near = (bar: Bar): number => Math.max(bar.x - x, x - bar.x - bar.width, 0);
    const inLane = this.#bars.filter(bar => y >= bar.y && y < bar.y + LANE);
    const best = inLane.reduce<Bar | undefined>((a, b) => (a === undefined || near(b) < near(a) ? b : a), undefined);
    this.#select(best && near(best) < 6 ? this.#spans.indexOf(best.span) : -1);
  }
  #key(event: KeyboardEvent): void {
    const last = this.#spans.length - 1;
    const to: Readonly<Record<string, number>> = {
      ArrowRight: Math.min(this.#selected + 1, last),
      ArrowLeft: Math.max(this.#selected - 1, 0),
      Home: 0,
      End: last,
      Escape: -1,
    };
    const at = to[event.key];
    if (at === undefined || last < 0) return;
    event.preventDefault();
    this.#select(at);
  }
  #draw(): void {
    const canvas = this.#canvas;
    const { clientWidth: width } = canvas;
    if (width === 0) return;
    const height = lanes.length * LANE + AXIS;
    canvas.style.height = `${height}px`;
    canvas.width = width * devicePixelRatio;
    canvas.height = height * devicePixelRatio;
    const context = canvas.getContext("2d")!;
    context.scale(devicePixelRatio, devicePixelRatio);
    const colour = coloursOf(canvas);
    context.font = "12px system-ui, sans-serif";
    const scale = (width - LABEL - 8) / this.#lengthMs;
    this.#drawAxis(context, scale, height, colour.soft, colour.line);
    lanes.forEach((lane, i) => {
      context.fillStyle = colour.soft;
      context.fillText(lane, 0, i * LANE + 20);
    });
    this.#bars = this.#spans.map(span => ({
      span,
      x: LABEL + span.startMs * scale,
      y: lanes.indexOf(span.network) * LANE,
      width: Math.max(LEAST_WIDTH, span.timeMs * scale),
    }));
    this.#bars.forEach(({ span, x, y, width }, i) => {
      context.fillStyle = colour[span.where === "host" ? "host" : kindOf(span.kernel)];
      // neighbours of one kind are told apart
      context.globalAlpha = i % 2 === 0 ? 1 : 0.72;
      context.fillRect(x, y + 6, width, LANE - 12);
      context.globalAlpha = 1;
      if (i !== this.#selected) return;
      context.strokeStyle = colour.ink;
      context.lineWidth = 2;
      context.strokeRect(x - 1, y + 4, width + 2, LANE - 8);
    });
  }
  #drawAxis(context: CanvasRenderingContext2D, scale: number, height: number, text: string, line: string): void {
    const step = niceStep(this.#lengthMs / 6);
    for (let time = 0; time <= this.#lengthMs; time += step) {
      const x = LABEL + time * scale;
      context.fillStyle = line;
      context.fillRect(x, 0, 1, height - AXIS + 4);
      context.fillStyle = text;
      const label =
        this.#lengthMs < 10_000 ? `${Number(time.toPrecision(3))} ms` : `${Number((time / 1000).toPrecision(3))} s`;
      // one that would be cut off says nothing
      if (x + context.measureText(label).width < this.#canvas.clientWidth) context.fillText(label, x + 3, height - 6);
    }
  }
}

const colours = [...(Object.keys(kinds) as Kind[]), "host", "ink", "soft", "line"] as const;
type Colours = Readonly<Record<(typeof colours)[number], string>>;
/** A variable's own text may be light-dark(…), which a canvas draws black; as the colour of an element it is resolved. */
function coloursOf(canvas: HTMLCanvasElement): Colours {
  const style = getComputedStyle(canvas);
  const resolved = colours.map(name => {
    canvas.style.color = `var(--${name})`;
    return [name, style.color];
  });
  return Object.fromEntries(resolved) as Colours;
}

/** 1, 2 or 5 times a power of ten. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map(f => f * power).find(step => step >= least)!;
}
