import { rmSync } from "node:fs";
import type { GuestExit, RunningGuest } from "../guests/guest.ts";
import { bootGuest, checkSuspendable, rootOf } from "./boot.ts";
import type { Timer } from "./clock.ts";
import { configDuration } from "./durations.ts";
import { exitEvent, wantsRestart } from "./exits.ts";
import type { Machine } from "./machine.ts";
import type { MachineState } from "./machine-state.ts";
import { Refusal, aborted, failedPrecondition } from "./refusal.ts";
import { signalNamed } from "./signals.ts";
import type { World } from "./world.ts";

/** Why the processes of a machine are being ended, and so what comes after. */
type Purpose = "stop" | "restart" | "update" | "destroy" | "cold boot";

const DESTROYABLE: readonly MachineState[] = ["stopped", "suspended", "failed", "created"];

/** Fly gives a process no longer than this to end. */
const LONGEST_STOP = 300_000;

/**
 * What can be done with a machine, and what happens by itself. Each method refuses where Fly does, changes the state at
 * once, and goes on in the background; `machine.until` tells how it went.
 */
export class Lifecycle {
  readonly #world: World;
  readonly #machine: Machine;
  /** The next step, if it waits for time. There is never more than one. */
  #timer: Timer | null = null;
  #guest: RunningGuest | null = null;
  #purpose: Purpose | null = null;
  /** Whether an update ends with the machine started. */
  #launchAfterUpdate = false;
  #stoppedAt = -Infinity;
  #boots = 0;
  /** Whether the processes stand still. */
  #frozen = false;
  /** The end of what ran on the host when that died. */
  #lost: Promise<unknown> | null = null;
  /** Counts the deaths and returns of the host: what began before one must not go on after it. */
  #hostTurn = 0;
  #skipLaunch = false;
  /** When it was restarted by its policy. */
  #restarts: number[] = [];

  constructor(world: World, machine: Machine) {
    this.#world = world;
    this.#machine = machine;
  }

  /** The main process, if there is one. */
  get pid(): number | null {
    return this.#guest?.pid ?? null;
  }

