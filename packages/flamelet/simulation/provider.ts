import type { Backend, Machine, MachineListing, MachineSpec } from "../src/backends/backend.ts";
import { BootError } from "../src/errors.ts";
import { type BootPlan, type Dial, SimulatedMachine } from "./machine.ts";
import type { World } from "./world.ts";

/** How long the end of a runner waits for its machine; what takes longer is not the parent's fault. See `runner.ts`. */
const PROVIDER_WAIT = 5_000;

/** How fast a provider is when nothing is wrong with it. */
export interface ProviderProfile {
  readonly start: readonly [number, number];
  readonly load: readonly [number, number];
}

/** A provider of machines, with all that can be wrong with one. It keeps the promises of `Backend`. */
export class Provider implements Backend {
  readonly name = "simulated";
  readonly network = { kind: "unix" } as const;
  /** All that exist. */
  readonly machines: Set<SimulatedMachine> = new Set();
  /** All that ever existed. */
  readonly everMade: SimulatedMachine[] = [];
  /** Whether any of them was made to fail, and whether in a way that another try would not mend. */
  faulty = false;
  doomed = false;
  readonly #world: World;
  readonly #profile: ProviderProfile;
  readonly #dial: Dial;
  readonly #leased: boolean;

  constructor(world: World, profile: ProviderProfile, dial: Dial, leased: boolean) {
    this.#world = world;
    this.#profile = profile;
    this.#dial = dial;
    this.#leased = leased;
  }

  provision(spec: MachineSpec, signal: AbortSignal): Promise<Machine> {
    const { random, rates, scheduler, parent } = this.#world;
    const reply = Promise.withResolvers<Machine>();
    // An answer comes back over the network, to a parent that may be paused.
    const answer = (ms: number, settle: () => void): void => void scheduler.after(ms, settle, parent);
    const fail = (failure: "transient" | "auth", message: string): void => {
      this.faulty = true;
      if (failure === "auth") this.doomed = true;
      answer(random.duration(1, 200), () => reply.reject(new BootError(message, { failure })));
    };
    let arrived = false;
    scheduler.after(random.duration(1, 100), () => {
      if (signal.aborted) return;
      arrived = true;
      if (random.chance(rates.refused)) return fail("transient", "503 service unavailable");
      if (random.chance(rates.denied)) return fail("auth", "401 unauthorized");
      const machine = this.#make(spec);
      if (random.chance(rates.twice)) {
        this.faulty = true;
        this.#make(spec).excuse = "the provider made it twice";
        machine.touch("there are two of it");
      }
      if (random.chance(rates.replyLost)) {
        this.faulty = true;
        machine.excuse = "the provider's answer was lost";
        if (random.chance(0.5)) return fail("transient", "504 gateway timeout");
        return signal.addEventListener("abort", () => reply.reject(signal.reason), { once: true });
      }
      const slow = random.chance(rates.replySlow);
      answer(slow ? random.duration(500, 4_000) : random.duration(1, 100), () => reply.resolve(machine));
    });
    // What has not arrived is never made. What has is answered, and destroyed by who asked for it.
    const abort = (): void => {
      if (!arrived) reply.reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    return reply.promise.finally(() => signal.removeEventListener("abort", abort));
  }

  destroy({ id }: Pick<Machine, "id">): Promise<void> {
    const { random, rates, scheduler, parent } = this.#world;
    const reply = Promise.withResolvers<void>();
    const machine = [...this.machines].find((candidate) => candidate.id === id);
    if (random.chance(rates.destroyFails)) {
      if (machine !== undefined) machine.excuse = "the provider would not destroy it";
      scheduler.after(random.duration(1, 200), () => reply.reject(new Error("500 internal error")), parent);
      return reply.promise;
    }
    const slow = random.chance(rates.destroySlow);
    const delay = slow ? random.duration(1_000, 20_000) : random.duration(1, 200);
    // The answer has a way to go too, and timers are not that exact.
    if (delay > PROVIDER_WAIT - 300 && machine !== undefined) machine.excuse = "the provider was slow to destroy it";
    scheduler.after(delay, () => {
      machine?.die({ code: null, signal: "SIGKILL" }, "it is destroyed");
      scheduler.after(random.duration(1, 50), () => reply.resolve(), parent);
    });
    return reply.promise;
  }

  list(): Promise<readonly MachineListing[]> {
    return Promise.resolve([...this.machines].map(({ id, spec }) => ({ ...spec, id })));
  }

  #make(spec: MachineSpec): SimulatedMachine {
    const machine = new SimulatedMachine(`m${this.everMade.length + 1}`, spec, this.#world, this.#plan(), {
      dial: this.#dial,
      gone: (gone) => this.machines.delete(gone),
      leased: this.#leased,
    });
    this.machines.add(machine);
    this.everMade.push(machine);
    this.#world.log("provider", `makes ${machine.id} for ${spec.name}`);
    return machine;
  }

  #plan(): BootPlan {
    const { random, rates } = this.#world;
    const { start, load } = this.#profile;
    const late = random.chance(rates.bootLate);
    const fate = random.chance(rates.bootNever)
      ? "never"
      : random.chance(rates.bootCrash)
        ? "crash"
        : random.chance(rates.wrongBuild)
          ? "wrong build"
          : "ready";
    if (fate === "crash" || fate === "wrong build") this.doomed = true;
    if (late || fate !== "ready") this.faulty = true;
    return {
      start: random.duration(...start),
      load: late ? random.duration(5_000, 60_000) : random.duration(...load),
      fate,
    };
  }
}
