/** Names and payloads of events: `{ ready: [runnerId: string] }`. */
export type EventMap = Record<string, unknown[]>;

/** Calls `listener` for each event of that name until the returned function is called. */
export type Subscribe<E extends EventMap> = <K extends keyof E & string>(
  name: K,
  listener: (...args: E[K]) => void,
) => () => void;

/**
 * Tells user code what happened, outside of whatever step caused it: listeners run in a microtask of their own, and one
 * that throws is reported as a process warning and changes nothing else.
 */
export class Events<E extends EventMap> {
  readonly #listeners = new Map<string, Set<(...args: any[]) => void>>();

  on<K extends keyof E & string>(name: K, listener: (...args: E[K]) => void): () => void {
    const set = this.#listeners.get(name) ?? new Set<(...args: any[]) => void>();
    this.#listeners.set(name, set);
    set.add(listener);
    return () => void set.delete(listener);
  }

  /** Whether anybody listens for that event. */
  heard(name: keyof E & string): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0;
  }

  emit<K extends keyof E & string>(name: K, ...args: E[K]): void {
    const set = this.#listeners.get(name);
    if (set === undefined || set.size === 0) return;
    for (const listener of set) queueMicrotask(() => report(name, () => listener(...args)));
  }
}

function report(name: string, run: () => void): void {
  try {
    run();
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.emitWarning(`a listener of "${name}" threw: ${text}`, "FlameletWarning");
  }
}
