import type { Clock, Timer } from "./clock.ts";

/**
 * What is done again and again, at the beat of one timer for all who share a clock and the beat's length. An idle process
 * then wakes once for all of them, and it is waking that costs: a timer by itself takes it longer than all that is done here.
 */
const shared = new WeakMap<Clock, Map<number, Beat>>();

/**
 * Calls `fn` every `ms`, until it is cancelled, and together with all others. The first time comes after half that long at
 * least, and one and a half times at most. Does not keep the process alive. `Infinity` is allowed and means never.
 */
export function onBeat(clock: Clock, ms: number, fn: () => void): Timer {
  if (ms === Infinity) return { cancel() {} };
  let beats = shared.get(clock);
  if (beats === undefined) shared.set(clock, (beats = new Map()));
  let beat = beats.get(ms);
  if (beat === undefined) beats.set(ms, (beat = new Beat(clock, ms)));
  return beat.join(fn);
}

/** How many are called before anything else may have its turn: with 500 runners, all at once took more than ten milliseconds. */
const AT_ONCE = 50;

class Beat {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #members = new Set<Member>();
  #timer: Timer | null = null;

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
  }

  join(fn: () => void): Timer {
    const member = { fn, since: this.#clock.now() };
    this.#members.add(member);
    this.#timer ??= this.#arm();
    return { cancel: () => this.#leave(member) };
  }

  #leave(member: Member): void {
    if (!this.#members.delete(member) || this.#members.size > 0) return;
    this.#timer?.cancel();
    this.#timer = null;
  }

  #arm(): Timer {
    return this.#clock.setTimer(this.#ms, () => this.#fire());
  }

  #fire(): void {
    this.#timer = this.#arm();
    const now = this.#clock.now();
    this.#call([...this.#members].filter(({ since }) => now - since >= this.#ms / 2));
  }

  #call(members: readonly Member[]): void {
    for (const member of members.slice(0, AT_ONCE)) if (this.#members.has(member)) member.fn();
    if (members.length > AT_ONCE) setImmediate(() => this.#call(members.slice(AT_ONCE)));
  }
}

interface Member {
  readonly fn: () => void;
  readonly since: number;
}
