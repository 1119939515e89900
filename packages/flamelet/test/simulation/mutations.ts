import { RunnerLostError } from "../../src/errors.ts";
import { PoolState } from "../../src/pool/state.ts";
import type { Attempt, Worker } from "../../src/runner/work.ts";
import { WatchdogLink, type WatchdogListener } from "../../src/runner/watchdog-link.ts";
import { Session } from "../../src/session/session.ts";
import { HEADER, Type } from "../../src/wire/frames.ts";
import type { Mutation } from "../../simulation/mutation.ts";

type Run = Worker["run"];

/** Replaces how work is run on each worker; `run` is how it was. */
function running(name: string, change: (run: Run, worker: Worker) => Run): Mutation {
  return {
    name,
    worker: (worker) => {
      worker.run = change(worker.run.bind(worker), worker);
    },
  };
}

/** Replaces what an attempt comes to. */
function attempts(name: string, change: (attempt: Attempt, worker: Worker) => Attempt): Mutation {
  return running(name, (run, worker) => (work, owner) => {
    run(work, { settled: (attempt) => owner.settled(change(attempt, worker)), ended: () => owner.ended() });
  });
}

/** Replaces the messages of one type by signs of life, or as many of them as `lost` says. */
function dropping(name: string, type: Type, lost: () => boolean = () => true): Mutation {
  return {
    name,
    tamper: (bytes) => {
      const copy = Buffer.from(bytes);
      const heads: number[] = [];
      let at = 0;
      while (at + HEADER <= copy.length && (copy[at] as number) <= Type.GOODBYE) {
        heads.push(at);
        at += HEADER + copy.readUInt32BE(at + 8);
      }
      // What is no row of whole frames is a handshake, or a beat.
      if (at !== copy.length) return bytes;
      for (const head of heads) if (copy[head] === type && lost()) copy[head] = Type.PING;
      return copy;
    },
  };
}

type Members = Record<string, PropertyDescriptor>;

/** Replaces members of a class for the length of a history. */
function patched(name: string, owner: object, change: (original: Members) => Members): Mutation {
  return {
    name,
    install: () => {
      const original = Object.getOwnPropertyDescriptors(owner) as Members;
      const changed = change(original);
      for (const key of Object.keys(changed)) Object.defineProperty(owner, key, { ...original[key], ...changed[key] });
      return () => {
        for (const key of Object.keys(changed)) Object.defineProperty(owner, key, original[key] as PropertyDescriptor);
      };
    },
  };
}

/** Hears nothing when nothing is heard. */
class DeafLink extends WatchdogLink {
  #asked = 0;

  constructor(...args: ConstructorParameters<typeof WatchdogLink>) {
    super(...args);
    let inner: WatchdogListener | null = null;
    Object.defineProperty(this, "listener", {
      get: () => inner,
      set: (listener: WatchdogListener | null) => {
        inner = listener === null ? null : { responsive: (yes) => listener.responsive(yes), silent() {} };
      },
    });
  }

  override get responsive(): boolean {
    return false;
  }

  override get lastHeard(): number {
    return (this.#asked += 1);
  }
}

/** Goes by the clock, as if this process had always been awake. */
class ImpatientLink extends WatchdogLink {
  readonly #now: () => number;
  #heardAt: number;

  constructor(...[clock]: ConstructorParameters<typeof WatchdogLink>) {
    super(clock);
    this.#now = () => clock.now();
    this.#heardAt = clock.now();
    const look = (): void => {
      const silent = clock.now() - this.#heardAt;
      if (silent > 5_000) this.listener?.silent(silent);
      if (this.listener !== null || silent < 5_000) clock.setTimer(1_000, look);
    };
    clock.setTimer(1_000, look);
  }

