/** How many entries are kept. */
const KEPT = 50;

export interface LogEntry {
  readonly at: number;
  readonly text: string;
}

/** The last things that a pool decided or heard, for `explain()`. */
export class DecisionLog {
  readonly #entries: LogEntry[] = [];

  add(at: number, text: string): void {
    this.#entries.push({ at, text });
    if (this.#entries.length > KEPT) this.#entries.shift();
  }

  newestFirst(): readonly LogEntry[] {
    return this.#entries.toReversed();
  }
}
