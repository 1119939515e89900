import { flame } from "../src/index.ts";
import type { Pool } from "../src/pool-handle.ts";
import { Call, type Bench, type CallVerb } from "./call.ts";
import { callBack, chunks, feed, gadget, reference, type Task, type TaskEnd, value } from "./functions.ts";
import type { World } from "./world.ts";

/** What the users of one history do. */
export interface UserProfile {
  /** How long they go on, and how often one of them does something, in ms. */
  readonly busyFor: number;
  readonly every: number;
  readonly verbs: Readonly<Record<CallVerb, number>>;
  readonly ends: Readonly<Record<TaskEnd, number>>;
  /** How long a piece of work takes, in ms, is between these. */
  readonly work: readonly [number, number];
  /** How probably one gives up before it is done, ignores its signal, allows a second run, has a key, and is big. */
  readonly aborts: number;
  readonly stubborn: number;
  readonly retries: number;
  readonly keyed: number;
  readonly big: number;
}

/** Chooses what kind of users there are. */
export function userProfile(random: World["random"]): UserProfile {
  const some = (probability: number, most: number): number =>
    random.chance(probability) ? random.between(0, most) : 0;
  const shortest = random.duration(1, 500);
  const busyFor = random.duration(3_000, 60_000);
  return {
    busyFor,
    every: busyFor / random.duration(8, 120),
    verbs: {
      call: 6,
      cast: some(0.5, 2),
      stream: some(0.5, 3),
      place: some(0.5, 3),
      map: some(0.3, 2),
      callBack: some(0.4, 2),
      feed: some(0.3, 2),
      ref: some(0.3, 2),
    },
    ends: {
      value: 10,
      error: some(0.5, 2),
      never: some(0.4, 2),
      exit: some(0.2, 1),
      unsendable: some(0.2, 1),
      block: some(0.3, 1),
    },
    work: [shortest, shortest * random.between(1, 20)],
    aborts: some(0.5, 0.5),
    stubborn: some(0.5, 0.4),
    retries: some(0.4, 0.5),
    keyed: some(0.5, 1),
    big: some(0.3, 0.3),
  };
}

/** The callers: each makes calls through the public verbs, and notes what becomes of them. */
export class Users {
  readonly calls: Map<number, Call> = new Map();
  readonly #world: World;
  readonly #pool: Pool;
  readonly #profile: UserProfile;
  readonly #bench: Bench;
  /** Placed children, and pieces of a stream, that their users sit on until all is calm. */
  readonly #calm = Promise.withResolvers<void>();
  #ids = 0;

  constructor(world: World, pool: Pool, profile: UserProfile, bench: Bench) {
    this.#world = world;
    this.#pool = pool;
    this.#profile = profile;
    this.#bench = bench;
    pool.on("castFailed", () => {});
  }

