import { oneWayMs } from "./distance.ts";

/** How the emulated network behaves. */
export interface RegionNetworkOptions {
  /**
   * What the modelled latency between regions is multiplied by: 1 is as on earth, 0 (the default) is no latency at all,
   * for tests.
   */
  latencyFactor?: number;
}

/** The network between regions: how long bytes take, and between which regions none get through. */
export class RegionNetwork {
  readonly #factor: number;
  #cuts: ReadonlySet<string> = new Set();
  readonly #listeners = new Set<() => void>();

  constructor(options: RegionNetworkOptions = {}) {
    const factor = options.latencyFactor ?? 0;
    if (!(factor >= 0 && factor < Infinity)) {
      throw new RangeError(`latencyFactor must be a number from 0 on, and got ${String(factor)}`);
    }
    this.#factor = factor;
  }

  /** Milliseconds that a byte needs from one region to the other. */
  delay(from: string, to: string): number {
    return this.#factor * oneWayMs(from, to);
  }

  /** Whether bytes get from one region to the other. A cut goes both ways; a region is never cut from itself. */
  reachable(a: string, b: string): boolean {
    return !this.#cuts.has(key(a, b));
  }

  /** Cuts these pairs of regions off from each other, and no others: nothing gets through, and nobody is told. */
  setCuts(pairs: readonly (readonly [string, string])[]): void {
    this.#cuts = new Set(pairs.filter(([a, b]) => a !== b).map(([a, b]) => key(a, b)));
    for (const listener of this.#listeners) listener();
  }

  /** The pairs that are cut, each in the order of the alphabet. */
  get cuts(): [string, string][] {
    return [...this.#cuts].sort().map((pair) => pair.split(" ") as [string, string]);
  }

  /** Calls `listener` after each change, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

function key(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