  override data(bytes: Uint8Array): void {
    this.#heardAt = this.#now();
    super.data(bytes);
  }
}

/** Ways in which flamelet could be wrong, each of which some history must notice. */
export const mutations: readonly Mutation[] = [
  running("a slot is freed when the caller leaves, not when the work ends", (run) => (work, owner) => {
    run(work, {
      settled: (attempt) => {
        owner.settled(attempt);
        owner.ended();
      },
      ended: () => {},
    });
  }),
  running("a slot is never freed after an error", (run) => (work, owner) => {
    let failed = false;
    run(work, {
      settled: (attempt) => {
        failed = "error" in attempt;
        owner.settled(attempt);
      },
      ended: () => {
        if (!failed) owner.ended();
      },
    });
  }),
  running("work settles twice", (run) => (work, owner) => {
    run(work, {
      settled: (attempt) => {
        owner.settled(attempt);
        owner.settled(attempt);
      },
      ended: () => owner.ended(),
    });
  }),
  attempts("a call that was refused by a runner on its way out fails", (attempt, { id }) =>
    "moved" in attempt ? { lost: new RunnerLostError(id, "it went", { outcome: "not-started" }) } : attempt,
  ),
  attempts("a call that may have run is run again", (attempt) => ("lost" in attempt ? { moved: true } : attempt)),
  attempts("a call that may have run is told not to have started", (attempt, { id }) =>
    "lost" in attempt ? { error: new RunnerLostError(id, "it went", { outcome: "not-started" }) } : attempt,
  ),
  {
    name: "a drain never runs out of time",
    worker: (worker) => {
      const drain = worker.drain.bind(worker);
      worker.drain = (reason) => drain(reason, Infinity);
    },
  },
  {
    name: "the pool does not hear of a loss",
    listener: (listener) => ({
      ...listener,
      ended: (error) => {
        if (error === null) listener.ended(error);
      },
    }),
  },
  {
    name: "the pool does not hear of a failed boot",
    listener: (listener) => ({ ...listener, bootFailed() {} }),
  },
  patched("runners that drain do not count towards max", PoolState.prototype, () => ({ draining: { get: () => 0 } })),
  patched("nobody looks at the demand when a runner is gone", PoolState.prototype, ({ remove, draining }) => {
    let blind = false;
    return {
      remove: {
        value(...args: unknown[]) {
          blind = true;
          queueMicrotask(() => (blind = false));
          return remove?.value.apply(this, args);
        },
      },
      // As many as leave no room for another.
      draining: {
        get(): number {
          return blind ? Infinity : (draining?.get?.call(this) as number);
        },
      },
    };
  }),
  patched("a cancelled call goes on", Session.prototype, () => ({
    cancel: {
      value(call: { settled: boolean }) {
        call.settled = true;
      },
    },
  })),
  patched("nobody stops to listen", EventTarget.prototype, () => ({ removeEventListener: { value() {} } })),
  {
    name: "the queue has no time limit",
    pool: (core) => {
      const acquire = core.acquire.bind(core);
      core.acquire = (request) => acquire({ ...request, queueTimeout: Infinity });
    },
  },
  {
    name: "a machine is taken for gone as soon as the provider was asked to destroy it",
    backend: (backend) => ({
      name: backend.name,
      network: backend.network,
      provision: (...args) => backend.provision(...args),
      destroy: (machine) => {
        void backend.destroy(machine).catch(() => {});
        return Promise.resolve();
      },
      list: () => backend.list(),
    }),
  },
  { name: "runners have no lease", leased: false },
  { name: "silence is never noticed", watchdogLink: ({ parent }) => new DeafLink(parent.clock) },
  {
    ...patched("silence is judged by the clock after a pause", Session.prototype, () => ({
      silent: { get: () => true },
    })),
    watchdogLink: ({ parent }) => new ImpatientLink(parent.clock),
  },
  dropping("the end of a call is never told", Type.END),
  dropping("the goodbye of a runner is never told", Type.GOODBYE),
  dropping("a chunk of a stream gets lost", Type.CHUNK),
];
