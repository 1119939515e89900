import type { CheckResult, Machine } from "../world/machine.ts";
import type { World } from "../world/world.ts";
import { type HealthCheck, checkList } from "./check-list.ts";
import { probe } from "./probe.ts";

/**
 * ms between two looks at a machine that has just started, until its check passes or two of its intervals are over. Fly says
 * "much shorter" than the interval, and not how much: https://community.fly.io/t/26370
 */
const EARLY_INTERVAL = 500;

/** Runs the health checks of every machine for as long as it is started. */
export function runChecks(world: World): void {
  const running = new Map<Machine, AbortController>();
  world.events.on("machine", (machine) => {
    const round = running.get(machine);
    if (machine.state === "started" && machine.hostStatus === "ok") {
      if (round !== undefined) return;
      const stop = new AbortController();
      running.set(machine, stop);
      machine.checks.clear();
      for (const check of checkList(machine.config)) {
        machine.checks.set(check.name, result(world, check, "warning", "the check has not run yet"));
        follow(world, machine, check, stop.signal);
      }
      return;
    }
    if (round === undefined) return;
    running.delete(machine);
    round.abort();
    for (const check of checkList(machine.config))
      machine.checks.set(check.name, result(world, check, "critical", `the machine is ${machine.state}`));
  });
}

function follow(world: World, machine: Machine, check: HealthCheck, stop: AbortSignal): void {
  const startedAt = world.clock.now();
  let passed = false;
  const judge = (status: CheckResult["status"], output: string): void => {
    if (stop.aborted) return;
    const before = machine.checks.get(check.name)?.status;
    machine.checks.set(check.name, result(world, check, status, output));
    if (status !== before) {
      world.log(machine, "system", `health check ${check.name} is ${status}: ${output}`);
      machine.become(machine.state);
    }
    passed ||= status === "passing";
    const starting = !passed && world.clock.now() < startedAt + 2 * check.interval;
    world.clock.setTimer(starting ? Math.min(EARLY_INTERVAL, check.interval) : check.interval, ask);
  };
  const ask = (): void => {
    if (stop.aborted) return;
    const early = world.clock.now() < startedAt + check.gracePeriod;
    probe(check, machine.serviceIp).then(
      (output) => judge("passing", output),
      (error: Error) => judge(early ? "warning" : "critical", error.message),
    );
  };
  ask();
}

function result(world: World, { routing }: HealthCheck, status: CheckResult["status"], output: string): CheckResult {
  return { status, output, routing, updatedAt: world.clock.now() };
}
