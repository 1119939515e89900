/**
 * How many requests each machine has from the proxy. As the proxy opens one connection for each request, this is the count
 * of both `requests` and `connections`.
 */
export class Loads {
  readonly #loads = new Map<string, number>();
  readonly #listeners = new Set<() => void>();

  of(machine: string): number {
    return this.#loads.get(machine) ?? 0;
  }

  /** Counts one more, until the returned function is called; calling it again does nothing. */
  take(machine: string): () => void {
    this.#loads.set(machine, this.of(machine) + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const left = this.of(machine) - 1;
      if (left === 0) this.#loads.delete(machine);
      else this.#loads.set(machine, left);
      for (const listener of this.#listeners) listener();
    };
  }

  /** Calls `listener` each time that one is given back, until the returned function is called. */
  onRelease(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
