/** The thread that `watchdog.ts` starts. It shares nothing with the main thread but one counter. */
import { write } from "node:fs";
import { workerData } from "node:worker_threads";
import { systemClock } from "../clock.ts";
import { BEAT, Beats, BLOCKED, RESPONSIVE } from "../session/beat.ts";
import type { Transport } from "../wire/transport.ts";
import { dialParent } from "./dial.ts";
import { Lease } from "./lease.ts";
import type { WatchdogTask } from "./watchdog.ts";

/** A main thread that gave no sign of life for this long, in ms, is blocked. */
const BLOCKED_AFTER = 2_000;
/** How long the last words may take to get out, in ms. */
const LAST_WORDS = 100;

const { env, buildId, signs } = workerData as WatchdogTask;
const counter = new Int32Array(signs);
let link: Transport | null = null;
/** Why there is no connection, where one was tried in vain. */
let failure: Error | null = null;
let seen = 0;
let seenAt = systemClock.now();

const lease = new Lease(systemClock, env.lease, () => {
  const why = failure === null ? "" : `; connecting failed: ${failure.message}`;
  end(`nothing was heard from its parent for ${env.lease} ms${why}`);
});
const beats = new Beats(beat);
setInterval(() => beats.due(), Math.min(BEAT, env.lease / 5));
process.once("uncaughtException", (error) => end(`its watchdog failed: ${error.message}`));
// A refusal ends the attempts; the lease then runs out. The main thread gets the same refusal, and knows more to say.
stayConnected().catch(() => {});

async function stayConnected(): Promise<never> {
  for (;;) {
    const transport = await dialParent(env, "watchdog", buildId, (error) => (failure = error));
    failure = null;
    // The one before may only have been slow: until there was another it could still be heard.
    link?.destroy();
    link = transport;
    beat();
    await silentOrClosed(transport);
  }
}

/** A connection that is cut off somewhere on its way is never told so: another one is made while the lease lasts. */
function silentOrClosed(transport: Transport): Promise<void> {
  return new Promise((resolve) => {
    const silence = new Lease(systemClock, env.lease / 3, resolve);
    const heard = (): void => {
      silence.renew();
      lease.renew();
      beats.heard();
    };
    transport.receiver = { data: heard, drain() {}, closed: () => resolve() };
  });
}

function beat(): void {
  const now = systemClock.now();
  const signsNow = Atomics.load(counter, 0);
  if (signsNow !== seen) {
    seen = signsNow;
    seenAt = now;
  }
  link?.write([Uint8Array.of(now - seenAt > BLOCKED_AFTER ? BLOCKED : RESPONSIVE)]);
}

/** Says why, and ends this process with all that it started. */
function end(why: string): void {
  // Not written synchronously: a parent that is stopped does not read, and neither an error nor a wait for room in its
  // pipe or terminal may keep this process alive.
  write(2, `flamelet: runner ${env.runnerId} ends, since ${why}\n`, kill);
  setTimeout(kill, LAST_WORDS);
}

function kill(): void {
  try {
    if (env.ownsGroup) process.kill(-process.pid, "SIGKILL");
  } catch {
    // Something stands between the parent and this process, a shell perhaps, and leads the group instead.
  }
  process.kill(process.pid, "SIGKILL");
}