  /** Starts to make calls, until the busy time is over. */
  start(): void {
    const { scheduler, random, parent } = this.#world;
    if (this.#world.now >= this.#profile.busyFor) return;
    // They come in bursts as often as one by one.
    const together = random.chance(0.2) ? random.int(2, 8) : 1;
    for (let i = 0; i < together; i++) this.#act();
    scheduler.after(random.duration(1, 2 * this.#profile.every), () => this.start(), parent);
  }

  /** Everybody finishes: whoever waits for nothing in particular stops doing so. */
  calmDown(): void {
    this.#calm.resolve();
    for (const call of this.calls.values()) {
      // Nobody waits for a cast, so it counts as settled while it runs.
      const runs = call.settled === null || call.verb === "cast";
      if (runs && call.takes === Infinity) call.controller.abort(new Error("it is over"));
    }
  }

  /** Calls whose outcome somebody waits for, and that have none. */
  get open(): Call[] {
    return [...this.calls.values()].filter((call) => call.settled === null);
  }

  /** One more call, of a kind that works when all is well. */
  probe(): Call {
    const task: Task = { call: 0, ms: 10, heeds: true, end: "value", size: 10, chunks: 1 };
    return this.#begin("call", task, { timeout: 10_000, queueTimeout: 100_000, retry: 0 }, 10);
  }

  #act(): void {
    const { random } = this.#world;
    const profile = this.#profile;
    const verb = random.weighted(profile.verbs);
    const end = random.weighted(profile.ends);
    const ms = end === "block" ? random.duration(100, 9_000) : random.duration(...profile.work);
    const timeout = random.duration(100, 8_000);
    const heeds = !random.chance(profile.stubborn);
    const count = verb === "stream" || verb === "place" || verb === "feed" ? random.int(0, 8) : 1;
    const size = random.chance(profile.big) ? random.duration(20_000, 600_000) : random.int(0, 100);
    const task: Task = { call: 0, ms, heeds, end, size, chunks: count };
    const takes = end === "never" ? Infinity : ms * Math.max(1, count) + (verb === "stream" ? 30_000 : 0);
    // What never ends, and does not listen either, is the user's own fault unless it has a time limit.
    const limited = (end === "never" && !heeds) || random.chance(0.8);
    const options = {
      timeout: limited ? timeout : Infinity,
      queueTimeout: random.duration(50, 30_000),
      // What was fed to a lost runner cannot be fed to another.
      retry: verb !== "feed" && random.chance(profile.retries) ? random.int(1, 2) : 0,
    };
    const call = this.#begin(verb, task, options, takes);
    if (random.chance(profile.aborts)) this.#abortLater(call);
  }

  #abortLater(call: Call): void {
    const { scheduler, random, parent } = this.#world;
    scheduler.after(
      random.duration(1, 5_000),
      () => {
        if (call.settled !== null) return;
        this.#world.log("parent", `call ${call.id} is aborted`);
        call.controller.abort(new Error(`call ${call.id} was cancelled`));
        if (call.verb !== "call") return;
        // At once means: before anything else happens.
        scheduler.after(0, () => {
          if (call.settled === null)
            this.#world.fail(`call ${call.id} was aborted, and its caller was not told at once`);
        });
      },
      parent,
    );
  }

  #begin(verb: CallVerb, task: Task, options: Call["options"], takes: number): Call {
    const id = (this.#ids += 1);
    const call = new Call(id, verb, { ...task, call: id }, options, takes, this.#bench);
    this.calls.set(id, call);
    const { timeout, queueTimeout, retry } = options;
    this.#world.log(
      "parent",
      `makes ${verb} ${id}: ${task.end} after ${task.ms} ms × ${task.chunks}, ${task.size} bytes; ` +
        `timeout ${timeout}, queueTimeout ${queueTimeout}, retry ${retry}${task.heeds ? "" : ", heeds no signal"}`,
    );
    this.#run(verb, call).then(
      () => call.value(),
      (error: unknown) => call.error(error),
    );
    return call;
  }

  async #run(verb: CallVerb, call: Call): Promise<void> {
    const { random } = this.#world;
    const key = random.chance(this.#profile.keyed) ? random.pick(["a", "b", "c"]) : undefined;
    const options = { ...call.options, key, signal: call.controller.signal };
    const pool = this.#pool.with(options);
    switch (verb) {
      case "call":
        return this.#check(call, await flame.call(pool, value, call.task));
      case "cast":
        // Nobody waits for it: that it was made is all that there is to know.
        return flame.cast(pool, value, call.task);
      case "callBack":
        return this.#check(call, await flame.call(pool, callBack, call.task, (id: number) => this.#called(call, id)));
      case "stream":
        return await this.#read(call, pool);
      case "place":
        return await this.#place(call, pool);
      case "feed":
        return await this.#feed(call, pool);
      case "ref":
        return await this.#use(call, pool);
      case "map":
        return await this.#map(call, options);
    }
  }

