import { ffmpeg } from "./pool.ts";
import { config } from "./config.ts";

/** How often somebody who watches the pool hears of changes, in ms. */
const LOOK_EVERY_MS = 200;

/** The pool, as the page shows it. All are counts. */
export interface PoolState {
  readonly max: number;
  readonly runners: number;
  readonly booting: number;
  readonly idle: number;
  readonly busy: number;
  readonly draining: number;
  readonly queued: number;
}

export function poolState(): PoolState {
  const { runners, booting, ready, idle, draining, queued } = ffmpeg.stats();
  return { max: config.maxRunners, runners, booting, idle, busy: ready - idle, draining, queued };
}

/** Those who watch, each with what it was told last: what one of them knows, another may not. */
const watchers = new Map<(state: PoolState) => void, string>();
let timer: NodeJS.Timeout | undefined;

// Runners come and go at once; whether they are busy, and who waits for them, is looked at from time to time.
for (const event of ["boot", "ready", "draining", "retired", "lost", "bootFailed"] as const) ffmpeg.on(event, look);

/** Calls `watcher` with the state as it is, and whenever it has changed, until the returned function is called. */
export function watchPool(watcher: (state: PoolState) => void): () => void {
  watchers.set(watcher, "");
  timer ??= setInterval(look, LOOK_EVERY_MS);
  look();
  return () => {
    watchers.delete(watcher);
    if (watchers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function look(): void {
  if (watchers.size === 0) return;
  const state = poolState();
  const text = JSON.stringify(state);
  for (const [watcher, told] of watchers) {
    if (text === told) continue;
    watchers.set(watcher, text);
    watcher(state);
  }
}
