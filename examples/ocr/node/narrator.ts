// Tells people what is going on, on stderr: on a terminal one line that changes, elsewhere one line per step.

export interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const barLength = 20;

export class Narrator {
  private step = "";
  private shown = "";

  private readonly screen: Screen;

  constructor(screen: Screen) {
    this.screen = screen;
  }

  /** `fraction`: 0..1 of the step, if it is known */
  say(step: string, fraction?: number): void {
    if (!this.screen.isTTY) {
      if (step !== this.step) this.screen.write(`${step}\n`);
      this.step = step;
      return;
    }
    const line = fraction === undefined ? step : `${bar(fraction)} ${step}`;
    if (line === this.shown) return;
    this.screen.write(`\r\x1b[K${line}`);
    this.shown = line;
  }

  /** Clears the line for what comes next. */
  done(): void {
    if (this.shown !== "") this.screen.write("\r\x1b[K");
    this.shown = "";
  }
}

function bar(fraction: number): string {
  const full = Math.round(Math.min(Math.max(fraction, 0), 1) * barLength);
  return "█".repeat(full) + "░".repeat(barLength - full);
}