  #check(call: Call, { call: id, bytes }: { call: number; bytes: Uint8Array }): void {
    const { task } = call;
    const right =
      id === task.call && bytes.length === task.size && (task.size === 0 || bytes.at(-1) === task.call % 256);
    if (!right) this.#world.fail(`call ${call.id} got the value of call ${id}`);
  }

  #called(call: Call, id: number): number {
    if (id !== call.id) this.#world.fail(`call ${id} called back the callback of call ${call.id}`);
    return id;
  }

  async #read(call: Call, pool: Pool): Promise<void> {
    const { random } = this.#world;
    const stopAt = random.chance(0.2) ? random.int(1, 5) : Infinity;
    const slow = random.chance(0.3) ? random.duration(10, 2_000) : 0;
    let read = 0;
    for await (const chunk of flame.stream(pool, chunks, call.task)) {
      this.#check(call, chunk);
      read += 1;
      if (read === stopAt) return;
      if (slow > 0) await this.#sleep(slow);
    }
    if (read !== call.task.chunks)
      this.#world.fail(`stream ${call.id} ended after ${read} of ${call.task.chunks} chunks`);
  }

  async #place(call: Call, pool: Pool): Promise<void> {
    const { random } = this.#world;
    const { chunks: times } = call.task;
    const together = random.chance(0.3);
    const kept = random.chance(0.1);
    const forgotten = random.chance(0.1);
    const child = await flame.place(pool, gadget, call.task);
    try {
      const all: Promise<number>[] = [];
      for (let i = 1; i <= times; i++) {
        const one = child.count(i);
        all.push(one);
        if (!together) await one;
      }
      await Promise.all(all);
      if (kept) await this.#calm.promise;
    } finally {
      if (forgotten) call.controller.abort(new Error("nobody wants the placed child any more"));
      else await child[Symbol.asyncDispose]();
    }
  }

  async #feed(call: Call, pool: Pool): Promise<void> {
    const { chunks: count } = call.task;
    const slow = this.#world.random.chance(0.3) ? this.#world.random.duration(1, 500) : 0;
    const pause = (): Promise<void> => this.#sleep(slow);
    async function* source(): AsyncGenerator<number> {
      for (let i = 0; i < count; i++) {
        if (slow > 0) await pause();
        yield i;
      }
    }
    const read = await flame.call(pool, feed, call.task, source());
    if (read !== count) this.#world.fail(`call ${call.id} read ${read} of the ${count} chunks that it was fed`);
  }

  async #use(call: Call, pool: Pool): Promise<void> {
    const counter = await flame.call(pool, reference, call.task);
    try {
      for (let i = 1; i <= 3; i++) {
        const count = await counter.next();
        if (count !== i) this.#world.fail(`call ${call.id} counts ${count} in place of ${i}`);
      }
    } finally {
      await counter[Symbol.asyncDispose]();
    }
  }

  async #map(call: Call, options: object): Promise<void> {
    const { random } = this.#world;
    const parts: Call[] = [];
    for (let i = random.int(0, 6); i > 0; i--) {
      const item = new Call(
        (this.#ids += 1),
        "map",
        { ...call.task, call: this.#ids },
        call.options,
        call.takes,
        this.#bench,
      );
      // Its own outcome is lost in that of the map; what counts is how often it ran.
      item.settled = "value";
      this.calls.set(item.id, item);
      parts.push(item);
    }
    call.parts.splice(0, 1, ...parts);
    const items = parts.map((item) => item.task);
    let given = 0;
    const mapped = flame.map(this.#pool, items, value, {
      ...options,
      concurrency: random.int(1, 4),
      ordered: random.chance(0.5),
    });
    for await (const one of mapped) {
      given += 1;
      if (!items.some((item) => item.call === one.call))
        this.#world.fail(`map ${call.id} got the value of ${one.call}`);
    }
    if (given !== items.length) this.#world.fail(`map ${call.id} gave ${given} of ${items.length} values`);
  }

  #sleep(ms: number): Promise<void> {
    const { scheduler, parent } = this.#world;
    return new Promise((resolve) => void scheduler.after(ms, resolve, parent));
  }
}
