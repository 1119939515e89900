import { systemClock } from "../clock.ts";
import { beforeSignals } from "../signals.ts";
import { dialMain, noteInUse, runnerLease, runnerParent, whenAppLoaded } from "./boot.ts";
import { findFunctionsInFiles } from "./app-modules.ts";
import { loadFunction } from "../registry.ts";
import { exitSaying } from "./last-words.ts";
import { REFUSED, type RunnerParent } from "./parent-env.ts";
import { Service } from "./service.ts";

let serving: Promise<void> | null = null;

/** Connects this runner to its parent and serves it until one of them goes. Does nothing in a process that is no runner. */
export function serveParent(): Promise<void> {
  return (serving ??= serve().catch((error: unknown) => {
    exitSaying(`the parent refused this runner: ${error instanceof Error ? error.message : String(error)}`, REFUSED);
  }));
}

async function serve(): Promise<void> {
  if (runnerParent() === null) return;
  noteInUse();
  findFunctionsInFiles();
  const transport = await dialMain();
  // A standby copy knows who it is only by now.
  const { runnerId: id, pool } = runnerParent() as RunnerParent;
  const service = new Service(transport, {
    clock: systemClock,
    runner: { id, pool },
    lease: runnerLease(),
    loaded: whenAppLoaded(),
    load: loadFunction,
    end: (code) => process.exit(code),
  });
  beforeSignals(() => service.stop());
}
