import type { Clock, Timer } from "../src/clock.ts";
import type { Random } from "./random.ts";
import type { Event, Scheduler } from "./scheduler.ts";

const NEVER: Timer = { cancel() {} };

/** A timer of Node may fire a little early, since its loop counts whole milliseconds, and late by as much as it likes. */
const EARLY = 0.9;
const LATE = 2;

/** One event loop: of a parent, of a runner's main thread, or of a runner's watchdog. It can be paused, and it can die. */
export class Thread {
  readonly name: string;
  readonly clock: Clock;
  dead = false;
  /** How many timers are armed. */
  armed = 0;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  /** What happened while it was paused. */
  #held: Event[] = [];
  #frozenAt: number | null = null;
  #thaw: Event | null = null;
  #pausedFor = 0;
  /** When its last pause ended. */
  thawedAt = 0;

  readonly #ioFirst: boolean;

  /** @param ioFirst Whether it reads its sockets before it looks at its timers, when it goes on after a pause. */
  constructor(name: string, scheduler: Scheduler, random: Random, ioFirst = false) {
    this.name = name;
    this.#ioFirst = ioFirst;
    this.#scheduler = scheduler;
    this.#random = random;
    // The zero of a clock means nothing, and two threads never have the same one.
    const zero = random.between(0, 1e6);
    this.clock = { now: () => scheduler.now + zero, setTimer: (ms, fn) => this.#setTimer(ms, fn) };
  }

  /** For how long it has run, not counting pauses. */
  get uptime(): number {
    return (this.#frozenAt ?? this.#scheduler.now) - this.#pausedFor;
  }

  /** Since when it is paused, or null. */
  get frozenAt(): number | null {
    return this.#frozenAt;
  }

  /** Whether an event happens now; what a paused thread does not take happens when it goes on. */
  takes(event: Event): boolean {
    if (this.dead) return false;
    if (this.#frozenAt === null) return true;
    this.#held.push(event);
    return false;
  }

  /** Stops for that long, or for longer if it is stopped already. Time goes on for everybody else, and on its clock. */
  freeze(ms: number): void {
    if (this.dead) return;
    const until = this.#scheduler.now + ms;
    if (this.#thaw !== null && this.#thaw.at >= until) return;
    if (this.#thaw !== null) this.#thaw.cancelled = true;
    this.#frozenAt ??= this.#scheduler.now;
    this.#thaw = this.#scheduler.at(until, () => this.thaw());
  }

  /** Goes on at once. */
  thaw(): void {
    if (this.#frozenAt === null) return;
    if (this.#thaw !== null) this.#thaw.cancelled = true;
    this.#thaw = null;
    this.#pausedFor += this.#scheduler.now - this.#frozenAt;
    this.#frozenAt = null;
    this.thawedAt = this.#scheduler.now;
    const held = this.#held;
    this.#held = [];
    const timersFirst = !this.#ioFirst && this.#random.chance(0.5);
    const first = held.filter((event) => (event.kind === "timer") === timersFirst);
    const second = held.filter((event) => (event.kind === "timer") !== timersFirst);
    for (const event of [...first, ...second]) {
      this.#scheduler.after(
        0,
        () => {
          if (!event.cancelled) event.run();
        },
        this,
        event.kind,
      );
    }
  }

  kill(): void {
    this.dead = true;
    this.armed = 0;
    this.#held = [];
  }

  #setTimer(ms: number, fn: () => void): Timer {
    if (ms === Infinity) return NEVER;
    let over = false;
    this.armed += 1;
    const event = this.#scheduler.after(
      Math.max(0, ms + this.#random.between(-EARLY, LATE)),
      () => {
        if (over) return;
        over = true;
        this.armed -= 1;
        fn();
      },
      this,
      "timer",
    );
    return {
      cancel: () => {
        event.cancelled = true;
        if (over) return;
        over = true;
        if (!this.dead) this.armed -= 1;
      },
    };
  }
}
