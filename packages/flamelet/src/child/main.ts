import { systemClock } from "../clock.ts";
import { beforeSignals } from "../signals.ts";
import { dialMain, noteInUse, runnerLease, runnerParent, whenAppLoaded } from "./boot.ts";
import { findFunctionsInFiles } from "./app-modules.ts";
import { loadFunction } from "../registry.ts";
import { exitSaying } from "./last-words.ts";
import { REFUSED } from "./parent-env.ts";
import { Service } from "./service.ts";

let serving: Promise<void> | null = null;

/** Connects this runner to its parent and serves it until one of them goes. Does nothing in a process that is no runner. */
export function serveParent(): Promise<void> {
  return (serving ??= serve().catch((error: unknown) => {
    exitSaying(`the parent refused this runner: ${error instanceof Error ? error.message : String(error)}`, REFUSED);
  }));
}

async function serve(): Promise<void> {
  const parent = runnerParent();
  if (parent === null) return;
  noteInUse();
  findFunctionsInFiles();
  const service = new Service(await dialMain(), {
    clock: systemClock,
    runner: { id: parent.runnerId, pool: parent.pool },
    lease: runnerLease(),
    loaded: whenAppLoaded(),
    load: loadFunction,
    end: (code) => process.exit(code),
  });
  beforeSignals(() => service.stop());
}
