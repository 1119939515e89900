import { OptionError } from "../errors.ts";

/** Something bad that happens to the bytes of a connection. Durations are milliseconds. */
export type Toxic =
  /** Each byte arrives `ms` later, give or take up to `jitter` (default 0). Bytes never overtake each other. */
  | { readonly kind: "latency"; readonly ms: number; readonly jitter?: number }
  /** No more than so many bytes pass in a second. */
  | { readonly kind: "bandwidth"; readonly bytesPerSecond: number }
  /**
   * Nothing passes, not even the news that an end has closed. Nothing is lost either: as after a partition of a real
   * network, where the kernels keep trying, what waited arrives when the toxic is taken off.
   */
  | { readonly kind: "black-hole" }
  /** Both ends see their connection reset, `after` (default 0) from when the toxic or the connection came to be. */
  | { readonly kind: "reset-peer"; readonly after?: number }
  /** That one end has closed reaches the other so much later. */
  | { readonly kind: "slow-close"; readonly ms: number }
  /** Bytes arrive in pieces of at most `size`, one per turn of the event loop, with `pause` (default 0) after each. */
  | { readonly kind: "slicer"; readonly size: number; readonly pause?: number }
  /** The connection closes once so many bytes have passed, counted per connection from when the toxic was added. */
  | { readonly kind: "limit-data"; readonly bytes: number };

/** Which way bytes go: `"up"` from who dialed (a runner) to who listens (its parent), `"down"` back, or both ways. */
export type Direction = "up" | "down" | "both";

/** A toxic at work, until it is removed or disposed of. */
export interface ActiveToxic extends Disposable {
  readonly toxic: Toxic;
  readonly direction: Direction;
  /** Takes it off; doing so again does nothing. */
  remove(): void;
}

/** The toxics of some connections: those that exist and those to come. They can be switched at any time. */
export class Toxics {
  readonly #active = new Set<ActiveToxic>();
  readonly #watchers = new Set<() => void>();

  /**
   * Puts a toxic on. Several of one kind may be on at once: delays add up, and of limits the lowest counts.
   *
   * @throws OptionError when a number of it cannot be.
   */
  add(toxic: Toxic, direction: Direction = "both"): ActiveToxic {
    check(toxic);
    const remove = (): void => {
      if (this.#active.delete(active)) this.#tell();
    };
    const active: ActiveToxic = { toxic, direction, remove, [Symbol.dispose]: remove };
    this.#active.add(active);
    this.#tell();
    return active;
  }

  /** Takes all of them off. */
  clear(): void {
    this.#active.clear();
    this.#tell();
  }

  /** Those of one kind that concern bytes going that way. */
  find<K extends Toxic["kind"]>(kind: K, way: "up" | "down"): Found<K>[] {
    const found: Found<K>[] = [];
    for (const active of this.#active) {
      if (active.toxic.kind !== kind || (active.direction !== "both" && active.direction !== way)) continue;
      found.push({ active, toxic: active.toxic as Extract<Toxic, { kind: K }> });
    }
    return found;
  }

  /** Calls `changed` after each change, until the returned function is called. */
  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => void this.#watchers.delete(changed);
  }

  #tell(): void {
    for (const changed of this.#watchers) changed();
  }
}

/** A toxic that was asked for by its kind. */
export interface Found<K extends Toxic["kind"]> {
  readonly active: ActiveToxic;
  readonly toxic: Extract<Toxic, { readonly kind: K }>;
}

/** What each number must be at least: a rate or size of 0 would be a black hole that nobody recognises. */
interface Numbers {
  readonly needed: Readonly<Record<string, number>>;
  readonly optional?: Readonly<Record<string, number>>;
}

const NUMBERS: Readonly<Record<Toxic["kind"], Numbers>> = {
  latency: { needed: { ms: 0 }, optional: { jitter: 0 } },
  bandwidth: { needed: { bytesPerSecond: 1 } },
  "black-hole": { needed: {} },
  "reset-peer": { needed: {}, optional: { after: 0 } },
  "slow-close": { needed: { ms: 0 } },
  slicer: { needed: { size: 1 }, optional: { pause: 0 } },
  "limit-data": { needed: { bytes: 0 } },
};

function check(toxic: Toxic): void {
  const { kind, ...given } = toxic as Toxic & Record<string, unknown>;
  const numbers = NUMBERS[kind];
  if (numbers === undefined) throw new OptionError(`there is no toxic "${String(kind)}"`);
  const all: Record<string, number> = { ...numbers.needed, ...numbers.optional };
  for (const name of Object.keys(given))
    if (!(name in all)) throw new OptionError(`the toxic "${kind}" has no "${name}"`);
  for (const [name, least] of Object.entries(all)) {
    const value: unknown = given[name];
    if (value === undefined && !(name in numbers.needed)) continue;
    if (typeof value !== "number" || !(value >= least))
      throw new OptionError(`"${name}" of the toxic "${kind}" must be a number >= ${least}, got ${String(value)}`);
  }
}