  /** The first boot, or only the preparation for it. */
  launch(skip: boolean): void {
    const { times, faults } = this.#world;
    this.#skipLaunch = skip;
    this.#machine.become("created", { type: "launch", status: "created", source: "user" });
    if (faults.strike("stuck-created", this.#machine) !== null) return;
    this.#later(times.create + times.pull, () => void this.#prepared());
  }

  async #prepared(): Promise<void> {
    const machine = this.#machine;
    const turn = this.#hostTurn;
    try {
      await this.#world.network.ready(machine.address);
    } catch (error) {
      this.#world.log(machine, "system", `the machine has no network: ${(error as Error).message}`);
      if (machine.state === "created") machine.become("failed", { type: "launch", status: "failed", source: "flyd" });
      return;
    }
    if (machine.state !== "created" || this.#purpose !== null || turn !== this.#hostTurn) return;
    if (this.#skipLaunch) machine.become("stopped");
    else this.#boot("flyd");
  }

  /** Gives the state that it was in. */
  start(): MachineState {
    const machine = this.#machine;
    const previous = machine.state;
    switch (previous) {
      case "started":
        return previous;
      case "starting":
      case "restarting":
        throw failedPrecondition("machine still attempting to start");
      case "replacing":
        throw failedPrecondition("machine getting replaced, refusing to start");
      case "stopping":
        throw failedPrecondition("machine still active, refusing to start");
      case "stopped":
      case "failed":
        if (this.#world.clock.now() < this.#stoppedAt + this.#world.times.stillActive)
          throw failedPrecondition("machine still active, refusing to start");
        this.#checkHost();
        this.#boot("user");
        return previous;
      case "suspending":
      case "suspended":
        this.#checkHost();
        this.#resume(previous);
        return previous;
      default:
        throw failedPrecondition(`unable to start machine from current state: '${previous}'`);
    }
  }

  /** Sends the signal, and kills what has not ended after `timeout` ms. Both default to the config's, then SIGINT and 5 s. */
  stop({ signal, timeout }: { signal?: NodeJS.Signals; timeout?: number } = {}): void {
    const machine = this.#machine;
    this.#reachHost();
    if (machine.state === "stopped" || machine.state === "stopping" || machine.state === "failed") return;
    this.#refuse("stop", ["created", "replacing", "destroying", "destroyed"]);
    machine.become("stopping");
    this.#end("stop", { signal, timeout });
  }

  restart({ signal, timeout }: { signal?: NodeJS.Signals; timeout?: number } = {}): void {
    this.#reachHost();
    this.#refuse("restart", [
      "created",
      "replacing",
      "destroying",
      "destroyed",
      "stopped",
      "stopping",
      "failed",
      "suspended",
    ]);
    this.#machine.become("restarting", { type: "restart", status: "restarting", source: "user" });
    this.#end("restart", { signal, timeout });
  }

  suspend(): void {
    this.#reachHost();
    const { state } = this.#machine;
    if (state === "suspended" || state === "suspending") return;
    if (state !== "started") throw failedPrecondition(`unable to suspend machine from current state: '${state}'`);
    checkSuspendable(this.#machine);
    this.#frozen = true;
    this.#guest?.freeze();
    this.#machine.become("suspending", { type: "suspend", status: "suspending", source: "user" });
    this.#later(this.#world.times.suspend, () =>
      this.#machine.become("suspended", { type: "suspend", status: "suspended", source: "flyd" }),
    );
  }

  /** To be called when the machine has its new config. One that was not started ends stopped. */
  update(previous: MachineState, skipLaunch: boolean): void {
    this.#launchAfterUpdate = previous === "started" && !skipLaunch;
    this.#machine.become("replacing", { type: "update", status: "replacing", source: "user" });
    this.#end("update", {});
  }

  /** Throws what Fly answers to an update that cannot be now. */
  checkUpdatable(): void {
    this.#reachHost();
    if (this.#machine.state === "replacing") throw aborted("machine update failed due to concurrent update");
    this.#refuse("update", ["created", "starting", "stopping", "suspending", "restarting", "destroying", "destroyed"]);
  }

  destroy(force: boolean): void {
    const machine = this.#machine;
    if (machine.state === "destroyed" || machine.state === "destroying") return;
    if (!force && !DESTROYABLE.includes(machine.state))
      throw failedPrecondition("unable to destroy machine, not currently stopped, suspended, failed or created");
    this.#destroy("user");
  }

  signal(name: NodeJS.Signals): void {
    this.#reachHost();
    if (this.#guest === null || this.#machine.state !== "started")
      throw failedPrecondition(`unable to signal machine from current state: '${this.#machine.state}'`);
    this.#guest.signal(name);
  }

  /** The host is gone, and what ran on it: nobody hears of it, the state stays what it was. */
  hostDied(): void {
    const guest = this.#guest;
    this.#guest = null;
    this.#frozen = false;
    this.#purpose = null;
    this.#timer?.cancel();
    this.#machine.hostStatus = "unreachable";
    this.#hostTurn++;
    guest?.kill();
    if (guest !== null) this.#lost = Promise.all([this.#lost, guest.exited]);
    this.#machine.become(this.#machine.state);
  }

  /** The host is back: what should run there is booted, what should be gone goes. */
  async hostReturned(): Promise<void> {
    const turn = ++this.#hostTurn;
    // What ran there before must be gone: it held the address that the next process needs.
    await this.#lost;
    // The host may be gone again.
    if (turn !== this.#hostTurn) return;
    this.#machine.hostStatus = "ok";
    const { state } = this.#machine;
    if (state === "destroying") this.#later(this.#world.times.destroy, () => this.#destroyed());
    else if (state === "stopping" || state === "suspended" || state === "suspending") this.#machine.become("stopped");
    else if (state === "created" && this.#skipLaunch) this.#machine.become("stopped");
    else if (state === "stopped" || state === "destroyed" || state === "failed") this.#machine.become(state);
    else this.#boot("flyd");
  }

  /** For the end of the emulator: no more steps. */
  abandon(): void {
    this.#timer?.cancel();
    this.#hostTurn++;
    // Whose end nobody waits for any more: the guardian ends it, and removes its folder.
    this.#guest = null;
  }

  #boot(source: "user" | "flyd"): void {
    this.#machine.become("starting", { type: "start", status: "starting", source });
    this.#later(this.#world.times.start, () => this.#run());
  }

  #run(): void {
    const machine = this.#machine;
    let guest: RunningGuest;
    try {
      guest = bootGuest(this.#world, machine, ++this.#boots);
    } catch (error) {
      this.#world.log(machine, "system", `cannot boot: ${(error as Error).message}`);
      return machine.become("failed", { type: "start", status: "failed", source: "flyd" });
    }
    this.#guest = guest;
    machine.become("started", { type: "start", status: "started", source: "flyd" });
    void guest.exited.then((exit) => {
      if (this.#guest === guest) this.#exited(exit);
    });
  }

  #resume(previous: "suspended" | "suspending"): void {
    const machine = this.#machine;
    if (previous === "suspending") {
      this.#timer?.cancel();
      this.#thaw();
      machine.become("started", { type: "start", status: "started", source: "user" });
      return;
    }
    machine.become("starting", { type: "start", status: "starting", source: "user" });
    if (this.#world.faults.strike("snapshot-lost", machine) !== null) {
      this.#world.log(machine, "system", "the snapshot is lost: the machine boots anew");
      this.#end("cold boot", { signal: "SIGKILL" });
      return;
    }
    this.#later(this.#world.times.resume, () => {
      this.#thaw();
      machine.become("started", { type: "start", status: "started", source: "flyd" });
    });
  }

  #thaw(): void {
    this.#frozen = false;
    this.#guest?.thaw();
  }

  /** Ends what runs, if anything does, and goes on with what `purpose` says. */
  #end(
    purpose: Purpose,
    { signal, timeout }: { signal?: NodeJS.Signals | undefined; timeout?: number | undefined },
  ): void {
    this.#timer?.cancel();
    this.#purpose = purpose;
    const guest = this.#guest;
    if (guest === null) return this.#later(0, () => this.#after(purpose, null));
    const { stop_config } = this.#machine.config;
    const name = signal ?? (stop_config?.signal == null ? "SIGINT" : signalNamed(stop_config.signal));
    // What stands still hears no signal: a stop throws the snapshot away.
    if (name === "SIGKILL" || this.#frozen) return guest.kill();
    guest.signal(name);
    const patience = timeout ?? configDuration(stop_config?.timeout) ?? 5000;
    this.#later(Math.min(patience, LONGEST_STOP), () => guest.kill());
  }

  #exited(exit: GuestExit): void {
    this.#guest = null;
    this.#frozen = false;
    this.#timer?.cancel();
    if (exit.error !== null) this.#world.log(this.#machine, "system", `could not start: ${exit.error}`);
    this.#after(this.#purpose, exit);
  }

  #after(purpose: Purpose | null, exit: GuestExit | null): void {
    const machine = this.#machine;
    const { times, clock } = this.#world;
    this.#purpose = null;
    const restarting =
      purpose === null && exit !== null && wantsRestart(machine.config, exit, this.#restarts, clock.now());
    const event =
      exit === null
        ? undefined
        : exitEvent(exit, { purpose, restarting, restarts: this.#restarts.length, now: clock.now() });
    const next = restarting ? "restart" : (purpose ?? "stop");
    if (next === "stop")
      return this.#later(exit === null ? 0 : times.stop, () => {
        this.#stoppedAt = clock.now();
        if (machine.config.auto_destroy !== true) return machine.become("stopped", event);
        // Nobody gets to see it stopped: whoever waits for that is told that it is gone.
        if (event !== undefined) machine.note(event);
        this.#destroy("flyd");
      });
    if (event !== undefined) machine.note(event);
    if (next === "destroy") return this.#later(times.destroy, () => this.#destroyed());
    if (next === "update" && !this.#launchAfterUpdate) {
      this.#world.log(
        machine,
        "system",
        "machine was in a non-started state prior to the update so leaving the new version stopped",
      );
      return this.#later(times.create, () => machine.become("stopped"));
    }
    if (restarting) {
      this.#restarts.push(clock.now());
      machine.become("restarting");
    }
    const wait = restarting ? times.restart : next === "update" ? times.create : 0;
    if (next === "cold boot") this.#later(times.start, () => this.#run());
    else this.#later(wait, () => this.#boot("flyd"));
  }

