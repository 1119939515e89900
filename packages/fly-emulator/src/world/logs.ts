/** A line that a machine wrote, or that the emulator (`app: "…", stream: "system"`) says about it. */
export interface LogLine {
  /** ms since the epoch. */
  readonly timestamp: number;
  readonly app: string;
  /** Null for a line about the app, such as the proxy's. */
  readonly machine: string | null;
  readonly region: string;
  readonly stream: "stdout" | "stderr" | "system" | "proxy";
  readonly text: string;
}

const KEPT = 10_000;

/** The latest lines of all machines. */
export class Logs {
  #lines: LogLine[] = [];

  add(line: LogLine): void {
    this.#lines.push(line);
    if (this.#lines.length > 2 * KEPT) this.#lines = this.#lines.slice(-KEPT);
  }

  /** The latest that fit, oldest first. */
  find({ app, machine, limit = KEPT }: { app?: string; machine?: string; limit?: number }): LogLine[] {
    return this.#lines
      .filter((line) => (app === undefined || line.app === app) && (machine === undefined || line.machine === machine))
      .slice(-limit);
  }
}
