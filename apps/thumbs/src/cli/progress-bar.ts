import type { Progress } from "../videos/events.ts";

const WIDTH = 24;

/** One line that tells how far an upload is. On a terminal it is drawn again in place; elsewhere only its end is shown. */
export class ProgressBar {
  readonly #output: NodeJS.WriteStream;
  #shown = "";

  constructor(output: NodeJS.WriteStream) {
    this.#output = output;
  }

  show(progress: Progress, thumbnails: number): void {
    this.#shown = progressLine(progress, thumbnails);
    if (this.#output.isTTY) this.#output.write(`\r\x1b[2K${this.#shown.slice(0, this.#output.columns || 80)}`);
  }

  /** Leaves what was shown last and goes to the next line. */
  end(): void {
    if (this.#shown === "") return;
    this.#output.write(this.#output.isTTY ? "\n" : `${this.#shown}\n`);
    this.#shown = "";
  }
}

/** `[######------------------]   25 %  3 thumbnails  uploading to ffmpeg-1-x7k2` */
export function progressLine({ phase, bytes, total, runner }: Progress, thumbnails: number): string {
  const part = total === null || total === 0 ? 1 : Math.min(bytes / total, 1);
  const full = Math.round(part * WIDTH);
  const bar = `[${"#".repeat(full)}${"-".repeat(WIDTH - full)}]`;
  const percent = `${Math.floor(part * 100)} %`.padStart(6);
  const where = runner === null ? "" : ` on ${runner}`;
  const doing = {
    queued: "waiting for a runner",
    generating: "working",
    spooling: "storing (index at the end)",
    finishing: "finishing",
  };
  return `${bar} ${percent}  ${thumbnails} thumbnail${thumbnails === 1 ? "" : "s"}  ${doing[phase]}${where}`;
}