  #destroy(source: "user" | "flyd"): void {
    this.#machine.become("destroying", { type: "destroy", status: "destroying", source });
    if (this.#machine.hostStatus !== "ok") return;
    this.#end("destroy", { signal: "SIGKILL" });
  }

  #destroyed(): void {
    rmSync(rootOf(this.#world, this.#machine), { recursive: true, force: true });
    this.#machine.become("destroyed", { type: "destroy", status: "destroyed", source: "flyd" });
    this.#world.buried(this.#machine);
  }

  /** Throws where the host cannot be asked to do anything. A destroy is noted for its return. */
  #reachHost(): void {
    if (this.#machine.hostStatus !== "ok")
      throw new Refusal(503, "unavailable: the host of the machine is unreachable");
  }

  #checkHost(): void {
    if (this.#machine.hostStatus !== "ok") throw aborted("could not reserve resource for machine: host is unreachable");
    const fault = this.#world.faults.strike("no-capacity", this.#machine, "start");
    if (fault !== null)
      throw aborted(
        "could not reserve resource for machine: insufficient memory available to fulfill request on the current host",
      );
  }

  #refuse(verb: string, states: readonly MachineState[]): void {
    const { state } = this.#machine;
    if (states.includes(state)) throw failedPrecondition(`unable to ${verb} machine from current state: '${state}'`);
  }

  #later(ms: number, fn: () => void): void {
    this.#timer?.cancel();
    if (this.#world.ending) return;
    this.#timer = this.#world.clock.setTimer(ms, fn);
  }
}
